import { type Operation, TAKEN_BACK } from '../../shared/calls/operation-ledger.ts';
import { mayBeDone, type OperationOf, reasonOf } from '../../shared/calls/operations/operate.ts';
import { enterRecording, noteRecording, startRecording } from '../../shared/calls/operations/recording.ts';
import {
  happeningsOf,
  NOT_RECORDED,
  type RecordingHappening,
  type RecordingState,
  recordingAfter,
  recordingStateOf,
  STOPPED,
} from '../../shared/calls/operations/recording-state.ts';
import type { RecordingWish } from '../../shared/carrier/carrier.ts';
import { failedAs } from '../../shared/carrier/carrier-error.ts';
import type { AgentRecording } from '../contract/agent.ts';
import { newsItem } from './call-news.ts';
import { Newcomers, type NewcomersOptions } from './newcomers.ts';
import { Notice, type NoticeOptions } from './notice.ts';
import { patiently } from './patiently.ts';

/** How a deployment records, by its settings. */
export interface RecordingPlan {
  readonly wish: RecordingWish;
  /** What the carrier plays to everybody as the notice, in place of the agent's words. */
  readonly noticeUrl?: string | undefined;
}

export interface CallRecordingOptions
  extends Pick<NoticeOptions, 'ports' | 'sessionId' | 'callerHears' | 'mode' | 'events' | 'log'>,
    Pick<NewcomersOptions, 'clock'> {
  /** The call may become known after its socket was picked up. */
  readonly callId: () => Promise<string | undefined>;
  readonly agent: AgentRecording | undefined;
  /** Whoever has placed the call wants it, whether its agent knows how to or not. */
  readonly isWanted: boolean;
  readonly plan: RecordingPlan;
  /**
   * A recording that was asked for has come to nothing, or ended by itself, or can neither be paused nor gone on with.
   * `reason`: a code, or the carrier's words.
   */
  readonly onFailed: (operation: string, reason: string) => void;
  /** So has one, and the ledger, which tells the timeline of it, could not take it. */
  readonly onUnnoted: (operation: string, reason: string) => void;
}

/** How the application says that it wants one no more. */
const STOP = 'stop';
const NO_FAILURES: ReadonlySet<string | undefined> = new Set([undefined, TAKEN_BACK, STOPPED]);
/** It is not what it should be, and that is not tried any more: `infra/queries/recordings-failing.kql` asks for it. */
const STUCK = 'recording.stuck';

/**
 * Has the carrier record a call, once everybody in it was told so; see {@link Notice}. Nothing is recorded before. How it
 * stands is one value, which only `recordingAfter` changes.
 */
export class CallRecording {
  readonly #options: CallRecordingOptions;
  #state: RecordingState = NOT_RECORDED;
  /** All that were asked for: a command may be delivered twice, and people are told once. */
  readonly #known = new Set<string>();
  /** Settles when the recording that begins with the call is on record. */
  #entered: Promise<unknown> = Promise.resolve();
  /** It is being found out what the last host had begun: what comes meanwhile waits for that. */
  #resuming: Promise<void> | undefined;
  readonly #notice: Notice;
  readonly #newcomers: Newcomers;

  constructor(options: CallRecordingOptions) {
    const { ports, sessionId, callerHears, mode, events, clock, log, agent, plan } = options;
    this.#options = options;
    const of = (operationContext: string) => this.#of(operationContext);
    const words = agent?.notice ?? false;
    this.#notice = new Notice({ ports, sessionId, of, words, url: plan.noticeUrl, callerHears, mode, events, log });
    this.#newcomers = new Newcomers({
      ...{ ports, sessionId, of, notice: this.#notice, events, clock, log },
      state: () => this.#state,
      move: (happening) => void this.#move(happening),
      known: this.#known,
      onStuck: () => options.onFailed('by' in this.#state ? this.#state.by : '', STUCK),
    });
  }

  /** The agent need not say the notice. */
  get isNoticeUnspoken(): boolean {
    return this.#options.agent !== undefined && this.#notice.isUnspoken;
  }

  /**
   * The conversation begins, with a notice in its first words where the agent says one; see `phrasesIn`.
   * @param isNew nobody has held the session before; else what the last host had begun goes on
   */
  begin(by: string, isNew: boolean): void {
    const { agent, ports, sessionId, log, isWanted } = this.#options;
    if (!isNew) {
      this.#resuming = this.#resume().finally(() => {
        this.#resuming = undefined;
      });
      return;
    }
    if (!(agent ? agent.fromStart : isWanted)) return;
    this.#known.add(by);
    // So that it can be taken back while its notice is said.
    const entered = enterRecording(ports, { sessionId, operationContext: by, askedBy: 'engine' });
    this.#entered = entered.catch((error: unknown) =>
      log.debug({ reason: reasonOf(error) }, 'that a call is to be recorded could not be noted'),
    );
    this.#want(by, true);
  }

  /** From now on, after the notice. */
  start(by: string): void {
    if (this.#resuming) return void this.#resuming.then(() => this.start(by));
    if (this.#known.has(by)) return;
    this.#known.add(by);
    this.#wantWhereFree(by);
  }

  #wantWhereFree(by: string): void {
    if (this.#state.is === 'off') this.#want(by);
    else if ('recordingId' in this.#state || 'unanswered' in this.#state) void this.#wantAgain(by);
    else this.#settle(by, 'recording.running');
  }

  /** Somebody has come into the call. @param aside he alone hears the agent now @returns see {@link Newcomers.joined} */
  joined(by: string, aside: boolean): Promise<void> | undefined {
    if (this.#resuming) return this.#resuming.then(() => this.joined(by, aside));
    return this.#known.has(by) ? undefined : this.#newcomers.joined(by, aside);
  }

  /** Nothing comes of it. */
  refuse(by: string, code: string): void {
    // A host that takes the call over may have begun with it already.
    if (this.#known.has(by)) return;
    this.#known.add(by);
    this.#settle(by, code);
  }

  /** An operation of the call has ended. @returns whether it was the carrier's notice, or a recording that is taken back */
  ended(operationContext: string, succeeded: boolean, reason: string): boolean {
    this.#newcomers.ended(operationContext, succeeded, reason);
    if (this.#notice.ended(operationContext, succeeded)) return true;
    const state = this.#state;
    if (!('by' in state) || operationContext !== state.by || succeeded || reason !== STOP) return false;
    this.#move({ what: 'stop', of: state.by, reason: TAKEN_BACK });
    return true;
  }

  /** What the ledger says of an operation of a recording now: of one that has ended, begun after all, been paused and so on. */
  told(operation: Operation): void {
    if (this.#resuming) return void this.#resuming.then(() => this.told(operation));
    this.#newcomers.told(operation);
    for (const happening of happeningsOf(operation)) if (happening.what !== 'asked') this.#move(happening);
  }

  /** Idempotent. @param isOver the session is over for good: no other host goes on with it */
  close(isOver: boolean): void {
    const { is } = this.#state;
    if (isOver && (is === 'wanted' || is === 'noticing')) this.#fail(this.#state.by, 'recording.notice-unheard');
    this.#move({ what: 'over' });
  }

  /** Redis has lost the ledger: writes again what others must know of the recording. Never rejects. */
  async noteAgain(): Promise<void> {
    const { ports, sessionId, log } = this.#options;
    const { pausedBy } = this.#newcomers;
    try {
      await noteRecording(ports.ledger, sessionId, this.#state, pausedBy, this.#notice.isNone);
      await this.#newcomers.note();
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'it could not be noted again that the call is recorded');
    }
  }

  /** The session was another host's before. Never rejects. */
  async #resume(): Promise<void> {
    const { ports, sessionId, clock, log } = this.#options;
    const list = () => ports.ledger.list(sessionId);
    try {
      const operations = await patiently(list, clock, () => 'isOver' in this.#state);
      const found = recordingStateOf(operations);
      if (this.#state === NOT_RECORDED && found.is !== 'off' && !this.#known.has(found.by)) {
        this.#known.add(found.by);
        const own = operations.find(({ operationContext }) => operationContext === found.by);
        // It was asked for, and whoever has died, or nobody, knows what came of it.
        if (found.is === 'starting' || (found.is === 'wanted' && own?.state !== 'asked')) {
          this.#state = { is: 'starting', by: found.by, unanswered: true };
        } else if (found.is === 'wanted') this.#want(found.by);
        else this.#state = found;
      }
      this.#newcomers.resume(operations);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'it is not known whether the call is being recorded');
    }
  }

  #want(by: string, isInFirstWords = false): void {
    // The session may be over by now.
    if (!this.#move({ what: 'asked', by })) return;
    if (!this.#options.agent) return void this.#fail(by, 'recording.no-notice');
    this.#move({ what: 'notice', by });
    const isWanted = () => this.#state.is === 'noticing' && this.#state.by === by;
    const onEnd = (failure?: string) => (failure === undefined ? void this.#record(by) : this.#fail(by, failure));
    this.#notice.tell({ by, isWanted, onEnd }, isInFirstWords);
  }

  /** There was one, or may be, by what this host knows; the ledger knows better. */
  async #wantAgain(by: string): Promise<void> {
    const { ports, sessionId, log } = this.#options;
    const known = this.#state;
    try {
      const operations = await ports.ledger.list(sessionId);
      const found = recordingStateOf(operations);
      const isLost = 'by' in known && !operations.some(({ operationContext }) => operationContext === known.by);
      const isFree = (found.is === 'off' || found.by === by) && !(isLost && 'recordingId' in known);
      if (isLost) await this.noteAgain();
      if (!isFree) return this.#settle(by, 'recording.running');
      // What the ledger knew was told meanwhile.
      if (this.#state !== known) return this.#wantWhereFree(by);
      this.#state = NOT_RECORDED;
      this.#want(by);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'it is not known whether the call is being recorded');
      this.#settle(by, reasonOf(error));
    }
  }

  /** Everybody has been told. Never rejects. */
  async #record(by: string): Promise<void> {
    const { ports, plan, sessionId, log } = this.#options;
    if (!this.#move({ what: 'heard', by })) return;
    try {
      await this.#entered;
      const recordingId = await startRecording(ports, await this.#of(by), plan.wish, this.#notice.isNone);
      if (recordingId !== undefined) return void this.#move({ what: 'begun', by, recordingId });
      // It was begun by somebody else, or is taken back.
      const found = await ports.ledger.get(sessionId, by).catch(() => undefined);
      if (found) this.told(found);
      this.#move({ what: 'unanswered', by });
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'the call cannot be recorded');
      if (mayBeDone(error)) this.#move({ what: 'unanswered', by });
      else if (this.#move({ what: 'refused', by, reason: reasonOf(error) })) this.#settle(by, reasonOf(error));
    }
  }

  /** @returns whether that has changed anything */
  #move(happening: RecordingHappening): boolean {
    const before = this.#state;
    const after = recordingAfter(before, happening);
    this.#state = after;
    if (after === before) return false;
    if (after.is === 'running' && before.is !== 'paused') this.#options.log.info('the call is recorded');
    if (before.is !== 'off' && before.is !== 'stopping' && 'reason' in after) this.#failed(before, after.reason);
    this.#newcomers.moved();
    if (after.is === 'stopping' && after.recordingId !== undefined) void this.#stop(after.recordingId);
    return true;
  }

  /** Whoever was told that the call is recorded is told, where the agent's author wants it, that it is not. */
  #failed({ by, is }: Exclude<RecordingState, { is: 'off' }>, reason: string | undefined): void {
    if (reason === undefined || NO_FAILURES.has(reason)) return;
    const { agent, mode, log, onFailed } = this.#options;
    log.warn({ operation: by, reason: codeOf(reason) }, 'the call is not recorded');
    onFailed(by, reason);
    if (is === 'wanted' || is === 'noticing' || !agent) return;
    const note = 'The call is not being recorded, although the caller was told that it is.';
    const result = { status: 'failed', note };
    const speech = agent.lost === undefined ? ('none' as const) : { line: agent.lost };
    mode.told?.({ item: newsItem(`${by}-failed`, 'record_call', result), speech });
  }

  /** The carrier may have done so already, or have no such recording. */
  async #stop(recordingId: string): Promise<void> {
    const { ports, log } = this.#options;
    await ports.carrier.stopRecording(recordingId).catch((error: unknown) => {
      if (!failedAs(error, 'gone')) log.error({ reason: reasonOf(error) }, 'a recording could not be stopped');
    });
    this.#move({ what: 'stopped', of: recordingId });
  }

  /** Before the carrier was asked. */
  #fail(by: string, code: string): void {
    if (this.#move({ what: 'stop', of: by, reason: code })) this.#settle(by, code);
  }

  #settle(operationContext: string, code: string): void {
    const { ports, sessionId, log, onUnnoted } = this.#options;
    const failure = { operationContext, state: 'failed', result: { message: code } } as const;
    const note = async () => {
      await this.#entered;
      const isNews = await ports.ledger.settle(sessionId, failure);
      if (!isNews && !(await ports.ledger.get(sessionId, operationContext))) throw new Error('it was never entered');
    };
    note().catch((error: unknown) => {
      log.debug({ reason: reasonOf(error) }, 'that a call is not recorded could not be noted');
      onUnnoted(operationContext, code);
    });
  }

  /** @throws {Error} the call is not known yet */
  async #of(operationContext: string): Promise<OperationOf> {
    const { sessionId, callId: known } = this.#options;
    const callId = await known();
    if (callId === undefined) throw new Error('the call is not known yet');
    return { sessionId, callId, operationContext, askedBy: 'engine' };
  }
}

/** The carrier's own words may name numbers, or whatever they like. */
const codeOf = (reason: string): string =>
  /^(?:\d+(?:\/\d+)?|[a-z]+(?:[.-][a-z]+)*)(?= |$)/.exec(reason)?.[0] ?? 'failed';
