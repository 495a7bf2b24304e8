import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EchoGuard } from './echo-guard.ts';
import {
  ARRIVAL_MS,
  type EchoPathSettings,
  echoOf,
  hold,
  type Judged,
  mix,
  silence,
  speech,
  telephone,
} from './testing/echo-line.ts';

const ANSWER = speech(
  'Your order, number one zero four two, was shipped on Friday and contains a pair of blue running shoes. It should arrive on Tuesday between nine and twelve in the morning.',
  'slt',
  -20,
);
const ANSWER_STARTS_MS = 600;
const QUESTION = speech('No wait, I meant the other order', 'rms', -20);
const QUIET_QUESTION = speech('No wait, I meant the other order', 'awb', -30);
const SAME_VOICE = speech('Hold on a moment, I need to find a pen', 'slt', -22);

/** Numbers that look random and are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function answerPlayed(): Float64Array {
  const played = silence(ANSWER_STARTS_MS + ANSWER.length / 16 + 900);
  mix(played, ANSWER, ANSWER_STARTS_MS);
  return played;
}

function lineWith(path: EchoPathSettings | undefined, caller?: { sound: Float64Array; atMs: number }, noiseDb = -65) {
  const random = randomFrom(7);
  const played = answerPlayed();
  const line = path ? echoOf(played, path, random) : silence(played.length / 16);
  if (caller) mix(line, caller.sound, caller.atMs);
  return { played, line: telephone(line, noiseDb, random) };
}

/** When the caller is told, of those moments at which a conversation would listen to it. */
const firstCaller = (judged: readonly Judged[], fromMs = 0) =>
  judged.find(({ atMs, windowMs, verdict }) => atMs >= fromMs && windowMs >= 96 && verdict === 'caller')?.atMs;

const PATHS: readonly EchoPathSettings[] = [
  { gainDb: -10, delayMs: 60 },
  { gainDb: -10, delayMs: 400 },
  { gainDb: -10, delayMs: 200, room: { fadesInMs: 350, directDb: 6 } },
  { gainDb: -20, delayMs: 133, room: { fadesInMs: 500, directDb: 0 } },
  { gainDb: -30, delayMs: 250 },
];

for (const path of PATHS) {
  const name = `${path.gainDb} dB after ${path.delayMs} ms${path.room ? ' in a room' : ''}`;

  test(`the agent's voice coming back at ${name} is not the caller, from its first word on`, () => {
    const guard = new EchoGuard();
    const judged = hold(guard, lineWith(path));
    assert.ok(judged.length > 60, `${judged.length} judgements`);
    assert.equal(firstCaller(judged), undefined);
    assert.ok(judged.filter(({ verdict }) => verdict === 'echo').length > 0.85 * judged.length);
    assert.equal(guard.path.kind, 'echo');
    if (guard.path.kind !== 'echo') return;
    assert.ok(Math.abs(guard.path.delayMs - path.delayMs - ARRIVAL_MS) < 2, `${guard.path.delayMs} ms`);
    assert.ok(Math.abs(guard.path.gainDb - path.gainDb) < 5, `${guard.path.gainDb} dB`);
  });

  test(`a caller over the echo at ${name} is told from it`, () => {
    const delays = [];
    for (const sound of [QUESTION, SAME_VOICE]) {
      for (const atMs of [2500, 4100]) {
        const judged = hold(new EchoGuard(), lineWith(path, { sound, atMs }));
        assert.ok((firstCaller(judged) ?? 0) >= atMs, 'not before the caller speaks');
        delays.push((firstCaller(judged, atMs) ?? Number.POSITIVE_INFINITY) - atMs);
      }
    }
    assert.ok(Math.max(...delays) <= 250, `${delays} ms`);
  });
}

test('noise that sets in together with the echo does not make it a caller', () => {
  const greeting = speech('Thank you for calling. How can I help you today?', 'rms', -20);
  for (const startMs of [40, 600]) {
    const played = silence(startMs + 1500);
    mix(played, greeting.subarray(0, 1400 * 16), startMs);
    const echo = echoOf(played, { gainDb: -10, delayMs: 150 }, randomFrom(1));
    const noisyFrom = (startMs + 100) * 16;
    for (let seed = 1; seed <= 4; seed += 1) {
      const quiet = telephone(echo.subarray(0, noisyFrom), -75, randomFrom(seed));
      const noisy = telephone(echo.subarray(noisyFrom), -42, randomFrom(seed));
      const judged = hold(new EchoGuard(), { played, line: Int16Array.from([...quiet, ...noisy]), speechDb: -36 });
      assert.equal(firstCaller(judged), undefined, `noise ${seed}, from ${startMs} ms on`);
    }
  }
});

test('a caller ten decibels below the agent is told from an echo at the same level', () => {
  const judged = hold(new EchoGuard(), lineWith({ gainDb: -10, delayMs: 200 }, { sound: QUIET_QUESTION, atMs: 3000 }));
  const atMs = firstCaller(judged) ?? Number.POSITIVE_INFINITY;
  assert.ok(atMs >= 3000 && atMs <= 3350, `${atMs} ms`);
});

test('on a line without echo a caller is told at once, in the first second of the call as later', () => {
  for (const sound of [QUESTION, QUIET_QUESTION, SAME_VOICE]) {
    for (const atMs of [1000, 2000, 5000]) {
      const guard = new EchoGuard();
      const judged = hold(guard, lineWith(undefined, { sound, atMs }));
      const toldMs = (firstCaller(judged) ?? Number.POSITIVE_INFINITY) - atMs;
      assert.ok(toldMs <= (atMs < 2000 ? 260 : 200), `after ${toldMs} ms, ${atMs} ms into the call`);
      assert.notEqual(guard.path.kind, 'echo');
    }
  }
});

test('a line that stays quiet while the agent speaks has no echo path, and nobody had to ask', () => {
  const guard = new EchoGuard();
  assert.equal(guard.path.kind, 'unknown');
  hold(guard, { ...lineWith(undefined), speechDb: 0 });
  assert.equal(guard.path.kind, 'none');
});

test('an echo too faint to be taken for speech is found all the same', () => {
  const guard = new EchoGuard();
  assert.deepEqual(hold(guard, { ...lineWith({ gainDb: -24, delayMs: 180 }), speechDb: 0 }), []);
  assert.equal(guard.path.kind, 'echo');
});

test('while the agent is silent every voice is the caller', () => {
  const guard = new EchoGuard();
  const path = { gainDb: -10, delayMs: 200 };
  hold(guard, lineWith(path));
  const line = silence(3000);
  mix(line, QUESTION, 500);
  const judged = hold(new EchoGuard(), { played: silence(3000), line: telephone(line, -65, randomFrom(1)) });
  assert.ok(judged.length > 20);
  assert.ok(judged.every(({ verdict }) => verdict === 'caller'));
});

test('what the far side dropped explains nothing', () => {
  const path = { gainDb: -10, delayMs: 100 };
  const stopAtMs = 3000;
  const guard = new EchoGuard();
  const { played, line } = lineWith(path);
  let isStopped = false;
  const judged = hold(guard, {
    played: played.slice(0, stopAtMs * 16),
    line,
    onFrame(nowMs) {
      // The rest of the answer comes over the line although it was dropped: so it is somebody else's doing.
      if (isStopped || nowMs < 123_456.7 + stopAtMs - 100) return;
      isStopped = true;
      guard.stopped(nowMs);
    },
  });
  const toldMs = firstCaller(judged) ?? Number.POSITIVE_INFINITY;
  assert.ok(toldMs > stopAtMs - 100 && toldMs < stopAtMs + 400, `${toldMs} ms`);
});

test('a path that changes in mid-call is learned anew', () => {
  const random = randomFrom(3);
  const played = answerPlayed();
  const before = echoOf(played, { gainDb: -12, delayMs: 120 }, random);
  const after = echoOf(played, { gainDb: -15, delayMs: 290 }, random);
  const line = before.map((sample, i) => (i < 4000 * 16 ? sample : (after[i] ?? 0)));
  const guard = new EchoGuard();
  const judged = hold(guard, { played, line: telephone(line, -65, random) });
  const wrong = judged.filter(({ windowMs, verdict }) => windowMs >= 96 && verdict === 'caller');
  assert.ok(wrong.length <= 3, `${wrong.length} judgements`);
  assert.ok(
    guard.path.kind === 'echo' && Math.abs(guard.path.delayMs - 290 - ARRIVAL_MS) < 2,
    JSON.stringify(guard.path),
  );
});

test('frames lost on the line do not make the echo a caller', () => {
  const guard = new EchoGuard();
  const judged = hold(guard, {
    ...lineWith({ gainDb: -12, delayMs: 200 }),
    lost: (frame) => frame > 100 && frame % 75 < 5,
  });
  assert.equal(firstCaller(judged), undefined);
  assert.ok(
    guard.path.kind === 'echo' && Math.abs(guard.path.delayMs - 200 - ARRIVAL_MS) < 2,
    JSON.stringify(guard.path),
  );
});

test('frames that come now early and now late are one line still', () => {
  const random = randomFrom(5);
  const guard = new EchoGuard();
  const judged = hold(guard, { ...lineWith({ gainDb: -12, delayMs: 200 }), lateMs: () => 40 * random() });
  assert.equal(firstCaller(judged), undefined);
  assert.equal(guard.path.kind, 'echo');
});

test('frames that come late and all at once, as after a stall of the host, are one line still', () => {
  for (const stallMs of [70, 120, 180]) {
    const guard = new EchoGuard();
    const judged = hold(guard, {
      ...lineWith({ gainDb: -12, delayMs: 200 }),
      lateMs: (frame) => Math.max(0, stallMs - ((frame * 20) % 1500)) * (frame > 100 ? 1 : 0),
    });
    assert.equal(firstCaller(judged), undefined, `stalls of ${stallMs} ms`);
    assert.ok(
      guard.path.kind === 'echo' && Math.abs(guard.path.delayMs - 200 - ARRIVAL_MS) < 2,
      `stalls of ${stallMs} ms: ${JSON.stringify(guard.path)}`,
    );
  }
});
