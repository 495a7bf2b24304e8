import { ParleyError } from '../../errors.ts';
import type { Operation } from '../operation-ledger.ts';
import { hasCome, isComing, isOurs, lastChange, newcomerOf } from './newcomer.ts';
import type { OperationPorts } from './operate.ts';
import { isUnannounced, recordingStateOf } from './recording-state.ts';

/** How the note ends by which it is known that somebody is to be told, and was, after what has brought him in. */
const TOLD = '.told';
/** As long as a notice may take that is said three times. */
const TOLD_WITHIN_MS = 120_000;

/**
 * Notes that somebody has come into a call that is recorded: until it is noted that he was told, the recording does not go on.
 * Idempotent. @param by what has brought him in @param isTold he has heard it
 */
export async function noteNewcomer(
  ledger: OperationPorts['ledger'],
  sessionId: string,
  by: string,
  isTold: boolean,
): Promise<void> {
  const operationContext = by + TOLD;
  const data = { action: 'notice', askedBy: 'engine' };
  await ledger.begin({ sessionId, operationContext, kind: 'recording', deadlineMs: TOLD_WITHIN_MS, data });
  if (isTold) await ledger.settle(sessionId, { operationContext, state: 'succeeded' });
}

/** Notes that somebody does not come, where Redis has lost that and has him again as one who is rung. */
export async function noteDeclined(ledger: OperationPorts['ledger'], sessionId: string, by: string): Promise<void> {
  const found = await ledger.get(sessionId, by);
  if (found && isComing(found)) await ledger.settle(sessionId, { operationContext: by, state: 'failed' });
}

export const wasTold = (operations: readonly Operation[], by: string): boolean =>
  operations.some(({ operationContext, state }) => operationContext === by + TOLD && state === 'succeeded');

/** Somebody who is being rung, or of whom nobody knows whether he has come. */
export const comingIn = (operations: readonly Operation[]): Operation | undefined =>
  operations.findLast((each) => isComing(each) && !wasTold(operations, each.operationContext));

/** What has started the recording that there is, or is to be, where people are told of it. */
function startOf(operations: readonly Operation[]): Operation | undefined {
  const state = recordingStateOf(operations);
  const by = 'by' in state ? state.by : undefined;
  return operations.find((each) => each.operationContext === by && !isUnannounced(each));
}

/** Who has come into a call since its recording was asked for, and was not told of that, by what has brought each in. */
export function untoldIn(operations: readonly Operation[]): readonly string[] {
  const start = startOf(operations);
  if (!start) return [];
  // A release before this one notes nobody, but goes on only once all were told, also where the carrier refuses that.
  const goneOn = operations.filter(({ data }) => data.action === 'resume' && data.askedBy === 'engine');
  const toldAt = Math.max(start.askedAt, ...goneOn.map(({ askedAt }) => askedAt));
  const come = operations.filter((each) => hasCome(each) && (each.settledAt ?? 0) > toldAt);
  const notes = operations.slice(operations.indexOf(start)).filter(({ data }) => data.action === 'notice');
  const all = [
    ...come.map(({ operationContext }) => operationContext),
    ...notes.map(({ operationContext }) => operationContext.slice(0, -TOLD.length)),
  ];
  return [...new Set(all)].filter((by) => !wasTold(operations, by));
}

/**
 * For whom the recording was paused last, where the ledger knows nothing of him: he is behind a menu, or Redis has lost what has
 * brought him in. He may have come.
 */
export function strangerIn(operations: readonly Operation[]): string | undefined {
  const state = recordingStateOf(operations);
  const recordingId = 'recordingId' in state ? state.recordingId : undefined;
  const last = lastChange(operations.filter(({ data }) => data.recordingId === recordingId));
  if (last?.data.action !== 'pause' || !isOurs(last)) return undefined;
  const by = newcomerOf(last.operationContext);
  const isKnown = operations.some(
    (each) => (each.operationContext === by && each !== last) || each.operationContext === by + TOLD,
  );
  return isKnown ? undefined : by;
}

/**
 * Nobody goes on with a recording while somebody is being rung, or was not yet told that he is recorded: whoever talks on the
 * call would pause it again only once he is on it.
 * @throws {ParleyError} `recording.newcomer`
 */
export function requireNobodyUntold(operations: readonly Operation[]): void {
  const recording = recordingStateOf(operations);
  if ((recording.is !== 'running' && recording.is !== 'paused') || !startOf(operations)) return;
  const last = lastChange(operations.filter(({ data }) => data.recordingId === recording.recordingId));
  const ours = last !== undefined && isOurs(last);
  if (!ours && recording.is === 'running') return;
  // Of one of whom nobody knows whether he has come nothing more is told, so he is not waited for.
  const coming = comingIn(operations.filter(({ state }) => state !== 'unknown'));
  if (!coming && untoldIn(operations).length === 0 && strangerIn(operations) === undefined) return;
  const who = coming
    ? 'Somebody is being rung for the call'
    : 'Somebody has come into the call, and was not told yet that it is recorded';
  const then = ours ? 'The recording goes on by itself once he was told, or does not come' : 'Ask again then';
  throw new ParleyError('recording.newcomer', `${who}. ${then}.`);
}
