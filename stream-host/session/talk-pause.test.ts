import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { ModeLine } from '../contract/line.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { TalkPause } from './talk-pause.ts';

const LOUD = new Uint8Array(new Int16Array(FRAME_BYTES / 2).fill(8000).buffer);
const QUIET = new Uint8Array(FRAME_BYTES);

function rig() {
  const clock = new VirtualClock();
  const events = new SessionEvents(clock);
  const pause = new TalkPause(clock, 16_000);
  pause.follow(events);
  const sent: number[] = [];
  const line: ModeLine = {
    sendAudio: (frames) => sent.push(frames.length) > 0,
    stopAudio: () => {},
    modeIs: () => {},
  };
  const mode = pause.line(line);
  /** The agent says it, in real time; `true` is sound. */
  const says = async (...parts: (readonly [ms: number, isLoud: boolean])[]) => {
    for (const [ms, isLoud] of parts) {
      for (let saidMs = 0; saidMs < ms; saidMs += 20) {
        mode.sendAudio(isLoud ? LOUD : QUIET);
        await clock.advance(20);
      }
    }
  };
  const ask = (withinMs: number) => {
    const found: { what?: string; atMs?: number } = {};
    const began = clock.now();
    void pause.reached(withinMs).then((what) => Object.assign(found, { what, atMs: clock.now() - began }));
    return found;
  };
  return { clock, events, pause, mode, says, ask, sent };
}

test('a pause is there when nobody speaks and the agent was heard to its end; whoever cuts at once waits for none', async () => {
  const { clock, events, says, ask, mode, sent } = rig();
  const atOnce = ask(5000);
  const never = ask(0);
  await clock.advance(0);
  assert.deepEqual(
    [atOnce, never],
    [
      { what: 'pause', atMs: 0 },
      { what: 'none', atMs: 0 },
    ],
  );

  events.emit('state', { state: 'speaking' });
  const asked = ask(8000);
  await says([1000, true]);
  events.emit('state', { state: 'listening' });
  await clock.advance(140);
  assert.deepEqual(asked, {}, 'it may go on');
  await clock.advance(40);
  assert.equal(asked.what, 'pause');
  assert.equal(sent.length, 50, 'the line gets all of it');
  mode.stopAudio('closed');
});

test('a caller who enters his PIN is not moved in the middle of it, silent as the line may be', async () => {
  const { clock, pause } = rig();
  let isBusy = true;
  let found = '';
  void pause
    .reached(5000, () => isBusy)
    .then((what) => {
      found = what;
    });
  await clock.advance(2000);
  assert.equal(found, '');
  isBusy = false;
  await clock.advance(20);
  assert.equal(found, 'pause');
});

test('a caller who speaks, and an answer that is on its way, are waited for', async () => {
  const { clock, events, ask } = rig();
  for (const state of ['caller-speaking', 'endpointing', 'thinking']) {
    events.emit('state', { state });
    const asked = ask(1000);
    await clock.advance(990);
    assert.deepEqual(asked, {}, state);
    await clock.advance(20);
    assert.equal(asked.what, 'none');
  }
});

test('an agent that speaks on and on is cut between two sentences, and not between two words', async () => {
  const { events, says, ask } = rig();
  events.emit('state', { state: 'speaking' });
  const asked = ask(4000);
  await says([2500, true], [80, false], [400, true]);
  assert.deepEqual(asked, {}, 'a stop consonant is no gap');
  await says([240, false], [500, true]);
  assert.equal(asked.what, 'gap');
  assert.ok((asked.atMs ?? 0) > 2980 && (asked.atMs ?? 0) < 3220, `at ${asked.atMs} ms`);
});
