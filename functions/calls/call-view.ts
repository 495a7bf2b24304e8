import { actionOf, type Operation } from '../../shared/calls/operation-ledger.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { Session, SessionEvent } from '../../shared/sessions/session.ts';

/** What the API shows of a call. `call_id`, `status`, `duration` (seconds), `participants` and `events` are the old API's. */
export function callView(session: Session, events: readonly SessionEvent[], now: number) {
  return {
    call_id: session.callConnectionId ?? session.id,
    session_id: session.id,
    status: session.status,
    duration: durationOf(session, now),
    participants: [
      { role: 'caller' as const, id: session.from },
      { role: 'callee' as const, id: session.to },
    ].filter((participant) => participant.id !== undefined),
    events: events.map(({ id, at, type, source, data }) => ({ id, at: isoTime(at), type, source, data })),
    channel: session.channel,
    direction: session.direction,
    mode: session.mode,
    agent: session.agent,
    created_at: isoTime(session.createdAt),
    connected_at: isoTime(session.connectedAt),
    ended_at: isoTime(endOf(session)),
    end_reason: session.endReason ?? null,
    end_detail: session.endDetail ?? null,
    answered_by: session.answeredBy ?? null,
  };
}

/** All that is kept of a call. */
export interface WholeCall {
  readonly session: Session;
  readonly events: readonly SessionEvent[];
  readonly history: readonly HistoryItem[];
  readonly operations: readonly Operation[];
}

export function callDetail({ session, events, history, operations }: WholeCall, now: number) {
  return {
    ...callView(session, events, now),
    server_call_id: session.serverCallId ?? null,
    correlation_id: session.correlationId ?? null,
    transcript: history.map(transcriptLine),
    operations: operations.map(operationView),
  };
}

/** What became of something that was asked of the carrier. */
export const operationView = ({ operationContext, kind, state, askedAt, settledAt, data, result }: Operation) => ({
  operation_id: operationContext,
  kind,
  action: actionOf({ kind, data }) ?? null,
  state,
  asked_at: isoTime(askedAt),
  settled_at: isoTime(settledAt),
  result: result ?? null,
});

function transcriptLine(item: HistoryItem) {
  if (item.role !== 'tool') return item;
  const { role, call, result, by } = item;
  return { role, tool: call.name, args: call.args, result, ...(by && { by }) };
}

/** A browser's session that goes on after its line was lost has ended before. */
const endOf = ({ status, endedAt }: Session): number | undefined => (status === 'connected' ? undefined : endedAt);

function durationOf(session: Session, now: number): number | null {
  const { status, connectedAt } = session;
  if (connectedAt === undefined) return null;
  const until = endOf(session) ?? (status === 'connected' ? now : connectedAt);
  return Math.max(0, Math.round((until - connectedAt) / 1000));
}

const isoTime = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString());
