import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from './testing/running-stack.ts';
import { leaveSharedStack, sharedStack } from './testing/shared-stack.ts';
import { threeChances } from './testing/three-chances.ts';

/** What an operator tries with `npm start` and `npm run call`, each a whole call. */

const QUESTION = 'What is the status of order 1042?';
/** The emulator's phones that play a script (docs/emulator.md). */
const PERSON = '+15550190002';
const DESK = `name: desk
greeting: Hello, this is the service desk. How can I help you?
prompt: You are the service desk.
tools: [look_up_order]
call_tools:
  hand_to_human: { to: "${PERSON}" }
`;

interface Call {
  readonly session_id: string;
  readonly status: string;
  readonly end_reason: string | null;
  readonly transcript: readonly { readonly role: string; readonly text?: string }[];
  readonly events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
  readonly operations: readonly {
    readonly operation_id: string;
    readonly kind: string;
    readonly state: string;
    readonly result: { readonly data?: Readonly<Record<string, unknown>> } | null;
  }[];
}

let stack: RunningStack;

before(async () => {
  stack = await sharedStack({ desk: DESK });
});

after(leaveSharedStack);

async function callThat(id: string, is: (call: Call) => boolean, withinMs = 60_000): Promise<Call> {
  for (const giveUpAt = Date.now() + withinMs; ; await sleep(200)) {
    const found = (await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`)) as unknown as Call;
    if (is(found)) return found;
    if (Date.now() > giveUpAt) throw new Error(`The call did not come to be as it should: ${JSON.stringify(found)}`);
  }
}

const callIdOf = (events: readonly Record<string, unknown>[]) =>
  String(events.find(({ event }) => event === 'connected')?.callConnectionId);

const saidIn = ({ transcript }: Call) =>
  transcript.flatMap(({ role, text }) => (role === 'agent' ? [text ?? ''] : [])).join('\n');

/** The one call from this number. */
async function sessionFrom(number: string): Promise<string> {
  for (const giveUpAt = Date.now() + 60_000; ; await sleep(200)) {
    const address = `${stack.functionsUrl}/api/v1/calls?status=connected&number=${encodeURIComponent(number)}`;
    const [found] = (await stack.getJson(address)).calls as Call[];
    if (found) return found.session_id;
    if (Date.now() > giveUpAt) throw new Error('The call did not come to be connected.');
  }
}

suite('an operator calls', { concurrency: 3 }, () => {
  test(
    'what a caller wants to fail fails in the call, at its time, and nothing fails afterwards',
    threeChances(async () => {
      const faults = 'model=slow:4s,redis=silent@1s-3s,recogniser=slow:200ms@0';
      const { exitCode, events, problems } = await stack.call('--say', QUESTION, '--fault', faults);
      assert.equal(exitCode, 0, problems);
      const told = events.filter(({ event }) => event === 'fault').map(({ fault, state }) => `${fault} ${state}`);
      for (const fault of ['model=slow:4s', 'redis=silent', 'recogniser=slow:200ms']) {
        assert.deepEqual(
          told.filter((each) => each.startsWith(fault)),
          [`${fault} on`, `${fault} off`],
        );
      }
      const { faults: inForce } = events.find(({ event }) => event === 'faults') ?? {};
      const felt = (inForce as { fault: string; felt: number }[]).find(({ fault }) => fault === 'model=slow:4s');
      assert.ok((felt?.felt ?? 0) > 0, 'the model was asked');
      assert.match(saidIn(await callThat(callIdOf(events), () => true)), /ten forty-two/);
      assert.deepEqual((await stack.getJson(`${stack.emulatorUrl}/emulator/status`)).faults, []);
    }),
  );

  test(
    'the demo agent, which may put nobody through, says what it can do (operator: a spoken transfer)',
    threeChances(async () => {
      const { exitCode, events, problems } = await stack.call('--say', 'Please put me through to a human.');
      assert.equal(exitCode, 0, problems);
      assert.match(
        saidIn(await callThat(callIdOf(events), () => true)),
        /Our staff can help you|I cannot put you through/,
      );
    }),
  );

  test(
    'a caller who asks for a human gets one, who was told why (operator: a spoken transfer)',
    threeChances(async () => {
      const ask = ['--say', 'Please put me through to a human.', '--wait', '25000'];
      const { exitCode, events, problems } = await stack.call('--agent', 'desk', ...ask);
      assert.equal(exitCode, 0, problems);
      const order = events.flatMap(({ event, state }) =>
        event === 'hold' ? [`hold ${state}`] : event === 'agent-left' ? ['agent-left'] : [],
      );
      assert.deepEqual(order, ['hold on', 'hold off', 'agent-left']);
      const found = await callThat(callIdOf(events), ({ end_reason: reason }) => reason !== null);
      assert.equal(found.end_reason, 'transferred');
      assert.match(saidIn(found), /I will put you through to a colleague/);
    }),
  );

  test(
    'a caller enters the keys that the API asks for, and hears the question (operator: keys/collect)',
    threeChances(async () => {
      const number = `+1555${1_000_000 + Math.floor(Math.random() * 8_000_000)}`;
      const calling = stack.call('--number', number, '--wait', '9000', '--keys', '1234', '--wait', '2000');
      const id = await sessionFrom(number);
      await callThat(id, ({ transcript }) => transcript.length > 0);
      const { operation_id: operation } = await stack.askOfCalls(`${id}/keys/collect`, {
        count: 4,
        attempts: 1,
        first_key_s: 20,
        prompt: 'Please enter the last four digits of your order.',
      });
      const { exitCode, problems } = await calling;
      assert.equal(exitCode, 0, problems);
      const found = await callThat(id, () => true);
      const done = found.operations.find(({ operation_id }) => operation_id === operation);
      assert.deepEqual(
        [done?.state, done?.result?.data?.status, done?.result?.data?.keys],
        ['succeeded', 'right', '1234'],
      );
      assert.match(saidIn(found), /Please enter the last four digits/);
    }),
  );
});
