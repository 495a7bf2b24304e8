import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../bench/random.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { StayingCaller, tickAll } from './caller.ts';
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

/** Calls on a stack of their own, in which everybody talks, and what became of them. */
export class StayingRun {
  readonly stack: StayingStack;
  readonly callers: readonly StayingCaller[];
  readonly findings: Finding[] = [];
  #stopTicking = () => {};

  private constructor(stack: StayingStack, callers: readonly StayingCaller[]) {
    this.stack = stack;
    this.callers = callers;
  }

  /** @param startHosts starts those that there are when the calls come */
  static async use(
    calls: number,
    startHosts: (stack: StayingStack) => Promise<unknown>,
    work: (run: StayingRun) => Promise<void>,
  ): Promise<boolean> {
    const stack = await StayingStack.start();
    try {
      await startHosts(stack);
      const clips = stack.clips.callers.filter(({ kind }) => kind === 'turn');
      const callers = Array.from({ length: calls }, (_, at) => {
        const number = `+1555200${String(at).padStart(4, '0')}`;
        return new StayingCaller({ emulatorUrl: stack.emulatorUrl, number, clips, random: new Random(`caller ${at}`) });
      });
      const run = new StayingRun(stack, callers);
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
    await sleep(WARM_MS);
    this.say(`${this.callers.length} calls talk`);
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
    return this.callers.filter(({ lost }) => lost !== undefined);
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

/** An answer may have been heard further by now. */
function sameWords(one: HistoryItem, other: HistoryItem | undefined): boolean {
  if (one.role === 'tool' || other?.role === 'tool') return one.role === other?.role;
  return one.role === other?.role && other.text.startsWith(one.text.slice(0, 20));
}
