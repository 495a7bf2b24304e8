import { numbersAsDigits } from '../speech/number-words.ts';
import type { Listened } from '../speech/phrase-stream.ts';
import type { Listens } from '../speech/transcriber.ts';
import { type AudioFormat, Decoder } from './audio-codec.ts';
import type { TurnDetection } from './dialect.ts';

/** Something that a caller says, from its first sound until it is committed. */
export interface Utterance {
  readonly itemId: string;
  /** Where its first sound is in the audio of the session. */
  readonly startMs: number;
  readonly words: Promise<string>;
}

export interface EarListener {
  onSpeechStarted(utterance: Utterance, audioStartMs: number): void;
  /** The silence after an utterance was long enough: it is over. */
  onSpeechStopped(utterance: Utterance, audioEndMs: number): void;
  onFailure(error: Error): void;
}

export interface EarOptions {
  readonly transcriber: Listens;
  readonly newItemId: () => string;
  readonly listener: EarListener;
}

interface Turn extends Utterance {
  readonly resolve: (words: string) => void;
  readonly texts: string[];
  /** Where phrases begin whose words are not known yet. */
  readonly open: Set<number>;
  over: boolean;
}

/** One stream of the recogniser: as long as neither format nor detection change, and the buffer is not cut by hand. */
interface Listening {
  readonly stream: Listened;
  /** How much audio the session had before this stream. */
  readonly baseMs: number;
  /** Of each phrase that has begun, by where it begins. */
  readonly turnOf: Map<number, Turn>;
  turn: Turn | undefined;
}

/** Of what is committed by hand; what a recogniser takes for a pause is no end then. */
const BY_HAND_SILENCE_MS = 500;
const MIN_COMMIT_MS = 100;

/** A session's input audio buffer: finds the turns in it, by Silero as MEDIA's recogniser does, and their words. */
export class RealtimeEar {
  readonly #options: EarOptions;
  #turns: TurnDetection | undefined;
  #decoder: Decoder;
  #listening: Listening;

  constructor(options: EarOptions, format: AudioFormat, turns: TurnDetection | undefined) {
    this.#options = options;
    this.#turns = turns;
    this.#decoder = new Decoder(format);
    this.#listening = this.#listen(0);
  }

  /** Listens on with another format, or another idea of what a turn is. What is in the buffer is dropped. */
  configure(format: AudioFormat, turns: TurnDetection | undefined): void {
    this.#turns = turns;
    this.#decoder = new Decoder(format);
    this.clear();
  }

  /** Takes audio as it came. */
  append(wire: Uint8Array): void {
    // A copy: what was decoded may lie in a larger buffer, which would be sent to the worker as a whole.
    this.#listening.stream.write(new Uint8Array(this.#decoder.decode(wire)));
  }

  get isBehind(): boolean {
    return this.#listening.stream.isBehind;
  }

  /** How much audio the session has had. */
  get nowMs(): number {
    return Math.round(this.#listening.baseMs + this.#listening.stream.endMs);
  }

  /** Takes what is in the buffer as one utterance; undefined where that is less than 100 ms. */
  commit(): Utterance | undefined {
    const { stream, baseMs, turn = this.#newTurn(baseMs) } = this.#listening;
    if (stream.endMs < MIN_COMMIT_MS) return undefined;
    this.#listening.turn = turn;
    this.#listening = this.#listen(baseMs + stream.endMs);
    void stream.end().then(() => {
      turn.over = true;
      settle(turn);
      stream.close();
    });
    return turn;
  }

  /** Forgets what is in the buffer. The words of what was committed still come. */
  clear(): void {
    const { stream, baseMs } = this.#listening;
    this.#listening = this.#listen(baseMs + stream.endMs);
    void stream.end().then(() => stream.close());
  }

  /** Idempotent. Words that are not known yet are never told. */
  close(): void {
    this.#listening.stream.close();
  }

  #listen(baseMs: number): Listening {
    const turns = this.#turns;
    const { transcriber, listener } = this.#options;
    const silenceMs = turns?.silenceMs ?? BY_HAND_SILENCE_MS;
    const stream = transcriber.listen(
      silenceMs,
      {
        onSpeechStarted: (atMs) => this.#begin(listening, atMs),
        onSpeechEnded: (atMs) => {
          const { turn } = listening;
          if (turns === undefined || turn === undefined || listening !== this.#listening) return;
          listening.turn = undefined;
          turn.over = true;
          listener.onSpeechStopped(turn, Math.round(baseMs + atMs));
          settle(turn);
        },
        onPartial: () => {},
        onPhrase: (text, _confidence, { startMs }) => {
          const turn = listening.turnOf.get(startMs);
          if (turn === undefined) return; // nobody spoke
          listening.turnOf.delete(startMs);
          turn.open.delete(startMs);
          if (text !== undefined) turn.texts.push(numbersAsDigits(text));
          settle(turn);
        },
        onFailure: (error) => listener.onFailure(error),
      },
      turns && { threshold: turns.threshold, onsetMs: turns.onsetMs },
    );
    const listening: Listening = { stream, baseMs, turnOf: new Map(), turn: undefined };
    return listening;
  }

  #begin(listening: Listening, atMs: number): void {
    const isNew = listening.turn === undefined;
    const turn = listening.turn ?? this.#newTurn(listening.baseMs + atMs);
    listening.turn = turn;
    listening.turnOf.set(atMs, turn);
    turn.open.add(atMs);
    if (!isNew || this.#turns === undefined || listening !== this.#listening) return;
    const startMs = Math.max(0, listening.baseMs + atMs - this.#turns.prefixMs);
    this.#options.listener.onSpeechStarted(turn, Math.round(startMs));
  }

  #newTurn(startMs: number): Turn {
    const { promise: words, resolve } = Promise.withResolvers<string>();
    return { itemId: this.#options.newItemId(), startMs, words, resolve, texts: [], open: new Set(), over: false };
  }
}

function settle(turn: Turn): void {
  if (turn.over && turn.open.size === 0) turn.resolve(turn.texts.join(' '));
}
