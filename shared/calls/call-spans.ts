import type { CallEvent } from '../carrier/call-events.ts';
import type { Session } from '../sessions/session.ts';
import type { CallTraces } from '../telemetry/call-traces.ts';
import { ATTRIBUTE, SPAN } from '../telemetry/names.ts';
import type { Attributes } from '../telemetry/span.ts';
import { isOver } from './call-state.ts';
import { endWord } from './end-reasons.ts';
import { isSettled, type OperationLedger, type Settlement } from './operation-ledger.ts';

export interface CallSpansParts {
  readonly traces: Pick<CallTraces, 'record'>;
  readonly ledger: Pick<OperationLedger, 'get'>;
}

/** An event of a call that was taken in: how its session was before, how it is now, and what of the ledger it settled. */
export interface TakenIn {
  readonly event: CallEvent;
  readonly before: Session;
  readonly after: Session;
  readonly settled: readonly Settlement[];
}

/**
 * Records what an event of the carrier shows to be over: the ringing, the call, an operation. Their beginnings were another
 * process's, so nothing of them is kept open anywhere. Never rejects.
 */
export async function recordTakenIn(
  { event, before, after, settled }: TakenIn,
  { traces, ledger }: CallSpansParts,
): Promise<void> {
  const { id } = after;
  const attributes = {
    [ATTRIBUTE.direction]: after.direction,
    [ATTRIBUTE.mode]: after.mode,
    [ATTRIBUTE.event]: event.name,
    ...(after.callConnectionId !== undefined && { [ATTRIBUTE.call]: after.callConnectionId }),
  };
  const wasRinging = before.status === 'ringing' || before.status === 'initiating';
  const isOverNow = isOver(after.status) && !isOver(before.status);
  if (wasRinging && after.status !== before.status) {
    const endMs = after.connectedAt ?? after.endedAt ?? event.at;
    traces.record(id, { name: SPAN.ringing, ...times(after.createdAt, endMs), ...failureOf(after), attributes });
  }
  if (isOverNow) {
    const told = { ...attributes, [ATTRIBUTE.endReason]: endWord(after.endReason ?? '') };
    const span = times(after.createdAt, after.endedAt ?? event.at);
    traces.record(id, { name: SPAN.call, ...span, ...failureOf(after), attributes: told });
  }
  for (const { operationContext, state } of settled.filter((each) => isSettled(each.state))) {
    const operation = await ledger.get(id, operationContext).catch(() => undefined);
    if (operation === undefined) continue;
    const told: Attributes = { ...attributes, [ATTRIBUTE.operation]: operation.kind };
    traces.record(id, {
      name: SPAN.operationEnded,
      ...times(operation.askedAt, event.at),
      ...(state !== 'succeeded' && { error: `operation.${state}` }),
      attributes: told,
    });
  }
}

const failureOf = ({ status }: Session) => (status === 'failed' ? { error: 'call.failed' } : {});

/** Clocks of others may be behind ours. */
const times = (startMs: number, endMs: number) => ({ startMs, endMs: Math.max(startMs, endMs) });

/** What a step of what follows from an event is called. */
export function followUpOf(todo: string): { readonly name: string; readonly attributes: Attributes } {
  const event = todo.replace(/:.*$/, '');
  const attributes = { [ATTRIBUTE.event]: event };
  if (event === 'hang-up') return { name: SPAN.hangUp, attributes };
  return { name: /^(media|words)-lost$/.test(event) ? SPAN.recovery : SPAN.followUp, attributes };
}
