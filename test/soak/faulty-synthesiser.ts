import type { Synthesiser, SynthesisPiece } from '../../stream-host/contract/speech.ts';
import { sleep } from './call-clock.ts';
import type { World } from './fault-profile.ts';
import { agentAudio, UNITS_PER_MS } from './line-audio.ts';

/** One synthesis: what it was to say, and when each word is spoken in it. */
export interface Speech {
  readonly text: string;
  readonly durationMs: number;
  /** No word was told to the engine, or not all: then it must guess what was heard. */
  untold: boolean;
  /** It broke off: the rest of the text was never spoken. */
  broken: boolean;
  readonly words: { readonly text: string; readonly startMs: number; readonly durationMs: number }[];
}

const MS_PER_CHAR = 60;
const GIVES_UP_MS = 5000;

type Habit = 'well' | 'fails' | 'breaks' | 'stalls' | 'untold' | 'half-told' | 'odd' | 'slow' | 'mute';

/** A voice whose audio names its synthesis and place; it fails, stalls and forgets word times as the faults say. */
export class FaultySynthesiser implements Synthesiser {
  /** By number, from 1. */
  readonly speeches: Speech[] = [];
  /** Streams that were opened and have not been finished. */
  open = 0;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  async *speak(text: string, _voice: string, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
    const { random, clock, faults } = this.#world;
    const speech: Speech = {
      text,
      durationMs: text.length * MS_PER_CHAR,
      untold: false,
      broken: false,
      words: timed(text),
    };
    const number = this.speeches.push(speech);
    const habit: Habit = random.chance(faults.now.synthesiser)
      ? random.weighted({ fails: 2, breaks: 2, stalls: 1, untold: 3, 'half-told': 2, odd: 3, slow: 1, mute: 1 })
      : 'well';
    this.open += 1;
    try {
      await sleep(clock, random.between(40, 300), signal);
      if (signal.aborted) return;
      if (habit === 'fails') throw new Error('the synthesiser is away');
      if (habit === 'mute') return;
      yield* this.#stream(number, speech, habit, signal);
    } catch (error) {
      speech.broken = true;
      throw error;
    } finally {
      this.open -= 1;
    }
  }

  async *#stream(number: number, speech: Speech, habit: Habit, signal: AbortSignal): AsyncGenerator<SynthesisPiece> {
    const { random, clock } = this.#world;
    const units = speech.durationMs * UNITS_PER_MS;
    const breaksAt = habit === 'breaks' || habit === 'stalls' ? random.whole(0, units) : Number.POSITIVE_INFINITY;
    speech.untold = habit === 'untold' || habit === 'half-told';
    const told = habit === 'untold' ? 0 : habit === 'half-told' ? speech.words.length / 2 : speech.words.length;
    for (const word of speech.words.slice(0, told)) yield { type: 'word', ...word };
    for (let at = 0; at < units; ) {
      if (signal.aborted) return;
      if (at >= breaksAt) {
        if (habit === 'stalls') await sleep(clock, GIVES_UP_MS, signal);
        if (signal.aborted) return;
        throw new Error('the socket broke');
      }
      const length = habit === 'odd' ? random.whole(1, 2500) : 100 * UNITS_PER_MS;
      const size = Math.min(length, units - at);
      yield { type: 'audio', pcm: agentAudio(number, at, size) };
      at += size;
      // Faster than it is spoken, but for a slow one, which now and then lets the line run dry.
      await sleep(clock, (size / UNITS_PER_MS) * (habit === 'slow' ? random.between(0.7, 1.6) : 0.2), signal);
    }
  }
}

function timed(text: string): Speech['words'] {
  return [...text.matchAll(/\S+/g)].map((match) => ({
    text: match[0],
    startMs: match.index * MS_PER_CHAR,
    durationMs: match[0].length * MS_PER_CHAR,
  }));
}
