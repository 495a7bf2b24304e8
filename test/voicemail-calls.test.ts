import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningStack } from './testing/running-stack.ts';
import { leaveSharedStack, sharedStack } from './testing/shared-stack.ts';
import { threeChances } from './testing/three-chances.ts';

const MESSAGE = 'Hello, this is the order desk. Your order has arrived. Goodbye.';
const AGENT = `name: caller
greeting: Hello, this is the order desk.
prompt: You are the order desk.
call_tools:
  hang_up: {}
voicemail:
  on_machine: leave_message
  message: ${MESSAGE}
  on_menu: hang_up
`;

/** The emulator's phones that play a script (docs/emulator.md). */
const PERSON = '+15550190001';
const MAILBOX = '+15550190050';
const MENU = '+15550190051';
const OUT_OF_SERVICE = '+15550190052';

interface Call {
  readonly status: string;
  readonly answered_by: string | null;
  readonly end_reason: string | null;
  readonly transcript: readonly { readonly role: string; readonly text?: string; readonly heard?: boolean }[];
  readonly operations: readonly { readonly kind: string; readonly state: string }[];
  readonly events: readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
}

let stack: RunningStack;

before(async () => {
  stack = await sharedStack({ caller: AGENT });
});

after(leaveSharedStack);

/** Places a call and follows it until `done`, or for so long: whoever is taken for a person is talked with until somebody hangs up. */
async function call(
  number: string,
  done: (call: Call) => boolean,
  giveUpMs = 100_000,
  more: object = {},
): Promise<Call> {
  const { session_id } = await stack.askOfCalls('initiate', { target_number: number, agent: 'caller', ...more });
  for (const giveUpAt = Date.now() + giveUpMs; ; await sleep(300)) {
    const found = (await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${session_id}`)) as unknown as Call;
    if (done(found) || Date.now() > giveUpAt) {
      if (found.status !== 'disconnected') await stack.askOfCalls(`${session_id}/hangup`, {});
      return found;
    }
  }
}

const isOver = ({ status }: Call) => status === 'disconnected';

function judged({ events }: Call): Readonly<Record<string, unknown>> {
  const { data = {} } = events.find(({ type }) => type === 'call.answered-by') ?? {};
  assert.ok(Number(data.afterMs) <= 4000, `judged after ${data.afterMs} ms`);
  return data;
}

test(
  'a mailbox is left the message after its tone, and the call is ended',
  threeChances(async () => {
    const found = await call(MAILBOX, isOver);
    judged(found);
    assert.equal(found.answered_by, 'voicemail');
    assert.equal(found.status, 'disconnected');
    const last = found.transcript.findLast(({ role }) => role === 'agent');
    assert.deepEqual([last?.text, last?.heard], [MESSAGE, true]);
    assert.equal(found.end_reason, 'voicemail');
  }),
);

test(
  'a number out of service is hung up on, and left no message',
  threeChances(async () => {
    const found = await call(OUT_OF_SERVICE, isOver, 40_000);
    assert.equal(found.answered_by, 'unavailable');
    assert.equal(found.end_reason, 'unavailable');
    assert.ok(!found.transcript.some(({ text }) => text === MESSAGE));
  }),
);

test(
  'a menu is hung up on, where that is the policy',
  threeChances(async () => {
    const found = await call(MENU, isOver, 40_000);
    assert.equal(found.answered_by, 'menu');
  }),
);

test(
  'a menu is navigated where that is the policy: the key that it names is pressed, once (whole call)',
  threeChances(async () => {
    const voicemail = { on_menu: 'navigate', keys: [{ phrase: 'for orders', keys: '1' }] };
    const pressed = ({ operations }: Call) => operations.filter(({ kind }) => kind === 'send-keys');
    const isThrough = (each: Call) => pressed(each).some(({ state }) => state === 'succeeded');
    const found = await call(MENU, isThrough, 40_000, { voicemail });
    assert.ok(found.events.some(({ type, data }) => type === 'call.answered-by' && data.verdict === 'menu'));
    assert.deepEqual(
      pressed(found).map(({ state }) => state),
      ['succeeded'],
    );
  }),
);

test(
  'a person is greeted and talked with',
  threeChances(async () => {
    const found = await call(PERSON, ({ answered_by: by }) => by === 'human');
    judged(found);
    assert.equal(found.answered_by, 'human');
    assert.notEqual(found.status, 'disconnected');
  }),
);
