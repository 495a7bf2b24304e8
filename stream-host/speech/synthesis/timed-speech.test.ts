import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../../shared/errors.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { ServedRequest } from '../../contract/recorder.ts';
import type { Synthesiser } from '../../contract/speech.ts';
import { timedSpeech } from './timed-speech.ts';

const PCM = new Uint8Array(640);
const USAGE = { service: 'speech-synthesis', used: { requests: 1 } } as const;

function timed(speak: (clock: VirtualClock) => Synthesiser['speak']) {
  const clock = new VirtualClock();
  const served: ServedRequest[] = [];
  const used: unknown[] = [];
  const voice = timedSpeech({
    synthesiser: { speak: speak(clock) },
    clock,
    onUsed: (usage) => used.push(usage),
    onServed: (request) => served.push(request),
  });
  const say = async () => {
    for await (const _ of voice.speak('Hello.', 'en-US-Ava', new AbortController().signal));
  };
  return { served, used, say };
}

test('a text that the service speaks is told with when it was asked for, first heard, and over', async () => {
  const { served, used, say } = timed(
    (clock) =>
      async function* (_text, _voice, _signal, onUsed) {
        await clock.advance(90);
        yield { type: 'audio', pcm: PCM };
        await clock.advance(30);
        yield { type: 'audio', pcm: PCM };
        onUsed?.(USAGE);
      },
  );
  await say();
  assert.deepEqual(served, [
    {
      service: 'speech-synthesis',
      model: 'en-US-Ava',
      startedAtMs: 0,
      firstAtMs: 90,
      endedAtMs: 120,
      error: undefined,
    },
  ]);
  assert.deepEqual(used, [USAGE]);
});

test('what was there already is no request', async () => {
  const { served, say } = timed(
    () =>
      async function* () {
        yield { type: 'audio', pcm: PCM };
      },
  );
  await say();
  assert.deepEqual(served, []);
});

test('of a second voice is told when it was asked itself, and not when the first one was (reader2 5)', async () => {
  const { served, say } = timed(
    (clock) =>
      async function* (_text, _voice, _signal, onUsed, onAttempt) {
        await clock.advance(1_500);
        onAttempt?.({ provider: 'first', startedAtMs: 0, endedAtMs: 1_500, error: 'synthesis.silent' });
        await clock.advance(90);
        onAttempt?.({ provider: 'second', startedAtMs: 1_500, endedAtMs: 1_590 });
        yield { type: 'audio', pcm: PCM };
        onUsed?.(USAGE);
      },
  );
  await say();
  assert.deepEqual(
    served.map(({ provider, startedAtMs, firstAtMs }) => [provider, startedAtMs, firstAtMs]),
    [
      ['first', 0, undefined],
      ['second', 1_500, 1_590],
    ],
  );
});

test('a failure is told by its code, and goes on to whoever speaks', async () => {
  const { served, say } = timed(
    (clock) =>
      async function* () {
        await clock.advance(2000);
        if (clock.now() > 0) throw new DependencyError('synthesis.silent', 'Azure Speech gave no audio in time.');
        yield { type: 'audio', pcm: PCM };
      },
  );
  await assert.rejects(say, /no audio in time/);
  assert.equal(served[0]?.error, 'synthesis.silent');
  assert.equal(served[0]?.endedAtMs, 2000);
});
