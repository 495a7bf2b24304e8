import { bytesOf } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import type {
  HistoryItem,
  ReplyPiece,
  Responder,
  Synthesiser,
  SynthesisPiece,
} from '../../stream-host/conversation/ports.ts';
import { toInt16 } from '../corpus/signal.ts';
import type { Speaker } from '../corpus/speaker.ts';

/** What the agent is saying when the caller or a noise comes in: 30 s without two sentences alike. */
export const LONG_ANSWER = [
  'Your order left our warehouse in Portland on Tuesday morning and went by train to Denver, where it was sorted.',
  'From there a truck took it to the depot near you, and it has been waiting for its last leg since yesterday evening.',
  'The driver plans to bring it between nine and eleven, but roads are busy this week, so noon is possible as well.',
  'If nobody opens, she leaves a card with a code, and you can pick the box up at the kiosk behind the market hall.',
  'Should you prefer another day, any evening from Thursday on works, and moving it costs nothing until midnight.',
].join(' ');
const ANSWER = 'Sure, I am looking into that for you now. It takes a moment.';
const GREETING = 'Hello, how can I help you?';

export interface ProviderDelays {
  /** From the question to the model's first token. */
  readonly firstTokenMs: number;
  /** From a text to its first audio. */
  readonly firstAudioMs: number;
}

export const PROVIDER_DELAYS: ProviderDelays = { firstTokenMs: 150, firstAudioMs: 100 };

/** What was synthesised, where its words lie, and whether it belongs to the long answer. */
export interface SpokenClip {
  readonly text: string;
  readonly samples: Int16Array;
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

/**
 * The providers behind the agent: a model that answers after a fixed delay and a synthesiser with a real voice. With
 * `history`, a conversation begins with the long answer; without, with a greeting.
 */
export class Agent implements Responder, Synthesiser {
  readonly greeting = GREETING;
  readonly voice: string;
  /** When the model was asked, on the clock given. */
  readonly askedAtMs: number[] = [];
  /** Every clip of the long answer, in its order. */
  readonly longAnswer: SpokenClip[] = [];
  readonly #clock: Clock;
  readonly #delays: ProviderDelays;
  readonly #speaker: Speaker;

  constructor(clock: Clock, speaker: Speaker, voice: string, delays: ProviderDelays) {
    this.#clock = clock;
    this.#speaker = speaker;
    this.voice = voice;
    this.#delays = delays;
  }

  /** What a conversation starts from, so that the agent owes the long answer. */
  static readonly OWED: readonly HistoryItem[] = [{ role: 'caller', text: 'Where is my order?' }];

  async *respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    this.askedAtMs.push(this.#clock.now());
    await this.#pause(this.#delays.firstTokenMs, signal);
    if (signal.aborted) return;
    yield { type: 'text', text: history.length === Agent.OWED.length ? LONG_ANSWER : ANSWER };
  }

  async *speak(text: string, _voice: string, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
    await this.#pause(this.#delays.firstAudioMs, signal);
    if (signal.aborted) return;
    const clip = this.#clip(text);
    for (const { text: word, startMs, endMs } of clip.words) {
      yield { type: 'word', text: word, startMs, durationMs: endMs - startMs };
    }
    yield { type: 'audio', pcm: bytesOf(clip.samples) };
  }

  /** Made once for all scenes: a clause of the agent in its voice, with the short silence that follows a clause. */
  #clip(text: string): SpokenClip {
    const { samples, words } = this.#speaker.speak(text, this.voice);
    const sound = toInt16(samples);
    const clip = { text, words, samples: new Int16Array(sound.length + CLAUSE_REST_SAMPLES) };
    clip.samples.set(sound);
    if (LONG_ANSWER.includes(text.trim()) && !this.longAnswer.some((known) => known.text === text)) {
      this.longAnswer.push(clip);
    }
    return clip;
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      signal.addEventListener(
        'abort',
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}
const CLAUSE_REST_SAMPLES = 16 * 120;
