import type { RecordingWish } from '../../carrier/carrier.ts';
import { failedAs } from '../../carrier/carrier-error.ts';
import { ParleyError } from '../../errors.ts';
import type { SessionCommand } from '../../sessions/session.ts';
import { noCallTraces } from '../../telemetry/call-traces.ts';
import { operationSpan } from '../../telemetry/names.ts';
import { TAKEN_BACK } from '../operation-ledger.ts';
import { type AskedBy, mayBeDone, type OperationOf, type OperationPorts, operate, reasonOf } from './operate.ts';
import { type RecordingState, recordingStateOf } from './recording-state.ts';

const SETTLED_WITHIN_MS = 30_000;
/** The notice comes first, and may have to be said again. */
const NOTICE_WITHIN_MS = 120_000;

export type RecordingAction = 'start' | 'pause' | 'resume' | 'stop';

export const recordingRunning = () =>
  new ParleyError('recording.running', 'The call is being recorded already, or is about to be.');

const noRecording = (cause?: unknown) =>
  new ParleyError('recording.none', 'The call is not being recorded.', { cause });

/**
 * Enters a recording that whoever talks on the call shall start, after the notice. A call has one at a time, whoever wants it.
 * @param order what he is told, where it is somebody else who enters it
 * @returns false: it was entered before
 * @throws {ParleyError} `recording.running`
 */
export const enterRecording = (
  { ledger }: OperationPorts,
  { sessionId, operationContext, askedBy }: Omit<OperationOf, 'callId'>,
  order?: SessionCommand,
): Promise<boolean> =>
  ledger.begin({
    sessionId,
    operationContext,
    kind: 'recording',
    deadlineMs: NOTICE_WITHIN_MS + SETTLED_WITHIN_MS,
    data: { action: 'start', askedBy },
    alone: { slot: 'recording', refusal: recordingRunning },
    order,
  });

/**
 * Enters a recording that the ledger has lost, as whoever talks on the call knows it: others could neither pause nor stop it.
 * Idempotent. @param pausedBy where it is paused: who goes on with it
 * @param isUnannounced nobody is told
 */
export async function noteRecording(
  ledger: OperationPorts['ledger'],
  sessionId: string,
  state: RecordingState,
  pausedBy: AskedBy,
  isUnannounced = false,
): Promise<void> {
  if (state.is === 'off' || state.is === 'stopping') return;
  const entered = { sessionId, kind: 'recording', deadlineMs: SETTLED_WITHIN_MS } as const;
  const operationContext = state.by;
  await ledger.begin({ ...entered, operationContext, data: { action: 'start', askedBy: 'engine' } });
  if (state.is === 'starting') await ledger.accepted(sessionId, operationContext);
  if (state.is !== 'running' && state.is !== 'paused') return;
  const { recordingId } = state;
  const done = { state: 'succeeded', result: { data: startedData(recordingId, isUnannounced) } } as const;
  await ledger.settle(sessionId, { ...done, operationContext });
  if (state.is === 'running') return;
  const pause = `${operationContext}.paused`;
  await ledger.begin({
    ...entered,
    operationContext: pause,
    data: { action: 'pause', recordingId, askedBy: pausedBy },
  });
  await ledger.settle(sessionId, { ...done, operationContext: pause });
}

const startedData = (recordingId: string, isUnannounced: boolean) => ({
  recordingId,
  ...(isUnannounced && { unannounced: true }),
});

/**
 * Has the carrier record the call. Whoever is in it has been told before, where that is wanted. `accepted` in the ledger says
 * that it was asked for: until then nothing can have been recorded, and whoever comes first asks.
 * @param isUnannounced nobody is told, who comes in later neither
 * @returns its name; undefined where it was begun, or taken back, before
 * @throws {ParleyError} `recording.running`, and what the carrier fails with
 */
export async function startRecording(
  ports: OperationPorts,
  of: OperationOf,
  wish: RecordingWish,
  isUnannounced = false,
): Promise<string | undefined> {
  const { ledger, carrier, traces = noCallTraces } = ports;
  const { sessionId, callId, operationContext } = of;
  const fail = (message: string) =>
    ledger.settle(sessionId, { operationContext, state: 'failed', result: { message } });
  await enterRecording(ports, of);
  const operations = await ledger.list(sessionId);
  const own = operations.find((each) => each.operationContext === operationContext);
  const others = recordingStateOf(operations.filter((each) => each !== own));
  if ('recordingId' in others) {
    await fail('recording.running');
    throw recordingRunning();
  }
  // The time for its notice may have run out, which nobody has taken for a refusal.
  const isOurs = own?.state === 'unknown' || (await ledger.accepted(sessionId, operationContext));
  if (!isOurs) return undefined;
  let recordingId: string;
  try {
    const start = () => carrier.startRecording(callId, wish);
    ({ recordingId } = await traces.within(sessionId, operationSpan('recording'), start));
  } catch (error) {
    if (!mayBeDone(error)) await fail(reasonOf(error));
    throw error;
  }
  try {
    const data = startedData(recordingId, isUnannounced);
    await ledger.settle(sessionId, { operationContext, state: 'succeeded', result: { data } });
    const found = await ledger.get(sessionId, operationContext);
    if (found?.state !== 'failed') return recordingId;
  } catch {
    // It runs. What cannot be noted now, or was taken back meanwhile, its event settles.
    return recordingId;
  }
  // It was taken back meanwhile, or has failed already, and whoever said so could not know its name.
  await carrier.stopRecording(recordingId).catch((error: unknown) => failedAs(error, 'gone') || Promise.reject(error));
  return undefined;
}

/**
 * Pauses the call's recording, goes on with it, or ends it. One that is about to begin can be stopped, too.
 * @param order see {@link operate}
 * @returns the operation that was to begin it, and does so no more: whoever gives the notice is to be told
 * @throws {ParleyError} `recording.none`
 */
export async function changeRecording(
  ports: OperationPorts,
  of: OperationOf,
  action: Exclude<RecordingAction, 'start'>,
  order?: SessionCommand,
): Promise<string | undefined> {
  const { carrier, ledger } = ports;
  const operations = await ledger.list(of.sessionId);
  const state = recordingStateOf(operations);
  if (state.is === 'off') throw noRecording();
  if (!('recordingId' in state) || state.recordingId === undefined) {
    const start = operations.find((each) => each.operationContext === state.by);
    // Of one that is `unknown` the carrier may tell yet.
    if (action === 'stop') return takeBack(ports, of, state.by, start?.state !== 'asked', order);
    throw new ParleyError('recording.none', 'Its notice comes first, until which it can only be stopped.');
  }
  const { by, recordingId } = state;
  const request = {
    pause: () => carrier.pauseRecording(recordingId),
    resume: () => carrier.resumeRecording(recordingId),
    stop: () => carrier.stopRecording(recordingId),
  }[action];
  await operate(ports, of, {
    kind: 'recording',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { action, recordingId },
    request: async () => {
      try {
        await request();
      } catch (error) {
        if (failedAs(error, 'gone')) throw await whyGone(ports, of, { by, recordingId }, error);
        throw error;
      }
    },
    endsWith: () => ({ data: { recordingId } }),
    order,
  });
  return undefined;
}

/** Carriers answer of a recording that there is none as of a call: somebody else was quicker, or it is lost, or the call is over. */
async function whyGone(
  { carrier, ledger }: OperationPorts,
  { sessionId, callId, operationContext }: OperationOf,
  { by, recordingId }: { readonly by: string; readonly recordingId: string },
  gone: unknown,
): Promise<unknown> {
  if ((await carrier.state(callId)) === 'gone') return gone;
  const operations = await ledger.list(sessionId);
  const state = recordingStateOf(operations.filter((each) => each.operationContext !== operationContext));
  const isLost = (state.is === 'running' || state.is === 'paused') && state.recordingId === recordingId;
  if (isLost) {
    const result = { message: 'recording.lost', data: { recordingId } };
    await ledger.settle(sessionId, { operationContext: by, state: 'failed', result, overrides: true });
  }
  return noRecording(gone);
}

/** @param requested the carrier was asked for it already, and may tell of it */
async function takeBack(
  ports: OperationPorts,
  of: OperationOf,
  by: string,
  requested: boolean,
  order: SessionCommand | undefined,
): Promise<string | undefined> {
  const result = { message: TAKEN_BACK, ...(requested && { data: { requested } }) };
  const taken = { operationContext: by, state: 'failed', result } as const;
  // It has begun just then, or has come to nothing.
  if (!(await ports.ledger.settle(of.sessionId, taken))) return changeRecording(ports, of, 'stop', order);
  await operate(ports, of, {
    kind: 'recording',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { action: 'stop' },
    request: async () => {},
    endsWith: () => ({}),
  });
  return by;
}
