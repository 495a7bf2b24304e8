import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Redis } from 'ioredis';
import { type DependencyMap, lengthText, waterfallOf } from '../shared/protocol/traces.ts';
import { traceIdOf } from '../shared/telemetry/call-trace.ts';
import { ROLE, SPAN } from '../shared/telemetry/names.ts';
import { metricsOf, traceOf } from './telemetry/whole-traces.ts';
import type { RunningStack } from './testing/running-stack.ts';
import { leaveSharedStack, sharedStack } from './testing/shared-stack.ts';

const PIN = '48271593';
const CARD = '4929138267105543';
const CALLER = '+4915112345678';
/** `account` is what the caller says: a recogniser hears it better than "PIN". */
const AGENT = `name: bank
greeting: Hello, this is the bank.
prompt: You are a bank.
call_tools:
  collect_keys:
    inputs:
      account:
        about: the PIN of the account
        least: 8
        most: 8
        secret: true
        prompt: Please enter your PIN.
        one_of: ['${PIN}']
      order:
        about: the number of an order
        least: 4
        most: 16
        prompt: Please enter the number of your order.
  hang_up: {}
`;

let stack: RunningStack;
before(async () => {
  stack = await sharedStack({ bank: AGENT });
});
after(leaveSharedStack);

/** Who must be seen to ask whom. */
const EDGES: readonly (readonly [role: string, target: RegExp])[] = [
  [ROLE.functions, /acs/],
  [ROLE.functions, /redis/],
  [ROLE.streamHost, /speech/],
  [ROLE.streamHost, /openai/],
  [ROLE.streamHost, /redis/],
];

test('a call is one trace across both halves, from its announcement to its end, and its dependencies are a map', async (context) => {
  const { exitCode, events, problems } = await stack.call('--agent', 'bank', '--say', 'Hello, how are you today?');
  assert.equal(exitCode, 0, problems);
  const callId = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
  const call = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callId}`);
  const sessionId = String(call.session_id);
  const trace = await traceOf(stack.emulatorUrl, sessionId);

  const rows = waterfallOf(trace);
  context.diagnostic(`trace ${trace.traceId}, ${lengthText(trace.durationMs)}, ${trace.spans} spans`);
  for (const { span, depth, offsetMs } of rows) {
    const place = `${lengthText(offsetMs).padStart(8)}  ${'  '.repeat(depth)}${span.name}`;
    const target = span.target === undefined ? '' : ` → ${span.target}`;
    context.diagnostic(
      `${place}${target}  ${lengthText(span.durationMs)}  [${span.role}]${span.success ? '' : '  failed'}`,
    );
  }
  assert.equal(rows.length, trace.items.length);
  assert.deepEqual([...trace.roles].sort(), Object.values(ROLE).sort());
  const [entry] = rows;
  assert.equal(entry?.span.name, 'POST /api/v1/calls/answer');
  for (const name of [SPAN.admission, SPAN.answering, SPAN.ringing, SPAN.mediaStart, SPAN.turn, SPAN.call]) {
    assert.ok(
      trace.items.some((span) => span.name === name),
      name,
    );
  }

  const map = (await stack.getJson(
    `${stack.emulatorUrl}/telemetry/map?session=${sessionId}`,
  )) as unknown as DependencyMap;
  for (const { role, type, target, calls, failures, p95Ms } of map.edges) {
    context.diagnostic(`${role} → ${target} (${type}): ${calls} calls, ${failures} failures, p95 ${lengthText(p95Ms)}`);
  }
  for (const [role, wanted] of EDGES) {
    const edge = map.edges.find((each) => each.role === role && wanted.test(`${each.type} ${each.target}`));
    assert.ok(edge && edge.calls > 0 && edge.p95Ms >= 0, `${role} → ${wanted}`);
    assert.equal(edge.failures, 0, `${role} → ${wanted}`);
  }

  // What is refused of it names its trace.
  const hold = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
  const refused = await fetch(`${stack.functionsUrl}/api/v1/calls/${callId}/hold`, hold);
  const { error } = (await refused.json()) as { error: { code: string; traceId: string } };
  assert.deepEqual([error.code, error.traceId], ['call.ended', traceIdOf(sessionId)]);
});

test('with the switches off nothing that a caller is known by, has said or pressed is in spans, metrics, the log or names of keys', async (context) => {
  const redis = new Redis(stack.redisUrl);
  context.after(() => redis.disconnect());
  const { exitCode, events, problems } = await stack.call(
    ...['--agent', 'bank', '--number', CALLER, '--say', 'Hello, my name is Annabel Winterbottom.'],
    ...['--say', 'Please collect the keys of my account.', '--keys', PIN],
    ...['--say', 'Please collect the keys of my order.', '--keys', `${CARD}`],
  );
  assert.equal(exitCode, 0, problems);
  const callId = String(events.find(({ event }) => event === 'connected')?.callConnectionId);
  const call = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callId}`);
  const trace = await traceOf(stack.emulatorUrl, String(call.session_id));
  const transcript = call.transcript as readonly { readonly text?: string }[];
  const said = transcript.flatMap(({ text = '' }) => (text.length > 8 ? [text] : []));
  assert.ok(said.length >= 4, `${said.length} utterances`);
  const places: readonly (readonly [place: string, text: string])[] = [
    ['spans', JSON.stringify(trace)],
    ['all traces', JSON.stringify(await stack.getJson(`${stack.emulatorUrl}/telemetry/traces?limit=2000`))],
    ['metrics', JSON.stringify(await metricsOf(stack.emulatorUrl))],
    ['the log', stack.log.join('\n')],
    ['names of keys', (await redis.keys('*')).join('\n')],
  ];
  for (const [place, text] of places) {
    for (const secret of [PIN, CARD, CALLER.slice(1), 'Winterbottom', ...said]) {
      assert.ok(!text.toLowerCase().includes(secret.toLowerCase()), `"${secret}" is in ${place}`);
    }
  }
});
