import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { OperationLedger } from '../../shared/calls/operation-ledger.ts';
import { recordingOf } from '../../shared/calls/operations/recording.ts';
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
