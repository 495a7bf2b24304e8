import { UNKNOWN } from '../../shared/calls/host-commands.ts';
import type { Operation } from '../../shared/calls/operation-ledger.ts';
import { hasCome, isOurs, lastChange, pauseForNewcomer } from '../../shared/calls/operations/newcomer.ts';
import { type AskedBy, reasonOf } from '../../shared/calls/operations/operate.ts';
import { changeRecording, noteRecording } from '../../shared/calls/operations/recording.ts';
import type { RecordingHappening, RecordingState } from '../../shared/calls/operations/recording-state.ts';
import { isStepOfOpen } from '../../shared/calls/operations/transfer.ts';
import {
  comingIn,
  noteDeclined,
  noteNewcomer,
  strangerIn,
  untoldIn,
  wasTold,
} from '../../shared/calls/operations/untold.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { ParleyError } from '../../shared/errors.ts';
import type { Notice, NoticeOptions } from './notice.ts';

export interface NewcomersOptions extends Pick<NoticeOptions, 'ports' | 'sessionId' | 'of' | 'events' | 'log'> {
  readonly notice: Pick<Notice, 'isNone' | 'tell' | 'somebodyCame'>;
  readonly state: () => RecordingState;
  readonly move: (happening: RecordingHappening) => void;
  /** All that was heard of: whoever has come is told once. */
  readonly known: Set<string>;
  /** The carrier neither pauses the recording nor goes on with it, and is not asked any more. */
  readonly onStuck: () => void;
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
  /** That, and those of whoever has come before him untold: a notice is heard by all who are there. */
  readonly all: readonly string[];
  /** He alone hears the agent. */
  readonly aside: boolean;
  isBeingTold: boolean;
  /** He was told, or is not. */
  readonly onEnd: () => void;
}

/**
 * Whoever comes into a call that is recorded: the recording has paused before he was rung, or does now, the notice is said
 * again, and once it was heard, or nobody comes after all, the recording goes on. Where nobody hears it, it stays paused.
 * What the recording should be is decided in one place, `#setRight`, anew whenever something has changed, and by what the
 * ledger says, in which this host first notes what it knows itself: others, and the next host, decide by that, too.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  /** The last who has come and was not told. */
  #untold: Untold | undefined;
  /** A menu has answered: it heard what was said, and whoever is behind it, by this name, has not. */
  #behindMenu: string | undefined;
  /** Each of them is told for himself. */
  #menus = 0;
  /** What came of whom, by what has brought him in, until it is on record. */
  readonly #outcomes = new Map<string, 'told' | 'declined'>();
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
   * @returns where he is told now that he is recorded: settles when he was, or is not
   */
  joined(by: string, aside: boolean): Promise<void> | undefined {
    const { state, notice, known } = this.#options;
    const { is } = state();
    known.add(by);
    notice.somebodyCame();
    const told = Promise.withResolvers<void>();
    const isUntold = is !== 'off' && is !== 'stopping' && !notice.isNone;
    const all = [...(this.#untold?.all ?? []), by];
    if (isUntold) this.#await({ by, all, aside, isBeingTold: false, onEnd: told.resolve });
    this.moved();
    return isUntold && (is === 'running' || is === 'paused') ? told.promise : undefined;
  }

  #await(untold: Untold | undefined): void {
    this.#untold?.onEnd();
    this.#untold = untold;
  }

  /** An operation of the call has ended, whatever it was: a recording that waits for nobody any more must not stay paused. */
  ended(operationContext: string, succeeded: boolean, reason: string): void {
    // Where nobody could find out what came of it, he may be there.
    const isDeclined = !succeeded && !reason.startsWith(UNKNOWN);
    if (isDeclined && this.#options.state().is !== 'off') this.#outcomes.set(operationContext, 'declined');
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
      this.#outcomes.clear();
    }
    if (is === 'paused') this.#tell();
    this.#changed();
  }

  /**
   * The host before may have died while somebody was rung, or told; the application may have gone on with the recording since,
   * which tells nobody. Whoever has come is known from now on, whether anything is recorded or not.
   */
  resume(operations: readonly Operation[]): void {
    const { state, known } = this.#options;
    const { is } = state();
    this.#menus = operations.filter(({ operationContext }) => isBehindMenu(operationContext)).length;
    const newestChange = lastChange(operations);
    if (newestChange) this.told(newestChange);
    // The human of a warm transfer that goes on comes with that, and is told aside.
    const isAlone = (by: string) => !isStepOfOpen(operations, by);
    for (const { operationContext: by } of operations.filter(hasCome))
      if (isAlone(by) || wasTold(operations, by)) known.add(by);
    const stranger = strangerIn(operations);
    const strangers = stranger === undefined || isBehindMenu(stranger) ? [] : [stranger];
    for (const by of [...untoldIn(operations), ...strangers].filter(isAlone)) {
      // They hear the notice that is begun anew.
      if (is === 'wanted' || is === 'noticing') this.#outcomes.set(by, 'told');
      else void this.joined(by, false);
    }
    this.#changed();
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
    if (untold && untold === this.#untold && !this.#isToBeTried) this.#tell();
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
      log.error({ reason }, `the recording stays ${is}`);
      // Else the call is over.
      if (!failedAs(error, 'gone')) this.#options.onStuck();
      return;
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
    const newcomer = this.#newcomer;
    if (now.is === 'off' || now.is === 'stopping') return;
    if (newcomer !== undefined && now.is === 'running') await this.#pause(newcomer, now.recordingId);
    await this.note();
    if (newcomer !== undefined || (now.is !== 'running' && now.is !== 'paused')) return;
    const { recordingId } = now;
    const operations = await ports.ledger.list(sessionId);
    // The next try sees what has changed meanwhile.
    if (this.#isToBeTried) return;
    const last = lastChange(operations.filter(({ data }) => data.recordingId === recordingId));
    const coming = comingIn(operations);
    // Nothing could be paused for whoever was rung before it began.
    if (coming && !last && now.is === 'running' && !notice.isNone)
      return this.#pause(coming.operationContext, recordingId);
    const untold = notice.isNone ? [] : untoldIn(operations);
    // Of whom this host has not heard yet. The human of a warm transfer comes with that.
    for (const by of untold) if (!isStepOfOpen(operations, by)) void this.joined(by, false);
    if (coming || untold.length > 0) return;
    // Of the host before: who is behind it nobody finds out here.
    if (isBehindMenu(strangerIn(operations) ?? '')) return;
    // Redis has lost it, and what this host knows is about to be noted again.
    if (!last && this.#pausedBy === 'engine') throw new Error('the ledger knows of no pause');
    if (!last || !isOurs(last)) return;
    const before = operations.filter((each) => each.operationContext.startsWith(`${last.operationContext}.`));
    await changeRecording(ports, await of(`${last.operationContext}.resume-${before.length}`), 'resume');
    move({ what: 'resumed', of: recordingId });
  }

  /**
   * Notes whom this host tells, and what came of whom. Others decide by that whether the recording may go on, and so does the
   * host that takes the call over. Idempotent.
   */
  async note(): Promise<void> {
    const { ports, sessionId, state } = this.#options;
    for (const by of this.#untold?.all ?? []) await noteNewcomer(ports.ledger, sessionId, by, false);
    // Before, a notice that tells them may be cut off yet.
    if (!('recordingId' in state())) return;
    for (const [by, outcome] of this.#outcomes) {
      if (outcome === 'told') await noteNewcomer(ports.ledger, sessionId, by, true);
      else await noteDeclined(ports.ledger, sessionId, by);
      this.#outcomes.delete(by);
    }
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
      if (failure === undefined) {
        for (const each of untold.all) this.#outcomes.set(each, 'told');
        this.#untold = undefined;
      } else log.warn({ reason: failure }, 'who came into the call was not told that it is recorded: it stays paused');
      untold.onEnd();
      this.#changed();
    };
    notice.tell({ by, aside, isWanted, onEnd });
  }
}

/** Whoever is behind a menu, as what has brought him in, before the number of the menu. */
const BEHIND_MENU = 'behind-menu';
const isBehindMenu = (by: string): boolean => by.startsWith(BEHIND_MENU);
