import { BYTES_PER_MS, SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import type { Listened, PhraseListener } from './phrase-stream.ts';
import type { SpeechClip } from './speech-clip.ts';
import type { Hears } from './transcriber.ts';
import { toHypothesis } from './transcript-text.ts';

/** Something that was said here, as it is known again. */
interface Known {
  readonly text: string;
  readonly samples: Int16Array;
  readonly words: readonly { readonly text: string; readonly middle: number; readonly end: number }[];
}

/** A place in something known. */
interface Spot {
  readonly known: Known;
  readonly at: number;
}

/** Samples by which a place is known. */
const KEY_SAMPLES = 16;
/** Places are this far apart, so that what goes on after a hole is known again after so long. */
const SPOT_SAMPLES = 0.01 * SAMPLE_RATE;
/** -36 dBFS: where nobody is louder, many places sound alike. */
const LOUD = 500;
const MAX_KNOWN = 500;
/** A good service tells a word so long after its end. */
const WORD_LAG_SAMPLES = 0.15 * SAMPLE_RATE;
/** So much without words is reported as such, as whoever recognises does. */
const QUIET_SAMPLES = 5 * SAMPLE_RATE;

/**
 * Hears without models, and at next to no cost, what the voices of this emulator have said: it knows their sound by heart,
 * sample by sample. Nobody else is heard, nor is a voice that was resampled or mixed on its way (a browser, speech to
 * speech). For tests of calls on a machine that is too busy to understand people in time.
 */
export class ByHeart implements Hears {
  readonly waiting = 0;
  readonly #known = new Set<Known>();
  readonly #spots = new Map<number, Spot>();

  /** From now on `text` is heard where `clip` is said. */
  learn(text: string, { pcm, words }: SpeechClip): void {
    const known: Known = {
      text,
      samples: samplesOf(pcm),
      words: words.map(({ text: word, startMs, durationMs }) => ({
        text: word,
        middle: ((startMs + durationMs / 2) * SAMPLE_RATE) / 1000,
        end: ((startMs + durationMs) * SAMPLE_RATE) / 1000,
      })),
    };
    this.#known.add(known);
    for (let at = 0; at + KEY_SAMPLES <= known.samples.length; at += SPOT_SAMPLES) {
      if (isLoud(known.samples, at)) this.#spots.set(keyAt(known.samples, at), { known, at });
    }
    const [oldest] = this.#known;
    if (this.#known.size > MAX_KNOWN && oldest) this.#forget(oldest);
  }

  listen(silenceMs: number, listener: PhraseListener): Listened {
    return new ByHeartStream((samples, at) => this.#find(samples, at), silenceMs, listener);
  }

  async close(): Promise<void> {
    this.#known.clear();
    this.#spots.clear();
  }

  #find(samples: Int16Array, from: number): Spot | undefined {
    const spot = this.#spots.get(keyAt(samples, from));
    if (spot === undefined) return undefined;
    for (let i = 0; i < KEY_SAMPLES; i += 1) {
      if (samples[from + i] !== spot.known.samples[spot.at + i]) return undefined;
    }
    return spot;
  }

  #forget(oldest: Known): void {
    this.#known.delete(oldest);
    for (const [key, { known }] of this.#spots) if (known === oldest) this.#spots.delete(key);
  }
}

function keyAt(samples: Int16Array, from: number): number {
  let key = 0;
  for (let i = 0; i < KEY_SAMPLES; i += 1) key = (Math.imul(key, 31) + (samples[from + i] ?? 0)) | 0;
  return key;
}

function isLoud(samples: Int16Array, from: number): boolean {
  for (let i = 0; i < KEY_SAMPLES; i += 1) if (Math.abs(samples[from + i] ?? 0) > LOUD) return true;
  return false;
}

/** Words of one clip, as far as they were heard. */
interface Heard {
  readonly known: Known;
  /** Index of the next word that may be heard. */
  next: number;
  readonly words: { readonly text: string; readonly end: number }[];
}

interface Phrase {
  readonly start: number;
  /** Where the last word has ended so far. */
  end: number;
  readonly clips: Heard[];
  told: string;
}

class ByHeartStream implements Listened {
  readonly isBehind = false;
  readonly #find: (samples: Int16Array, at: number) => Spot | undefined;
  readonly #silence: number;
  readonly #listener: PhraseListener;
  /** What was not looked at yet: less than a key is long. */
  #rest = new Int16Array(0);
  #position = 0;
  #following: (Spot & { readonly start: number; readonly heard: Heard }) | undefined;
  #phrase: Phrase | undefined;
  #quietFrom = 0;
  #isOver = false;

  constructor(
    find: (samples: Int16Array, at: number) => Spot | undefined,
    silenceMs: number,
    listener: PhraseListener,
  ) {
    this.#find = find;
    this.#silence = (silenceMs * SAMPLE_RATE) / 1000;
    this.#listener = listener;
  }

  get endMs(): number {
    return msOf(this.#position + this.#rest.length);
  }

  write(pcm: Uint8Array): void {
    if (this.#isOver) return;
    const added = samplesOf(pcm);
    const samples = new Int16Array(this.#rest.length + added.length);
    samples.set(this.#rest);
    samples.set(added, this.#rest.length);
    let at = 0;
    while (this.#following !== undefined ? at < samples.length : at + KEY_SAMPLES <= samples.length) {
      if (this.#following === undefined) {
        const spot = samples[at] === 0 ? undefined : this.#find(samples, at);
        if (spot) this.#follow(spot);
        else this.#pass(1);
        at += spot ? 0 : 1;
      } else if (this.#following.known.samples[this.#position - this.#following.start] === samples[at]) {
        this.#pass(1);
        at += 1;
      } else {
        this.#following = undefined;
      }
    }
    this.#rest = samples.slice(at);
    this.#tell();
  }

  async end(): Promise<void> {
    if (this.#phrase && !this.#isOver) this.#finish(this.#phrase);
    this.#isOver = true;
  }

  close(): void {
    this.#isOver = true;
  }

  #follow(spot: Spot): void {
    const phrase = this.#phrase ?? { start: this.#position, end: this.#position, clips: [], told: '' };
    if (this.#phrase === undefined) {
      this.#phrase = phrase;
      this.#listener.onSpeechStarted(msOf(phrase.start));
    }
    const last = phrase.clips.at(-1);
    const next = spot.known.words.findIndex(({ middle }) => middle >= spot.at);
    const isSame = last?.known === spot.known && next >= last.next;
    const heard = isSame ? last : { known: spot.known, next: Math.max(0, next), words: [] };
    if (isSame) heard.next = next;
    else if (next >= 0) phrase.clips.push(heard);
    this.#following = { ...spot, start: this.#position - spot.at, heard };
  }

  #pass(samples: number): void {
    this.#position += samples;
    const following = this.#following;
    if (following === undefined || this.#phrase === undefined) return;
    const at = this.#position - following.start;
    const { known, heard } = following;
    const lastEnd = known.words.at(-1)?.end ?? 0;
    if (at <= lastEnd) this.#phrase.end = this.#position;
    const word = known.words[heard.next];
    if (word && at >= word.middle) {
      heard.words.push({ text: word.text, end: following.start + word.end });
      heard.next += 1;
    }
    if (at >= known.samples.length) this.#following = undefined;
  }

  #tell(): void {
    const phrase = this.#phrase;
    if (phrase === undefined) {
      if (this.#position - this.#quietFrom < QUIET_SAMPLES) return;
      this.#listener.onPhrase(undefined, 0, { startMs: msOf(this.#quietFrom), endMs: msOf(this.#position) });
      this.#quietFrom = this.#position;
      return;
    }
    const told = toHypothesis(textOf(phrase, this.#position - WORD_LAG_SAMPLES));
    if (told !== phrase.told) {
      phrase.told = told;
      this.#listener.onPartial(told, { startMs: msOf(phrase.start), endMs: msOf(phrase.end) });
    }
    if (this.#position - phrase.end >= this.#silence) this.#finish(phrase);
  }

  #finish(phrase: Phrase): void {
    this.#phrase = undefined;
    this.#following = undefined;
    this.#quietFrom = this.#position;
    const text = textOf(phrase, Number.POSITIVE_INFINITY);
    this.#listener.onSpeechEnded?.(msOf(this.#position));
    const span = { startMs: msOf(phrase.start), endMs: msOf(phrase.end) };
    this.#listener.onPhrase(text === '' ? undefined : text, text === '' ? 0 : 1, span);
  }
}

/** What was heard up to a place: a clip that was heard whole as it was written. */
function textOf({ clips }: Phrase, until: number): string {
  const texts = clips.map(({ known, words }) => {
    const ended = words.filter(({ end }) => end <= until);
    return ended.length === known.words.length ? known.text : ended.map(({ text }) => text).join(' ');
  });
  return texts.filter(Boolean).join(' ');
}

const msOf = (samples: number): number => (samples * 2) / BYTES_PER_MS;
