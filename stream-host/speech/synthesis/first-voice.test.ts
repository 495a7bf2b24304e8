import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../../shared/errors.ts';
import type { ProviderEvents } from '../../../shared/providers/breaker.ts';
import { Provider, Providers } from '../../../shared/providers/provider.ts';
import { TypedEvents } from '../../../shared/typed-events.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { Attempted } from '../../contract/recorder.ts';
import type { Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import { SpeechServiceError } from '../sdk/speech-service.ts';
import { FirstVoice } from './first-voice.ts';

const never = new AbortController().signal;
const WORD: SynthesisPiece = { type: 'word', text: 'oak', startMs: 0, durationMs: 100 };
const audio = (value: number): SynthesisPiece => ({ type: 'audio', pcm: new Uint8Array(640).fill(value) });

/** What a voice does with a text: pieces, pauses in ms, or a failure. */
type Script = readonly (SynthesisPiece | number | Error)[];

class ScriptedVoice implements Synthesiser {
  script: Script;
  asked = 0;
  open = 0;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, script: Script) {
    this.#clock = clock;
    this.script = script;
  }

  async *speak(_text: string, _voice: string, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
    this.asked += 1;
    this.open += 1;
    try {
      for (const step of this.script) {
        if (step instanceof Error) throw step;
        if (typeof step === 'number') await this.#pause(step, signal);
        else yield step;
        if (signal.aborted) return;
      }
    } finally {
      this.open -= 1;
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#clock.after(ms, resolve);
    });
  }
}

function bench(first: Script, second: Script) {
  const clock = new VirtualClock();
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const voices = [new ScriptedVoice(clock, first), new ScriptedVoice(clock, second)] as const;
  const provider = (name: string, service: Synthesiser) =>
    new Provider({ provider: name, service, clock, random: () => 1, events, usualMs: 300 });
  const providers = new Providers([provider('first', voices[0]), provider('second', voices[1])], events);
  const synthesiser = new FirstVoice(providers, clock);
  const attempts: Attempted[] = [];
  /** Speaks while time passes: what was heard, by the value of its samples, when it began, and how it ended. */
  const speak = async (signal = never, stopAfter = Number.POSITIVE_INFINITY) => {
    const heard: (number | string)[] = [];
    const fromMs = clock.now();
    let beganMs = Number.NaN;
    let ended: string | undefined;
    const speaking = (async () => {
      const told = (attempt: Attempted) => void attempts.push(attempt);
      for await (const piece of synthesiser.speak('oak', 'v', signal, undefined, told)) {
        if (piece.type === 'audio' && Number.isNaN(beganMs)) beganMs = clock.now() - fromMs;
        heard.push(piece.type === 'audio' ? (piece.pcm[0] ?? 0) : piece.text);
        if (heard.length >= stopAfter) break;
      }
    })().then(
      () => {
        ended = 'whole';
      },
      (error: unknown) => {
        ended = error instanceof DependencyError ? error.code : String(error);
      },
    );
    for (let n = 0; n < 4_000 && ended === undefined; n++) await clock.advance(10);
    await speaking;
    return { heard, beganMs, ended };
  };
  return { clock, voices, providers, attempts, speak };
}

const gone = () => new SpeechServiceError('synthesis.no-connection', 'websocket error code: 1006');

test('a voice that works speaks alone, words before their audio', async () => {
  const { voices, speak } = bench([100, WORD, audio(1), 50, audio(2)], [audio(9)]);
  assert.deepEqual(await speak(), { heard: ['oak', 1, 2], beganMs: 100, ended: 'whole' });
  assert.equal(voices[1].asked, 0);
});

test('a voice that fails before any audio is replaced at once, and one that is silent within the 3 s, words and all', async () => {
  for (const [script, latestMs] of [
    [[20, gone()], 120],
    [[WORD, 60_000], 1_700],
  ] as const) {
    const { voices, speak } = bench(script, [100, WORD, audio(9), audio(8)]);
    const { heard, beganMs, ended } = await speak();
    assert.deepEqual([heard, ended], [['oak', 9, 8], 'whole']);
    assert.ok(beganMs <= latestMs, `${beganMs}`);
    assert.equal(voices[0].open, 0, 'the first is not left speaking');
  }
});

test('each try that comes to nothing is told, of which voice it was and why, and who speaks in the end (stranger17 1)', async () => {
  const spoken = { provider: 'second', error: undefined };
  for (const [script, told] of [
    [
      [20, gone()],
      [{ provider: 'first', error: 'synthesis.no-connection' }, spoken],
    ],
    // Its lateness is known once another one has begun.
    [[60_000], [spoken, { provider: 'first', error: 'synthesis.silent' }]],
  ] as const) {
    const { attempts, speak } = bench(script, [100, audio(9)]);
    await speak();
    assert.deepEqual(
      attempts.map(({ provider, error }) => ({ provider, error })),
      told,
    );
  }
  const cut = new AbortController();
  const { clock, attempts, speak } = bench([3_000, audio(1)], [3_000, audio(9)]);
  clock.after(1_000, () => cut.abort());
  await speak(cut.signal);
  assert.deepEqual(attempts, [], 'who cuts in says nothing of a voice');
});

test('what has begun is never said again by another voice', async () => {
  const { voices, speak } = bench([audio(1), new DependencyError('synthesis.silent', 'stopped')], [audio(9)]);
  assert.deepEqual(await speak(), { heard: [1], beganMs: 0, ended: 'synthesis.silent' });
  assert.equal(voices[1].asked, 0);
});

test('a voice that the first region does not have is asked of the second, and keeps nobody from the first', async () => {
  const unknown = new SpeechServiceError('synthesis.failed', 'websocket error code: 1007');
  const { voices, providers, speak } = bench([unknown], [audio(9)]);
  for (let n = 0; n < 5; n++) assert.deepEqual((await speak()).heard, [9]);
  assert.equal(voices[0].asked, 5);
  assert.equal(providers.all[0].breaker.state, 'closed');
});

test('where no voice may be asked that is told without a wait, and the first that works again speaks', async () => {
  const { clock, voices, speak } = bench([50, gone()], [50, gone()]);
  for (let n = 0; n < 3; n++) assert.equal((await speak()).ended, 'synthesis.no-connection');
  const fromMs = clock.now();
  assert.equal((await speak()).ended, 'synthesis.away');
  assert.ok(clock.now() - fromMs <= 10);
  assert.deepEqual([voices[0].asked, voices[1].asked], [3, 3]);
  voices[0].script = [audio(1)];
  await clock.advance(1_000);
  assert.deepEqual((await speak()).heard, [1]);
});

test('a caller who cuts in ends it, at any moment, and says nothing of a voice', async () => {
  for (const afterMs of [0, 100, 1_600, 2_000]) {
    const { clock, voices, providers, speak } = bench([3_000, audio(1)], [3_000, audio(9)]);
    const cut = new AbortController();
    clock.after(afterMs, () => cut.abort());
    assert.deepEqual((await speak(cut.signal)).heard, []);
    assert.deepEqual([voices[0].open, voices[1].open], [0, 0]);
    assert.deepEqual(
      providers.all.map(({ breaker }) => breaker.state),
      ['closed', 'closed'],
    );
  }
});

test('one who stops listening leaves nothing running', async () => {
  const { voices, speak } = bench([audio(1), audio(2), 9_000, audio(3)], [audio(9)]);
  assert.deepEqual((await speak(never, 1)).heard, [1]);
  assert.equal(voices[0].open, 0);
});
