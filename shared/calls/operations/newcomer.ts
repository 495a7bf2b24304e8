import { ParleyError } from '../../errors.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import { operationEnded } from '../host-commands.ts';
import { isSettled, type Operation } from '../operation-ledger.ts';
import type { OperationOf, OperationPorts } from './operate.ts';
import { changeRecording } from './recording.ts';
import { isUnannounced, recordingStateOf } from './recording-state.ts';

/** Somebody is being rung, or nobody knows whether he has come. */
export const isComing = ({ kind, state, data }: Operation): boolean =>
  kind === 'add-participant'
    ? state === 'unknown' || !isSettled(state)
    : kind === 'transfer' && data.how === 'blind' && !isSettled(state);

export const hasCome = ({ kind, state }: Operation): boolean => kind === 'add-participant' && state === 'succeeded';

/** The last pause of a recording, or its end, that the carrier has taken, or may have. */
export const lastChange = (operations: readonly Operation[]): Operation | undefined =>
  operations.findLast(
    ({ kind, state, data }) =>
      kind === 'recording' && state !== 'failed' && (data.action === 'pause' || data.action === 'resume'),
  );

/** Whoever talks on the call has paused it, and nothing says that it goes on. */
export const isOurs = ({ state, data }: Operation): boolean =>
  data.askedBy === 'engine' && (data.action === 'pause' || state !== 'succeeded');

/**
 * By what a recording is paused already, or runs, as somebody wants it who has a say in it. What is paused for a newcomer is
 * not so for the application: it would go on by itself.
 */
export function changedBy(operations: readonly Operation[], action: 'pause' | 'resume'): string | undefined {
  const recording = recordingStateOf(operations);
  if (recording.is !== (action === 'pause' ? 'paused' : 'running')) return undefined;
  const last = lastChange(operations.filter(({ data }) => data.recordingId === recording.recordingId));
  if (last === undefined) return recording.by;
  const isDone = last.state === 'succeeded' && last.data.action === action && !isOurs(last);
  return isDone ? last.operationContext : undefined;
}

const PAUSE = '.pause-';

/** The name of the first pause of a recording for somebody, by what brings him in. */
export const pauseFor = (operationContext: string, before = 0): string => `${operationContext}${PAUSE}${before}`;

/** What has brought in the one for whom a recording was paused, by the name of that pause. */
export const newcomerOf = (pause: string): string => pause.split(PAUSE, 1)[0] ?? pause;

/**
 * Pauses the recording of the call for whoever is to come into it: of him nothing is recorded before he was told, and he may
 * answer at once. Whoever talks on the call goes on with it.
 * @param of of what brings him in
 * @returns whether it is paused now, by whomever
 * @throws {ParleyError} what the carrier fails with: then he must not come
 */
export async function pauseForNewcomer(ports: OperationPorts, of: OperationOf): Promise<boolean> {
  const operations = await ports.ledger.list(of.sessionId);
  const recording = recordingStateOf(operations);
  if (recording.is !== 'running') return recording.is === 'paused';
  const start = operations.find((each) => each.operationContext === recording.by);
  if (start && isUnannounced(start)) return false;
  const before = operations.filter((each) => each.operationContext.startsWith(of.operationContext + PAUSE));
  const operationContext = pauseFor(of.operationContext, before.length);
  const order = operationEnded({ operationContext, state: 'succeeded' });
  try {
    await changeRecording(ports, { ...of, operationContext, askedBy: 'engine' }, 'pause', order);
    return true;
  } catch (error) {
    if (error instanceof ParleyError && error.code === 'recording.none') return false;
    throw error;
  }
}

/** What whoever talks on a call is told where a request to bring somebody in has failed: the recording may wait for nobody. */
export const nobodyComes = (operationContext: string): SessionCommand =>
  operationEnded({ operationContext: pauseFor(operationContext), state: 'failed' });
