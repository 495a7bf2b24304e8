import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { OpenRecogniser, PhraseDetails, Recogniser } from '../../contract/speech.ts';

/** What is heard of one speaker. Times are on the clock that the ear was given. */
export interface SpeakerEarEvents {
  onPartial(text: string, startMs: number, durationMs: number): void;
  onFinal(text: string, startMs: number, durationMs: number, details: PhraseDetails): void;
  onFault(code: string, error: Error | undefined): void;
  /** Nothing of the speaker has come for so long that nobody need listen meanwhile. */
  onIdle(): void;
}

export interface SpeakerEarOptions {
  readonly clock: Clock;
  readonly openRecogniser: OpenRecogniser;
  readonly events: SpeakerEarEvents;
}

/**
 * Audio that is so late is none: ACS sends nothing of whoever is silent, or has left. A recogniser needs silence to find the
 * end of what was said last, so it is given so much of it. No jitter of a line is as long.
 */
const MISSING_MS = 1_500;
const SILENCE = new Uint8Array(MISSING_MS * BYTES_PER_MS);
const IDLE_MS = 15_000;
/** One that gave up is replaced after so long: a call must not stay unwritten because a key was being changed. */
const REOPEN_MS = 5_000;
/** Stretches of audio whose place in time is remembered; words come of the newest ones. */
const MOST_STRETCHES = 64;

/** From `writtenMs` of the audio written on, it was heard from `heardAtMs` on. */
interface Stretch {
  readonly writtenMs: number;
  readonly heardAtMs: number;
}

/** Listens to one participant with a recogniser of its own, and tells when in real time each word was said. */
export class SpeakerEar {
  readonly #options: SpeakerEarOptions;
  #recogniser: Recogniser | undefined;
  #cancelReopen: Cancel = () => {};
  #cancelLook: Cancel = () => {};
  #stretches: Stretch[] = [];
  #writtenMs = 0;
  #heardUntilMs: number;
  #silenced = true;
  /** What is being said now, as it was last heard. */
  #unfinished: { readonly text: string; readonly startMs: number; readonly durationMs: number } | undefined;
  #closed = false;

  constructor(options: SpeakerEarOptions) {
    this.#options = options;
    this.#heardUntilMs = options.clock.now();
    this.#open();
  }

  /** How much less audio there was than time has passed. */
  get #missingMs(): number {
    const last = this.#stretches.at(-1);
    return last === undefined ? 0 : this.#options.clock.now() - (last.heardAtMs + this.#writtenMs - last.writtenMs);
  }

  /** PCM16 mono 16 kHz of any length, just heard. It must not change any more. */
  write(pcm: Uint8Array): void {
    if (this.#closed) return;
    const ms = pcm.length / BYTES_PER_MS;
    this.#heardUntilMs = this.#options.clock.now();
    if (this.#silenced || this.#missingMs > MISSING_MS) {
      this.#stretches.push({ writtenMs: this.#writtenMs, heardAtMs: this.#options.clock.now() - ms });
      if (this.#stretches.length > MOST_STRETCHES) this.#stretches.shift();
      if (this.#silenced) this.#lookIn(MISSING_MS);
      this.#silenced = false;
    }
    this.#write(pcm);
  }

  #lookIn(ms: number): void {
    this.#cancelLook();
    this.#cancelLook = this.#options.clock.after(ms, () => this.#look());
  }

  /** Lets the recogniser end a phrase whose speaker is not heard any more, even where nobody else is. */
  #look(): void {
    if (!this.#silenced) {
      const leftMs = MISSING_MS - this.#missingMs;
      if (leftMs > 0) {
        this.#lookIn(leftMs);
        return;
      }
      this.#silenced = true;
      this.#write(SILENCE);
    }
    const leftMs = IDLE_MS - (this.#options.clock.now() - this.#heardUntilMs);
    if (leftMs > 0) this.#lookIn(leftMs);
    else this.#options.events.onIdle();
  }

  /** What was being said is told as it was last heard. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelReopen();
    this.#cancelLook();
    this.#recogniser?.close();
    this.#finishAsHeard();
  }

  #write(pcm: Uint8Array): void {
    this.#writtenMs += pcm.length / BYTES_PER_MS;
    this.#recogniser?.write(pcm);
  }

  #open(): void {
    const openedAtMs = this.#writtenMs;
    const { events, openRecogniser } = this.#options;
    this.#recogniser = openRecogniser({
      onPartial: (text, offsetMs, endMs) => {
        if (this.#closed) return;
        const startMs = this.#heardAt(openedAtMs + offsetMs);
        this.#unfinished = { text, startMs, durationMs: endMs - offsetMs };
        events.onPartial(text, startMs, endMs - offsetMs);
      },
      onFinal: (text, offsetMs, endMs, details = {}) => {
        if (this.#closed) return;
        this.#unfinished = undefined;
        const startMs = this.#heardAt(openedAtMs + offsetMs);
        const words = details.words?.map((word) => ({ ...word, offsetMs: startMs + word.offsetMs - offsetMs }));
        events.onFinal(text, startMs, endMs - offsetMs, { ...details, ...(words && { words }) });
      },
      onNoWords: () => {
        this.#unfinished = undefined;
      },
      onState: (state, error) => this.#onState(state, error),
    });
  }

  #onState(state: 'ready' | 'recovering' | 'failed', error: Error | undefined): void {
    if (state === 'ready' || this.#closed) return;
    this.#options.events.onFault(`recogniser.${state}`, error);
    if (state === 'recovering') return;
    this.#recogniser?.close();
    this.#recogniser = undefined;
    this.#finishAsHeard();
    this.#cancelReopen = this.#options.clock.after(REOPEN_MS, () => this.#open());
  }

  #finishAsHeard(): void {
    const words = this.#unfinished;
    this.#unfinished = undefined;
    if (words) this.#options.events.onFinal(words.text, words.startMs, words.durationMs, {});
  }

  #heardAt(writtenMs: number): number {
    const stretch = this.#stretches.findLast((each) => each.writtenMs <= writtenMs) ?? this.#stretches[0];
    return stretch === undefined ? this.#options.clock.now() : stretch.heardAtMs + writtenMs - stretch.writtenMs;
  }
}
