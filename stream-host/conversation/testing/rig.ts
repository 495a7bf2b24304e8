import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../../shared/audio/pcm.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import { defaultPhrases } from '../../agent/phrases.ts';
import type { Phrases, ReplyPiece } from '../../contract/agent.ts';
import type { SessionEvent } from '../../contract/events.ts';
import type { InputSink } from '../../contract/inputs.ts';
import type { AudioSink } from '../../contract/line.ts';
import type { StopCause } from '../../contract/mouth.ts';
import type {
  RecogniserEvents,
  StandbyVoice,
  Synthesiser,
  SynthesisPiece,
  VoiceActivityEvents,
} from '../../contract/speech.ts';
import { SessionEvents } from '../../dialogue/session-events.ts';
import { type MediaConversationOptions, mediaConversation } from '../../modes/media/media-conversation.ts';
import { RecordedConversation } from '../../replay/recorded-conversation.ts';
import type { Conversation } from '../conversation.ts';
import { DETECTOR_FRAME_MS } from '../ear/speech-detector.ts';
import type { TurnPolicyChanges } from '../turns/turn-policy.ts';

/** How the model behaves in a test: pieces and pauses (ms) in order; `hang` never ends, an Error is thrown. */
export type Script = readonly (ReplyPiece | number | 'hang' | Error)[];
type Log =
  | { readonly type: 'frame'; readonly atMs: number; readonly speech: number }
  | { readonly type: 'stop'; readonly atMs: number; readonly cause: StopCause }
  | SessionEvent;

/** The caller's pitch: 125 Hz. */
const HALF_PERIOD_SAMPLES = 64;
/** The model's voice in tests: so long per character, so long until the first sound. */
const MS_PER_CHAR = 50;

/** What the samples of standby speech carry. */
export const STANDBY_SPEECH = 200;

export const PHRASES: Phrases = defaultPhrases('en-US', 'Hello.');

export interface RigOptions extends Partial<MediaConversationOptions> {
  readonly phrases?: Partial<Phrases>;
  readonly locale?: string;
  /** Where all that reaches the conversation is recorded, if it shall be. */
  readonly inputs?: InputSink;
}

/** Turn-taking without judgement: a fixed hold, and nothing begun before it is over. */
export const PLAIN_POLICY = {
  onset: { onsetMs: 96, doubtfulOnsetMs: 256, echoGuard: false },
  interruption: { tentative: false, backchannels: false },
  endpointing: { judgement: 'off', adaptToCaller: false, stablePartialMs: 250 },
  drafts: { mode: 'off' },
  away: { afterMs: 0 },
} as const satisfies TurnPolicyChanges;

/** A test of a thousand callers has millions of frames, and few different ones. */
const frames = new Map<number, Uint8Array>();

/** A detector's frame of a vowel as loud as `level` says, the high byte of its samples; negative: a hiss. */
export function frameOf(level: number): Uint8Array {
  const known = frames.get(level);
  if (known) return known;
  const halfPeriod = level < 0 ? 1 : HALF_PERIOD_SAMPLES;
  const peak = Math.abs(level) * 0x101;
  const samples = Int16Array.from({ length: (FRAME_BYTES / FRAME_MS / 2) * DETECTOR_FRAME_MS }, (_, i) =>
    Math.floor(i / halfPeriod) % 2 === 0 ? peak : -peak,
  );
  const frame = bytesOf(samples);
  frames.set(level, frame);
  return frame;
}

/** A conversation with every port in the test's hands, on virtual time. */
export class Rig {
  readonly clock = new VirtualClock();
  readonly log: Log[] = [];
  readonly events = new SessionEvents(this.clock);
  readonly conversation: Conversation | RecordedConversation;
  /** The texts given to the synthesiser. A frame of `spoken[n]` carries `n + 1` as its samples. */
  readonly spoken: string[] = [];
  readonly prompts: (readonly HistoryItem[])[] = [];
  script: (prompt: number, history: readonly HistoryItem[]) => Script = () => [{ type: 'text', text: 'All right.' }];
  synthesisDelayMs = 100;
  synthesisFails = false;
  withWordTimes = true;
  openedRecognisers = 0;
  restartedRecognisers = 0;
  /** Answers and syntheses that have begun and are not over. */
  openAnswers = 0;
  openSyntheses = 0;
  #recogniser: RecogniserEvents | undefined;
  #detector: VoiceActivityEvents | undefined;

  constructor(options: RigOptions = {}) {
    const { phrases, locale = 'en-US', inputs, ...others } = options;
    this.events.onAny((event) => this.log.push(event));
    const everything: MediaConversationOptions = {
      clock: this.clock,
      events: this.events,
      sink: this.#sink(),
      openVoiceActivity: (events) => {
        this.#detector = events;
        return { write() {}, close() {} };
      },
      openRecogniser: (events) => {
        this.openedRecognisers += 1;
        this.#recogniser = events;
        return { write() {}, restart: () => void this.restartedRecognisers++, close() {} };
      },
      synthesiser: this.#synthesiser(),
      standby: this.#standby(),
      responder: {
        phrases: { ...PHRASES, ...phrases },
        voice: 'test',
        locale,
        respond: (history, signal) => this.#respond(history, signal),
      },
      policy: PLAIN_POLICY,
      ...others,
    };
    this.conversation = inputs
      ? new RecordedConversation(everything, { inputs, agent: 'rig' })
      : mediaConversation(everything);
  }

  /** Starts and waits until the greeting has been played. */
  async started(): Promise<this> {
    this.conversation.start();
    await this.clock.advance(2000);
    this.log.length = 0;
    return this;
  }

  /**
   * The caller makes sound (or none) for so long, as the detector sees it. Its frames are as loud as `loudness` says in
   * turn: the high byte of its samples. It is one voice on a vowel; where the loudness is negative, a hiss.
   */
  async voice(probability: number, ms: number, loudness = probability >= 0.5 ? [0x10] : [0]): Promise<void> {
    for (let t = 0; t < ms; t += DETECTOR_FRAME_MS) {
      await this.clock.advance(DETECTOR_FRAME_MS);
      const level = loudness[(t / DETECTOR_FRAME_MS) % loudness.length] ?? 0;
      this.conversation.audio(frameOf(level));
      this.#detector?.onFrame(probability, this.clock.now());
    }
  }

  /** The caller says something: sound, its partial near the end, the final a little after. Then silence for `restMs`. */
  async says(text: string, options: { offsetMs?: number; restMs?: number } = {}): Promise<void> {
    const offsetMs = options.offsetMs ?? this.clock.now();
    await this.voice(0.9, 800);
    this.partial(text, offsetMs);
    await this.voice(0.05, 320);
    this.final(text, offsetMs);
    await this.voice(0.05, options.restMs ?? 640);
  }

  /** The recogniser's words, of all audio up to now unless told otherwise. */
  partial(text: string, offsetMs: number, endMs = Number.POSITIVE_INFINITY): void {
    this.#recogniser?.onPartial(text, offsetMs, endMs);
  }

  final(text: string, offsetMs: number, endMs = Number.POSITIVE_INFINITY): void {
    this.#recogniser?.onFinal(text, offsetMs, endMs);
  }

  noWords(offsetMs: number, endMs = Number.POSITIVE_INFINITY): void {
    this.#recogniser?.onNoWords(offsetMs, endMs);
  }

  failRecogniser(): void {
    this.#recogniser?.onState('failed', new Error('the key was refused'));
  }

  breakDetector(): void {
    this.#detector?.onFailure(new Error('the worker died'));
  }

  of<Type extends Log['type']>(type: Type): Extract<Log, { type: Type }>[] {
    return this.log.filter((entry): entry is Extract<Log, { type: Type }> => entry.type === type);
  }

  /** The caller's words in the history, in order. */
  get callerWords(): string {
    return this.conversation.history.flatMap((item) => (item.role === 'caller' ? [item.text] : [])).join(' ');
  }

  #sink(): AudioSink {
    return {
      sendAudio: (frames) => {
        for (let at = 0; at < frames.length; at += FRAME_BYTES) {
          this.log.push({ atMs: this.clock.now(), type: 'frame', speech: frames[at] ?? 0 });
        }
        return true;
      },
      stopAudio: (cause) => this.log.push({ atMs: this.clock.now(), type: 'stop', cause }),
    };
  }

  /** Its audio carries 200 as its samples, and takes as long as the words would. */
  #standby(): StandbyVoice {
    return {
      speech: (_purpose, text) => {
        const frames = Math.ceil((text.length * MS_PER_CHAR) / FRAME_MS);
        return { text, pcm: new Uint8Array(FRAME_BYTES * frames).fill(STANDBY_SPEECH) };
      },
    };
  }

  #synthesiser(): Synthesiser {
    const rig = this;
    return {
      async *speak(text: string, _voice: string, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
        const speech = rig.spoken.push(text);
        using _ = rig.#counted('openSyntheses');
        await rig.#pause(rig.synthesisDelayMs, signal);
        if (rig.synthesisFails) throw new Error('the synthesiser is away');
        if (rig.withWordTimes) yield* wordsOf(text);
        const frames = Math.ceil((text.length * MS_PER_CHAR) / FRAME_MS);
        for (let at = 0; at < frames; at += 5) {
          if (signal.aborted) return;
          yield { type: 'audio', pcm: new Uint8Array(FRAME_BYTES * Math.min(5, frames - at)).fill(speech) };
        }
      },
    };
  }

  async *#respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    this.prompts.push(history);
    using _ = this.#counted('openAnswers');
    for (const step of this.script(this.prompts.length, history)) {
      if (step instanceof Error) throw step;
      if (step === 'hang') await this.#pause(Number.POSITIVE_INFINITY, signal);
      else if (typeof step === 'number') await this.#pause(step, signal);
      else yield step;
      if (signal.aborted) return;
    }
  }

  #counted(what: 'openAnswers' | 'openSyntheses'): Disposable {
    this[what] += 1;
    return {
      [Symbol.dispose]: () => {
        this[what] -= 1;
      },
    };
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      if (ms !== Number.POSITIVE_INFINITY) this.clock.after(ms, resolve);
    });
  }
}

function* wordsOf(text: string): Generator<SynthesisPiece> {
  for (const match of text.matchAll(/\S+/g)) {
    const startMs = match.index * MS_PER_CHAR;
    yield { type: 'word', text: match[0], startMs, durationMs: match[0].length * MS_PER_CHAR };
  }
}

export const text = (words: string): ReplyPiece => ({ type: 'text', text: words });
