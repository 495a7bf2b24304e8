import { z } from 'zod';
import type { RecordingWish } from '../../carrier/carrier.ts';
import { ParleyError } from '../../errors.ts';
import { isSettled, type Operation } from '../operation-ledger.ts';
import { type OperationOf, type OperationPorts, operate } from './operate.ts';

const SETTLED_WITHIN_MS = 30_000;
/** The notice comes first, and may have to be said again. */
const NOTICE_WITHIN_MS = 120_000;

export type RecordingAction = 'start' | 'pause' | 'resume' | 'stop';

/** The recording of a call, as far as the ledger knows. */
export interface CallRecording {
  readonly recordingId: string;
  readonly state: 'active' | 'paused';
}

const recordingData = z.object({ action: z.enum(['start', 'pause', 'resume', 'stop']) });
const startedAs = z.object({ recordingId: z.string() });

/** The recording that goes on in a call, or is paused; undefined where there is none. */
export function recordingOf(operations: readonly Operation[]): CallRecording | undefined {
  let recording: CallRecording | undefined;
  for (const { kind, state, data, result } of operations) {
    if (kind !== 'recording' || state !== 'succeeded') continue;
    const { success, data: what } = recordingData.safeParse(data);
    if (!success) continue;
    if (what.action === 'start') {
      const started = startedAs.safeParse(result?.data);
      recording = started.success ? { recordingId: started.data.recordingId, state: 'active' } : recording;
    } else if (what.action === 'stop') recording = undefined;
    else if (recording) recording = { ...recording, state: what.action === 'pause' ? 'paused' : 'active' };
  }
  return recording;
}

/** Somebody has asked for a recording already, and it is not known yet whether it comes about. */
export const startingOf = (operations: readonly Operation[]): Operation | undefined =>
  operations.find(({ kind, state, data }) => kind === 'recording' && data.action === 'start' && !isSettled(state));

export const recordingRunning = () =>
  new ParleyError('recording.running', 'The call is being recorded already, or is about to be.');

/** A call has one recording at a time, whoever wants it. */
const ALONE = { slot: 'recording', refusal: recordingRunning };

/**
 * Enters a recording that whoever talks on the call shall start, after the notice.
 * @throws {ParleyError} `recording.running`
 */
export const enterRecording = (
  { ledger }: OperationPorts,
  { sessionId, operationContext, askedBy }: OperationOf,
): Promise<boolean> =>
  ledger.begin({
    sessionId,
    operationContext,
    kind: 'recording',
    deadlineMs: NOTICE_WITHIN_MS + SETTLED_WITHIN_MS,
    data: { action: 'start', askedBy },
    alone: ALONE,
  });

/**
 * Has the carrier record the call. Whoever is in it has been told before, where that is wanted.
 * @returns its name; undefined where it was begun, or taken back, before
 * @throws {ParleyError} `recording.running`, and what the carrier fails with
 */
export async function startRecording(
  ports: OperationPorts,
  of: OperationOf,
  wish: RecordingWish,
): Promise<string | undefined> {
  let begun: string | undefined;
  await operate(ports, of, {
    kind: 'recording',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { action: 'start' },
    entered: true,
    alone: ALONE,
    request: async () => {
      // One that was asked for while another one began.
      if (recordingOf(await ports.ledger.list(of.sessionId))) throw recordingRunning();
      const { recordingId } = await ports.carrier.startRecording(of.callId, wish);
      begun = recordingId;
      return { recordingId };
    },
    endsWith: ({ recordingId }) => ({ data: { recordingId } }),
  });
  return begun;
}

/**
 * Pauses the call's recording, goes on with it, or ends it. One that is about to begin can be stopped, too.
 * @returns the operation that was to begin it, and does so no more: whoever gives the notice is to be told
 * @throws {ParleyError} `recording.none`
 */
export async function changeRecording(
  ports: OperationPorts,
  of: OperationOf,
  action: Exclude<RecordingAction, 'start'>,
): Promise<string | undefined> {
  const operations = await ports.ledger.list(of.sessionId);
  const recording = recordingOf(operations);
  const starting = startingOf(operations);
  if (!recording) {
    if (starting && action === 'stop') return takeBack(ports, of, starting);
    const why = starting
      ? 'Its notice comes first, until which it can only be stopped.'
      : 'The call is not being recorded.';
    throw new ParleyError('recording.none', why);
  }
  const { carrier } = ports;
  const request = {
    pause: () => carrier.pauseRecording(recording.recordingId),
    resume: () => carrier.resumeRecording(recording.recordingId),
    stop: () => carrier.stopRecording(recording.recordingId),
  }[action];
  const { recordingId } = recording;
  await operate(ports, of, {
    kind: 'recording',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { action, recordingId },
    request,
    endsWith: () => ({ data: { recordingId } }),
  });
  return undefined;
}

async function takeBack(ports: OperationPorts, of: OperationOf, { operationContext }: Operation): Promise<string> {
  const result = { message: 'recording.taken-back' };
  await operate(ports, of, {
    kind: 'recording',
    deadlineMs: SETTLED_WITHIN_MS,
    data: { action: 'stop' },
    request: () => ports.ledger.settle(of.sessionId, { operationContext, state: 'failed', result }),
    endsWith: () => ({}),
  });
  return operationContext;
}
