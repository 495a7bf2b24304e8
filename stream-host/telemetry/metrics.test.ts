import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTRIBUTE, DIMENSION, METRIC, SPAN } from '../../shared/telemetry/names.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { HostMetrics, type HostReading } from './host-metrics.ts';
import { KeptMetrics } from './testing/sinks.ts';
import { LATENCY, watchedSession } from './testing/watched-session.ts';

test('the stages of an answer are measured from the end of the caller’s speech, and each service from its request', () => {
  const { events, metrics, observer } = watchedSession();
  observer.served({ service: 'chat-model', startedAtMs: 100, firstAtMs: 450, endedAtMs: 900 });
  observer.served({ service: 'speech-synthesis', startedAtMs: 500, firstAtMs: 590, endedAtMs: 900 });
  events.emit('turnLatency', { ...LATENCY, turn: 1 });
  events.emit('replyHeld', { turn: 1, soundMs: 64 });
  assert.deepEqual(
    [METRIC.words, METRIC.recognised, METRIC.firstToken, METRIC.firstVoice, METRIC.firstAudio].map((metric) =>
      metrics.values(metric),
    ),
    [[200], [350], [700], [850], [900]],
  );
  assert.deepEqual(metrics.values(METRIC.modelFirstToken), [350]);
  assert.deepEqual(metrics.values(METRIC.synthesisFirstByte), [90]);
  assert.deepEqual(metrics.values(METRIC.bargeInReaction), [64]);
});

test('faults, fillings and interruptions are counted by what they were, and never by whose session it was', () => {
  const { events, metrics, session } = watchedSession();
  events.emit('fault', { code: 'reply.stalled' });
  events.emit('waitFilled', { turn: 1, kind: 'filler', text: 'One moment, please.' });
  events.emit('bargeIn', { turn: 1, by: 'voice' });
  events.emit('draftDropped', { pieces: 3, characters: 20 });
  events.emit('ended', { reason: 'no-answer' });
  const fault = metrics.all.find(({ name }) => name === METRIC.faults.name);
  assert.deepEqual(fault?.dimensions, { [DIMENSION.reason]: 'reply.stalled' });
  for (const metric of [
    METRIC.sessionsOpened,
    METRIC.waitsFilled,
    METRIC.bargeIns,
    METRIC.draftsDropped,
    METRIC.sessionsEnded,
  ])
    assert.deepEqual(metrics.values(metric), [1], metric.name);
  const told = JSON.stringify(metrics.all);
  assert.ok(!told.includes(session.id));
  assert.ok(!told.includes(ATTRIBUTE.session));
});

const IDLE: HostReading = {
  ...{ sessions: 2, placesFree: 98, loopDelayMs: 1, speechLaneMs: 4, cpu: 0.2, playoutLateMs: 0.4 },
  ...{ playoutDrops: 0, callerDrops: 0, laneDrops: 0, laneRestarts: 0, refusals: { full: 0 } },
  ...{ relayDrops: 0, recordLinesLost: 0, recordAudioLostMs: 0 },
};

test('a host tells how it is every few seconds, and of what it counts only what is new', async () => {
  const clock = new VirtualClock();
  const metrics = new KeptMetrics();
  let reading: HostReading = { ...IDLE, playoutDrops: 7 };
  const host = new HostMetrics({ metrics, read: () => reading, clock, everyMs: 1000 });
  await clock.advance(1000);
  reading = { ...reading, playoutDrops: 9, refusals: { full: 1 } };
  await clock.advance(1000);
  await clock.advance(1000);
  assert.deepEqual(metrics.values(METRIC.sessionsActive), [2, 2, 2]);
  assert.deepEqual(metrics.values(METRIC.playoutDrops), [7, 2]);
  assert.deepEqual(metrics.values(METRIC.refusals), [1]);
  assert.deepEqual(metrics.values(METRIC.laneRestarts), []);
  // Since the last time, and a host that is about to end.
  reading = { ...reading, refusals: { full: 1, draining: 4 } };
  host.close();
  host.close();
  assert.deepEqual(metrics.values(METRIC.refusals), [1, 4]);
  assert.equal(clock.pending, 0);
});

test('each figure of a host is told under a name of its own: alarms ask for them by it', async () => {
  const clock = new VirtualClock();
  const metrics = new KeptMetrics();
  const reading: HostReading = {
    ...{ sessions: 1, placesFree: 2, loopDelayMs: 3, speechLaneMs: 4, cpu: 5, playoutLateMs: 6 },
    ...{ playoutDrops: 7, callerDrops: 8, laneDrops: 9, laneRestarts: 10, refusals: { full: 11 } },
    ...{ relayDrops: 12, recordLinesLost: 13, recordAudioLostMs: 14 },
  };
  const host = new HostMetrics({ metrics, read: () => reading, clock, everyMs: 1000 });
  await clock.advance(1000);
  host.close();
  const told = Object.fromEntries(metrics.all.map(({ name, value }) => [name, value]));
  assert.deepEqual(told, {
    [METRIC.sessionsActive.name]: 1,
    [METRIC.placesFree.name]: 2,
    [METRIC.loopDelay.name]: 3,
    [METRIC.speechLane.name]: 4,
    [METRIC.cpu.name]: 5,
    [METRIC.playoutDelay.name]: 6,
    [METRIC.playoutDrops.name]: 7,
    [METRIC.callerDrops.name]: 8,
    [METRIC.laneDrops.name]: 9,
    [METRIC.laneRestarts.name]: 10,
    [METRIC.refusals.name]: 11,
    [METRIC.relayDrops.name]: 12,
    [METRIC.recordLinesLost.name]: 13,
    [METRIC.recordAudioLost.name]: 14,
  });
});

test('a session that another host had before counts as one that goes on; an answer that was held and went on counts, too', () => {
  const { events, metrics } = watchedSession({ resumed: true });
  events.emit('replyResumed', { turn: 1, silentMs: 300 });
  assert.deepEqual(metrics.values(METRIC.sessionsResumed), [1]);
  assert.deepEqual(metrics.values(METRIC.heldReplies), [1]);
  assert.deepEqual(watchedSession().metrics.values(METRIC.sessionsResumed), []);
});

test('the silence of a caller whose host had died counts among the others, from its last sign of life to the next host’s first sound', async () => {
  const { clock, events, metrics, spans } = watchedSession({ resumed: true, aloneSinceMs: -3_500 });
  await clock.advance(700);
  events.emit('agentText', { turn: 2, text: 'Sorry, we were cut off for a moment.' });
  events.emit('agentText', { turn: 2, text: 'It is on its way.' });
  assert.deepEqual(metrics.values(METRIC.silences), [1]);
  assert.deepEqual(metrics.values(METRIC.silence), [4_200]);
  const silence = spans.one(SPAN.silence);
  assert.equal(silence.parentSpanId, spans.one(SPAN.sessionOpening).spanId);
  assert.equal(silence.attributes[ATTRIBUTE.silentMs], 4_200);
  const gaveUp = watchedSession({ resumed: true, aloneSinceMs: -3_500 });
  gaveUp.events.emit('ended', { reason: 'line-closed' });
  assert.deepEqual(gaveUp.metrics.values(METRIC.silence), [3_500]);
});

test('events of a session that will never be on record are counted', () => {
  const { metrics, observer } = watchedSession();
  observer.lost(3);
  observer.lost(1);
  assert.deepEqual(metrics.values(METRIC.eventsLost), [3, 1]);
});
