import { BYTES_PER_MS, SAMPLE_RATE, samplesOf } from '../../../shared/audio/pcm.ts';

/**
 * A language that a test can speak and understand exactly: each word is a tone of its own pitch, 120 ms long, with
 * 60 ms of silence after it. What of the audio is lost, doubled or out of order shows in the words.
 */
const WORDS = ['ash', 'birch', 'cedar', 'elm', 'fir', 'hazel', 'juniper', 'larch', 'maple', 'oak', 'pine', 'willow'];
const LOWEST_HZ = 400;
const STEP_HZ = 150;
export const WORD_MS = 120;
export const GAP_MS = 60;
const WINDOW_MS = 20;
const WINDOW_BYTES = WINDOW_MS * BYTES_PER_MS;

export interface HeardWord {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

export function speakTones(text: string): Uint8Array {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? [];
  const samples = new Int16Array((words.length * (WORD_MS + GAP_MS) * SAMPLE_RATE) / 1000);
  for (const [i, word] of words.entries()) {
    const hz = LOWEST_HZ + STEP_HZ * Math.max(0, WORDS.indexOf(word));
    const start = (i * (WORD_MS + GAP_MS) * SAMPLE_RATE) / 1000;
    for (let n = 0; n < (WORD_MS * SAMPLE_RATE) / 1000; n += 1) {
      samples[start + n] = Math.round(8_000 * Math.sin((2 * Math.PI * hz * n) / SAMPLE_RATE));
    }
  }
  return new Uint8Array(samples.buffer);
}

/** Understands tones from audio that comes in any pieces. Says at once when a word is over. */
export class ToneListener {
  readonly words: HeardWord[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #timeMs = 0;
  #silentMs = 0;
  #run: { readonly startMs: number; readonly pitches: number[] } | undefined;

  get timeMs(): number {
    return this.#timeMs;
  }

  /** How long it has been silent since the last word, or since the start. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Begins a new phrase: the words so far are somebody else's. */
  forget(): void {
    this.words.length = 0;
  }

  write(pcm: Uint8Array): void {
    const audio = new Uint8Array(Buffer.concat([this.#rest, pcm]));
    let at = 0;
    for (; at + WINDOW_BYTES <= audio.length; at += WINDOW_BYTES)
      this.#hear(samplesOf(audio.slice(at, at + WINDOW_BYTES)));
    this.#rest = audio.slice(at);
  }

  #hear(window: Int16Array): void {
    const isLoud = window.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0) > 4_000;
    if (isLoud) {
      this.#run ??= { startMs: this.#timeMs, pitches: [] };
      this.#run.pitches.push(pitchOf(window));
      this.#silentMs = 0;
    } else {
      this.#silentMs += WINDOW_MS;
      if (this.#run) this.#endWord(this.#run);
      this.#run = undefined;
    }
    this.#timeMs += WINDOW_MS;
  }

  #endWord({ startMs, pitches }: { startMs: number; pitches: number[] }): void {
    // A word that was cut off has too few windows, and is no word.
    if (pitches.length < 4) return;
    const middle = pitches.toSorted((a, b) => a - b)[pitches.length >> 1] ?? 0;
    const word = WORDS[Math.round((middle - LOWEST_HZ) / STEP_HZ)];
    if (word) this.words.push({ word, startMs, endMs: this.#timeMs });
  }
}

/** The words in a whole recording. */
export function hearTones(pcm: Uint8Array): HeardWord[] {
  const listener = new ToneListener();
  listener.write(pcm);
  listener.write(new Uint8Array(WINDOW_BYTES * 2));
  return listener.words;
}

/** By counting rising zero crossings between the first and the last. */
function pitchOf(window: Int16Array): number {
  const crossings: number[] = [];
  for (let i = 1; i < window.length; i += 1) {
    const [before, after] = [window[i - 1] ?? 0, window[i] ?? 0];
    if (before < 0 && after >= 0) crossings.push(i - 1 + before / (before - after));
  }
  const [first, last] = [crossings[0] ?? 0, crossings.at(-1) ?? 1];
  return ((crossings.length - 1) * SAMPLE_RATE) / (last - first);
}
