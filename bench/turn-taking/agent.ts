import { bytesOf } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { defaultPhrases } from '../../stream-host/agent/phrases.ts';
import type { ReplyPiece, Responder } from '../../stream-host/contract/agent.ts';
import type { Synthesiser, SynthesisPiece } from '../../stream-host/contract/speech.ts';
import { toInt16 } from '../corpus/signal.ts';
import type { Speaker } from '../corpus/speaker.ts';

/** What the agent is saying when the caller or a noise comes in: 30 s without two sentences alike, true in any order. */
const LONG_ANSWER = [
  'Your order left our warehouse in Portland on Tuesday morning and went by train to Denver, where it was sorted.',
  'A truck has taken it to the depot near you, and it has been waiting for its last leg since yesterday evening.',
  'The driver plans to bring it between nine and eleven, but roads are busy this week, so noon is possible as well.',
  'If nobody opens, she leaves a card with a code, and you can pick the box up at the kiosk behind the market hall.',
  'Should you prefer another day, any evening from Thursday on works, and moving it costs nothing until midnight.',
];
const VOICES = ['slt', 'rms', 'awb'] as const;
const ANSWER = 'Sure, I am looking into that for you now. It takes a moment.';
const GREETING = 'Hello, how can I help you?';

export interface ProviderDelays {
  /** From the question to the model's first token. */
  readonly firstTokenMs: number;
  /** From a text to its first audio. */
  readonly firstAudioMs: number;
}

export const PROVIDER_DELAYS: ProviderDelays = { firstTokenMs: 150, firstAudioMs: 100 };

/** What was synthesised and where its words lie. */
export interface SpokenClip {
  readonly text: string;
  readonly part: 'greeting' | 'long-answer' | 'answer';
  readonly samples: Int16Array;
  readonly words: readonly { readonly text: string; readonly startMs: number; readonly endMs: number }[];
}

/** The agent's clauses as sound, each made once for all scenes, with the short silence that follows a clause. */
export class AgentSpeech {
  readonly #speaker: Speaker;
  readonly #clips = new Map<string, Omit<SpokenClip, 'part'>>();

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
    speaker.learn([...LONG_ANSWER, ANSWER, GREETING]);
  }

  say(text: string, voice: string): Omit<SpokenClip, 'part'> {
    const known = this.#clips.get(`${voice} ${text}`);
    if (known) return known;
    const { samples, words } = this.#speaker.speak(text, voice);
    const sound = toInt16(samples);
    const clip = { text, words, samples: new Int16Array(sound.length + CLAUSE_REST_SAMPLES) };
    clip.samples.set(sound);
    this.#clips.set(`${voice} ${text}`, clip);
    return clip;
  }
}
const CLAUSE_REST_SAMPLES = 16 * 120;

export interface AgentOptions {
  readonly clock: Clock;
  readonly speech: AgentSpeech;
  /** The agent never has it, so that its echo can be told from the caller. */
  readonly callersVoice: string;
  /** Which voice it has and where in its answer it begins. */
  readonly variant: number;
  readonly delays: ProviderDelays;
}

/**
 * The providers behind the agent: a model that answers after a fixed delay and a synthesiser with a real voice. With
 * `history`, a conversation begins with the long answer; without, with a greeting.
 */
export class Agent implements Responder, Synthesiser {
  readonly locale = 'en-US';
  readonly phrases = defaultPhrases('en-US', GREETING);
  readonly voice: string;
  /** When the model was asked, on the clock given. */
  readonly askedAtMs: number[] = [];
  /** All that was synthesised, each text once, in the order in which it was first wanted. */
  readonly clips: SpokenClip[] = [];
  readonly #clock: Clock;
  readonly #delays: ProviderDelays;
  readonly #speech: AgentSpeech;
  readonly #longAnswer: string;

  constructor({ clock, speech, callersVoice, variant, delays }: AgentOptions) {
    this.#clock = clock;
    this.#speech = speech;
    this.#delays = delays;
    const voices = VOICES.filter((voice) => !callersVoice.startsWith(voice));
    this.voice = voices[variant % voices.length] ?? VOICES[0];
    const first = variant % LONG_ANSWER.length;
    this.#longAnswer = [...LONG_ANSWER.slice(first), ...LONG_ANSWER.slice(0, first)].join(' ');
  }

  /** What a conversation starts from, so that the agent owes the long answer. */
  static readonly OWED: readonly HistoryItem[] = [{ role: 'caller', text: 'Where is my order?' }];

  async *respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    this.askedAtMs.push(this.#clock.now());
    await this.#pause(this.#delays.firstTokenMs, signal);
    if (signal.aborted) return;
    yield { type: 'text', text: history.length === Agent.OWED.length ? this.#longAnswer : ANSWER };
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

  #clip(text: string): SpokenClip {
    const known = this.clips.find((clip) => clip.text === text);
    if (known) return known;
    const clip = { ...this.#speech.say(text, this.voice), part: this.#partOf(text.trim()) };
    this.clips.push(clip);
    return clip;
  }

  #partOf(text: string): SpokenClip['part'] {
    if (this.#longAnswer.includes(text)) return 'long-answer';
    return GREETING.includes(text) ? 'greeting' : 'answer';
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
