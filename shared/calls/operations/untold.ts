import { ParleyError } from '../../errors.ts';
import { isSettled, type Operation } from '../operation-ledger.ts';
import { hasCome, isComing, isOurs, lastChange, newcomerOf } from './newcomer.ts';
import { isUnannounced, recordingStateOf } from './recording-state.ts';

/**
 * Nobody goes on with a recording while somebody is being rung, or was not yet told that he is recorded: whoever talks on the
 * call would pause it again only once he is on it.
 * @throws {ParleyError} `recording.newcomer`
 */
export function requireNobodyUntold(operations: readonly Operation[]): void {
  const recording = recordingStateOf(operations);
  if (recording.is !== 'running' && recording.is !== 'paused') return;
  const start = operations.find(({ operationContext }) => operationContext === recording.by);
  if (start && isUnannounced(start)) return;
  const last = lastChange(operations.filter(({ data }) => data.recordingId === recording.recordingId));
  const ours = last && isOurs(last) ? last : undefined;
  if (!ours && recording.is === 'running') return;
  // Of one of whom nobody knows whether he has come nothing more is told, so he is not waited for.
  const isRung = operations.some((each) => isComing(each) && !isSettled(each.state));
  if (!isRung && !(ours && hasUntold(ours, operations))) return;
  const who = isRung
    ? 'Somebody is being rung for the call'
    : 'Somebody has come into the call, and was not told yet that it is recorded';
  const then = ours ? 'The recording goes on by itself once he was told, or does not come' : 'Ask again then';
  throw new ParleyError('recording.newcomer', `${who}. ${then}.`);
}

/** Whether somebody has come, or may have, who was not told since the recording was paused. */
function hasUntold({ operationContext: name, data }: Operation, operations: readonly Operation[]): boolean {
  // Whoever talks on the call goes on only once all were told, also where the carrier refuses that.
  const told = operations.findLastIndex(({ operationContext }) =>
    data.action === 'resume' ? operationContext === name : operationContext.startsWith(`${name}.`),
  );
  const by = newcomerOf(name);
  const newcomer = by === name ? -1 : operations.findIndex(({ operationContext }) => operationContext === by);
  const since = Math.max(told, newcomer);
  // Where the ledger has lost whom it was paused for, he may have come.
  return since < 0 || operations.slice(since).some(hasCome);
}
