import { enterAgain, type KnownOperation } from '../../shared/calls/operations/enter-again.ts';
import type { OperationPorts } from '../../shared/calls/operations/operate.ts';
import { ourNumberOf } from '../../shared/calls/parties.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { AgentRecording } from '../contract/agent.ts';
import type { Attention } from '../contract/call-news.ts';
import type { SessionEventSource } from '../contract/events.ts';
import type { Mode } from '../contract/mode.ts';
import { CallDesk } from './call-desk.ts';
import { CallRecording, type CallRecordingOptions, type RecordingPlan } from './call-recording.ts';
import { CarrierKeys, type CarrierKeysOptions } from './carrier-keys.ts';
import type { WarmTransferWaits } from './warm-transfer.ts';

/** What a host does things with calls with. */
export interface CallDeskParts {
  readonly ports: OperationPorts;
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  readonly recording: RecordingPlan;
  readonly waits?: Partial<WarmTransferWaits> | undefined;
  readonly keepKeysOut?: CarrierKeysOptions['keepKeysOut'];
}

interface CallAtHand {
  readonly session: Session;
  /** Somebody has held the session before. */
  readonly resumed: boolean;
  readonly agent: AgentRecording | undefined;
  readonly mode: Mode;
  /** Whom the mode attends to from now on. */
  readonly attend: (to: Attention) => void;
  readonly events: SessionEventSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onPutThrough: () => void;
  readonly onCallerLeft: (reason?: string) => void;
  readonly onNotRecorded: CallRecordingOptions['onFailed'];
  readonly onUnnoted: CallRecordingOptions['onUnnoted'];
}

/** Names the recording that begins with the call, so that it begins once. */
const FROM_START = 'recording-from-start';

export interface OpenCallDesk extends Pick<CallDesk, 'act' | 'take' | 'whyNotAsked'> {
  /** Whoever is recorded is told so without the agent's voice, or not at all. */
  readonly isNoticeUnspoken: boolean;
  /** What the carrier tells of the caller's keys. */
  readonly keys: Pick<CarrierKeys, 'listen' | 'keepOut'>;
  /** The conversation is about to begin. */
  begin(): void;
  /** Redis has lost what it held of the call. @param others what else goes on in it */
  noteAgain(others: readonly KnownOperation[]): void;
  /** Idempotent. @param isOver the session is over for good: no other host goes on with it */
  close(isOver: boolean): void;
}

/** What is done with one call, and its recording. */
export function openCallDesk(parts: CallDeskParts, call: CallAtHand): OpenCallDesk {
  const { ports, find, recording: plan, waits, keepKeysOut } = parts;
  const {
    session,
    resumed,
    agent,
    mode,
    attend,
    events,
    clock,
    log,
    onPutThrough,
    onCallerLeft,
    onNotRecorded,
    onUnnoted,
  } = call;
  let attention: Attention = 'caller';
  const recording = new CallRecording({
    ports,
    sessionId: session.id,
    callId: async () => session.callConnectionId ?? (await find(session.id))?.callConnectionId,
    agent,
    isWanted: session.recorded === true,
    plan,
    callerHears: () => attention !== 'nobody',
    mode,
    events,
    clock,
    log,
    onFailed: onNotRecorded,
    onUnnoted,
  });
  const desk = new CallDesk({
    ports,
    find,
    session,
    mode,
    attend(to) {
      attention = to;
      attend(to);
    },
    recording,
    source: ourNumberOf(session),
    clock,
    log,
    onPutThrough,
    onCallerLeft,
    waits,
  });
  return {
    get whyNotAsked() {
      return desk.whyNotAsked;
    },
    act: (action) => desk.act(action),
    take(command) {
      const isOperation = command.type === 'operation';
      if (isOperation && recording.ended(command.operationContext, command.succeeded, command.reason)) return;
      desk.take(command);
    },
    close(isOver) {
      recording.close(isOver);
      desk.close();
    },
    isNoticeUnspoken: recording.isNoticeUnspoken,
    keys: new CarrierKeys({ ports, find, keepKeysOut, session, log }),
    noteAgain(others) {
      const entered = enterAgain(ports.ledger, session.id, [...desk.operations, ...others]).catch((error: unknown) =>
        log.warn({ reason: messageOf(error) }, 'what goes on in the call could not be noted again'),
      );
      // After whoever is being rung: it would not wait for him.
      void entered.then(() => recording.noteAgain());
    },
    begin() {
      recording.begin(FROM_START, !resumed);
      if (resumed) void desk.resume();
    },
  };
}
