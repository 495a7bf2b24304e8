import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import { type Fallible, type FaultName, parseFaults, type WantedFault } from '../../shared/protocol/faults.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';

/** A fault in force. */
export interface ActiveFault {
  readonly dependency: Fallible;
  readonly fault: FaultName;
  readonly amountMs: number;
  /** How often somebody has felt it: requests and connections. Calls that want the same have one count. */
  readonly count: { felt: number };
}

export interface DisturbancesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Why something cannot be made to fail in this stack; undefined where it can. */
  readonly unavailable?: (dependency: Fallible) => string | undefined;
}

/**
 * What goes wrong at the moment, because somebody who calls wants to hear it. Each call has faults of its own, which end
 * with it; whatever fails asks here how. Where two calls want different things of one service, the later one counts.
 */
export class Disturbances {
  readonly #options: DisturbancesOptions;
  /** In the order in which they began. */
  #active: readonly ActiveFault[] = [];
  readonly #watchers = new Set<(dependency: Fallible) => void>();

  constructor(options: DisturbancesOptions) {
    this.#options = options;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  /** Those in force, for whoever looks. */
  get status() {
    return this.#active.map(({ dependency, fault, amountMs, count }) => ({ dependency, fault, amountMs, ...count }));
  }

  /** How it fails now; undefined where it does not. */
  at(dependency: Fallible): ActiveFault | undefined {
    return this.#active.findLast((fault) => fault.dependency === dependency);
  }

  /** Runs `task` whenever it changes how something fails, until what is returned is called. */
  watch(task: (dependency: Fallible) => void): Cancel {
    this.#watchers.add(task);
    return () => this.#watchers.delete(task);
  }

  /** The faults of one telephone, for one call after the other. @param tell what begins and ends */
  forPhone(tell: (event: Extract<PhoneEvent, { type: 'fault' }>) => void): PhoneFaults {
    const { clock, unavailable } = this.#options;
    return new PhoneFaults({
      clock,
      unavailable: unavailable ?? (() => undefined),
      begin: ({ dependency, fault, amountMs, text }) => {
        const { count } = this.#same(dependency, fault, amountMs) ?? { count: { felt: 0 } };
        const begun: ActiveFault = { dependency, fault, amountMs, count };
        const before = count.felt;
        this.#change([...this.#active, begun], dependency);
        this.#options.log.warn({ fault: text }, 'something fails, as a caller wants');
        tell({ type: 'fault', fault: text, state: 'on', felt: null });
        return () => {
          this.#change(
            this.#active.filter((each) => each !== begun),
            dependency,
          );
          const felt = count.felt - before;
          this.#options.log.info({ fault: text, felt }, 'it fails no more');
          tell({ type: 'fault', fault: text, state: 'off', felt });
        };
      },
    });
  }

  #same(dependency: Fallible, fault: FaultName, amountMs: number): ActiveFault | undefined {
    return this.#active.find(
      (each) => each.dependency === dependency && each.fault === fault && each.amountMs === amountMs,
    );
  }

  #change(active: readonly ActiveFault[], dependency: Fallible): void {
    this.#active = active;
    for (const task of this.#watchers) task(dependency);
  }
}

interface PhoneFaultsOptions {
  readonly clock: Clock;
  readonly unavailable: (dependency: Fallible) => string | undefined;
  /** @returns what ends it */
  readonly begin: (fault: WantedFault) => Cancel;
}

/** What shall fail in the calls of one telephone. Times count from the answer of its call. */
export class PhoneFaults {
  readonly #options: PhoneFaultsOptions;
  readonly #begun = new Map<WantedFault, Cancel>();
  readonly #timers = new Set<Cancel>();
  #wanted: readonly WantedFault[] = [];
  #answeredAtMs: number | undefined;

  constructor(options: PhoneFaultsOptions) {
    this.#options = options;
  }

  /** In place of whatever it wanted before; an empty text wants nothing. @returns why not, where it cannot be */
  want(text: string): string | undefined {
    const read = text.trim() === '' ? { faults: [] } : parseFaults(text);
    if ('problem' in read) return read.problem;
    for (const { dependency } of read.faults) {
      const reason = this.#options.unavailable(dependency);
      if (reason !== undefined) return `${dependency} cannot be made to fail: ${reason}`;
    }
    this.#takeOff();
    this.#wanted = read.faults;
    for (const fault of this.#wanted) {
      if (fault.fromMs !== undefined) this.#date(fault);
      else {
        this.#begin(fault);
        if (fault.untilMs !== undefined) this.#after(fault.untilMs, () => this.#end(fault));
      }
    }
    return undefined;
  }

  /** Its call was answered. */
  answered(): void {
    if (this.#answeredAtMs !== undefined) return;
    this.#answeredAtMs = this.#options.clock.now();
    for (const fault of this.#wanted) this.#date(fault);
  }

  /** Its call is over, or it was unplugged: all is as it was. Idempotent. */
  over(): void {
    this.#takeOff();
    this.#wanted = [];
    this.#answeredAtMs = undefined;
  }

  #date(fault: WantedFault): void {
    if (this.#answeredAtMs === undefined) return;
    const elapsedMs = this.#options.clock.now() - this.#answeredAtMs;
    const { fromMs, untilMs = Number.POSITIVE_INFINITY } = fault;
    if (fromMs === undefined || untilMs <= elapsedMs) return;
    this.#after(fromMs - elapsedMs, () => this.#begin(fault));
    if (Number.isFinite(untilMs)) this.#after(untilMs - elapsedMs, () => this.#end(fault));
  }

  #begin(fault: WantedFault): void {
    if (!this.#begun.has(fault)) this.#begun.set(fault, this.#options.begin(fault));
  }

  #end(fault: WantedFault): void {
    const end = this.#begun.get(fault);
    this.#begun.delete(fault);
    end?.();
  }

  #after(delayMs: number, task: () => void): void {
    const cancel = this.#options.clock.after(Math.max(0, delayMs), () => {
      this.#timers.delete(cancel);
      task();
    });
    this.#timers.add(cancel);
  }

  #takeOff(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    for (const fault of [...this.#begun.keys()]) this.#end(fault);
  }
}
