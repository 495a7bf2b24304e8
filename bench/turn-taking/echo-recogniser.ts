import type { Cancel, Clock } from '../../shared/clock.ts';
import type { RecogniserEvent, RecogniserTiming } from '../corpus/recogniser-script.ts';
import type { Scene, Word } from '../corpus/scene.ts';
import type { SpokenClip } from './agent.ts';
import type { FarSide } from './far-side.ts';
import { locate } from './locate.ts';

/** The agent's voice comes back loud enough to be understood. At the corpus's levels: -10 and -20 dB, but not -30. */
export const UNDERSTOOD_DB = -22;
/** A voice much louder than the echo masks it, and a little beyond its own edges. */
const MASK_MS = 100;
/** So much of a stretch must have been heard to know which words it consists of. */
const KNOWN_AFTER_SAMPLES = 16 * 200;
const SAMPLES_PER_MS = 16;
const LONGEST_PHRASE_WORDS = 12;

export interface EchoRecogniserOptions {
  readonly clock: Clock;
  readonly scene: Scene;
  /** When the scene began, on the clock. */
  readonly startMs: number;
  readonly farSide: FarSide;
  /** All that the agent has had synthesised up to now. */
  readonly clips: () => readonly SpokenClip[];
  readonly timing: RecogniserTiming;
  readonly tell: (event: RecogniserEvent) => void;
}

/**
 * What a good recogniser says when the agent's own voice is on the caller's line: it cannot tell who speaks, so the
 * agent's words come out as words of the line, and run into the caller's where there is no silence between them.
 */
export class EchoRecogniser {
  readonly #options: EchoRecogniserOptions;
  #phrase: Word[] = [];
  #cancelFinal: Cancel = () => {};
  #spanIndex = -1;
  #spanFrom: number | undefined;
  #heardWords = 0;
  #joined = { clips: 0, samples: new Int16Array(0), words: [] as Word[] };

  constructor(options: EchoRecogniserOptions) {
    this.#options = options;
    const { clock, scene, timing } = options;
    for (const { words } of scene.utterances) {
      for (const word of words) clock.after(word.endMs + timing.partialMs, () => this.#take(word));
    }
  }

  /** To be called every 20 ms: sees which of the agent's words have been played by now. */
  poll(): void {
    const { farSide, clock, scene } = this.#options;
    if (!scene.echo || scene.echo.gainDb < UNDERSTOOD_DB) return;
    const index = farSide.spans.findIndex(
      ({ end }, at) => at >= this.#spanIndex && end > this.#sampleOf(clock.now()) - 320,
    );
    const span = farSide.spans[index];
    if (!span) return;
    if (index !== this.#spanIndex) {
      this.#spanIndex = index;
      this.#spanFrom = undefined;
    }
    const played = this.#sampleOf(clock.now()) - span.start;
    const { samples, words } = this.#said();
    if (this.#spanFrom === undefined) {
      if (played < KNOWN_AFTER_SAMPLES) return;
      this.#spanFrom = locate(
        samples,
        farSide.heard(span.start, Math.min(span.end, span.start + 2 * KNOWN_AFTER_SAMPLES)),
      );
      this.#heardWords = words.filter(({ startMs }) => startMs * SAMPLES_PER_MS < (this.#spanFrom ?? 0)).length;
    }
    const from = this.#spanFrom;
    if (from === undefined) return;
    const beganMs = span.start / SAMPLES_PER_MS - this.#options.startMs + scene.echo.delayMs - from / SAMPLES_PER_MS;
    for (let next = words[this.#heardWords]; next; next = words[this.#heardWords]) {
      if (next.endMs * SAMPLES_PER_MS > Math.min(played, span.end - span.start) + from) return;
      this.#heardWords += 1;
      this.#comesBack({ text: next.text, startMs: next.startMs + beganMs, endMs: next.endMs + beganMs });
    }
  }

  #said(): ReturnType<typeof joinedClips> {
    const clips = this.#options.clips();
    if (clips.length !== this.#joined.clips) this.#joined = { clips: clips.length, ...joinedClips(clips) };
    return this.#joined;
  }

  #comesBack(word: Word): void {
    const { clock, scene, timing, startMs } = this.#options;
    const masked = scene.utterances.some(
      (said) => word.startMs < said.endMs + MASK_MS && word.endMs > said.startMs - MASK_MS,
    );
    if (masked) return;
    clock.after(startMs + word.endMs + timing.partialMs - clock.now(), () => this.#take(word));
  }

  #take(word: Word): void {
    const { timing } = this.#options;
    const last = this.#phrase.at(-1);
    const isFull = this.#phrase.length >= LONGEST_PHRASE_WORDS;
    if (last && (isFull || word.startMs - last.endMs >= timing.silenceMs)) this.#end();
    this.#phrase.push(word);
    this.#tell('partial');
    this.#cancelFinal();
    const { clock, startMs } = this.#options;
    const finalAtMs = startMs + word.endMs + timing.silenceMs + timing.finalMs;
    this.#cancelFinal = clock.after(finalAtMs - clock.now(), () => this.#end());
  }

  #end(): void {
    this.#cancelFinal();
    if (this.#phrase.length > 0) this.#tell('final');
    this.#phrase = [];
  }

  #tell(type: 'partial' | 'final'): void {
    const { clock, startMs } = this.#options;
    const text = this.#phrase.map((word) => word.text.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, '')).join(' ');
    const [offsetMs, endMs] = [this.#phrase[0]?.startMs ?? 0, this.#phrase.at(-1)?.endMs ?? 0];
    this.#options.tell({ atMs: clock.now() - startMs, type, text, offsetMs, endMs });
  }

  #sampleOf(ms: number): number {
    return Math.round(ms * SAMPLES_PER_MS);
  }
}

/** Clips one after the other, their words on the time of the whole. */
export function joinedClips(clips: readonly SpokenClip[]): { samples: Int16Array<ArrayBuffer>; words: Word[] } {
  const samples = new Int16Array(clips.reduce((length, clip) => length + clip.samples.length, 0));
  const words: Word[] = [];
  let at = 0;
  for (const clip of clips) {
    samples.set(clip.samples, at);
    const shiftMs = at / SAMPLES_PER_MS;
    for (const { text, startMs, endMs } of clip.words) {
      words.push({ text, startMs: startMs + shiftMs, endMs: endMs + shiftMs });
    }
    at += clip.samples.length;
  }
  return { samples, words };
}
