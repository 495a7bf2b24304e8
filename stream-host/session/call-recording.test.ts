import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import {
  changeRecording,
  enterRecording,
  recordingOf,
  startRecording,
} from '../../shared/calls/operations/recording.ts';
import { newSession, redisesUnderTest } from '../../shared/sessions/testing/redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { AgentRecording } from '../contract/agent.ts';
import type { CallNews } from '../contract/call-news.ts';
import type { Mode } from '../contract/mode.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { CallRecording, type RecordingPlan } from './call-recording.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';

const NOTICE = 'This call is recorded.';
const START = { action: 'start', askedBy: 'api' };
const PLAN: RecordingPlan = { wish: { channels: 'mixed', format: 'wav' } };

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const ledger = new OperationLedger(redis.connect(), { ttlMs: 60_000, wallMs: () => Date.now() });

function recorded(agent: AgentRecording | undefined, plan = PLAN) {
  const { id: sessionId } = newSession();
  const carrier = new ScriptedCarrier();
  const events = new SessionEvents(new VirtualClock());
  const news: CallNews[] = [];
  const faults: string[] = [];
  const mode: Mode = {
    start() {},
    audio() {},
    pressed() {},
    interrupt() {},
    close() {},
    told: (told) => news.push(told),
  };
  const recording = new CallRecording({
    ports: { carrier, ledger },
    of: (operationContext) => ({ sessionId, callId: 'connection', operationContext, askedBy: 'api' }),
    agent,
    plan,
    mode,
    events,
    log: pino({ level: 'silent' }),
    onFault: (code) => faults.push(code),
  });
  const now = async () => recordingOf(await ledger.list(sessionId));
  return { recording, carrier, events, news, faults, now, sessionId };
}

test('a call is recorded from the moment at which its notice was heard, and once', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.events.emit('agentHeard', { turn: 1, heardText: 'This call' });
  assert.deepEqual(call.carrier.asked, []);
  call.events.emit('agentHeard', { turn: 1, heardText: 'This call is recorded. Hello' });
  call.events.emit('agentSpoke', { turn: 1, fullText: '', heardText: `${NOTICE} Hello.`, interrupted: false });
  await eventually(async () => (await call.now()) !== undefined);
  assert.deepEqual(call.carrier.asked, ['record']);
  assert.deepEqual(await call.now(), { recordingId: 'recording-1', state: 'active' });
});

test('a caller who cuts the notice off is told again; without a notice that was heard nothing is recorded', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.events.emit('agentSpoke', { turn: 1, fullText: NOTICE, heardText: 'This', interrupted: true });
  for (let attempt = 0; call.news.length > attempt; attempt += 1) call.news[attempt]?.onSpoken?.(false);
  assert.ok(call.news.length === 2 && call.news.every(({ speech }) => JSON.stringify(speech).includes(NOTICE)));
  assert.deepEqual(call.faults, ['recording.notice-unheard']);
  assert.deepEqual(call.carrier.asked, []);
});

test('asked for in the middle of a call, the notice comes first', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  call.recording.begin('from-start', true);
  call.recording.start('asked-1');
  assert.deepEqual(call.news[0]?.speech, { line: NOTICE });
  assert.deepEqual(call.carrier.asked, []);
  call.news[0]?.onSpoken?.(true);
  await eventually(async () => (await call.now()) !== undefined);
});

test('the carrier may give the notice: nothing is recorded before it has played', async () => {
  const call = recorded(
    { fromStart: true, notice: NOTICE },
    { ...PLAN, noticeUrl: 'https://files.example/notice.wav' },
  );
  call.recording.begin('from-start', true);
  await eventually(() => call.carrier.asked.length > 0);
  assert.deepEqual(call.carrier.asked, ['play']);
  assert.equal(call.recording.ended('something else', true), false);
  assert.equal(call.recording.ended('from-start.notice', true), true);
  await eventually(async () => (await call.now()) !== undefined);
  assert.deepEqual([call.carrier.asked, call.news.length], [['play', 'record'], 0]);
});

test('an agent that says nothing of recordings is not recorded, and one that needs no notice is at once', async () => {
  const silent = recorded(undefined);
  silent.recording.begin('from-start', true);
  silent.recording.start('asked-1');
  assert.deepEqual([silent.faults, silent.carrier.asked], [['recording.no-notice'], []]);
  const noticeless = recorded({ fromStart: true, notice: false });
  noticeless.recording.begin('from-start', true);
  await eventually(async () => (await noticeless.now()) !== undefined);
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
  await eventually(async () => (await call.now()) !== undefined);
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
  const of = (operationContext: string) =>
    ({ sessionId: call.sessionId, callId: 'connection', operationContext, askedBy: 'api' }) as const;
  const ports = { carrier: call.carrier, ledger };
  await enterRecording(ports, of('asked-1'));
  call.recording.start('asked-1');
  await assert.rejects(changeRecording(ports, of('paused'), 'pause'), { code: 'recording.none' });
  assert.equal(await changeRecording(ports, of('stopped'), 'stop'), 'asked-1');
  assert.equal(call.recording.ended('asked-1', false), true);
  call.news[0]?.onSpoken?.(true);
  await enterRecording(ports, of('asked-2'));
  call.recording.start('asked-2');
  assert.deepEqual([call.news.length, call.carrier.asked], [2, []]);
  call.news[1]?.onSpoken?.(true);
  await eventually(async () => (await call.now()) !== undefined);
  assert.deepEqual(call.carrier.asked, ['record']);
  const states = (await ledger.list(call.sessionId)).map(
    ({ operationContext, state }) => `${operationContext} ${state}`,
  );
  assert.deepEqual(states.sort(), ['asked-1 failed', 'asked-2 succeeded', 'stopped succeeded']);
});

test('one that begins at the moment at which it is taken back is stopped (breaker16b B)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  call.carrier.onAsked = (what) => {
    if (what === 'record') call.recording.ended('asked-1', false);
  };
  call.recording.start('asked-1');
  call.news[0]?.onSpoken?.(true);
  await eventually(() => call.carrier.asked.length === 2);
  assert.deepEqual(call.carrier.asked, ['record', 'stop recording-1']);
});

test('one that begins with the call can be taken back while the greeting is said (sister of breaker16b B)', async () => {
  const call = recorded({ fromStart: true, notice: NOTICE });
  const stopped = { sessionId: call.sessionId, callId: 'c', operationContext: 'stopped', askedBy: 'api' } as const;
  call.recording.begin('from-start', true);
  await eventually(async () => (await ledger.list(call.sessionId)).length > 0);
  assert.equal(await changeRecording({ carrier: call.carrier, ledger }, stopped, 'stop'), 'from-start');
  call.recording.ended('from-start', false);
  call.events.emit('agentHeard', { turn: 1, heardText: NOTICE });
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual(call.carrier.asked, []);
});
