import { setTimeout as sleep } from 'node:timers/promises';
import type { Clip } from '../../../bench/acs/clips.ts';
import type { Random } from '../../../bench/random.ts';
import { StayingCaller, tickAll } from '../../staying/caller.ts';

export interface CallersOptions {
  readonly emulatorUrl: string;
  /** At once. */
  readonly calls: number;
  readonly clips: readonly Clip[];
  readonly random: Random;
  /** Whom they call, in turn. */
  readonly to?: readonly string[];
}

/** What became of the calls. */
export interface Tally {
  dialled: number;
  /** In which the agent was heard, and which their callers ended. */
  done: number;
  /** Ended by their callers, who had waited for a first word for long. */
  mute: number;
  /** Ended though nobody had hung up: why, and how often. */
  readonly lost: Map<string, number>;
  /** In which nothing was heard any more for a minute. */
  wedged: number;
  /** That were not answered: why, and how often. They are dialled again. */
  readonly refused: Map<string, number>;
  questions: number;
  unanswered: number;
  /** The longest time in which a caller heard nothing though he waited, ms. */
  longestSilenceMs: number;
}

interface Standing {
  readonly caller: StayingCaller;
  readonly endsAtMs: number;
}

const SHORTEST_CALL_MS = 30_000;
const LONGEST_CALL_MS = 150_000;
const WEDGED_AFTER_MS = 60_000;
/** A call that is neither answered nor refused by then is one more that was not answered. */
const ANSWERED_WITHIN_MS = 60_000;
/** Who was not answered dials again after so long. */
const REDIAL_AFTER_MS = 10_000;
/** Who has heard nothing for so long has been answered by nobody. */
const MUTE_AFTER_MS = 20_000;
/** From so many numbers, in turn. */
const NUMBERS = 500;
const LOOK_EVERY_MS = 250;
const HANG_UP_MS = 500;

/** So many calls at once, all the time: whoever has ended his calls again, from another number. */
export class Callers {
  /** Since it was taken last. */
  tally: Tally = newTally();
  readonly #options: CallersOptions;
  readonly #standing = new Set<Standing>();
  readonly #ticked: StayingCaller[] = [];
  /** When each of those dials again who were not answered. */
  #redialsAtMs: number[] = [];
  readonly #stopTicking: () => void;
  #dialled = 0;
  #worstWaitMs = 0;
  #isOver = false;
  #running: Promise<void> | undefined;
  readonly #hangingUp = new Set<Promise<void>>();

  constructor(options: CallersOptions) {
    this.#options = options;
    this.#stopTicking = tickAll(this.#ticked);
  }

  /** How many talk now. */
  get talking(): number {
    return [...this.#standing].filter(({ caller }) => caller.callId !== undefined).length;
  }

  /** How long somebody has waited for a word at most since this was asked last, ms; while he waits, too. */
  takeWorstWaitMs(): number {
    const worstMs = this.#worstWaitMs;
    this.#worstWaitMs = 0;
    return worstMs;
  }

  /** The longest silence of calls that have ended since this was asked last, ms. */
  takeLongestSilenceMs(): number {
    const { longestSilenceMs } = this.tally;
    this.tally.longestSilenceMs = 0;
    return longestSilenceMs;
  }

  /** What became of the calls until now, from which nothing is counted any more. */
  takeTally(): Tally {
    const { tally } = this;
    this.tally = newTally();
    return tally;
  }

  start(): void {
    this.#isOver = false;
    this.#running = this.#keepCalling();
  }

  /** Nobody dials any more, and all hang up. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    for (const call of [...this.#standing]) this.#look(call);
    for (const call of [...this.#standing]) this.#sayGoodbye(call);
    await Promise.all(this.#hangingUp);
  }

  close(): void {
    this.#stopTicking();
  }

  async #keepCalling(): Promise<void> {
    while (!this.#isOver) {
      for (const call of [...this.#standing]) this.#look(call);
      this.#redialsAtMs = this.#redialsAtMs.filter((atMs) => atMs > performance.now());
      if (this.#standing.size + this.#redialsAtMs.length < this.#options.calls) void this.#dial();
      await sleep(LOOK_EVERY_MS);
    }
  }

  #look(call: Standing): void {
    const { caller, endsAtMs } = call;
    const nowMs = performance.now();
    this.#worstWaitMs = Math.max(this.#worstWaitMs, caller.waitsMs);
    if (caller.lost !== undefined) {
      if (caller.callId === undefined) this.#notAnswered(call, caller.lost);
      else this.#lost(call, caller.lost);
    } else if (caller.callId === undefined) {
      if (nowMs < endsAtMs - SHORTEST_CALL_MS + ANSWERED_WITHIN_MS) return;
      this.#notAnswered(call, 'neither answered nor refused');
    } else if (caller.waitsMs > WEDGED_AFTER_MS) {
      this.tally.wedged += 1;
      this.#hangUp(call);
    } else if (nowMs > endsAtMs) this.#sayGoodbye(call);
  }

  /** One who was answered a moment ago counts as nothing. */
  #sayGoodbye(call: Standing): void {
    const { caller } = call;
    if (caller.heard.length > 0) this.tally.done += 1;
    else if (caller.waitsMs > MUTE_AFTER_MS) this.tally.mute += 1;
    this.#hangUp(call);
  }

  #lost(call: Standing, why: string): void {
    add(this.tally.lost, why.replace(/\d{5,}/g, '#'));
    this.#over(call);
  }

  #notAnswered(call: Standing, why: string): void {
    add(this.tally.refused, why.replace(/\d{5,}/g, '#'));
    this.#redialsAtMs.push(performance.now() + REDIAL_AFTER_MS);
    this.#over(call);
  }

  async #dial(): Promise<void> {
    const { emulatorUrl, clips, random, to = [] } = this.#options;
    this.#dialled += 1;
    this.tally.dialled += 1;
    const number = `+1555${String(3_000_000 + (this.#dialled % NUMBERS))}`;
    const caller = new StayingCaller({
      ...{ emulatorUrl, number, clips, random: random.fork(`call ${this.#dialled}`) },
      to: to[this.#dialled % to.length],
    });
    const call = { caller, endsAtMs: performance.now() + random.between(SHORTEST_CALL_MS, LONGEST_CALL_MS) };
    this.#standing.add(call);
    this.#ticked.push(caller);
    try {
      await caller.dial();
    } catch (error) {
      caller.lost ??= String(error);
    }
  }

  /** As people do: the phone says so, and is put away. */
  #hangUp(call: Standing): void {
    this.#standing.delete(call);
    call.caller.hangUp();
    const over = sleep(HANG_UP_MS).then(() => {
      this.#over(call);
      this.#hangingUp.delete(over);
    });
    this.#hangingUp.add(over);
  }

  #over(call: Standing): void {
    const { caller } = call;
    this.#standing.delete(call);
    const at = this.#ticked.indexOf(caller);
    if (at < 0) return;
    this.#ticked.splice(at, 1);
    caller.close();
    const { tally } = this;
    tally.questions += caller.asked;
    tally.unanswered += caller.unanswered;
    tally.longestSilenceMs = Math.max(tally.longestSilenceMs, caller.longestSilenceMs);
  }
}

const newTally = (): Tally => ({
  ...{ dialled: 0, done: 0, mute: 0, wedged: 0, questions: 0, unanswered: 0, longestSilenceMs: 0 },
  lost: new Map(),
  refused: new Map(),
});

const add = (counts: Map<string, number>, what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

export const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
