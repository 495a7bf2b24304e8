import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { VoiceActivityEvents } from '../../contract/speech.ts';
import { turnPolicy } from '../turns/turn-policy.ts';
import { CallerLine } from './caller-line.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';

const BYTES_PER_MS = 32;
/** The line's level is known in slices so long. */
const SLICE_MS = 4;

test('the end of speech is when it was last audible, however long the detector goes on taking silence for speech', async () => {
  for (const tooLong of [0, 1, 2, 3]) {
    const { clock, hear, ended } = listen();
    const beganMs = clock.now();
    for (let frame = 0; frame < 20; frame += 1) await hear(0.95, 1);
    // The last frame is a voice for half of its time.
    await hear(0.95, 0.5);
    const spokenUntilMs = beganMs + 20.5 * DETECTOR_FRAME_MS;
    for (let frame = 0; frame < 12; frame += 1) await hear(frame < tooLong ? 0.7 : 0.02, 0);
    assert.equal(ended.length, 1);
    assert.ok(Math.abs((ended[0] ?? 0) - spokenUntilMs) <= SLICE_MS, `${ended[0]}, not ${spokenUntilMs}`);
  }
});

test('a detector that is behind dates the end of speech no earlier for it', async () => {
  for (const behind of [1, 3, 6, 12]) {
    const { clock, hear, ended } = listen(behind);
    const beganMs = clock.now();
    for (let frame = 0; frame < 20; frame += 1) await hear(0.95, 1);
    for (let frame = 0; frame < 24; frame += 1) await hear(0.02, 0);
    const spokenUntilMs = beganMs + 20 * DETECTOR_FRAME_MS;
    assert.equal(ended.length, 1);
    assert.ok(Math.abs((ended[0] ?? 0) - spokenUntilMs) <= SLICE_MS, `${ended[0]}, not ${spokenUntilMs}`);
  }
});

test('a voice that goes on through a moment of quiet has not ended', async () => {
  const { hear, ended } = listen();
  for (let frame = 0; frame < 20; frame += 1) await hear(0.95, 1);
  for (let frame = 0; frame < 3; frame += 1) await hear(0.02, 0);
  for (let frame = 0; frame < 20; frame += 1) await hear(0.95, 1);
  assert.deepEqual(ended, []);
});

test('what grows out of a sound while the agent is heard is worth a glance, and nothing else is', async () => {
  const breath = 0x08;
  const voice = 0x20;
  const room = 0;
  const begins = [breath, breath, breath, breath, breath, voice];
  assert.deepEqual(await glancesAt(begins), [5]);
  assert.deepEqual(await glancesAt([...begins, voice, breath]), [5], 'what no longer grows');
  assert.deepEqual(await glancesAt([room, room, room, room, room, voice]), [], 'a sound out of silence');
  assert.deepEqual(await glancesAt(begins.map((level) => level >> 5)), [], 'what is far away');
  assert.deepEqual(await glancesAt(begins, { agentSpeaks: false }), [], 'while the agent is silent');
});

test('a voice is an onset as soon as a glance shows it', async () => {
  const { clock, line, started, glance } = listen();
  line.agentSends(new Uint8Array(1000 * BYTES_PER_MS), clock.now());
  await clock.advance(52);
  line.write(new Uint8Array(52 * BYTES_PER_MS).fill(0x10));
  glance(0.95, 20);
  assert.equal(started(), 1);
  assert.equal(line.lastSpeechMs, clock.now());
  assert.equal(line.spokenUntilMs, 52);
  line.close();
  glance(0.95, 20);
  assert.equal(started(), 1);
});

/** At which of these frames of the line (20 ms, so loud) its detector is asked for a glance. */
async function glancesAt(levels: readonly number[], { agentSpeaks = true } = {}): Promise<number[]> {
  const { clock, line, glancesWanted } = listen();
  if (agentSpeaks) line.agentSends(new Uint8Array(1000 * BYTES_PER_MS), clock.now());
  for (const level of levels) {
    await clock.advance(20);
    line.write(new Uint8Array(20 * BYTES_PER_MS).fill(level));
  }
  line.close();
  return glancesWanted.flatMap((isWanted, frame) => (isWanted ? [frame] : []));
}

/**
 * A line in the test's hands: each frame of the detector arrives at once, loud for its first part and then quiet.
 * @param behind by how many frames the detector's answers come late
 */
function listen(behind = 0) {
  const clock = new VirtualClock();
  const ended: number[] = [];
  const glancesWanted: boolean[] = [];
  let starts = 0;
  const judged: { readonly probability: number; readonly atMs: number }[] = [];
  let detector: VoiceActivityEvents | undefined;
  const line = new CallerLine({
    clock,
    policy: turnPolicy(),
    openVoiceActivity: (events) => {
      detector = events;
      return { write: (_pcm, glance = false) => void glancesWanted.push(glance), close() {} };
    },
    openRecogniser: () => ({ write() {}, close() {} }),
    agentsWords: () => '',
    events: {
      onSpeechStarted: () => {
        starts += 1;
      },
      onSpeechEnded: (lastSpeechMs) => ended.push(lastSpeechMs),
      onWords() {},
      onJudgement() {},
      onFault() {},
    },
  });
  line.open();
  return {
    clock,
    line,
    ended,
    glancesWanted,
    started: () => starts,
    glance: (probability: number, newMs: number) => detector?.onGlance?.(probability, clock.now(), newMs),
    async hear(probability: number, loudShare: number) {
      await clock.advance(DETECTOR_FRAME_MS);
      const pcm = new Uint8Array(DETECTOR_FRAME_MS * BYTES_PER_MS);
      line.write(pcm.fill(0x10, 0, pcm.length * loudShare));
      judged.push({ probability, atMs: clock.now() });
      const frame = judged.length > behind ? judged.shift() : undefined;
      if (frame) detector?.onFrame(frame.probability, frame.atMs);
    },
  };
}
