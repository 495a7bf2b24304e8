import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CALLER, callInProgress, ledger as callLedger, HUMAN, warm } from './testing/call-at-desk.ts';
import { AGENT, ledger, NOTICE, PLAN, recorded, running, settled } from './testing/recording-rig.ts';

test('whoever comes into a recorded call is told before anything of him is recorded (breaker16c n3)', async () => {
  const call = await running();
  call.recording.joined('added', false);
  call.recording.joined('added', false);
  await eventually(() => call.news.length > 0);
  assert.deepEqual(call.carrier.asked, ['pause recording-1']);
  assert.equal((await call.now()).is, 'paused');
  assert.deepEqual(call.news[0]?.speech, { line: NOTICE });
  // It is cut off, and said again.
  call.news.shift()?.onSpoken?.(false);
  assert.equal(call.news.length, 1);
  assert.deepEqual(call.carrier.asked, ['pause recording-1']);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  assert.deepEqual(call.carrier.asked, ['pause recording-1', 'resume recording-1']);
  assert.equal(call.news.length, 0);
});

test('where nobody hears the notice the recording stays paused, and what the application has paused stays so', async () => {
  const unheard = await running();
  unheard.recording.joined('added', false);
  for (let said = 0; said < 3; said += 1) {
    await eventually(() => unheard.news.length > 0);
    unheard.news.shift()?.onSpoken?.(false);
  }
  assert.equal(unheard.news.length, 0);
  assert.equal((await unheard.now()).is, 'paused');

  const paused = await running();
  await paused.change('pause', 'p');
  await paused.tell('p');
  paused.recording.joined('added', false);
  assert.equal(paused.news.length, 1);
  paused.news.shift()?.onSpoken?.(true);
  await settled();
  assert.deepEqual(paused.carrier.asked, ['pause recording-1']);
});

test('the carrier plays its notice to them, and a host that takes the call over tells them anew', async () => {
  const played = await running({ plan: { ...PLAN, noticeUrl: 'https://example.org/notice.wav' } });
  played.recording.joined('added', false);
  await eventually(() => played.carrier.asked.includes('play'));
  assert.equal(played.recording.ended('added.notice', true, ''), true);
  await eventually(() => played.isRunning());

  const before = await running();
  before.recording.joined('added', false);
  await eventually(() => before.news.length > 0);
  before.recording.close(false);
  const after = recorded(AGENT, PLAN, { sessionId: before.sessionId });
  after.recording.begin('from-start', false);
  await eventually(() => after.news.length > 0);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  assert.equal((await ledger.list(before.sessionId)).at(-1)?.state, 'succeeded');
});

test('the human of a warm transfer is told aside, one who is added by the API is told with all', async () => {
  const joined: string[] = [];
  const recording = {
    ...{ start() {}, refuse() {}, told() {} },
    joined: (by: string, aside: boolean) => void joined.push(`${by} ${aside}`),
  };
  const call = await callInProgress(undefined, { recording });
  call.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    call.carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => call.tell(context, true));
  };
  call.desk.act(warm());
  await eventually(() => call.over.length > 0);
  assert.deepEqual(joined, ['key-1.add true']);

  const { id: sessionId } = call.session;
  const added = { sessionId, operationContext: 'added', kind: 'add-participant', deadlineMs: 60_000 } as const;
  await callLedger.begin({ ...added, data: { target: HUMAN, askedBy: 'api' } });
  call.tell('added', false, '486');
  call.tell('added', true);
  await eventually(() => joined.length > 1);
  assert.deepEqual(joined, ['key-1.add true', 'added false']);
});

const judged = (verdict: 'menu' | 'unsure' | 'human') => ({ verdict, reason: 'words', afterMs: 1000 }) as const;

test('who answers behind a menu is told before anything of him is recorded: the menu alone has heard the notice (breaker16e 1)', async () => {
  const call = await running();
  call.events.emit('answeredBy', judged('menu'));
  await eventually(() => call.carrier.asked.includes('pause recording-1'));
  // Another operation of the call ends, and it is another menu: nobody is there yet.
  call.recording.ended('keys', true, '');
  call.events.emit('answeredBy', judged('menu'));
  call.events.emit('answeredBy', judged('unsure'));
  await settled();
  assert.equal((await call.now()).is, 'paused');
  assert.equal(call.news.length, 0);
  call.events.emit('answeredBy', judged('human'));
  await eventually(() => call.news.length > 0);
  assert.deepEqual(call.news[0]?.speech, { line: NOTICE });
  assert.deepEqual(call.carrier.asked, ['pause recording-1']);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
  assert.equal(call.news.length, 0);
});

test('a recording that begins while the menu speaks pauses at once (breaker16e 1)', async () => {
  const call = recorded(AGENT);
  call.recording.begin('from-start', true);
  await call.ask('r');
  call.events.emit('answeredBy', judged('menu'));
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.carrier.asked.includes('pause recording-1'));
  await eventually(async () => (await call.now()).is === 'paused');
});

const REFUSED = new CarrierError('refused', 'acs.refused', 'No.');

test('a recording that could not be paused for a newcomer is paused within a second once that can be done, however often it failed, and he is told meanwhile', async () => {
  const call = await running();
  const asked = () => call.carrier.asked.filter((what) => what === 'pause recording-1').length;
  call.carrier.failing.set('pause', REFUSED);
  call.recording.joined('added', false);
  await eventually(() => call.news.length > 0);
  // More often than one is asked that shall go on.
  for (let times = 1; times < 15; times += 1) {
    await eventually(() => asked() >= times && call.clock.pending === 1);
    await call.clock.advance(1000);
  }
  assert.equal((await call.now()).is, 'running');
  await eventually(() => call.clock.pending === 1);
  call.carrier.failing.clear();
  await call.clock.advance(1000);
  await eventually(async () => (await call.now()).is === 'paused');
  assert.deepEqual([call.news.length, call.clock.pending], [1, 0]);
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => call.isRunning());
});

test('who declines while the recording is just being paused for him does not leave it paused: one thing at a time is done to it', async () => {
  const call = recorded(AGENT);
  call.recording.begin('from-start', true);
  const rung = { sessionId: call.sessionId, operationContext: '1', kind: 'add-participant' } as const;
  await ledger.begin({ ...rung, deadlineMs: 60_000, data: { target: HUMAN, askedBy: 'api' } });
  await call.ask('r');
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  call.carrier.pauseRecording = async () => {
    order.push('pause asked');
    await gate.promise;
    order.push('paused');
  };
  call.carrier.resumeRecording = async () => void order.push('resumed');
  call.news.shift()?.onSpoken?.(true);
  await eventually(() => order.length === 1);
  await ledger.settle(call.sessionId, { operationContext: '1', state: 'failed' });
  call.recording.ended('1', false, '486');
  await settled();
  gate.resolve();
  await eventually(() => order.length === 3);
  assert.deepEqual(order, ['pause asked', 'paused', 'resumed']);
  await eventually(() => call.isRunning());
});

/** He is rung by the API, and comes. */
async function come(sessionId: string): Promise<void> {
  const rung = { sessionId, operationContext: '1', kind: 'add-participant', deadlineMs: 60_000 } as const;
  await ledger.begin({ ...rung, data: { target: HUMAN, askedBy: 'api' } });
  await settled();
  await ledger.settle(sessionId, { operationContext: '1', state: 'succeeded' });
}

/** Another host takes the call over. */
function takenOver(sessionId: string) {
  const after = recorded(AGENT, PLAN, { sessionId });
  after.recording.begin('from-start', false);
  return after;
}

test('a host that takes a call over tells whoever came while the recording was just being begun (breaker17 1)', async () => {
  const before = recorded(AGENT);
  before.recording.begin('from-start', true);
  before.carrier.startRecording = () => Promise.withResolvers<never>().promise;
  await before.ask('r');
  before.news.shift()?.onSpoken?.(true);
  await eventually(async () => (await before.now()).is === 'starting');
  await come(before.sessionId);
  const after = takenOver(before.sessionId);
  const data = { recordingId: 'recording-1' };
  await ledger.settle(before.sessionId, { operationContext: 'r', state: 'succeeded', result: { data } });
  await after.tell('r');
  await eventually(() => after.news.length > 0);
  assert.deepEqual(after.carrier.asked, ['pause recording-1']);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
});

test('a host that takes a call over tells whoever came while the recording could not be paused (breaker17 2)', async () => {
  const before = await running();
  await come(before.sessionId);
  const after = takenOver(before.sessionId);
  await eventually(() => after.news.length > 0);
  assert.deepEqual(after.carrier.asked, ['pause recording-1']);
  after.news.shift()?.onSpoken?.(true);
  await eventually(() => after.isRunning());
  // Of him it is known that he was told.
  const third = takenOver(before.sessionId);
  await settled();
  assert.deepEqual([third.news.length, third.carrier.asked], [0, []]);
});

test('a host that takes a call over tells whoever came while the application had paused, and leaves it paused (breaker17 3)', async () => {
  const before = await running();
  await before.change('pause', 'p');
  await before.tell('p');
  await come(before.sessionId);
  const after = takenOver(before.sessionId);
  await eventually(() => after.news.length > 0);
  after.news.shift()?.onSpoken?.(true);
  await settled();
  assert.deepEqual(after.carrier.asked, []);
  assert.equal((await after.now()).is, 'paused');
});

test('where nobody is told a menu pauses nothing, also after Redis has lost how it began (breaker17 4)', async () => {
  const call = await running({ agent: { fromStart: false, notice: false } });
  await call.lose();
  await call.recording.noteAgain();
  const [start] = await ledger.list(call.sessionId);
  assert.deepEqual(start?.result?.data, { recordingId: 'recording-1', unannounced: true });
  call.events.emit('answeredBy', judged('menu'));
  await settled();
  assert.deepEqual(call.carrier.asked, []);
});

test('the carrier plays its notice to each who answers behind a menu of his own (breaker17 5)', async () => {
  const call = await running({ plan: { ...PLAN, noticeUrl: 'https://example.org/notice.wav' } });
  const played = () => call.carrier.asked.filter((what) => what === 'play').length;
  for (const times of [1, 2]) {
    call.events.emit('answeredBy', judged('menu'));
    await eventually(async () => (await call.now()).is === 'paused');
    call.events.emit('answeredBy', judged('human'));
    await eventually(() => played() === times);
    const notice = { operationContext: `behind-menu-${times}.notice`, state: 'succeeded' } as const;
    await ledger.settle(call.sessionId, notice);
    call.recording.ended(notice.operationContext, true, '');
    await eventually(() => call.isRunning());
  }
});

test('the human of a warm transfer hears what the carrier plays before what the call is about, and the caller is put through after it (breaker17 6: at once, and the recording stayed paused)', async () => {
  const recorder = await running({ plan: { ...PLAN, noticeUrl: 'https://example.org/notice.wav' } });
  const call = await callInProgress(undefined, { recording: recorder.recording });
  call.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    call.carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => call.tell(context, true));
  };
  call.desk.act(warm());
  await eventually(() => recorder.carrier.asked.includes('play'));
  await settled();
  assert.deepEqual([call.news.length, call.over], [0, []]);
  assert.equal(recorder.recording.ended('key-1.add.notice', true, ''), true);
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.over, ['put through']);
  await eventually(() => recorder.isRunning());
});

test('the human of a warm transfer who cuts off the agent’s notice hears it again before the caller is put through (left 18 b: at once, and the recording stayed paused)', async () => {
  const recorder = await running();
  const call = await callInProgress(undefined, { recording: recorder.recording });
  call.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    call.carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => call.tell(context, true));
  };
  call.desk.act(warm());
  for (const isHeard of [false, false, true]) {
    await eventually(() => recorder.news.length > 0);
    await settled();
    assert.deepEqual([call.news.length, call.over], [0, []]);
    const notice = recorder.news.shift();
    // Also when it is said again nobody but he hears it.
    assert.deepEqual([notice?.speech, notice?.aside], [{ line: NOTICE }, true]);
    notice?.onSpoken?.(isHeard);
  }
  await eventually(() => call.over.length > 0);
  assert.deepEqual(call.over, ['put through']);
  await eventually(() => recorder.isRunning());
});

test('a notice that is to be said again once the caller hears the agent is said to both (left 18 b)', async () => {
  const call = await running();
  call.recording.joined('t.add', true);
  await eventually(() => call.news.length > 0);
  call.attention.callerHears = true;
  call.news.shift()?.onSpoken?.(false);
  assert.deepEqual([call.news.length, call.news[0]?.aside], [1, undefined]);
});
