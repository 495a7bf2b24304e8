import type { CallOperation } from '../../carrier/call-events.ts';
import type { Carrier } from '../../carrier/carrier.ts';
import { CarrierError, failedAs } from '../../carrier/carrier-error.ts';
import { messageOf, ParleyError } from '../../errors.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import { type CallTraces, noCallTraces } from '../../telemetry/call-traces.ts';
import { operationSpan } from '../../telemetry/names.ts';
import type { Alone, OperationLedger, OperationResult } from '../operation-ledger.ts';
import { callStands } from './who-is-there.ts';

export interface OperationPorts {
  readonly carrier: Carrier;
  readonly ledger: Pick<OperationLedger, 'begin' | 'accepted' | 'settle' | 'get' | 'list' | 'lookSoon'>;
  readonly traces?: Pick<CallTraces, 'within'> | undefined;
}

/** Which call it is about, and under which name. */
export interface OperationOf {
  readonly sessionId: string;
  /** The carrier's id of the call. */
  readonly callId: string;
  /** Names the operation; the same name asks once. It is the public `operation_id`. */
  readonly operationContext: string;
  readonly askedBy: AskedBy;
}

/** Who wants it. `engine`: a step of something that another operation stands for. */
export type AskedBy = 'api' | 'agent' | 'engine';

interface Asked<Result> {
  readonly kind: CallOperation;
  /** By when the event that tells how it ended should be here. */
  readonly deadlineMs: number;
  /** When the carrier is asked first how it goes, where that is before the deadline. */
  readonly lookMs?: number;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly request: () => Promise<Result>;
  /** While one of these is open in the call, there is no second one. */
  readonly alone?: Alone;
  /** The carrier's answer is all that is told of it: then it says what came of it. */
  readonly endsWith?: (result: Result) => OperationResult;
  /** Then, and where somebody else has asked for it: what whoever talks on the call is told of it. */
  readonly order?: SessionCommand | undefined;
  /** Where it surely was not done: the same. */
  readonly orderIfFailed?: () => SessionCommand | undefined;
}

/**
 * Enters an operation in the ledger, and asks the carrier for it.
 * @returns false: it was asked for before, and nothing was done now
 * @throws {ParleyError} it was not done, and is on record as failed, or not at all where another one is open; or, see
 * {@link mayBeDone}, nobody knows, and it stays `asked` until its event comes, or the carrier is asked a moment later how
 * things stand
 */
export async function operate<Result>(
  { carrier, ledger, traces = noCallTraces }: OperationPorts,
  { sessionId, callId, operationContext, askedBy }: OperationOf,
  { kind, deadlineMs, lookMs, data = {}, request, alone, endsWith, order, orderIfFailed }: Asked<Result>,
): Promise<boolean> {
  const operation = { sessionId, operationContext, kind, deadlineMs, lookMs, data: { ...data, askedBy } };
  if (!(await ledger.begin({ ...operation, ...(alone && { alone }) }))) return false;
  let result: Result;
  try {
    result = await traces.within(sessionId, operationSpan(kind), request);
  } catch (thrown) {
    if (mayBeDone(thrown)) {
      // Where that cannot be noted now, it is looked at at its deadline.
      await ledger.lookSoon(sessionId, operationContext, deadlineMs).catch(() => {});
      throw thrown;
    }
    const error = await explained(thrown, carrier, callId);
    const failed = { operationContext, state: 'failed', result: { message: reasonOf(error) } } as const;
    await ledger.settle(sessionId, failed, orderIfFailed?.());
    throw error;
  }
  if (endsWith) {
    await ledger.settle(sessionId, { operationContext, state: 'succeeded', result: endsWith(result) }, order);
  } else await ledger.accepted(sessionId, operationContext);
  return true;
}

/** ACS says of whatever it does not find in a call that it does not know the call: it is asked after that. */
async function explained(error: unknown, carrier: Pick<Carrier, 'state'>, callId: string): Promise<unknown> {
  if (!failedAs(error, 'gone')) return error;
  const state = await carrier.state(callId).catch(() => 'gone' as const);
  return state === 'gone' ? error : callStands(error);
}

/** The request was sent, and no answer says that nothing came of it. */
export const mayBeDone = (error: unknown): boolean => error instanceof CarrierError && error.uncertain;

/** A code where there is one: messages may name numbers. */
export const reasonOf = (error: unknown): string => (error instanceof ParleyError ? error.code : messageOf(error));
