import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enterRecording, startRecording } from '../../shared/calls/operations/recording.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ledger, NOTICE, PLAN, recorded } from './testing/recording-rig.ts';

const START = { action: 'start', askedBy: 'api' };

test('a call is recorded from the moment at which its notice was heard, and once', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.events.emit('agentHeard', { turn: 1, heardText: 'This call' });
  assert.deepEqual(call.carrier.asked, []);
  call.events.emit('agentHeard', { turn: 1, heardText: 'This call is recorded. Hello' });
  call.events.emit('agentSpoke', { turn: 1, fullText: '', heardText: `${NOTICE} Hello.`, interrupted: false });
  await eventually(call.isRunning);
  assert.deepEqual(call.carrier.asked, ['record']);
  assert.deepEqual(await call.now(), { is: 'running', by: 'from-start', recordingId: 'recording-1' });
});

test('a caller who cuts the notice off is told again; without a notice that was heard nothing is recorded', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.events.emit('agentSpoke', { turn: 1, fullText: NOTICE, heardText: 'This', interrupted: true });
  for (let attempt = 0; call.news.length > attempt; attempt += 1) call.news[attempt]?.onSpoken?.(false);
  assert.ok(call.news.length === 2 && call.news.every(({ speech }) => JSON.stringify(speech).includes(NOTICE)));
  assert.deepEqual(call.failures, ['from-start recording.notice-unheard']);
  await eventually(async () => (await call.state('from-start'))[0] === 'failed');
  assert.deepEqual(call.carrier.asked, []);
});

test('as many other words as the notice has are none: a caller who speaks before the greeting is heard gets an answer, and the notice after it (close reader 1)', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  const heardText = 'Our office opens at nine in the morning, on every day of the week.';
  call.events.emit('agentHeard', { turn: 1, heardText });
  call.events.emit('agentSpoke', { turn: 1, fullText: heardText, heardText, interrupted: false });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([call.carrier.asked, call.news.map(({ speech }) => speech)], [[], [{ line: NOTICE }]]);
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
});

test('asked for in the middle of a call, the notice comes first', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.recording.start('asked-1');
  assert.deepEqual(call.news[0]?.speech, { line: NOTICE });
  assert.deepEqual(call.carrier.asked, []);
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
});

test('the carrier may give the notice: nothing is recorded before it has played', async () => {
  const call = recorded(
    { fromStart: true, notice: NOTICE },
    { ...PLAN, noticeUrl: 'https://files.example/notice.wav' },
  );
  call.recording.begin('from-start', true);
  await eventually(() => call.carrier.asked.length > 0);
  assert.deepEqual(call.carrier.asked, ['play']);
  assert.equal(call.recording.ended('something else', true, ''), false);
  assert.equal(call.recording.ended('from-start.notice', true, ''), true);
  await eventually(call.isRunning);
  assert.deepEqual([call.carrier.asked, call.news.length], [['play', 'record'], 0]);
});

test('an agent that says nothing of recordings is not recorded, and one that needs no notice is at once', async () => {
  const silent = recorded(undefined);
  silent.recording.begin('from-start', true);
  silent.recording.start('asked-1');
  assert.deepEqual([silent.failures, silent.carrier.asked], [['asked-1 recording.no-notice'], []]);
  const noticeless = recorded({ fromStart: true, notice: false });
  noticeless.recording.begin('from-start', true);
  await eventually(noticeless.isRunning);
});

test('a host that takes the call over neither says it again nor records anew', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', false);
  call.events.emit('agentSpoke', { turn: 9, fullText: NOTICE, heardText: NOTICE, interrupted: false });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([call.carrier.asked, call.news], [[], []]);
});

test('two recordings that are asked for at once: people are told once, and the second is refused by name (breaker 5)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  const ask = (operationContext: string) =>
    ledger.begin({ sessionId: call.sessionId, operationContext, kind: 'recording', deadlineMs: 60_000, data: START });
  // As functions of a release before enter them, which do not look.
  for (const context of ['asked-1', 'asked-2']) await ask(context);
  for (const context of ['asked-1', 'asked-2', 'asked-1']) call.recording.start(context);
  assert.equal(call.news.length, 1);
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
  assert.deepEqual(call.carrier.asked, ['record']);
  const refused = await ledger.get(call.sessionId, 'asked-2');
  assert.deepEqual([refused?.state, refused?.result?.message], ['failed', 'recording.running']);
  call.recording.start('asked-1');
  assert.equal(call.news.length, 1, 'a command that comes again is no second notice');
});

test('of several recordings that are asked for at once one is entered (breaker 5)', async () => {
  const call = recorded({ fromStart: false, notice: false });
  const of = (operationContext: string) =>
    ({ sessionId: call.sessionId, callId: 'connection', operationContext, askedBy: 'api' }) as const;
  const ports = { carrier: call.carrier, ledger };
  const entered = await Promise.allSettled(['a', 'b', 'c'].map((context) => enterRecording(ports, of(context))));
  assert.deepEqual(entered.map(({ status }) => status).sort(), ['fulfilled', 'rejected', 'rejected']);
  const wish = PLAN.wish;
  const started = await Promise.allSettled(['a', 'b', 'c'].map((context) => startRecording(ports, of(context), wish)));
  assert.equal(started.filter((each) => each.status === 'fulfilled' && each.value).length, 1);
  await assert.rejects(startRecording(ports, of('d'), wish), { code: 'recording.running' });
  assert.deepEqual(call.carrier.asked, ['record']);
});

test('a recording that is stopped while its notice is said never begins, and another one may (breaker16b B)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  await call.ask('asked-1');
  await assert.rejects(call.change('pause', 'paused'), { code: 'recording.none' });
  assert.equal(await call.change('stop', 'stopped'), 'asked-1');
  assert.equal(call.recording.ended('asked-1', false, 'stop'), true);
  call.news[0]?.onSpoken?.(true);
  await call.ask('asked-2');
  assert.deepEqual([call.news.length, call.carrier.asked], [2, []]);
  call.news[1]?.onSpoken?.(true);
  await eventually(call.isRunning);
  assert.deepEqual(call.carrier.asked, ['record']);
  const states = (await ledger.list(call.sessionId)).map(
    ({ operationContext, state }) => `${operationContext} ${state}`,
  );
  assert.deepEqual(states.sort(), ['asked-1 failed', 'asked-2 succeeded', 'stopped succeeded']);
});

test('one that begins at the moment at which it is taken back is stopped (breaker16b B)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  call.carrier.onAsked = (what) => {
    if (what === 'record') call.recording.ended('asked-1', false, 'stop');
  };
  call.recording.start('asked-1');
  call.news[0]?.onSpoken?.(true);
  await eventually(() => call.carrier.asked.length === 2);
  assert.deepEqual(call.carrier.asked, ['record', 'stop recording-1']);
});

test('one that begins with the call can be taken back while the greeting is said (sister of breaker16b B)', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  await eventually(async () => (await ledger.list(call.sessionId)).length > 0);
  assert.equal(await call.change('stop', 'stopped'), 'from-start');
  call.recording.ended('from-start', false, 'stop');
  call.events.emit('agentHeard', { turn: 1, heardText: NOTICE });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(call.carrier.asked, []);
});

/** The carrier says that the recording which it had accepted did not begin, or has ended by itself. */
const fails = (sessionId: string, by: string, message: string) =>
  ledger.settle(sessionId, { operationContext: by, state: 'failed', result: { code: 403, message }, overrides: true });

test('one that the carrier had accepted and that then failed is told of once, the agent knows, and another one may begin (breaker16b 0a)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE, lost: 'It is not recorded after all.' });
  await call.ask('asked-1');
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
  await fails(call.sessionId, 'asked-1', 'No storage.');
  for (let times = 0; times < 2; times += 1) await call.tell('asked-1');
  assert.deepEqual(call.failures, ['asked-1 403 No storage.']);
  assert.deepEqual(
    [await call.now(), await call.state('asked-1')],
    [{ is: 'off', reason: '403 No storage.' }, ['failed', 'No storage.']],
  );
  const told = call.news[1] ?? assert.fail('the agent was told nothing');
  assert.deepEqual(told.speech, { line: 'It is not recorded after all.' });
  assert.match(JSON.stringify(told.item?.result), /"status":"failed"/);
  await eventually(() => call.carrier.asked.includes('stop recording-1'));
  await call.ask('asked-2');
  call.news[2]?.onSpoken?.(true);
  await eventually(call.isRunning);
});

test('one of which the carrier says that it failed before it has answered the request begins for nobody (breaker16b 0a)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  await call.ask('asked-1');
  const { startRecording } = call.carrier;
  call.carrier.startRecording = async () => {
    const answer = await startRecording.call(call.carrier);
    await fails(call.sessionId, 'asked-1', 'No storage.');
    await call.tell('asked-1');
    return answer;
  };
  call.news[0]?.onSpoken?.(true);
  await eventually(() => call.carrier.asked.includes('stop recording-1'));
  assert.deepEqual(call.failures, ['asked-1 403 No storage.']);
  assert.equal((await call.now()).is, 'off');
});

test('of two that stop a recording at once the second is told that there is none, and so is who pauses it (breaker16b H)', async () => {
  const call = recorded({ fromStart: false, notice: false });
  await call.ask('asked-1');
  await eventually(call.isRunning);
  call.carrier.state = async () => 'connected';
  const stop = call.carrier.stopRecording;
  const gone = new CarrierError('gone', 'acs.call-gone', 'It does not know this call.');
  call.carrier.stopRecording = async (id) => {
    const isFirst = !call.carrier.asked.includes(`stop ${id}`);
    await stop(id);
    if (!isFirst) throw gone;
  };
  call.carrier.pauseRecording = async () => Promise.reject(gone);
  const all = await Promise.allSettled([
    call.change('stop', 'one'),
    call.change('stop', 'other'),
    call.change('pause', 'paused'),
  ]);
  assert.deepEqual(
    all.map((each) => (each.status === 'fulfilled' ? 'done' : each.reason.code)),
    ['done', 'recording.none', 'recording.none'],
  );
  assert.deepEqual(await call.state('asked-1'), ['succeeded', undefined], 'it was recorded until then');
});

test('a recording that the carrier has lost without a word is found out when it is stopped (sister of breaker16b 0a)', async () => {
  const call = recorded({ fromStart: false, notice: false });
  await call.ask('asked-1');
  await eventually(call.isRunning);
  call.carrier.state = async () => 'connected';
  call.carrier.failing.set('stop', new CarrierError('gone', 'acs.call-gone', 'It does not know this call.'));
  await assert.rejects(call.change('stop', 'stopped'), { code: 'recording.none' });
  assert.deepEqual([await call.state('asked-1'), (await call.now()).is], [['failed', 'recording.lost'], 'off']);
  await call.ask('asked-2');
  await eventually(call.isRunning);
});

test('a host that takes the call over says a notice that was not heard yet, and records after it', async () => {
  const first = recorded({ fromStart: true, notice: NOTICE });
  first.recording.begin('from-start', true);
  await eventually(async () => (await first.state('from-start'))[0] === 'asked');
  first.recording.close(false);
  const second = recorded({ fromStart: true, notice: NOTICE }, PLAN, { sessionId: first.sessionId });
  second.recording.begin('from-start', false);
  await eventually(() => second.news.length === 1);
  second.news[0]?.onSpoken?.(true);
  await eventually(second.isRunning);
  assert.deepEqual([first.carrier.asked, second.carrier.asked, first.failures], [[], ['record'], []]);
});

test('a host that takes the call over knows that it is recorded, and asks for nothing that was asked for already', async () => {
  const first = recorded({ fromStart: false, notice: false });
  await first.ask('asked-1');
  await eventually(first.isRunning);
  const second = recorded({ fromStart: false, notice: false }, PLAN, { sessionId: first.sessionId });
  second.recording.begin('from-start', false);
  await fails(first.sessionId, 'asked-1', 'No storage.');
  await eventually(async () => {
    await second.tell('asked-1');
    return second.failures.length > 0;
  });
  // One whose request was on its way when its host died.
  const third = recorded({ fromStart: false, notice: false });
  await enterRecording(
    { carrier: third.carrier, ledger },
    { sessionId: third.sessionId, operationContext: 'asked-1', askedBy: 'api' },
  );
  await ledger.accepted(third.sessionId, 'asked-1');
  third.recording.begin('from-start', false);
  third.recording.start('asked-1');
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(third.carrier.asked, []);
  await ledger.settle(third.sessionId, {
    operationContext: 'asked-1',
    state: 'succeeded',
    result: { data: { recordingId: 'r' } },
  });
  await third.tell('asked-1');
  assert.equal((await third.now()).is, 'running');
});

test('a notice that nobody has heard when the call ends is told of: operation, event and log (stranger17 6)', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.events.emit('agentSpoke', { turn: 1, fullText: NOTICE, heardText: 'This', interrupted: true });
  call.recording.close(true);
  call.news[0]?.onSpoken?.(true);
  assert.deepEqual(call.failures, ['from-start recording.notice-unheard']);
  await eventually(async () => (await call.state('from-start'))[1] === 'recording.notice-unheard');
  assert.deepEqual(call.carrier.asked, []);
});

test('what shall be recorded from its beginning and cannot be is told of: nobody speaks, or nobody knows what to say (sisters of stranger17 6)', async () => {
  const silent = recorded({ fromStart: true, notice: NOTICE }, PLAN, { hasVoice: false });
  const noticeless = recorded(undefined, PLAN, { isWanted: true });
  for (const [call, reason] of [
    [silent, 'calls.no-voice'],
    [noticeless, 'recording.no-notice'],
  ] as const) {
    call.recording.begin('from-start', true);
    assert.deepEqual(call.failures, [`from-start ${reason}`]);
    await eventually(async () => (await call.state('from-start'))[1] === reason);
  }
});

test('a notice that is still to be said when its recording is stopped is said once, for the one that is asked for next', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  await call.ask('asked-1');
  assert.equal(await call.change('stop', 'stopped'), 'asked-1');
  call.recording.ended('asked-1', false, 'stop');
  await call.ask('asked-2');
  assert.equal(call.news.length, 1);
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
  assert.deepEqual([(await call.state('asked-2'))[0], call.carrier.asked], ['succeeded', ['record']]);
});

test('a notice that was begun before somebody came counts for no recording that is asked for after that: he has not heard it', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  await call.ask('asked-1');
  call.recording.joined('added', false);
  await call.change('stop', 'stopped');
  call.recording.ended('asked-1', false, 'stop');
  await call.ask('asked-2');
  assert.equal(call.news.length, 2);
  call.news[0]?.onSpoken?.(true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(call.carrier.asked, []);
  call.news[1]?.onSpoken?.(true);
  await eventually(call.isRunning);
});

test('what a host has taken over and begun with is not refused when its command comes, though the caller is being put through by then', async () => {
  const first = recorded({ fromStart: false, notice: NOTICE });
  await first.ask('asked-1');
  first.recording.close(false);
  const second = recorded({ fromStart: false, notice: NOTICE }, PLAN, { sessionId: first.sessionId });
  second.recording.begin('from-start', false);
  await eventually(() => second.news.length === 1);
  second.recording.refuse('asked-1', 'calls.transfer-running');
  second.news[0]?.onSpoken?.(true);
  await eventually(second.isRunning);
});

for (const action of [undefined, 'pause'] as const) {
  test(`a recording that is ${action ?? 'run'} when Redis loses the ledger is known again, and can be ended; another one is not begun beside it (breaker16c n0b)`, async () => {
    const call = recorded({ fromStart: false, notice: false });
    await call.ask('first');
    await eventually(call.isRunning);
    if (action) {
      await call.change(action, 'p');
      await call.tell('p');
    }
    const before = await call.now();
    await call.lose();
    assert.equal((await call.now()).is, 'off');
    // Nobody has noticed yet.
    await call.ask('second');
    await eventually(async () => (await call.state('second'))[1] === 'recording.running');
    assert.deepEqual(await call.now(), before);

    await call.lose();
    await call.recording.noteAgain();
    await call.recording.noteAgain();
    assert.deepEqual(await call.now(), before);
    await call.change('stop', 'stopped');
    assert.equal((await call.now()).is, 'off');
    assert.deepEqual(call.carrier.asked.slice(-1), ['stop recording-1']);
    assert.deepEqual(call.failures, []);
  });
}
