import { z } from 'zod';
import type { CallEvent } from '../carrier/call-events.ts';
import type { Carrier } from '../carrier/carrier.ts';
import { failedAs } from '../carrier/carrier-error.ts';
import type { Logger } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { NewTodo, Todo } from './call-inbox.ts';
import { isOver } from './call-state.ts';
import { operationEnded } from './host-commands.ts';
import type { Later } from './media-recovery.ts';
import { type Operation, type OperationLedger, type Settlement, TAKEN_BACK } from './operation-ledger.ts';
import { isStart, recordingIdOf, recordingStateOf } from './operations/recording-state.ts';
import { recordingStateNow } from './reconcile.ts';

/** What a carrier tells of a recording without naming the operation that asked for it. */
interface RecordingTold {
  readonly recordingId?: string | undefined;
  /** `failed`: it was accepted, and did not begin. */
  readonly state: 'active' | 'inactive' | 'failed';
  readonly result?: CallEvent['result'];
}

interface RecordingTask {
  readonly sessionId: string;
  readonly session: Session | undefined;
  readonly todo: Todo;
  readonly log: Logger;
}

interface RecordingParts {
  readonly store: Pick<SessionStore, 'command'>;
  readonly ledger: Pick<OperationLedger, 'list' | 'settle'>;
  readonly carrier: Pick<Carrier, 'state' | 'recordingState' | 'stopRecording'>;
}

/** The name of the to-do that finds out what comes of it. */
export const RECORDING = 'recording:';
const LOST = 'recording.lost';
/** The call may be about to end, or what was asked for about to be answered. */
const LOOK_AFTER_MS = 1_000;
/** Longer than a caller is put through, in which the call tells nothing of its recording. */
const MOST_LOOKS = 90;

const toldData = z.object({
  callId: z.string(),
  recordingId: z.string().optional(),
  state: z.enum(['active', 'inactive', 'failed']),
  result: z
    .object({
      code: z.number().exactOptional(),
      subCode: z.number().exactOptional(),
      message: z.string().exactOptional(),
    })
    .optional(),
  looks: z.number().default(0),
});
type Told = z.output<typeof toldData>;

export const recordingTask = ({ id, callId }: CallEvent, told: RecordingTold): NewTodo => ({
  name: RECORDING + id,
  inMs: told.state === 'inactive' ? LOOK_AFTER_MS : 0,
  data: { callId, ...told },
});

/**
 * What comes of what was told. A carrier's states come in any order and late, and `inactive` is also told of a recording that
 * somebody has paused or stopped: where the ledger knows of nobody, the carrier is asked how it stands.
 * @throws {CarrierError} transient: ask again
 */
export async function recordingTold(task: RecordingTask, parts: RecordingParts): Promise<Later | undefined> {
  const told = toldData.safeParse(task.todo.data).data;
  if (told === undefined) return undefined;
  const operations = await parts.ledger.list(task.sessionId);
  const start = startFor(operations.filter(isStart), told.recordingId);
  if (start === undefined) return undefined;
  if (told.state === 'failed') {
    await settle(start, { state: 'failed', result: resultOf(told), overrides: true }, task, parts);
    return undefined;
  }
  if (start.state === 'accepted' || start.state === 'unknown') {
    await settle(start, { state: 'succeeded', result: resultOf(told) }, task, parts);
    return told.state === 'inactive' ? again(told) : undefined;
  }
  if (start.result?.message === TAKEN_BACK) await stop(told, parts.carrier);
  // Whoever has found that out may have died before the host knew.
  else if (start.result?.message === LOST) await tellHost({ ...start, state: 'failed' }, task, parts);
  else if (told.state === 'inactive' && start.state === 'succeeded')
    return inactive(told, start, operations, task, parts);
  return undefined;
}

/**
 * Which operation it is about: the one that is known by that name, else one that was asked for and does not know its own, or
 * was taken back before it knew. A call has one recording at a time.
 */
function startFor(starts: readonly Operation[], recordingId: string | undefined): Operation | undefined {
  if (recordingId === undefined) return starts.findLast(({ state }) => state === 'succeeded' || state === 'accepted');
  const nameless = starts.filter((each) => recordingIdOf(each) === undefined);
  return (
    starts.find((each) => recordingIdOf(each) === recordingId) ??
    nameless.findLast(({ state }) => state === 'accepted') ??
    nameless.findLast(({ state }) => state === 'unknown') ??
    nameless.find(({ result }) => result?.message === TAKEN_BACK && result.data?.requested === true)
  );
}

async function inactive(
  told: Told,
  start: Operation,
  operations: readonly Operation[],
  task: RecordingTask,
  parts: RecordingParts,
): Promise<Later | undefined> {
  const { session } = task;
  const { carrier } = parts;
  const state = recordingStateOf(operations);
  const recordingId = recordingIdOf(start);
  const isPaused = state.is === 'paused';
  const isThis = (isPaused || state.is === 'running') && state.recordingId === recordingId;
  if (!isThis || recordingId === undefined || !session || isOver(session.status)) return undefined;
  const isChanging = operations.some(
    (each) => each.kind === 'recording' && each.data.action !== 'notice' && isOpen(each),
  );
  const call = isChanging ? 'changing' : await carrier.state(told.callId);
  if (call === 'gone') return undefined;
  if (call === 'changing') return again(told);
  const now = await recordingStateNow(recordingId, carrier);
  // What is paused is inactive, too, unless it has ended meanwhile.
  if (now === 'active' || (isPaused && now === 'inactive')) return undefined;
  // Nobody has paused it: what is of no use to anybody must not keep another one from beginning.
  if (now === 'inactive') await stop({ ...told, recordingId }, carrier);
  const result = { ...told.result, message: LOST, data: { recordingId } };
  await settle(start, { state: 'failed', result, overrides: true }, task, parts);
  return undefined;
}

const isOpen = ({ state }: Operation): boolean => state === 'asked' || state === 'accepted';

const again = (told: Told): Later | undefined =>
  told.looks < MOST_LOOKS ? { inMs: LOOK_AFTER_MS, data: { ...told, looks: told.looks + 1 } } : undefined;

const resultOf = ({ recordingId, result }: Told) => ({
  ...result,
  ...(recordingId !== undefined && { data: { recordingId } }),
});

async function stop({ recordingId }: Told, carrier: RecordingParts['carrier']): Promise<void> {
  if (recordingId === undefined) return;
  await carrier.stopRecording(recordingId).catch((error: unknown) => failedAs(error, 'gone') || Promise.reject(error));
}

/** The host is told in any case: whoever has settled it may have died before he could. It takes it once. */
async function settle(
  { operationContext }: Operation,
  outcome: Omit<Settlement, 'operationContext'>,
  { sessionId, session, log }: RecordingTask,
  { ledger, store }: RecordingParts,
): Promise<void> {
  const settlement = { operationContext, ...outcome };
  const isNews = await ledger.settle(sessionId, settlement);
  if (isNews) log.info({ state: outcome.state }, 'the carrier has told what came of a recording');
  await tellHost(settlement, { sessionId, session }, { store });
}

async function tellHost(
  settlement: Settlement,
  { sessionId, session }: Pick<RecordingTask, 'sessionId' | 'session'>,
  { store }: Pick<RecordingParts, 'store'>,
): Promise<void> {
  if (session && !isOver(session.status)) await store.command(sessionId, operationEnded(settlement));
}
