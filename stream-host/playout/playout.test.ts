import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Playout } from './playout.ts';
import type { PlayoutTurn } from './playout-turn.ts';

interface LineOptions {
  readonly leadMs?: number;
  readonly maxBufferedMs?: number;
  readonly latenessMs?: number;
  readonly accepts?: () => boolean;
}

function line(options: LineOptions = {}) {
  const clock = Object.assign(new VirtualClock(), { latenessMs: options.latenessMs ?? 0 });
  /** Each frame, whatever it was sent together with. */
  const sent: { atMs: number; frame: Uint8Array }[] = [];
  const messages: { atMs: number; frames: number }[] = [];
  const played: number[] = [];
  const stops: number[] = [];
  const playout = new Playout({
    clock,
    sink: {
      sendAudio(frames) {
        const atMs = clock.now();
        messages.push({ atMs, frames: frames.length / FRAME_BYTES });
        for (let at = 0; at < frames.length; at += FRAME_BYTES) {
          sent.push({ atMs, frame: frames.subarray(at, at + FRAME_BYTES) });
        }
        return options.accepts?.() ?? true;
      },
      stopAudio: () => stops.push(clock.now()),
    },
    leadMs: options.leadMs ?? 120,
    maxBufferedMs: options.maxBufferedMs ?? 10_000,
    onAudible: () => {},
    onPlayed: (turn) => played.push(turn),
  });
  return { clock, sent, messages, played, stops, playout };
}

function begun(playout: Playout, turn: number): PlayoutTurn {
  const begins = playout.prepare(turn);
  playout.play(begins);
  return begins;
}

const audio = (ms: number) => new Uint8Array((ms / 20) * FRAME_BYTES).fill(7);

test('that a turn is audible is told before its first frame, so that its words can go ahead of its sound', () => {
  const order: string[] = [];
  const playout = new Playout({
    clock: new VirtualClock(),
    sink: { sendAudio: () => order.push('frames') > 0, stopAudio: () => {} },
    leadMs: 40,
    maxBufferedMs: 1000,
    onAudible: () => order.push('audible'),
    onPlayed: () => {},
  });
  begun(playout, 1).write(audio(100));
  assert.deepEqual(order, ['audible', 'frames']);
});

test('the lead goes out at once, then half of it in one message whenever so much was played, exactly', async () => {
  const { clock, messages, playout } = line();
  begun(playout, 1).write(audio(1000));
  await clock.advance(860);
  assert.deepEqual(messages, [
    { atMs: 0, frames: 6 },
    ...Array.from({ length: 14 }, (_, index) => ({ atMs: 60 + index * 60, frames: 3 })),
  ]);
});

test('a message is 100 ms, and of a short lead half at most', async () => {
  for (const [leadMs, messageMs] of [
    [40, 20],
    [70, 20],
    [80, 40],
    [400, 100],
  ] as const) {
    const { clock, messages, playout } = line({ leadMs });
    begun(playout, 1).write(audio(1000));
    await clock.advance(400);
    const [first, second, third] = messages;
    assert.equal(first?.frames, Math.floor(leadMs / 20), `a lead of ${leadMs} ms`);
    assert.equal((third?.atMs ?? 0) - (second?.atMs ?? 0), messageMs, `a lead of ${leadMs} ms`);
  }
});

test('audio that comes in small pieces waits for no message to fill', async () => {
  const { messages, playout } = line();
  const turn = begun(playout, 1);
  for (let frame = 0; frame < 3; frame += 1) turn.write(audio(20));
  assert.deepEqual(
    messages,
    Array.from({ length: 3 }, () => ({ atMs: 0, frames: 1 })),
  );
});

test('a timer that fires late is caught up with, and the error does not add up', async () => {
  const { clock, sent, playout } = line();
  const late = clock.after.bind(clock);
  clock.after = (delayMs, task) => late(delayMs + 7, task);
  begun(playout, 1).write(audio(2000));
  await clock.advance(1500);
  // Real time needs 1500 / 20 frames and the lead's 6, of which one message may be due; chained timers lose 10 %.
  assert.ok(Math.abs(sent.length - 81) <= 3, `${sent.length} frames`);
});

test('where the process may be late, an answer begins with enough audio not to run dry meanwhile', async () => {
  const { clock, messages, playout } = line({ latenessMs: 75 });
  const turn = begun(playout, 1);
  turn.write(audio(100));
  await clock.advance(25);
  assert.deepEqual(messages, []);
  turn.write(audio(100));
  assert.deepEqual(messages, [{ atMs: 25, frames: 6 }]);
});

test('an answer waits 60 ms at most for more audio, and for none where there is enough or all of it', async () => {
  const slow = line({ latenessMs: 75 });
  begun(slow.playout, 1).write(audio(100));
  await slow.clock.advance(100);
  assert.equal(slow.messages[0]?.atMs, 60);

  for (const [latenessMs, ms, ends] of [
    [50, 100, false],
    [5000, 200, false],
    [75, 100, true],
  ] as const) {
    const { messages, playout } = line({ latenessMs });
    const turn = playout.prepare(1);
    turn.write(audio(ms));
    if (ends) turn.end();
    playout.play(turn);
    assert.equal(messages.length, 1, `${ms} ms of audio, ${latenessMs} ms late`);
  }
});

test('an answer that waits for more audio is stopped unheard, and the next one waits anew', async () => {
  const { clock, messages, playout } = line({ latenessMs: 75 });
  begun(playout, 1).write(audio(100));
  await clock.advance(50);
  assert.equal(playout.stop('voice'), 0);
  begun(playout, 2).write(audio(100));
  await clock.advance(59);
  assert.equal(messages.length, 0);
  await clock.advance(1);
  assert.equal(messages[0]?.atMs, 110);
});

test('a turn has been played when its last frame has, not when it was sent', async () => {
  const { clock, played, playout } = line();
  const turn = begun(playout, 1);
  turn.write(audio(100));
  turn.end();
  await clock.advance(99);
  assert.deepEqual(played, []);
  await clock.advance(1);
  assert.deepEqual(played, [1]);
});

test('the playhead stands still while the synthesiser is late', async () => {
  const { clock, playout } = line();
  const turn = begun(playout, 1);
  turn.write(audio(100));
  await clock.advance(500);
  assert.equal(playout.heardMs, 100);
  turn.write(audio(200));
  await clock.advance(60);
  assert.equal(playout.heardMs, 160);
});

test('stop sends the command, tells what was heard, and not one frame follows', async () => {
  const { clock, sent, stops, played, playout } = line();
  const turn = begun(playout, 1);
  turn.write(audio(1000));
  await clock.advance(300);
  assert.equal(playout.stop('voice'), 300);
  const before = sent.length;
  turn.write(audio(500));
  turn.end();
  await clock.advance(2000);
  assert.equal(sent.length, before);
  assert.deepEqual(stops, [300]);
  assert.deepEqual(played, []);
});

test('a new turn’s frames are its own, whatever the old one still writes', async () => {
  const { clock, sent, playout } = line();
  const old = begun(playout, 1);
  old.write(audio(1000));
  await clock.advance(100);
  playout.stop('voice');
  sent.length = 0;
  const next = begun(playout, 2);
  old.write(audio(100));
  next.write(audio(100).fill(9));
  await clock.advance(500);
  assert.ok(sent.length === 5 && sent.every(({ frame }) => frame[0] === 9));
});

test('audio of any length is cut into frames, and the last is filled with silence', async () => {
  const { clock, sent, playout } = line();
  const turn = begun(playout, 1);
  for (const bytes of [1, 639, 641, 2, 17]) turn.write(new Uint8Array(bytes).fill(7));
  turn.end();
  await clock.advance(500);
  assert.deepEqual(
    sent.map(({ frame }) => frame.filter((byte) => byte === 7).length),
    [640, 640, 20],
  );
  assert.ok(sent.every(({ frame }) => frame.length === FRAME_BYTES));
});

test('a synthesiser that is far ahead waits until the line has drained', async () => {
  const { clock, playout } = line({ maxBufferedMs: 1000 });
  const turn = begun(playout, 1);
  turn.write(audio(3000));
  let roomAtMs = -1;
  void turn.room().then(() => {
    roomAtMs = clock.now();
  });
  await clock.advance(3000);
  assert.equal(
    roomAtMs,
    1920,
    '3000 ms, less the lead of 120, less the 1000 that may wait: at the next message of 60 ms',
  );
});

test('waiting for room ends when the turn is stopped', async () => {
  const { playout } = line({ maxBufferedMs: 100 });
  const turn = begun(playout, 1);
  turn.write(audio(3000));
  const room = turn.room();
  playout.stop('voice');
  await room;
});

test('frames that the line refuses count as played: time goes on', async () => {
  const { clock, played, playout } = line({ accepts: () => false });
  const turn = begun(playout, 1);
  turn.write(audio(200));
  turn.end();
  await clock.advance(200);
  assert.deepEqual(played, [1]);
});

test('a held turn goes on from the first frame that was not heard to its end, and nothing is sent in between', async () => {
  const { clock, sent, stops, playout } = line();
  const turn = begun(playout, 1);
  const numbered = audio(1000);
  for (let frame = 0; frame < 50; frame += 1) numbered.fill(frame + 1, frame * FRAME_BYTES, (frame + 1) * FRAME_BYTES);
  turn.write(numbered);
  await clock.advance(207);
  playout.hold();
  assert.equal(playout.heardMs, 200);
  const before = sent.length;
  await clock.advance(500);
  assert.deepEqual([sent.length, stops], [before, [207]]);
  playout.resume();
  assert.equal(sent[before]?.frame[0], 11, 'ten frames were heard, the eleventh in part');
  assert.equal(sent[before]?.atMs, 707);
  await clock.advance(2000);
  assert.equal(sent.at(-1)?.frame[0], 50);
});

test('a held turn can be stopped for good, and needs no second stop command', async () => {
  const { clock, sent, stops, playout } = line();
  begun(playout, 1).write(audio(1000));
  await clock.advance(185);
  playout.hold();
  assert.equal(playout.stop('voice'), 180);
  playout.resume();
  await clock.advance(2000);
  assert.equal(stops.length, 1);
  assert.equal(sent.at(-1)?.atMs, 180);
});

test('a turn that is prepared collects its audio and is heard only once it is played', async () => {
  const { clock, sent, playout } = line();
  const draft = playout.prepare(2);
  draft.write(audio(200));
  await clock.advance(500);
  assert.equal(sent.length, 0);
  playout.play(draft);
  assert.equal(sent.length, 6);
});

/** A filling of two words, so long each, with so long a gap between them. */
function words(firstMs: number, gapMs: number): Uint8Array {
  const loud = (ms: number) => new Uint8Array(new Int16Array(ms * 16).fill(8000).buffer);
  return Buffer.concat([loud(firstMs), new Uint8Array(gapMs * 32), loud(400)]);
}

test('an answer cuts a filling off between its words, where a gap comes soon (issue 12, g)', async () => {
  const { clock, sent, stops, playout } = line({ leadMs: 400 });
  const answer = begun(playout, 1);
  playout.fill(words(300, 80));
  await clock.advance(200);
  answer.write(audio(500));
  await clock.advance(90);
  assert.deepEqual(stops, [], 'the first word is heard to its end');
  await clock.advance(20);
  assert.deepEqual(stops, [300]);
  assert.deepEqual(sent.at(-1)?.frame, audio(20));
});

test('an answer waits for no filling longer than 160 ms, whatever it sounds like', async () => {
  const { clock, stops, playout } = line({ leadMs: 400 });
  const answer = begun(playout, 1);
  playout.fill(words(900, 80));
  await clock.advance(200);
  answer.write(audio(500));
  await clock.advance(160);
  assert.equal(stops.length, 1);
});

for (const rateHz of [8_000, 24_000] as const) {
  test(`at ${rateHz} Hz a frame is 20 ms as well, and what was heard is told in the same time`, async () => {
    const clock = new VirtualClock();
    const sent: number[] = [];
    const playout = new Playout({
      clock,
      rateHz,
      sink: { sendAudio: (frames) => sent.push(frames.length) > 0, stopAudio: () => {} },
      leadMs: 120,
      maxBufferedMs: 10_000,
      onAudible: () => {},
      onPlayed: () => {},
    });
    const turn = begun(playout, 1);
    const bytesPerMs = (rateHz / 1000) * 2;
    turn.write(new Uint8Array(1000 * bytesPerMs + 2));
    assert.equal(turn.writtenMs, 1000);
    turn.end();
    assert.equal(turn.writtenMs, 1020, 'the last frame is filled up');
    await clock.advance(210);
    assert.equal(sent[0], 120 * bytesPerMs);
    playout.hold();
    assert.equal(playout.heardMs, 200);
    playout.resume();
    await clock.advance(310);
    assert.equal(playout.stop('voice'), 510);
  });
}
