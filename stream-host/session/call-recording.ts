import { type OperationOf, type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import { enterRecording, startRecording } from '../../shared/calls/operations/recording.ts';
import type { RecordingWish } from '../../shared/carrier/carrier.ts';
import type { ErrorCode } from '../../shared/error-codes.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { operationSpan } from '../../shared/telemetry/names.ts';
import type { AgentRecording } from '../contract/agent.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';

/** How a deployment records, by its settings. */
export interface RecordingPlan {
  readonly wish: RecordingWish;
  /** What the carrier plays to everybody as the notice, in place of the agent's words. */
  readonly noticeUrl?: string | undefined;
}

export interface CallRecordingOptions {
  readonly ports: OperationPorts;
  readonly of: (operationContext: string) => OperationOf;
  readonly agent: AgentRecording | undefined;
  readonly plan: RecordingPlan;
  readonly mode: Mode;
  readonly events: SessionEventSource;
  readonly log: Logger;
  /** Something of it went wrong. A code. */
  readonly onFault: (code: string) => void;
}

const MOST_NOTICES = 3;
/** What a service says word for word may differ in a word. */
const HEARD_SHARE = 0.9;

/**
 * Has the carrier record a call, once everybody in it was told so: by the agent, whose notice counts when it was heard, or
 * by what the carrier plays. Nothing is recorded before.
 */
export class CallRecording {
  readonly #options: CallRecordingOptions;
  /** What waits for the carrier's notice to be over, by the name of its playing. */
  readonly #playing = new Map<string, string>();
  /** The one whose notice is given, or that is about to begin. */
  #starting: string | undefined;
  /** All that were asked for: a command may be delivered twice, and people are told once. */
  readonly #known = new Set<string>();
  /** Those that began, by who asked for them. */
  readonly #begun = new Map<string, string>();
  readonly #takenBack = new Set<string>();

  constructor(options: CallRecordingOptions) {
    this.#options = options;
  }

  /**
   * The conversation begins, with a notice in its first words where the agent says one; see `phrasesIn`.
   * @param isNew nobody has held the session before
   */
  begin(operationContext: string, isNew: boolean): void {
    const { agent, plan, events, ports, of, log } = this.#options;
    if (!agent?.fromStart || !isNew) return;
    // So that it can be taken back while its notice is said.
    enterRecording(ports, of(operationContext)).catch((error: unknown) =>
      log.debug({ reason: messageOf(error) }, 'that a call is to be recorded could not be noted'),
    );
    const { notice } = agent;
    if (plan.noticeUrl !== undefined || notice === false) {
      this.start(operationContext);
      return;
    }
    this.#starting = operationContext;
    const heard = (text: string) => lettersOf(text) >= HEARD_SHARE * lettersOf(notice);
    let isOver = false;
    const once = (work: () => void) => {
      if (isOver) return;
      isOver = true;
      stop();
      work();
    };
    const stops = [
      events.on('agentHeard', ({ heardText }) => {
        if (heard(heardText)) once(() => void this.#record(operationContext));
      }),
      // He cut in before he had heard it, so he is told again.
      events.on('agentSpoke', ({ heardText }) =>
        once(() => (heard(heardText) ? void this.#record(operationContext) : this.#say(operationContext, notice, 2))),
      ),
    ];
    const stop = () => {
      for (const each of stops) each();
    };
  }

  /** From now on, after the notice. */
  start(operationContext: string): void {
    const { agent, plan } = this.#options;
    if (this.#known.has(operationContext)) return;
    this.#known.add(operationContext);
    if (this.#starting !== undefined) {
      this.#settle(operationContext, 'recording.running');
      return;
    }
    this.#starting = operationContext;
    if (!agent) this.#fail(operationContext, 'recording.no-notice');
    else if (plan.noticeUrl !== undefined) void this.#play(operationContext, plan.noticeUrl);
    else if (agent.notice === false) void this.#record(operationContext);
    else this.#say(operationContext, agent.notice, 1);
  }

  /** An operation of the call has ended. @returns whether it was the carrier's notice, or a recording that is taken back */
  ended(operationContext: string, succeeded: boolean): boolean {
    const isOurs = operationContext === this.#starting || this.#begun.has(operationContext);
    if (isOurs && !succeeded) {
      void this.#takeBack(operationContext);
      return true;
    }
    const waiting = this.#playing.get(operationContext);
    if (waiting === undefined) return false;
    this.#playing.delete(operationContext);
    if (succeeded) void this.#record(waiting);
    else this.#fail(waiting, 'recording.notice-unheard');
    return true;
  }

  /** Somebody wants it no more. It may have begun just then. */
  async #takeBack(operationContext: string): Promise<void> {
    const { ports, log } = this.#options;
    this.#takenBack.add(operationContext);
    this.#isStarted(operationContext);
    const recordingId = this.#begun.get(operationContext);
    if (recordingId === undefined) return;
    this.#begun.delete(operationContext);
    await ports.carrier
      .stopRecording(recordingId)
      .catch((error: unknown) => log.error({ reason: messageOf(error) }, 'a recording could not be taken back'));
  }

  #isStarted(operationContext: string): void {
    if (this.#starting === operationContext) this.#starting = undefined;
  }

  #say(operationContext: string, notice: string, attempt: number): void {
    const { mode } = this.#options;
    if (this.#takenBack.has(operationContext)) return;
    if (!mode.told || attempt > MOST_NOTICES) {
      this.#fail(operationContext, mode.told ? 'recording.notice-unheard' : 'calls.no-voice');
      return;
    }
    mode.told({
      speech: { line: notice },
      onSpoken: (heard) =>
        heard ? void this.#record(operationContext) : this.#say(operationContext, notice, attempt + 1),
    });
  }

  async #play(operationContext: string, url: string): Promise<void> {
    const { ports, of } = this.#options;
    const notice = of(`${operationContext}.notice`);
    this.#playing.set(notice.operationContext, operationContext);
    try {
      const { sessionId, callId } = notice;
      const begun = { sessionId, operationContext: notice.operationContext, kind: 'play', deadlineMs: 60_000 } as const;
      if (!(await ports.ledger.begin({ ...begun, data: { askedBy: 'engine' } }))) {
        this.#isStarted(operationContext);
        return;
      }
      const play = () => ports.carrier.play(callId, url, notice.operationContext);
      await (ports.traces ?? noCallTraces).within(sessionId, operationSpan('play'), play);
    } catch (error) {
      this.#playing.delete(notice.operationContext);
      this.#fail(operationContext, reasonOf(error));
    }
  }

  async #record(operationContext: string): Promise<void> {
    const { ports, of, plan, log } = this.#options;
    if (this.#takenBack.has(operationContext)) return;
    try {
      const recordingId = await startRecording(ports, of(operationContext), plan.wish);
      if (recordingId !== undefined) {
        this.#begun.set(operationContext, recordingId);
        log.info('the call is recorded');
        if (this.#takenBack.has(operationContext)) await this.#takeBack(operationContext);
      }
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'the call cannot be recorded');
      this.#options.onFault(reasonOf(error));
    }
    this.#isStarted(operationContext);
  }

  #fail(operationContext: string, code: string): void {
    if (this.#takenBack.has(operationContext)) return;
    this.#isStarted(operationContext);
    this.#options.log.warn({ code, operationContext }, 'the call is not recorded');
    this.#options.onFault(code);
    this.#settle(operationContext, code);
  }

  /** Nothing comes of it. */
  refuse(operationContext: string, code: ErrorCode): void {
    this.#known.add(operationContext);
    this.#settle(operationContext, code);
  }

  #settle(operationContext: string, code: string): void {
    const { ports, of, log } = this.#options;
    const { sessionId } = of(operationContext);
    ports.ledger
      .settle(sessionId, { operationContext, state: 'failed', result: { message: code } })
      .catch((error: unknown) =>
        log.debug({ reason: messageOf(error) }, 'that a call is not recorded could not be noted'),
      );
  }
}

const lettersOf = (text: string): number => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;
