import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { RecogniserEvents, VoiceActivityEvents } from '../../contract/speech.ts';
import { turnPolicy } from '../turns/turn-policy.ts';
import { CallerLine } from './caller-line.ts';
import { DETECTOR_FRAME_MS } from './speech-detector.ts';

const BYTES_PER_MS = 32;
/** Of a voice of 125 Hz. */
const PERIOD_BYTES = 256;
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

test('a voice far below a caller’s stops no agent, until words have shown that it is one', async () => {
  const { clock, line, started, hear, recognise } = listen();
  const agentSpeaks = () => line.agentSends(new Uint8Array(2000 * BYTES_PER_MS), clock.now());
  const quiet = async () => {
    for (let frame = 0; frame < 12; frame += 1) await hear(0.99, 1, 1);
    for (let frame = 0; frame < 8; frame += 1) await hear(0.02, 0);
  };
  agentSpeaks();
  await quiet();
  assert.equal(started.length, 0, 'somebody else in the room');
  await hear(0.99, 1);
  assert.equal(started.length, 1, 'the caller');
  await clock.advance(2000);
  for (let frame = 0; frame < 8; frame += 1) await hear(0.02, 0);
  await quiet();
  assert.equal(started.length, 2, 'nobody is spoken over');
  recognise('Can you hear me?');
  agentSpeaks();
  await quiet();
  assert.equal(started.length, 3, 'a caller who is that quiet');
});

test('many voices at once must be louder than one to stop an agent', async () => {
  for (const [kind, begins] of [
    ['many', 0],
    ['one', 1],
  ] as const) {
    const { clock, line, started, hear } = listen();
    line.agentSends(new Uint8Array(2000 * BYTES_PER_MS), clock.now());
    for (let frame = 0; frame < 8; frame += 1) await hear(0.99, 1, 3, kind === 'one');
    assert.equal(started.length, begins, kind);
  }
});

/**
 * A line in the test's hands: each frame of the detector arrives at once, loud for its first part and then quiet.
 * @param behind by how many frames the detector's answers come late
 */
function listen(behind = 0) {
  const clock = new VirtualClock();
  const ended: number[] = [];
  const judged: { readonly probability: number; readonly atMs: number }[] = [];
  const started: number[] = [];
  let detector: VoiceActivityEvents | undefined;
  let recogniser: RecogniserEvents | undefined;
  const line = new CallerLine({
    clock,
    policy: turnPolicy(),
    openVoiceActivity: (events) => {
      detector = events;
      return { write() {}, close() {} };
    },
    openRecogniser: (events) => {
      recogniser = events;
      return { write() {}, restart() {}, close() {} };
    },
    agentsWords: () => '',
    events: {
      onSpeechStarted: () => started.push(clock.now()),
      onSpeechEnded: (lastSpeechMs) => ended.push(lastSpeechMs),
      onWords() {},
      onFault() {},
    },
  });
  line.open();
  return {
    clock,
    line,
    started,
    ended,
    recognise: (text: string) => recogniser?.onFinal(text, clock.now() - 500, clock.now()),
    /**
     * @param loudness the bytes of the samples: 16 is as loud as a caller, 1 is 24 dB less
     * @param hasPitch one voice's
     */
    async hear(probability: number, loudShare: number, loudness = 0x10, hasPitch = false) {
      await clock.advance(DETECTOR_FRAME_MS);
      const pcm = new Uint8Array(DETECTOR_FRAME_MS * BYTES_PER_MS);
      pcm.fill(loudness, 0, pcm.length * loudShare);
      for (let at = 0; hasPitch && at < pcm.length; at += PERIOD_BYTES) pcm.fill(~loudness, at, at + PERIOD_BYTES / 2);
      line.write(pcm);
      judged.push({ probability, atMs: clock.now() });
      const frame = judged.length > behind ? judged.shift() : undefined;
      if (frame) detector?.onFrame(frame.probability, frame.atMs);
    },
  };
}
