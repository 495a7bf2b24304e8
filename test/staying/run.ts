import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../bench/random.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { HUNG_UP, StayingCaller, tickAll } from './caller.ts';
import type { Host } from './host.ts';
import { StayingStack } from './stack.ts';

/** A call as it was before something happened to its host. */
export interface Before {
  readonly caller: StayingCaller;
  readonly sessionId: string;
  readonly holder: string | undefined;
  readonly history: readonly HistoryItem[];
  readonly asked: number;
}

/** What was found out, and whether it is as promised. */
export interface Finding {
  readonly what: string;
  readonly isGood: boolean;
  readonly how: string;
}

const DIAL_EVERY_MS = 250;
const WARM_MS = 12_000;
/** Nobody waits longer without a sound, whatever fails. */
const MOST_SILENT_MS = 3_000;
/** By which a processor that others use as well may be late. */
const BUSY_MS = 500;

/** Calls on a stack of their own, in which everybody talks, and what became of them. */
export class StayingRun {
  readonly stack: StayingStack;
  readonly callers: StayingCaller[];
  readonly findings: Finding[] = [];
  /** The longest that anybody waited while all was well. */
  #usualMs = 0;
  #stopTicking = () => {};

  private constructor(stack: StayingStack, calls: number) {
    this.stack = stack;
    this.callers = Array.from({ length: calls }, (_, at) => this.#caller(at));
  }

  /** @param startHosts starts those that there are when the calls come */
  static async use(
    calls: number,
    startHosts: (stack: StayingStack) => Promise<unknown>,
    work: (run: StayingRun) => Promise<void>,
    startRedis?: Parameters<typeof StayingStack.start>[0],
  ): Promise<boolean> {
    const stack = await StayingStack.start(startRedis);
    try {
      await startHosts(stack);
      const run = new StayingRun(stack, calls);
      await run.#dial();
      await work(run);
      return run.#report();
    } finally {
      await stack.close();
    }
  }

  async #dial(): Promise<void> {
    this.#stopTicking = tickAll(this.callers);
    for (const caller of this.callers) {
      await caller.dial();
      await sleep(DIAL_EVERY_MS);
    }
    await this.until(() => this.callers.every(({ asked }) => asked >= 1), 60_000);
    for (const caller of this.callers) caller.countFromNow();
    await sleep(WARM_MS);
    this.#usualMs = Math.max(...this.callers.map(({ longestSilenceMs }) => longestSilenceMs));
    this.say(`${this.callers.length} calls talk`);
  }

  #caller(at: number): StayingCaller {
    const { emulatorUrl, clips } = this.stack;
    const number = `+1555200${String(at).padStart(4, '0')}`;
    const turns = clips.callers.filter(({ kind }) => kind === 'turn');
    return new StayingCaller({ emulatorUrl, number, clips: turns, random: new Random(`caller ${at}`) });
  }

  /** Somebody else calls. Resolves when he has dialled. */
  async joined(): Promise<StayingCaller> {
    const caller = this.#caller(this.callers.length);
    this.callers.push(caller);
    await caller.dial();
    return caller;
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  found(what: string, isGood: boolean, how: string): void {
    this.findings.push({ what, isGood, how });
    this.say(`${isGood ? 'ok  ' : 'FAIL'} ${what}: ${how}`);
  }

  async until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<boolean> {
    for (const byMs = performance.now() + withinMs; performance.now() < byMs; await sleep(20)) {
      if (await holds()) return true;
    }
    return false;
  }

  /** All calls that stand, as they are now. */
  async snapshot(): Promise<Before[]> {
    const { store } = this.stack;
    return Promise.all(
      this.callers.map(async (caller) => {
        const sessionId = (await store.findByCall(caller.callId ?? ''))?.id ?? '';
        const [holder, history] = await Promise.all([this.stack.holderOf(sessionId), store.history(sessionId)]);
        return { caller, sessionId, holder, history, asked: caller.asked };
      }),
    );
  }

  /** When the agent was heard again at another host, of the calls that had their media there after `sinceMs`; undefined: never. */
  heardAgainMs({ caller }: Before, sinceMs: number): number | undefined {
    const opened = caller.media.find(({ atMs, state }) => state === 'started' && atMs > sinceMs);
    return opened && caller.heard.find((atMs) => atMs >= opened.atMs);
  }

  /** Waits until all are heard again after something happened, while nobody speaks into the silence. @returns when each was */
  async allHeardAgain(befores: readonly Before[], sinceMs: number, withinMs: number): Promise<number[]> {
    const patient = (is: boolean) => {
      for (const { caller } of befores) caller.isPatient = is;
    };
    patient(true);
    const heard = () => befores.flatMap((before) => this.heardAgainMs(before, sinceMs) ?? []);
    await this.until(() => heard().length === befores.length, withinMs);
    patient(false);
    return heard();
  }

  /** Whether a call goes on as it was: what was said before is what comes first, and something was said after it. */
  async goesOn(before: Before): Promise<boolean> {
    const history = await this.stack.store.history(before.sessionId);
    const kept = before.history.slice(0, -1).every((item, at) => sameWords(item, history[at]));
    return before.caller.lost === undefined && kept && history.length > before.history.length;
  }

  async untilAllGoOn(befores: readonly Before[], when: string): Promise<void> {
    const goOn = async () => (await Promise.all(befores.map((before) => this.goesOn(before)))).filter(Boolean).length;
    await this.until(async () => (await goOn()) === befores.length, 45_000);
    const count = await goOn();
    this.found(
      `${when}: calls that go on with their history`,
      count === befores.length,
      `${count} of ${befores.length}`,
    );
  }

  /** The longest time in which one of them waited for a word since {@link StayingCaller.countFromNow}, ms. */
  foundSilence(callers: readonly StayingCaller[]): void {
    const longestMs = Math.max(...callers.map((caller) => caller.longestSilenceMs));
    const unanswered = callers.filter(({ waitsMs }) => waitsMs > MOST_SILENT_MS).length;
    this.found(
      'the longest silence of those who talk',
      longestMs < MOST_SILENT_MS + BUSY_MS,
      `${(longestMs / 1000).toFixed(2)} s, before that ${(this.#usualMs / 1000).toFixed(2)} s; still waiting: ${unanswered}`,
    );
  }

  /** Turns of the agent that were cut although nobody cut in, since a moment on the wall's clock. */
  async wordsCut(befores: readonly Before[], sinceWallMs: number): Promise<number> {
    let cut = 0;
    for (const { sessionId } of befores) {
      const events = (await this.stack.store.events(sessionId, { limit: 1000 })).filter(({ at }) => at >= sinceWallMs);
      const interrupted = new Set(events.flatMap(({ type, data }) => (type === 'turn.interrupted' ? [data.turn] : [])));
      cut += events.filter(({ type, data }) => {
        return type === 'agent.said' && data.interrupted === true && !interrupted.has(data.turn);
      }).length;
    }
    return cut;
  }

  /** How long the media of each call was away since a moment, ms. */
  mediaAwayMs(befores: readonly Before[], sinceMs: number): number[] {
    return befores.flatMap(({ caller }) => {
      const told = caller.media.filter(({ atMs }) => atMs > sinceMs);
      return told.flatMap(({ atMs, state }, at) => {
        const before = told[at - 1];
        return state === 'started' && before?.state === 'stopped' ? [atMs - before.atMs] : [];
      });
    });
  }

  /** Calls that have ended though nobody hung up. */
  get lost(): readonly StayingCaller[] {
    return this.callers.filter(({ lost }) => lost !== undefined && lost !== HUNG_UP);
  }

  /** The median and the worst, as text, in seconds. */
  static spread(ms: readonly number[]): string {
    if (ms.length === 0) return 'none';
    const seconds = (value: number) => (value / 1000).toFixed(2);
    return `median ${seconds(medianOf(ms))} s, worst ${seconds(Math.max(...ms))} s (${ms.length})`;
  }

  async endOf(host: Host): Promise<number | string> {
    const code = await host.ended();
    this.stack.front.remove(host.port);
    return code;
  }

  #report(): boolean {
    const { length: lost } = this.lost;
    for (const { lost: why } of this.lost) this.say(`     lost: ${why}`);
    this.found('calls lost', lost === 0, String(lost));
    this.#stopTicking();
    for (const caller of this.callers) caller.hangUp();
    return this.findings.every(({ isGood }) => isGood);
  }
}

export const medianOf = (ms: readonly number[]): number =>
  ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)] ?? Number.POSITIVE_INFINITY;

/**
 * An answer may have been heard further by now.
 * @param letters of it that are compared
 */
export function sameWords(one: HistoryItem, other: HistoryItem | undefined, letters = 20): boolean {
  if (one.role === 'tool' || other?.role === 'tool') return one.role === other?.role;
  return one.role === other?.role && other.text.startsWith(one.text.slice(0, letters));
}
