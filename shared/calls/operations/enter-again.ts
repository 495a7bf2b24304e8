import { ADDED_LOOK_MS, TRANSFER_LOOK_MS } from '../early-look.ts';
import type { Operation } from '../operation-ledger.ts';
import type { OperationPorts } from './operate.ts';

/** An operation, as whoever talks on its call still knows it. */
export type KnownOperation = Pick<Operation, 'operationContext' | 'kind' | 'data' | 'state'> &
  Partial<Pick<Operation, 'result'>>;

type Ledger = Pick<OperationPorts['ledger'], 'begin' | 'settle'>;

/** What is open has ended by then, or the carrier is asked how it goes. */
const ENDED_WITHIN_MS = 300_000;

/**
 * Enters operations again that Redis has lost: what goes on in a call could be ended by nobody who asks the ledger. Those that
 * it knows stay as they are.
 */
export async function enterAgain(ledger: Ledger, sessionId: string, known: readonly KnownOperation[]): Promise<void> {
  for (const { operationContext, kind, data, state, result } of known) {
    const lookMs = lookMsOf(kind, data);
    await ledger.begin({ sessionId, operationContext, kind, deadlineMs: ENDED_WITHIN_MS, lookMs, data });
    if (state !== 'asked') await ledger.settle(sessionId, { operationContext, state, result });
  }
}

/** Somebody waits for it, and its event may have come while the ledger was lost. */
function lookMsOf(kind: Operation['kind'], data: Operation['data']): number | undefined {
  if (kind === 'add-participant') return ADDED_LOOK_MS;
  return kind === 'transfer' && data.how === 'blind' ? TRANSFER_LOOK_MS : undefined;
}
