import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';

/** How hard the process works. */
export interface Load {
  /** The 99th percentile of the event loop's delay over the last seconds: how late frames go out. */
  readonly loopDelayMs: number;
  /** From a caller's sound to the judgement whether it is speech, the longest since the last reading. */
  readonly speechLaneMs: number;
  /** Share of what the process can have: 1 is a main thread that never rests (it may wait for a core), or all cores in use. */
  readonly cpu: number;
}

/** From `close` on nobody is let in; below `open` again. Between the two nothing changes. */
export interface Threshold {
  readonly close: number;
  readonly open: number;
}

export interface AdmissionPolicy {
  readonly loopDelayMs: Threshold;
  readonly speechLaneMs: Threshold;
  readonly cpu: Threshold;
  /** So many readings in a row above a threshold close the door: one slow second is no overload. */
  readonly closeAfter: number;
  /** So many readings in a row below all thresholds open it again. */
  readonly openAfter: number;
  /** So few sessions are always let in: whatever makes the process slow then, it is not they, and refusing heals nothing. */
  readonly freeSessions: number;
  /** What one session is taken to cost, of the CPU, while there are too few to tell. */
  readonly leastCpuPerSession: number;
  /** From so many sessions on, what they cost on average is what the next one will cost. */
  readonly sessionsToTell: number;
}

/**
 * A far end has heard all that it was sent after 200 ms without a frame, and a caller who cuts in wants silence within
 * 200 ms: the door closes well before either. Beyond some 80 % a main thread has no room for what comes at once.
 */
export const DEFAULT_ADMISSION_POLICY = {
  loopDelayMs: { close: 30, open: 15 },
  speechLaneMs: { close: 120, open: 60 },
  cpu: { close: 0.82, open: 0.7 },
  closeAfter: 2,
  openAfter: 5,
  freeSessions: 10,
  leastCpuPerSession: 0.002,
  sessionsToTell: 20,
} as const satisfies AdmissionPolicy;

/** What is too much. */
export type Overload = keyof Load;

/** Whether the load allows another session, and for how many readings the other opinion has held. */
export interface Door {
  readonly closedBy: Overload | undefined;
  readonly readings: number;
}

export const OPEN_DOOR: Door = { closedBy: undefined, readings: 0 };

const SIGNALS = ['loopDelayMs', 'speechLaneMs', 'cpu'] as const satisfies readonly Overload[];

/** The door after one more reading of the load. */
export function judgeLoad(door: Door, load: Load, policy: AdmissionPolicy): Door {
  if (door.closedBy === undefined) {
    const excess = SIGNALS.find((signal) => load[signal] >= policy[signal].close);
    if (excess === undefined) return OPEN_DOOR;
    const readings = door.readings + 1;
    return readings >= policy.closeAfter ? { closedBy: excess, readings: 0 } : { closedBy: undefined, readings };
  }
  const holding = SIGNALS.find((signal) => load[signal] >= policy[signal].open);
  if (holding !== undefined) return { closedBy: holding, readings: 0 };
  const readings = door.readings + 1;
  return readings >= policy.openAfter ? OPEN_DOOR : { closedBy: door.closedBy, readings };
}

/**
 * The CPU once all sessions that came since the reading, and one more, are at work: a crowd that arrives within one
 * second does not show in any reading yet.
 */
export function forecastCpu(load: Load, sessionsAtReading: number, sessions: number, policy: AdmissionPolicy): number {
  const known = sessionsAtReading >= policy.sessionsToTell ? load.cpu / sessionsAtReading : 0;
  const perSession = Math.max(known, policy.leastCpuPerSession);
  return load.cpu + Math.max(0, sessions - sessionsAtReading + 1) * perSession;
}

export interface AdmissionOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readLoad: () => Load;
  /** How many sessions there are now. */
  readonly countSessions: () => number;
  readonly policy?: AdmissionPolicy;
  readonly everyMs?: number;
}

export interface AdmissionReading extends Load {
  readonly open: boolean;
  /** Why not. */
  readonly closedBy?: Overload;
}

const IDLE: Load = { loopDelayMs: 0, speechLaneMs: 0, cpu: 0 };

/**
 * Keeps the door of a host by what its sessions cost it: reads the load every second and lets nobody in who would make
 * those glitch that are talking. Sessions that are here stay, whatever the load.
 */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #policy: AdmissionPolicy;
  readonly #everyMs: number;
  readonly #listeners = new Set<() => void>();
  #door = OPEN_DOOR;
  #load: Load = IDLE;
  #sessionsAtReading = 0;
  #cancel: Cancel;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#policy = options.policy ?? DEFAULT_ADMISSION_POLICY;
    this.#everyMs = options.everyMs ?? 1000;
    this.#cancel = options.clock.after(this.#everyMs, () => this.#read());
  }

  /** What is too much for one more session; undefined when it may come in. */
  get overload(): Overload | undefined {
    const sessions = this.#options.countSessions();
    if (sessions < this.#policy.freeSessions) return undefined;
    if (this.#door.closedBy !== undefined) return this.#door.closedBy;
    const cpu = forecastCpu(this.#load, this.#sessionsAtReading, sessions, this.#policy);
    return cpu >= this.#policy.cpu.close ? 'cpu' : undefined;
  }

  get reading(): AdmissionReading {
    const closedBy = this.overload;
    return { open: closedBy === undefined, ...(closedBy !== undefined && { closedBy }), ...this.#load };
  }

  /** Tells when the door opens or closes by a reading. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Idempotent. */
  close(): void {
    this.#cancel();
    this.#listeners.clear();
  }

  #read(): void {
    const { clock, log, readLoad, countSessions } = this.#options;
    this.#cancel = clock.after(this.#everyMs, () => this.#read());
    const before = this.#door.closedBy;
    this.#load = readLoad();
    this.#sessionsAtReading = countSessions();
    const isFree = this.#sessionsAtReading < this.#policy.freeSessions;
    this.#door = isFree ? OPEN_DOOR : judgeLoad(this.#door, this.#load, this.#policy);
    const { closedBy } = this.#door;
    if ((closedBy === undefined) === (before === undefined)) return;
    const reading = { ...this.#load, sessions: this.#sessionsAtReading };
    if (closedBy === undefined) log.info(reading, 'new sessions are let in again');
    else log.warn({ closedBy, ...reading }, 'too busy for more: new sessions are refused');
    for (const listener of [...this.#listeners]) listener();
  }
}
