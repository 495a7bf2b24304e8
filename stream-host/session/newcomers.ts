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
import { type AskedBy, reasonOf } from '../../shared/calls/operations/operate.ts';
import { changeRecording, noteRecording } from '../../shared/calls/operations/recording.ts';
import type { RecordingHappening, RecordingState } from '../../shared/calls/operations/recording-state.ts';
import { isStepOfOpen } from '../../shared/calls/operations/transfer.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Notice, NoticeOptions } from './notice.ts';

export interface NewcomersOptions extends Pick<NoticeOptions, 'ports' | 'sessionId' | 'of' | 'events' | 'log'> {
  readonly notice: Pick<Notice, 'isNone' | 'isUnspoken' | 'tell' | 'somebodyCame'>;
  readonly state: () => RecordingState;
  readonly move: (happening: RecordingHappening) => void;
  readonly clock: Clock;
}

/** A recording that is not what it should be is tried again so much later, then twice that, and so on. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;
/** Until it pauses somebody is recorded untold. */
const LONGEST_PAUSE_RETRY_MS = 1000;
/** How often, where the carrier refuses to go on: for more than a minute. While Redis is away there is no end. */
const MOST_TRIES = 12;
const NO_FAILURES = { all: 0, refused: 0 };

interface Untold {
  /** The operation that brought him in. */
  readonly by: string;
  /** He alone hears the agent. */
  readonly aside: boolean;
  isBeingTold: boolean;
  /** He was told, or is not: nothing is played to him. */
  readonly onEnd: () => void;
}

/**
 * Whoever comes into a call that is recorded: the recording has paused before he was rung, or does now, the notice is said
 * again, and once it was heard, or nobody comes after all, the recording goes on. Where nobody hears it, it stays paused.
 * What the recording should be is decided in one place, `#setRight`, anew whenever something has changed.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  /** The last who has come and was not told. A notice is heard by all who are there. */
  #untold: Untold | undefined;
  /** A menu has answered: it heard what was said, and whoever is behind it, by this name, has not. */
  #behindMenu: string | undefined;
  /** Each of them is told for himself. */
  #menus = 0;
  /** Who has come, by what has brought him in, as far as it was told here. */
  readonly #come = new Set<string>();
  /** Who does not come, likewise: Redis may have lost that he was rung, and be told so again. */
  readonly #declined = new Set<string>();
  /** Who has paused it last, as far as it was told here. */
  #pausedBy: AskedBy | undefined;
  /** Settles when all is done that was begun: one thing at a time is done to the recording. */
  #done = Promise.resolve();
  /** It is to be tried, after what is being done: that sees all that has changed until then. */
  #isToBeTried = false;
  /** How often it could not be set right, and how often that was not for Redis being away. */
  #failures = NO_FAILURES;
  #cancelRetry: Cancel = () => {};

  constructor(options: NewcomersOptions) {
    this.#options = options;
    options.events.on('answeredBy', ({ verdict }) => {
      const by = this.#behindMenu;
      if (verdict === 'menu') {
        if (by === undefined) this.#menus += 1;
        this.#behindMenu = `${BEHIND_MENU}-${this.#menus}`;
        this.#changed();
      } else if (verdict === 'human' && by !== undefined) {
        this.#behindMenu = undefined;
        void this.joined(by, false);
      }
    });
  }

  /** Who may go on with a recording that is paused: we, once they have been told, or the application. */
  get pausedBy(): AskedBy {
    return this.#pausedBy ?? (this.#untold ? 'engine' : 'api');
  }

  /**
   * Somebody has come into the call.
   * @param aside the caller does not hear what the agent says to him
   * @returns where the carrier plays the notice: settles when nothing of it is to come
   */
  joined(by: string, aside: boolean): Promise<void> | undefined {
    const { state, notice } = this.#options;
    const { is } = state();
    this.#come.add(by);
    notice.somebodyCame();
    const told = Promise.withResolvers<void>();
    const isUntold = is !== 'off' && is !== 'stopping' && !notice.isNone;
    if (isUntold) this.#await({ by, aside, isBeingTold: false, onEnd: told.resolve });
    this.moved();
    const isPlayed = isUntold && notice.isUnspoken && (is === 'running' || is === 'paused');
    return isPlayed ? told.promise : undefined;
  }

  #await(untold: Untold | undefined): void {
    this.#untold?.onEnd();
    this.#untold = untold;
  }

  /** An operation of the call has ended, whatever it was: a recording that waits for nobody any more must not stay paused. */
  ended(operationContext: string, succeeded: boolean, reason: string): void {
    // Where nobody could find out what came of it, he may be there.
    if (!succeeded && !reason.startsWith(UNKNOWN)) this.#declined.add(operationContext);
    this.#changed();
  }

  /** What the ledger says of a change of the recording. */
  told({ state, data }: Operation): void {
    if (state === 'succeeded' && data.action === 'pause') this.#pausedBy = data.askedBy === 'engine' ? 'engine' : 'api';
  }

  /** The recording stands otherwise now. */
  moved(): void {
    const { is } = this.#options.state();
    if (is !== 'paused') this.#pausedBy = undefined;
    if (is === 'off' || is === 'stopping') {
      this.#cancelRetry();
      this.#await(undefined);
    }
    if (is === 'paused') this.#tell();
    this.#changed();
  }

  /**
   * The host before may have died while somebody was rung, or told; the application may have gone on with the recording since,
   * which tells nobody. Whoever has come is known from now on, whether anything is recorded or not.
   * @returns who is told now, by what has brought him in
   */
  resume(operations: readonly Operation[]): string | undefined {
    // The human of a warm transfer that goes on comes with that, and is told aside.
    for (const { operationContext } of operations.filter(hasCome))
      if (!isStepOfOpen(operations, operationContext)) this.#come.add(operationContext);
    this.#menus = operations.filter(({ operationContext }) => operationContext.startsWith(BEHIND_MENU)).length;
    const state = this.#options.state();
    if (state.is !== 'paused' && state.is !== 'running' && state.is !== 'starting') return undefined;
    const newestChange = lastChange(operations);
    if (newestChange) this.told(newestChange);
    const recordingId = 'recordingId' in state ? state.recordingId : undefined;
    const last = lastChange(
      operations.filter(({ data }) => data.askedBy === 'engine' && data.recordingId === recordingId),
    );
    if (!last || !isOurs(last)) {
      // It could not be paused for him, or need not.
      const toldAt = (last ?? operations.find(({ operationContext }) => operationContext === state.by))?.askedAt ?? 0;
      const since = operations.findLast((each) => hasCome(each) && (each.settledAt ?? 0) > toldAt)?.operationContext;
      if (since === undefined || isStepOfOpen(operations, since)) return undefined;
      void this.joined(since, false);
      return since;
    }
    const by = newcomerOf(last.operationContext);
    const since = operations.findIndex(({ operationContext }) => operationContext === by);
    // Where the ledger does not know what it was paused for, somebody may have come.
    const newest = since < 0 ? by : operations.slice(since).findLast(hasCome)?.operationContext;
    if (newest !== undefined && isStepOfOpen(operations, newest)) return undefined;
    if (newest === undefined) this.#changed();
    else void this.joined(newest, false);
    return newest;
  }

  /** Something has changed, by which the recording may have to be something else. */
  #changed(): void {
    if (!this.#isToBeTried) this.#done = this.#done.then(() => this.#try());
    this.#isToBeTried = true;
  }

  /** Never rejects. */
  async #try(): Promise<void> {
    this.#isToBeTried = false;
    const untold = this.#untold;
    this.#cancelRetry();
    try {
      await this.#setRight();
      this.#failures = NO_FAILURES;
    } catch (error) {
      this.#tryAgain(error);
    }
    // Whether it could be paused or not.
    if (untold && untold === this.#untold) this.#tell();
  }

  #tryAgain(error: unknown): void {
    const { state, log, clock } = this.#options;
    const { is } = state();
    if (is !== 'running' && is !== 'paused') return;
    const isUntold = this.#newcomer !== undefined;
    const reason = reasonOf(error);
    const isAway = error instanceof ParleyError && error.code === 'redis.unavailable';
    const all = this.#failures.all + 1;
    const refused = this.#failures.refused + (isAway ? 0 : 1);
    const isHopeless = refused >= MOST_TRIES || failedAs(error, 'gone') || failedAs(error, 'not-supported');
    if (isHopeless && !isUntold) {
      this.#failures = NO_FAILURES;
      return void log.error({ reason }, `the recording stays ${is}`);
    }
    this.#failures = { all, refused };
    const inMs = Math.min(FIRST_RETRY_MS * 2 ** (all - 1), isUntold ? LONGEST_PAUSE_RETRY_MS : LONGEST_RETRY_MS);
    log[all === 1 ? 'warn' : 'debug']({ reason, inMs }, `the recording stays ${is}; it is tried again`);
    this.#cancelRetry = clock.after(inMs, () => this.#changed());
  }

  /** Who is there, or may be at any moment, and does not know, by what has brought him in. */
  get #newcomer(): string | undefined {
    return this.#untold?.by ?? (this.#options.notice.isNone ? undefined : this.#behindMenu);
  }

  /**
   * The recording is paused while somebody does not know of it. Once everybody does, or nobody comes, what was paused for
   * somebody goes on; what the application has paused stays so.
   * @throws {Error} it is not what it should be
   */
  async #setRight(): Promise<void> {
    const { ports, of, sessionId, state, move, notice } = this.#options;
    const now = state();
    if (now.is !== 'running' && now.is !== 'paused') return;
    const { recordingId } = now;
    const newcomer = this.#newcomer;
    if (newcomer !== undefined) return now.is === 'running' ? this.#pause(newcomer, recordingId) : undefined;
    const operations = await ports.ledger.list(sessionId);
    const last = lastChange(operations.filter(({ data }) => data.recordingId === recordingId));
    // Of whom this host has not heard that he has come.
    const unheard = operations.filter(({ operationContext }) => !this.#come.has(operationContext));
    const coming = unheard.findLast((each) => isComing(each) && !this.#declined.has(each.operationContext));
    // Nothing could be paused for whoever was rung before it began.
    if (coming && !last && now.is === 'running' && !notice.isNone)
      return this.#pause(coming.operationContext, recordingId);
    if (coming || unheard.some(hasCome) || this.#newcomer !== undefined) return;
    // Redis has lost it, and what this host knows is about to be noted again.
    if (!last && this.#pausedBy === 'engine') throw new Error('the ledger knows of no pause');
    if (!last || !isOurs(last)) return;
    const before = operations.filter((each) => each.operationContext.startsWith(`${last.operationContext}.`));
    await changeRecording(ports, await of(`${last.operationContext}.resume-${before.length}`), 'resume');
    move({ what: 'resumed', of: recordingId });
  }

  async #pause(by: string, recordingId: string): Promise<void> {
    const { ports, of, sessionId, state, move, notice } = this.#options;
    const at = await of(by);
    let isPaused = await pauseForNewcomer(ports, at);
    const now = state();
    if (!isPaused && now.is === 'running') {
      // That it runs could not be noted when it began.
      await noteRecording(ports.ledger, sessionId, now, this.pausedBy, notice.isNone);
      isPaused = await pauseForNewcomer(ports, at);
    }
    if (isPaused) move({ what: 'paused', of: recordingId });
  }

  #tell(): void {
    const { state, notice, log } = this.#options;
    const { is } = state();
    const untold = this.#untold;
    if (!untold || untold.isBeingTold || (is !== 'running' && is !== 'paused')) return;
    untold.isBeingTold = true;
    const { by, aside } = untold;
    const isWanted = () => this.#untold === untold;
    const onEnd = (failure?: string) => {
      untold.onEnd();
      if (failure === undefined) this.#untold = undefined;
      else log.warn({ reason: failure }, 'who came into the call was not told that it is recorded: it stays paused');
      this.#changed();
    };
    notice.tell({ by, aside, isWanted, onEnd });
  }
}

/** Whoever is behind a menu, as what has brought him in, before the number of the menu. */
const BEHIND_MENU = 'behind-menu';
