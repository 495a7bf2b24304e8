import { isSettled, type Operation, TAKEN_BACK } from '../../shared/calls/operation-ledger.ts';
import { mayBeDone, type OperationOf, type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
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
import type { Logger } from '../../shared/log.ts';
import { noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { operationSpan } from '../../shared/telemetry/names.ts';
import type { AgentRecording } from '../contract/agent.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';
import { newsItem } from './call-news.ts';
import { Newcomers, type NewcomersOptions } from './newcomers.ts';
import { isHeardIn } from './notice-heard.ts';

/** How a deployment records, by its settings. */
export interface RecordingPlan {
  readonly wish: RecordingWish;
  /** What the carrier plays to everybody as the notice, in place of the agent's words. */
  readonly noticeUrl?: string | undefined;
}

export interface CallRecordingOptions extends Pick<NewcomersOptions, 'clock'> {
  readonly ports: OperationPorts;
  readonly sessionId: string;
  /** The call may become known after its socket was picked up. */
  readonly callId: () => Promise<string | undefined>;
  readonly agent: AgentRecording | undefined;
  /** Whoever has placed the call wants it, whether its agent knows how to or not. */
  readonly isWanted: boolean;
  readonly plan: RecordingPlan;
  readonly mode: Mode;
  readonly events: SessionEventSource;
  readonly log: Logger;
  /** A recording that was asked for has come to nothing, or ended by itself. `reason`: a code, or the carrier's words. */
  readonly onFailed: (operation: string, reason: string) => void;
  /** So has one, and the ledger, which tells the timeline of it, could not take it. */
  readonly onUnnoted: (operation: string, reason: string) => void;
}

const MOST_NOTICES = 3;
const CARRIER_NOTICE_MS = 60_000;
/** How the application says that it wants one no more. */
const STOP = 'stop';
const NO_FAILURES: ReadonlySet<string | undefined> = new Set([undefined, TAKEN_BACK, STOPPED]);

/**
 * Has the carrier record a call, once everybody in it was told so: by the agent, whose notice counts when it was heard, or
 * by what the carrier plays. Nothing is recorded before. How it stands is one value, which only `recordingAfter` changes.
 */
export class CallRecording {
  readonly #options: CallRecordingOptions;
  #state: RecordingState = NOT_RECORDED;
  /** All that were asked for: a command may be delivered twice, and people are told once. */
  readonly #known = new Set<string>();
  /** The agent has been given the notice to say, and nobody knows yet whether it is heard: it counts for whoever wants it then. */
  #isBeingSaid = false;
  /** Settles when the recording that begins with the call is on record. */
  #entered: Promise<unknown> = Promise.resolve();
  /** It is being found out what the last host had begun: what comes meanwhile waits for that. */
  #resuming: Promise<void> | undefined;
  readonly #newcomers: Newcomers;

  constructor(options: CallRecordingOptions) {
    const { ports, sessionId, mode, events, clock, log, agent, plan } = options;
    const { noticeUrl } = plan;
    this.#options = options;
    this.#newcomers = new Newcomers({
      ...{ ports, sessionId, mode, events, clock, log, notice: agent?.notice ?? false, mostNotices: MOST_NOTICES },
      of: async (operationContext) => ({ ...this.#of(operationContext), callId: await this.#callId() }),
      play: noticeUrl === undefined ? undefined : (by) => void this.#play(by, noticeUrl),
      state: () => this.#state,
      move: (happening) => void this.#move(happening),
    });
  }

  /** The agent need not say the notice. */
  get isNoticeUnspoken(): boolean {
    const { agent, plan } = this.#options;
    return agent !== undefined && (plan.noticeUrl !== undefined || agent.notice === false);
  }

  /**
   * The conversation begins, with a notice in its first words where the agent says one; see `phrasesIn`.
   * @param isNew nobody has held the session before; else what the last host had begun goes on
   */
  begin(by: string, isNew: boolean): void {
    const { agent, mode, ports, log, isWanted } = this.#options;
    if (!isNew) {
      this.#resuming = this.#resume().finally(() => {
        this.#resuming = undefined;
      });
      return;
    }
    if (!(agent ? agent.fromStart : isWanted)) return;
    this.#known.add(by);
    // So that it can be taken back while its notice is said.
    this.#entered = enterRecording(ports, this.#of(by)).catch((error: unknown) =>
      log.debug({ reason: reasonOf(error) }, 'that a call is to be recorded could not be noted'),
    );
    this.#move({ what: 'asked', by });
    if (!agent || agent.notice === false || this.isNoticeUnspoken || !mode.told) this.#notice(by);
    else this.#hearNotice(by, agent.notice);
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

  /** Somebody has come into the call. @param aside he alone hears the agent now */
  joined(by: string, aside: boolean): void {
    if (this.#resuming) return void this.#resuming.then(() => this.joined(by, aside));
    if (this.#known.has(by)) return;
    this.#known.add(by);
    this.#newcomers.joined(by, aside);
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
    const state = this.#state;
    // Whatever has ended: one that waits for nobody any more must not stay paused.
    this.#newcomers.ended(operationContext, succeeded, reason);
    if (this.#newcomers.played(toldBy(operationContext), succeeded)) return true;
    if (state.is === 'noticing' && operationContext === noticeOf(state.by)) {
      this.#played(state.by, succeeded);
      return true;
    }
    if (!('by' in state) || operationContext !== state.by || succeeded || reason !== STOP) return false;
    this.#move({ what: 'stop', of: state.by, reason: TAKEN_BACK });
    return true;
  }

  /** What the ledger says of an operation of a recording now: of one that has ended, begun after all, been paused and so on. */
  told(operation: Operation): void {
    if (this.#resuming) return void this.#resuming.then(() => this.told(operation));
    this.#newcomers.changed(operation);
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
    await noteRecording(ports.ledger, sessionId, this.#state, this.#newcomers.pausedBy).catch((error: unknown) =>
      log.warn({ reason: reasonOf(error) }, 'it could not be noted again that the call is recorded'),
    );
  }

  /** The session was another host's before. Never rejects. */
  async #resume(): Promise<void> {
    const { ports, sessionId, log } = this.#options;
    try {
      const operations = await ports.ledger.list(sessionId);
      const found = recordingStateOf(operations);
      this.#newcomers.found(operations);
      if (this.#state !== NOT_RECORDED || found.is === 'off' || this.#known.has(found.by)) return;
      this.#known.add(found.by);
      const own = operations.find(({ operationContext }) => operationContext === found.by);
      // It was asked for, and whoever has died, or nobody, knows what came of it.
      if (found.is === 'starting' || (found.is === 'wanted' && own?.state !== 'asked')) {
        this.#state = { is: 'starting', by: found.by, unanswered: true };
      } else if (found.is === 'wanted') this.#want(found.by);
      else this.#state = found;
      const told = this.#newcomers.resume(operations);
      if (told !== undefined) this.#known.add(told);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'it is not known whether the call is being recorded');
    }
  }

  #want(by: string): void {
    // The session may be over by now.
    if (this.#move({ what: 'asked', by })) this.#notice(by);
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

  #notice(by: string): void {
    const { agent, plan } = this.#options;
    if (!agent) this.#fail(by, 'recording.no-notice');
    else if (plan.noticeUrl !== undefined) void this.#play(by, plan.noticeUrl);
    else if (agent.notice === false) void this.#record(by);
    else this.#say(by, agent.notice, 1);
  }

  /** It stands in the first words of the conversation. */
  #hearNotice(by: string, notice: string): void {
    const { events } = this.#options;
    this.#move({ what: 'notice', by });
    const heard = (text: string) => isHeardIn(text, notice);
    let isOver = false;
    const once = (work: () => void) => {
      if (isOver) return;
      isOver = true;
      for (const stop of stops) stop();
      work();
    };
    const stops = [
      events.on('agentHeard', ({ heardText }) => {
        if (heard(heardText)) once(() => void this.#record(by));
      }),
      // He cut in before he had heard it, so he is told again.
      events.on('agentSpoke', ({ heardText }) =>
        once(() => (heard(heardText) ? void this.#record(by) : this.#say(by, notice, 2))),
      ),
    ];
  }

  #say(by: string, notice: string, attempt: number): void {
    const { mode } = this.#options;
    this.#move({ what: 'notice', by });
    if (this.#state.is !== 'noticing' || this.#state.by !== by) return;
    if (!mode.told || attempt > MOST_NOTICES) {
      this.#fail(by, mode.told ? 'recording.notice-unheard' : 'calls.no-voice');
      return;
    }
    if (this.#isBeingSaid) return;
    this.#isBeingSaid = true;
    const onSpoken = (heard: boolean) => {
      this.#isBeingSaid = false;
      const state = this.#state;
      if (state.is !== 'noticing') return;
      if (heard) void this.#record(state.by);
      else this.#say(state.by, notice, state.by === by ? attempt + 1 : 2);
    };
    mode.told({ speech: { line: notice }, onSpoken });
  }

  async #play(by: string, url: string): Promise<void> {
    const { ports, sessionId } = this.#options;
    this.#move({ what: 'notice', by });
    const operationContext = noticeOf(by);
    const begun = { sessionId, operationContext, kind: 'play', deadlineMs: CARRIER_NOTICE_MS } as const;
    try {
      if (!(await ports.ledger.begin({ ...begun, data: { askedBy: 'engine' } }))) {
        // Another host has had it played.
        const found = await ports.ledger.get(sessionId, operationContext);
        if (found && isSettled(found.state)) this.#played(by, found.state === 'succeeded');
        return;
      }
      const play = async () => ports.carrier.play(await this.#callId(), url, operationContext);
      await (ports.traces ?? noCallTraces).within(sessionId, operationSpan('play'), play);
    } catch (error) {
      if (mayBeDone(error)) return;
      this.#settle(operationContext, reasonOf(error), () => {});
      this.#fail(by, reasonOf(error));
    }
  }

  #played(by: string, succeeded: boolean): void {
    if (this.#newcomers.played(by, succeeded)) return;
    if (succeeded) void this.#record(by);
    else this.#fail(by, 'recording.notice-unheard');
  }

  /** Everybody has been told. Never rejects. */
  async #record(by: string): Promise<void> {
    const { ports, agent, plan, sessionId, log } = this.#options;
    if (!this.#move({ what: 'heard', by })) return;
    try {
      await this.#entered;
      const of = { ...this.#of(by), callId: await this.#callId() };
      const isUnannounced = agent?.notice === false && plan.noticeUrl === undefined;
      const recordingId = await startRecording(ports, of, plan.wish, isUnannounced);
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
    this.#newcomers.moved(after.is === 'running' && before.is !== 'paused');
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

  #settle(operationContext: string, code: string, onUnnoted = this.#options.onUnnoted): void {
    const { ports, sessionId, log } = this.#options;
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

  #of(operationContext: string): OperationOf {
    return { sessionId: this.#options.sessionId, callId: '', operationContext, askedBy: 'engine' };
  }

  async #callId(): Promise<string> {
    const callId = await this.#options.callId();
    if (callId === undefined) throw new Error('the call is not known yet');
    return callId;
  }
}

const NOTICE = '.notice';
const noticeOf = (by: string): string => `${by}${NOTICE}`;
const toldBy = (of: string): string | undefined => (of.endsWith(NOTICE) ? of.slice(0, -NOTICE.length) : undefined);

/** The carrier's own words may name numbers, or whatever they like. */
const codeOf = (reason: string): string =>
  /^(?:\d+(?:\/\d+)?|[a-z]+(?:[.-][a-z]+)*)(?= |$)/.exec(reason)?.[0] ?? 'failed';
