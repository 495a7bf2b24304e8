import { Random } from '../random.ts';
import { gainOf, mixInto, rms, type Signal, samplesIn, scaled, silence } from './signal.ts';
import { type Clip, type Speaker, VOICE_NAMES } from './speaker.ts';
import { TURNS } from './texts.ts';

const BABBLERS = 6;
const BABBLE_POOL_MS = 10_000;

/** Everybody who can be heard in the corpus. */
export class Cast {
  readonly speaker: Speaker;
  readonly recordings: readonly Clip[];
  readonly random: Random;
  readonly #chatter = new Map<string, Signal>();

  constructor(speaker: Speaker, recordings: readonly Clip[], seed: number) {
    this.speaker = speaker;
    this.recordings = recordings;
    this.random = new Random(`corpus/${seed}`);
  }

  /** Who speaks in the scene with this number: every second time a recording, where there are any. */
  voiceOf(index: number): Clip | string {
    const recording = this.recordings[(index >> 1) % Math.max(1, this.recordings.length)];
    if (recording && index % 2 === 1) return recording;
    return VOICE_NAMES[(recording ? index >> 1 : index) % VOICE_NAMES.length] ?? 'slt';
  }

  /** Several people at once, none of them the caller; levels differ by up to 6 dB. RMS of 1. */
  babble(ms: number, random: Random, except: string): Signal {
    const track = silence(ms);
    const others = VOICE_NAMES.filter((voice) => voice !== except);
    for (let i = 0; i < BABBLERS; i += 1) {
      const chatter = this.#chatterOf(others[i % others.length] ?? 'slt');
      const gain = gainOf(random.between(-6, 0));
      for (let at = -Math.floor(random.next() * chatter.length); at < track.length; at += chatter.length) {
        mixInto(track, chatter, at, gain);
      }
    }
    return scaled(track, 1 / rms(track));
  }

  /** One voice that talks without end: the same sentences for all, in an order of its own. */
  #chatterOf(voice: string): Signal {
    const known = this.#chatter.get(voice);
    if (known) return known;
    const random = new Random(`chatter/${voice}`);
    const pool = silence(BABBLE_POOL_MS);
    for (let at = 0; at < pool.length; ) {
      const { samples } = this.speaker.speak(random.pick([...TURNS.complete, ...TURNS.question]), voice);
      mixInto(pool, samples, at);
      at += samples.length + samplesIn(random.between(100, 400));
    }
    this.#chatter.set(voice, pool);
    return pool;
  }
}
