import { describeFault, parseFaults, type WantedFault } from '../../shared/protocol/faults.ts';
import type { CallEvent, FaultOfCall } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';

type FaultEvent = Extract<CallEvent, { event: 'fault' }>;

/** An end that is further off is not waited for by somebody who has nothing to say any more. */
const LONGEST_STAY_MS = 30_000;
/** What failed is heard to work again so soon. */
const RECOVERY_MS = 5_000;

/** What failed in one call because its caller wanted it, as the emulator told of it. */
export class CallFaults {
  #faults: readonly FaultOfCall[] = [];
  #areWanted = false;
  #wanted: readonly WantedFault[] = [];

  /** The emulator has taken what the caller wants. */
  get areWanted(): boolean {
    return this.#areWanted;
  }

  /** @throws {ConfigError} where it cannot be in this stack */
  async want(faults: string, line: Pick<CallerLine, 'want'>): Promise<void> {
    await line.want(faults);
    this.#areWanted = true;
    const read = parseFaults(faults);
    if ('faults' in read) this.#wanted = read.faults;
  }

  /**
   * Of a call in which all is said: when the last of what fails in it, or still is to, and ends soon, does so, and until
   * when one may hear what comes of that. Undefined where that is over.
   */
  recoveryAfter(atMs: number): { readonly endMs: number; readonly untilMs: number } | undefined {
    const ends = this.#wanted.flatMap(({ untilMs = Infinity }) => (untilMs > atMs + LONGEST_STAY_MS ? [] : [untilMs]));
    const endMs = Math.max(...ends);
    const untilMs = endMs + RECOVERY_MS;
    return untilMs > atMs ? { endMs, untilMs } : undefined;
  }

  /** In the order in which they began. */
  get all(): readonly FaultOfCall[] {
    return this.#faults;
  }

  /** Some fail still. */
  get isAnyOn(): boolean {
    return this.#faults.some(({ untilMs }) => untilMs === undefined);
  }

  /** Of a call that did not come about: what failed while it should have, and what to do to hear it in a call. */
  get reproach(): string {
    const [first] = this.#faults.map(({ fault }) => fault);
    if (first === undefined) return '';
    const told = this.#faults.map(({ fault }) => describeFault(fault, 'on')).join(', and ');
    return ` That is as --fault wants it: ${told}. To be answered first, let it begin in the call (${first}@10s), or end while it rings (${first}@ringing-5s).`;
  }

  take({ fault, state, felt, atMs }: FaultEvent): void {
    if (state === 'on') {
      this.#faults = [...this.#faults, { fault, fromMs: atMs, untilMs: undefined, felt }];
      return;
    }
    const over = this.#faults.find((each) => each.fault === fault && each.untilMs === undefined);
    this.#faults = this.#faults.map((each) => (each === over ? { ...each, untilMs: atMs, felt } : each));
  }
}
