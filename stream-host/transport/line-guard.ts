import type { Clock } from '../../shared/clock.ts';
import { CLOSE } from '../../shared/protocol/close-codes.ts';
import { LINE_LIMITS } from '../../shared/protocol/limits.ts';
import type { TransportCounts } from '../contract/line.ts';
import { AudioAllowance } from './audio-allowance.ts';

/** ACS sends the four who are loudest; others may have been loudest before. */
const MOST_PARTICIPANTS = 16;
/** Who has sent nothing for so long makes room for another. */
const IDLE_MS = 15_000;

/** Counts what a far side does that it should not, and closes the line of whoever goes on with it. */
export class LineGuard {
  readonly #counts = { malformed: 0, foreign: 0, early: 0, excess: 0, dropped: 0 };
  readonly #clock: Clock;
  readonly #allowance: AudioAllowance;
  /** Who has sent something last stands last. */
  readonly #ofParticipants = new Map<string, { readonly allowance: AudioAllowance; readonly usedAtMs: number }>();
  readonly #close: (code: number, reason: string) => void;

  constructor(clock: Clock, close: (code: number, reason: string) => void) {
    this.#clock = clock;
    this.#allowance = new AudioAllowance(clock);
    this.#close = close;
  }

  get counts(): TransportCounts {
    return { ...this.#counts };
  }

  count(what: Exclude<keyof TransportCounts, 'malformed' | 'excess'>, frames = 1): void {
    this.#counts[what] += frames;
  }

  /** A frame breaks the protocol: `reason` says how. */
  onMalformed(reason: string): void {
    this.#counts.malformed += 1;
    if (this.#counts.malformed > LINE_LIMITS.malformedFrames) this.#close(CLOSE.malformed, reason);
  }

  /**
   * Whether a message may pass that carries so much audio of one participant. False: it came faster than time passes,
   * and is dropped.
   */
  admits(audioMs: number, from?: string): boolean {
    const judgement = this.#allowanceOf(from).judge(audioMs);
    if (judgement === 'passes') return true;
    this.#counts.excess += 1;
    if (judgement === 'flood') {
      this.#close(
        CLOSE.tooFast,
        'Audio and messages come much faster than time passes. Send audio at the pace of speech.',
      );
    }
    return false;
  }

  /** Several people may send several times as much as one. Beyond a bound the others share what one may. */
  #allowanceOf(from: string | undefined): AudioAllowance {
    if (from === undefined) return this.#allowance;
    const usedAtMs = this.#clock.now();
    const known = this.#ofParticipants.get(from);
    if (!known && !this.#hasRoom(usedAtMs)) return this.#allowance;
    const allowance = known?.allowance ?? new AudioAllowance(this.#clock);
    this.#ofParticipants.delete(from);
    this.#ofParticipants.set(from, { allowance, usedAtMs });
    return allowance;
  }

  #hasRoom(nowMs: number): boolean {
    const [oldest] = this.#ofParticipants;
    if (oldest && nowMs - oldest[1].usedAtMs > IDLE_MS) this.#ofParticipants.delete(oldest[0]);
    return this.#ofParticipants.size < MOST_PARTICIPANTS;
  }
}
