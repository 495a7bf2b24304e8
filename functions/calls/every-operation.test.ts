import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NewOperation, OperationLedger, type OperationResult } from '../../shared/calls/operation-ledger.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type Answer, type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/**
 * Everything that the API can do with a call, at every moment at which somebody may ask for it: what is done, and what is
 * refused, by which name. Whoever talks on the call is not here: what he makes of it is in `stream-host/session/`.
 */

const CALLER = '+15550001';
const HUMAN = '+15559999';
let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
let ledger: OperationLedger;

before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  ledger = new OperationLedger(redis, { ttlMs: 60_000, wallMs: () => Date.now() });
});
after(async () => {
  redis.disconnect();
  await functions.close();
});
beforeEach(() => functions.acs.nextTest());

async function newCall(fields: Partial<Session> = {}): Promise<string> {
  const id = randomUUID();
  const callConnectionId = `connection-${id}`;
  const call = {
    id,
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
  } as const;
  await functions.store.create({ ...call, callConnectionId, from: CALLER, to: '+15550100', ...fields });
  return id;
}

/** Something that was asked for before, and goes on, or has been done. */
async function asked(id: string, kind: NewOperation['kind'], data: object, result?: OperationResult): Promise<string> {
  const operationContext = randomUUID();
  await ledger.begin({ sessionId: id, operationContext, kind, deadlineMs: 60_000, data: { ...data, askedBy: 'api' } });
  if (result) await ledger.settle(id, { operationContext, state: 'succeeded', result });
  return id;
}

const MOMENTS = {
  'while it rings': () => newCall({ status: 'ringing' }),
  'in the middle': () => newCall(),
  'on hold': async () => asked(await newCall(), 'hold', { participant: CALLER, on: true }, {}),
  'in a warm transfer': async () => asked(await newCall(), 'transfer', { how: 'warm', target: HUMAN }),
  'in a blind transfer': async () => asked(await newCall(), 'transfer', { how: 'blind', target: HUMAN }),
  'while keys are collected': async () => asked(await newCall(), 'collect-keys', { secret: true }),
  'while the notice of a recording is said': async () => asked(await newCall(), 'recording', { action: 'start' }),
  'while it is recorded': async () =>
    asked(await newCall(), 'recording', { action: 'start' }, { data: { recordingId: 'recording-1' } }),
  'while it is written down': () => newCall({ mode: 'transcription' }),
  'after its end': () => newCall({ status: 'disconnected' }),
  'after the caller was put through': () => newCall({ endReason: 'transferred' }),
  'while it is being ended': () => newCall({ endReason: 'hangup-requested' }),
  'in a browser': () => newCall({ channel: 'browser' }),
} as const satisfies Record<string, () => Promise<string>>;
type Moment = keyof typeof MOMENTS;

/** What any of them is answered; where nothing stands here, and none of its own, it is done. */
const ALWAYS: Partial<Record<Moment, string>> = {
  'while it rings': 'calls.not-established',
  'after its end': 'call.ended',
  'after the caller was put through': 'call.ended',
  'while it is being ended': 'call.ended',
  'in a browser': 'calls.no-phone-call',
};
const TRANSFER = {
  'in a warm transfer': 'calls.transfer-running',
  'in a blind transfer': 'calls.transfer-running',
} as const;
const NOT_RECORDED = Object.fromEntries(
  Object.keys(MOMENTS)
    .filter((moment) => moment !== 'while it is recorded')
    .map((moment) => [moment, 'recording.none']),
);

const other = encodeURIComponent(HUMAN);
const OPERATIONS: readonly {
  readonly what: string;
  readonly ask: readonly [method: string, path: string, body?: object];
  readonly refused?: Partial<Record<Moment, string>>;
}[] = [
  { what: 'a blind transfer', ask: ['POST', 'transfer', { target: HUMAN }], refused: TRANSFER },
  {
    what: 'a warm transfer',
    ask: ['POST', 'transfer', { target: HUMAN, kind: 'warm' }],
    refused: { ...TRANSFER, 'while it is written down': 'calls.no-voice' },
  },
  {
    what: 'to add somebody',
    ask: ['POST', 'participants', { target: '+15557777' }],
    refused: { 'in a blind transfer': 'calls.transfer-running' },
  },
  {
    what: 'to add the one to whom the caller is put through',
    ask: ['POST', 'participants', { target: HUMAN }],
    refused: {
      'in a warm transfer': 'calls.participant-there',
      'in a blind transfer': 'calls.participant-there',
    },
  },
  { what: 'who is there', ask: ['GET', 'participants'] },
  { what: 'to remove somebody', ask: ['DELETE', `participants/${encodeURIComponent(CALLER)}`] },
  { what: 'to mute somebody', ask: ['POST', `participants/${other}/mute`] },
  { what: 'to hold the caller', ask: ['POST', 'hold'], refused: TRANSFER },
  { what: 'to take the caller off hold', ask: ['POST', 'unhold'], refused: TRANSFER },
  { what: 'to hold the human of a transfer', ask: ['POST', 'hold', { participant: HUMAN }], refused: TRANSFER },
  { what: 'to hold a third one', ask: ['POST', 'hold', { participant: '+15557777' }] },
  {
    what: 'to record',
    ask: ['POST', 'recording', { action: 'start' }],
    refused: {
      ...TRANSFER,
      'on hold': 'calls.on-hold',
      'while the notice of a recording is said': 'recording.running',
      'while it is recorded': 'recording.running',
      'while it is written down': 'calls.no-voice',
    },
  },
  ...(['pause', 'resume', 'stop'] as const).map((action) => ({
    what: `to ${action} the recording`,
    ask: ['POST', 'recording', { action }] as const,
    refused: {
      ...NOT_RECORDED,
      // It is taken back before it has begun.
      ...(action === 'stop' && { 'while the notice of a recording is said': 'done' }),
    },
  })),
  { what: 'to press keys', ask: ['POST', 'keys', { keys: '1' }] },
  {
    what: 'to collect keys',
    ask: ['POST', 'keys/collect', { count: 4 }],
    refused: { ...TRANSFER, 'on hold': 'calls.on-hold' },
  },
  {
    what: 'to collect keys with a prompt',
    ask: ['POST', 'keys/collect', { count: 4, prompt: 'Your PIN, please.' }],
    refused: { ...TRANSFER, 'on hold': 'calls.on-hold', 'while it is written down': 'calls.no-voice' },
  },
  { what: 'to have it written down', ask: ['POST', 'transcription'], refused: TRANSFER },
];

const codeOf = ({ status, body }: Answer): string => (status < 300 ? 'done' : String(body?.error?.code ?? status));

for (const { what, ask, refused = {} } of OPERATIONS) {
  test(`${what}: done, or refused by name, at every moment of a call (breaker: every operation at every moment)`, async () => {
    const [method, path, body] = ask;
    const answers = await Promise.all(
      Object.entries(MOMENTS).map(async ([moment, reach]) => {
        const answer = await functions.request(method, `calls/${await reach()}/${path}`, body);
        return [moment, codeOf(answer)] as const;
      }),
    );
    const expected = Object.keys(MOMENTS).map((moment) => [
      moment,
      { ...refused, ...ALWAYS }[moment as Moment] ?? 'done',
    ]);
    assert.deepEqual(answers, expected);
  });
}

/** What two of the same at the same time are answered, in any order. */
const AT_ONCE: Readonly<Record<string, readonly [string, string]>> = {
  'a blind transfer': ['calls.transfer-running', 'done'],
  'a warm transfer': ['calls.transfer-running', 'done'],
  'to add somebody': ['calls.participant-there', 'done'],
  'to record': ['done', 'recording.running'],
  'to hold the caller': ['calls.hold-running', 'done'],
  'to take the caller off hold': ['calls.hold-running', 'done'],
  'to hold the human of a transfer': ['calls.hold-running', 'done'],
  'to hold a third one': ['calls.hold-running', 'done'],
};

for (const { what, ask, refused } of OPERATIONS) {
  if (refused?.['in the middle']) continue;
  test(`${what}, twice at once: one wins where two cannot be (breaker 5)`, async () => {
    const [method, path, body] = ask;
    // What is over with the carrier's answer stands in the way of another one until then.
    const isDoneWithAnswer = AT_ONCE[what]?.includes('calls.hold-running') ?? false;
    // Each asks the carrier before it has answered the other.
    let refused: Promise<unknown> | undefined;
    functions.acs.beforeAnswer = () =>
      Promise.race([refused ?? sleep(2_000), sleep(isDoneWithAnswer ? 2_000 : 50)]).then(() => {});
    for (let round = 0; round < 5; round += 1) {
      const id = await newCall();
      const asked = [1, 2].map(() => functions.request(method, `calls/${id}/${path}`, body));
      if (isDoneWithAnswer) refused = Promise.race(asked);
      const both = await Promise.all(asked);
      const expected = AT_ONCE[what === 'to add the one to whom the caller is put through' ? 'to add somebody' : what];
      assert.deepEqual(both.map(codeOf).sort(), expected ?? ['done', 'done']);
    }
  });
}

test('a blind and a warm transfer at once are one', async () => {
  const id = await newCall();
  const both = await Promise.all(
    ['blind', 'warm'].map((kind) => functions.request('POST', `calls/${id}/transfer`, { target: HUMAN, kind })),
  );
  assert.deepEqual(both.map(codeOf).sort(), ['calls.transfer-running', 'done']);
});

test('somebody who is not in the call is told of as that, and not as a call that is gone (breaker 4)', async () => {
  const id = await newCall();
  for (const [method, path, body] of [
    ['DELETE', `participants/${other}`],
    ['POST', `participants/${other}/mute`],
    ['POST', 'hold', { participant: HUMAN }],
    ['POST', 'unhold', { participant: HUMAN }],
    ['POST', 'keys', { keys: '1', participant: HUMAN }],
  ] as const) {
    for (const status of [404, 400]) {
      functions.acs.failing = { path: ':', failure: { status, code: '8522' } };
      const answer = await functions.request(method, `calls/${id}/${path}`, body);
      assert.deepEqual([answer.status, codeOf(answer)], [404, 'calls.participant-not-found'], path);
    }
  }
  // Of one who is there, in a call that the carrier knows.
  functions.acs.failing = { path: ':', failure: { status: 404, code: '8522' } };
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/hold`)), 'acs.refused');
  const told = (await ledger.list(id)).map(({ result }) => result?.message);
  assert.deepEqual(new Set(told), new Set(['calls.participant-not-found', 'acs.refused']));
});

test('a call that the carrier knows is not told of as one that is gone, whatever it does not find in it (breaker16b F, H)', async () => {
  const id = await asked(await newCall(), 'add-participant', { target: '+15557777' }, {});
  functions.acs.failing = { path: ':transfer', failure: { status: 404, code: '8522' } };
  const there = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN });
  assert.deepEqual([there.status, codeOf(there)], [502, 'acs.refused']);
  functions.acs.inCall = ['+15557777'];
  const left = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN });
  assert.deepEqual([left.status, codeOf(left)], [404, 'calls.participant-not-found']);
  functions.acs.failing = { path: '', failure: { status: 404, code: '8522' } };
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN })), 'acs.call-gone');
});

test('to add somebody who is in the call already is the asker’s fault, and nobody else’s (breaker 8)', async () => {
  const id = await newCall();
  functions.acs.failing = { path: 'participants:add', failure: { status: 400, code: '8523' } };
  const there = await functions.request('POST', `calls/${id}/participants`, { target: CALLER });
  assert.deepEqual([there.status, codeOf(there)], [409, 'calls.participant-there']);
  const refused = await functions.request('POST', `calls/${id}/participants`, { target: HUMAN });
  assert.deepEqual([refused.status, codeOf(refused)], [502, 'acs.refused']);
});

test('what a blind transfer cannot keep is refused by its name (breaker 2)', async () => {
  const id = await newCall();
  for (const field of [{ timeout_s: 20 }, { context: 'Ann, about a bill.' }]) {
    const { status, body } = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN, ...field });
    assert.equal(status, 400);
    assert.deepEqual(body.error.details.issues[0].field, Object.keys(field)[0]);
  }
  const none = await functions.request('POST', `calls/${id}/transfer`, { target: HUMAN, context: null });
  assert.equal(codeOf(none), 'done');
});

test('each operation stands in the timeline: asked for, and ended where no event of the carrier tells it (breaker 7)', async () => {
  const id = await newCall();
  const ids: string[] = [];
  for (const [path, body] of [
    ['transfer', { target: HUMAN }],
    ['hold', { participant: '+15557777' }],
    ['unhold', { participant: '+15557777' }],
  ] as const) {
    ids.push((await functions.request('POST', `calls/${id}/${path}`, body)).body.operation_id);
  }
  const { body } = await functions.request('GET', `calls/${id}`);
  const [transfer, hold, unhold] = ids;
  const told = body.events.filter(({ type }: { type: string }) => type.startsWith('operation.'));
  assert.deepEqual(
    told.map(({ type, data }: { type: string; data: object }) => [type, data]),
    [
      ['operation.asked', { operation_id: transfer, kind: 'transfer', action: 'blind', asked_by: 'api' }],
      ['operation.asked', { operation_id: hold, kind: 'hold', action: 'hold', asked_by: 'api' }],
      ['operation.ended', { operation_id: hold, state: 'succeeded' }],
      ['operation.asked', { operation_id: unhold, kind: 'hold', action: 'unhold', asked_by: 'api' }],
      ['operation.ended', { operation_id: unhold, state: 'succeeded' }],
    ],
  );
  assert.ok(!JSON.stringify(told).includes('+1555'), 'nobody is named');
  // Both were of the kind `hold`, and told apart by nothing (stranger 10).
  assert.deepEqual(
    body.operations.map(({ kind, action }: { kind: string; action: string }) => [kind, action]),
    [
      ['transfer', 'blind'],
      ['hold', 'hold'],
      ['hold', 'unhold'],
    ],
  );
});

test('the words for what comes of keys go to whoever talks on the call, and are none of an agent’s own input (stranger 9)', async () => {
  const id = await newCall();
  const words = { right_prompt: 'Thank you.', wrong_prompt: 'That was wrong.' };
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/keys/collect`, { count: 4, ...words })), 'done');
  const refused = await functions.request('POST', `calls/${id}/keys/collect`, { input: 'pin', ...words });
  assert.deepEqual([refused.status, refused.body.error.details.issues[0].field], [400, 'input']);
});

test('a path that is no text is answered in the one shape of errors (breaker 11)', async () => {
  const { status, body } = await functions.request('GET', 'calls/%ff');
  assert.deepEqual([status, body.error.code], [404, 'calls.not-found']);
});

test('a caller who is held by his raw id is on hold as one who is held by his number (sister of stranger 1)', async () => {
  const id = await newCall();
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/hold`, { participant: `4:${CALLER}` })), 'done');
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/keys/collect`, { count: 4 })), 'calls.on-hold');
  assert.equal((await ledger.list(id))[0]?.data.participant, CALLER);
});

test('a telephone that is given by its raw id is the one that is being rung already (breaker16b C)', async () => {
  const id = await newCall();
  const add = (target: string) => functions.request('POST', `calls/${id}/participants`, { target });
  assert.equal(codeOf(await add(HUMAN)), 'done');
  assert.equal(codeOf(await add(`4:${HUMAN}`)), 'calls.participant-there');
  const transferred = await functions.request('POST', `calls/${id}/transfer`, { target: `4:${HUMAN}` });
  assert.equal(codeOf(transferred), 'calls.participant-there');
});

test('whoever is not in the call, or is only being rung, cannot be removed, and nothing is asked of him (breaker16b D)', async () => {
  const id = await newCall();
  await asked(id, 'add-participant', { target: HUMAN });
  for (const who of [HUMAN, '+15550077']) {
    const answer = await functions.request('DELETE', `calls/${id}/participants/${encodeURIComponent(who)}`);
    assert.deepEqual([answer.status, codeOf(answer)], [404, 'calls.participant-not-found']);
  }
  assert.deepEqual(functions.acs.operations.includes('remove'), false);
  assert.deepEqual(
    (await ledger.list(id)).map(({ kind }) => kind),
    ['add-participant'],
  );
});

test('nobody is put through to one who is being rung, or is there, already (breaker16b E)', async () => {
  const id = await newCall();
  await asked(id, 'add-participant', { target: HUMAN });
  const transfer = (target: string, kind: string) =>
    functions.request('POST', `calls/${id}/transfer`, { target, kind });
  for (const kind of ['warm', 'blind']) {
    const answer = await transfer(HUMAN, kind);
    assert.deepEqual([answer.status, codeOf(answer)], [409, 'calls.participant-there']);
  }
  assert.equal(codeOf(await transfer(CALLER, 'warm')), 'calls.participant-there');
  assert.equal((await ledger.list(id)).length, 1, 'nothing was changed');
});

test('a call that is only written down is recorded where nobody has to say so, and else refused at once (breaker16b G)', async () => {
  const start = async (id: string) =>
    codeOf(await functions.request('POST', `calls/${id}/recording`, { action: 'start' }));
  const spoken = await newCall({ mode: 'transcription' });
  assert.equal(await start(spoken), 'calls.no-voice');
  assert.deepEqual(await ledger.list(spoken), [], 'nothing was changed');
  assert.equal(await start(await newCall({ mode: 'transcription', noticeUnspoken: true })), 'done');
});

test('two that stop a recording at once: one does, and the other is told that there is none (breaker16b H)', async () => {
  const id = await MOMENTS['while it is recorded']();
  // The carrier knows of the recording until it is stopped, and of the call all the time.
  let stops = 0;
  functions.acs.beforeAnswer = async ({ path }) => {
    stops += path.includes('/recordings/') ? 1 : 0;
    if (stops > 1) functions.acs.failing = { path: '/recordings/', failure: { status: 404, code: '8522' } };
  };
  const stop = () => functions.request('POST', `calls/${id}/recording`, { action: 'stop' });
  const both = await Promise.all([stop(), stop()]);
  assert.deepEqual(both.map(codeOf).sort(), ['done', 'recording.none']);
});

test('a recording that is stopped while its notice is said is on record as taken back (breaker16b B)', async () => {
  const id = await asked(await newCall(), 'recording', { action: 'start' });
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/recording`, { action: 'stop' })), 'done');
  const told = (await ledger.list(id)).map(({ data, state, result }) => [data.action, state, result?.message]);
  assert.deepEqual(told, [
    ['start', 'failed', 'recording.taken-back'],
    ['stop', 'succeeded', undefined],
  ]);
  assert.equal(codeOf(await functions.request('POST', `calls/${id}/recording`, { action: 'start' })), 'done');
});
