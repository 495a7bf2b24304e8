import { UNKNOWN } from '../../shared/calls/host-commands.ts';
import type { Operation } from '../../shared/calls/operation-ledger.ts';
import {
  hasCome,
  isComing,
  isOurs,
  lastChange,
  newcomerOf,
  pauseForNewcomer,
} from '../../shared/calls/operations/newcomer.ts';
import {
  type AskedBy,
  mayBeDone,
  type OperationOf,
  type OperationPorts,
  reasonOf,
} from '../../shared/calls/operations/operate.ts';
import { changeRecording, noteRecording } from '../../shared/calls/operations/recording.ts';
import type { RecordingHappening, RecordingState } from '../../shared/calls/operations/recording-state.ts';
import { isStepOfOpen } from '../../shared/calls/operations/transfer.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';

export interface NewcomersOptions {
  readonly ports: OperationPorts;
  readonly sessionId: string;
  /** @throws {Error} the call is not known yet */
  readonly of: (operationContext: string) => Promise<OperationOf>;
  /** What they are told by the agent; false: nothing. */
  readonly notice: string | false;
  /** Has the carrier play the notice, where it does that; {@link Newcomers.played} tells how it went. */
  readonly play: ((by: string) => void) | undefined;
  readonly mostNotices: number;
  readonly mode: Mode;
  readonly events: SessionEventSource;
  readonly state: () => RecordingState;
  readonly move: (happening: RecordingHappening) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Somebody is recorded untold until then. */
const PAUSE_RETRY_MS = 1000;
/** What could not go on is tried again so much later, then twice that, and so on; while Redis is away, without an end. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** For more than a minute. */
const MOST_TRIES = 12;

interface Untold {
  /** The operation that brought him in. */
  readonly by: string;
  /** He alone hears the agent. */
  aside: boolean;
  isBeingTold: boolean;
}

/**
 * Whoever comes into a call that is recorded: the recording has paused before he was rung, or does now, the notice is said
 * again, and once it was heard, or nobody comes after all, the recording goes on. Where nobody hears it, it stays paused.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  /** The last who has come and was not told. A notice is heard by all who are there. */
  #untold: Untold | undefined;
  /** Who has come, by what has brought him in, as far as it was told here. */
  readonly #come = new Set<string>();
  /** Who does not come, likewise: Redis may have lost that he was rung, and be told so again. */
  readonly #declined = new Set<string>();
  /** Who has paused it last, as far as it was told here. */
  #pausedBy: AskedBy | undefined;
  #isGoingOn = false;
  /** How often it could not go on, and how often that was not for Redis being away. */
  #failures = { all: 0, refused: 0 };
  #cancelRetry: Cancel = () => {};
  #cancelPause: Cancel = () => {};
  /** A menu has answered: it heard what was said, and whoever is behind it has not. */
  #isBehindMenu = false;

  constructor(options: NewcomersOptions) {
    this.#options = options;
    options.events.on('answeredBy', ({ verdict }) => {
      if (verdict === 'menu') this.#isBehindMenu = true;
      if (verdict === 'menu' && options.state().is === 'running') void this.#pause(BEHIND_MENU);
      if (verdict !== 'human' || !this.#isBehindMenu) return;
      this.#isBehindMenu = false;
      this.joined(BEHIND_MENU, false);
    });
  }

  /** Who may go on with a recording that is paused: we, once they have been told, or the application. */
  get pausedBy(): AskedBy {
    return this.#pausedBy ?? (this.#untold ? 'engine' : 'api');
  }

  /** What the ledger says of a change of the recording. */
  changed({ state, data }: Operation): void {
    if (state === 'succeeded' && data.action === 'pause') this.#pausedBy = data.askedBy === 'engine' ? 'engine' : 'api';
  }

  /** Who is there already, whether anything is recorded or not; the human of a warm transfer that goes on comes with that. */
  found(operations: readonly Operation[]): void {
    for (const { operationContext } of operations.filter(hasCome))
      if (!isStepOfOpen(operations, operationContext)) this.#come.add(operationContext);
  }

  /** An operation of the call has ended, whatever it was. */
  ended(operationContext: string, succeeded: boolean, reason: string): void {
    // Where nobody could find out what came of it, he may be there.
    if (!succeeded && !reason.startsWith(UNKNOWN)) this.#declined.add(operationContext);
    void this.goOn();
  }

  /** @param aside the caller does not hear what the agent says to him */
  joined(by: string, aside: boolean): void {
    const { state, notice, play } = this.#options;
    const { is } = state();
    this.#come.add(by);
    if (is === 'off' || is === 'stopping') return;
    if (notice === false && !play) return void this.goOn();
    this.#untold = { by, aside, isBeingTold: false };
    this.moved();
  }

  /** The recording stands otherwise now. @param isNew it has begun */
  moved(isNew = false): void {
    const untold = this.#untold;
    const { is } = this.#options.state();
    if (is !== 'paused') this.#pausedBy = undefined;
    if (is === 'off' || is === 'stopping') {
      this.#cancelRetry();
      this.#cancelPause();
    }
    if (is === 'off' || is === 'stopping') this.#untold = undefined;
    else if (untold && is === 'running') void this.#pauseAndTell(untold);
    else if (untold && is === 'paused') this.#tell(untold);
    else if (isNew) void this.#pauseForComing();
  }

  /**
   * The host before may have died while somebody was rung, or told; the application may have gone on with the recording since,
   * which tells nobody.
   * @returns who is told now, by what has brought him in
   */
  resume(operations: readonly Operation[]): string | undefined {
    const state = this.#options.state();
    if (state.is !== 'paused' && state.is !== 'running') return undefined;
    const { recordingId } = state;
    const newestChange = lastChange(operations);
    if (newestChange) this.changed(newestChange);
    const last = lastChange(
      operations.filter(({ data }) => data.askedBy === 'engine' && data.recordingId === recordingId),
    );
    if (!last || !isOurs(last)) return undefined;
    const by = newcomerOf(last.operationContext);
    const since = operations.findIndex(({ operationContext }) => operationContext === by);
    // Where the ledger does not know what it was paused for, somebody may have come.
    const newest = since < 0 ? by : operations.slice(since).findLast(hasCome)?.operationContext;
    // Whoever goes on with a warm transfer finds him there, and has him told aside.
    if (newest !== undefined && isStepOfOpen(operations, newest)) return undefined;
    if (newest === undefined) void this.goOn();
    else this.joined(newest, false);
    return newest;
  }

  /**
   * Everybody knows, or nobody comes: what was paused for somebody goes on, unless there are others. What the application has
   * paused stays so. It is tried until it goes on, or need not any more. Never rejects.
   */
  async goOn(): Promise<void> {
    const { state, log, clock } = this.#options;
    this.#cancelRetry();
    try {
      await this.#tryToGoOn();
      this.#failures = { all: 0, refused: 0 };
    } catch (error) {
      const { is } = state();
      if (is === 'off' || is === 'stopping') return;
      const reason = reasonOf(error);
      const isAway = error instanceof ParleyError && error.code === 'redis.unavailable';
      const all = this.#failures.all + 1;
      const refused = this.#failures.refused + (isAway ? 0 : 1);
      const isGivenUp = refused >= MOST_TRIES || failedAs(error, 'gone') || failedAs(error, 'not-supported');
      this.#failures = isGivenUp ? { all: 0, refused: 0 } : { all, refused };
      if (isGivenUp) return void log.error({ reason }, 'the recording stays paused');
      const inMs = Math.min(FIRST_RETRY_MS * 2 ** (all - 1), LONGEST_RETRY_MS);
      log[all === 1 ? 'warn' : 'debug']({ reason, inMs }, 'the recording stays paused; it is tried again');
      this.#cancelRetry();
      this.#cancelRetry = clock.after(inMs, () => void this.goOn());
    }
  }

  /** @throws {Error} it could not go on, and should */
  async #tryToGoOn(): Promise<void> {
    const { ports, of, sessionId, state } = this.#options;
    const { is } = state();
    if (is === 'off' || is === 'stopping' || this.#isGoingOn) return;
    const operations = await ports.ledger.list(sessionId);
    const last = lastChange(operations);
    const isWaitedFor = this.#untold || this.#isBehindMenu;
    if (isWaitedFor || operations.some((each) => this.#isAwaited(each) || this.#isNews(each)) || this.#isGoingOn)
      return;
    // Redis has lost it, and what this host knows is about to be noted again.
    if (!last && this.#pausedBy === 'engine') throw new Error('the ledger knows of no pause');
    if (!last || !isOurs(last)) return;
    const before = operations.filter((each) => each.operationContext.startsWith(`${last.operationContext}.`));
    const resume = `${last.operationContext}.resume-${before.length}`;
    this.#isGoingOn = true;
    try {
      await changeRecording(ports, await of(resume), 'resume');
    } finally {
      this.#isGoingOn = false;
    }
    this.#isNow('resumed');
  }

  /** Somebody is being rung, and this host has not heard what came of it. */
  #isAwaited(operation: Operation): boolean {
    const { operationContext: by } = operation;
    return isComing(operation) && !this.#come.has(by) && !this.#declined.has(by);
  }

  /** He has come, and this host is about to hear of it. */
  #isNews(operation: Operation): boolean {
    return hasCome(operation) && !this.#come.has(operation.operationContext);
  }

  /** The carrier's notice has ended. @returns whether it was one for somebody who has come */
  played(by: string | undefined, succeeded: boolean): boolean {
    const untold = this.#untold;
    if (!untold || untold.by !== by) return false;
    if (succeeded) this.#told();
    return true;
  }

  /** Somebody may have been rung while people were told, and nothing could be paused for him. Never rejects. */
  async #pauseForComing(): Promise<void> {
    const { ports, sessionId, log } = this.#options;
    if (this.#isBehindMenu) return this.#pause(BEHIND_MENU);
    try {
      const coming = (await ports.ledger.list(sessionId)).findLast((each) => this.#isAwaited(each));
      if (coming) await this.#pause(coming.operationContext);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'it is not known whether somebody is being rung');
    }
  }

  /** He is told, whatever becomes of it. Never rejects. */
  async #pauseAndTell(untold: Untold): Promise<void> {
    await this.#pause(untold.by);
    if (this.#untold === untold) this.#tell(untold);
  }

  /** Never rejects. */
  async #pause(by: string): Promise<void> {
    const { ports, of, sessionId, state, clock, log } = this.#options;
    try {
      const at = await of(by);
      let isPaused = await pauseForNewcomer(ports, at);
      const now = state();
      if (!isPaused && now.is === 'running') {
        // That it runs could not be noted when it began.
        await noteRecording(ports.ledger, sessionId, now, this.pausedBy);
        isPaused = await pauseForNewcomer(ports, at);
      }
      if (isPaused) this.#isNow('paused');
    } catch (error) {
      log.warn({ reason: reasonOf(error), mayBeDone: mayBeDone(error) }, 'the recording could not be paused');
      this.#cancelPause();
      this.#cancelPause = clock.after(PAUSE_RETRY_MS, () => {
        if (state().is === 'running' && (this.#untold?.by === by || this.#isBehindMenu)) void this.#pause(by);
      });
    }
  }

  #tell(untold: Untold, attempt = 1): void {
    if (untold.isBeingTold) return;
    const { play, mode, notice, mostNotices, log } = this.#options;
    untold.isBeingTold = true;
    if (play || notice === false) {
      play?.(untold.by);
      return;
    }
    if (!mode.told || attempt > mostNotices) {
      log.warn('somebody has come into the call who was not told that it is recorded: the recording stays paused');
      return;
    }
    const onSpoken = (heard: boolean) => {
      if (this.#untold !== untold) return;
      if (heard) return this.#told();
      // By now he and the caller may hear the same.
      untold.aside = false;
      untold.isBeingTold = false;
      this.#tell(untold, attempt + 1);
    };
    mode.told({ speech: { line: notice }, aside: untold.aside, onSpoken });
  }

  #told(): void {
    this.#untold = undefined;
    void this.goOn();
  }

  /** As the carrier has it. */
  #isNow(what: 'paused' | 'resumed'): void {
    const { state, move } = this.#options;
    const now = state();
    if ('recordingId' in now && now.recordingId !== undefined) move({ what, of: now.recordingId });
  }
}

/** Whoever is behind a menu, as what has brought him in. */
const BEHIND_MENU = 'behind-menu';
