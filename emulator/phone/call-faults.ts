import { describeFault } from '../../shared/protocol/faults.ts';
import type { CallEvent, FaultOfCall } from './caller-events.ts';
import type { CallerLine } from './caller-line.ts';

type FaultEvent = Extract<CallEvent, { event: 'fault' }>;

/** What failed in one call because its caller wanted it, as the emulator told of it. */
export class CallFaults {
  #faults: readonly FaultOfCall[] = [];
  #areWanted = false;

  /** The emulator has taken what the caller wants. */
  get areWanted(): boolean {
    return this.#areWanted;
  }

  /** @throws {ConfigError} where it cannot be in this stack */
  async want(faults: string, line: Pick<CallerLine, 'want'>): Promise<void> {
    await line.want(faults);
    this.#areWanted = true;
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
