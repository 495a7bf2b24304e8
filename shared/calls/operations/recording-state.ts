import { z } from 'zod';
import { isSettled, type Operation, whyFailed } from '../operation-ledger.ts';

/**
 * How the recording of a call stands. `by`: the operation that asked for it. The host that talks on the call moves it as it
 * goes; everybody else reads it from the ledger. `wanted` and `noticing`: people are being told, and nothing is recorded.
 * `starting`: the carrier was asked for it. `stopping`: it is no more, or shall not be, and the carrier may not know yet.
 */
export type RecordingState =
  | {
      readonly is: 'off';
      readonly reason?: string /** The call, or our part in it, is over. */;
      readonly isOver?: true;
    }
  | { readonly is: 'wanted' | 'noticing'; readonly by: string }
  /** `unanswered`: no answer came, and it may be recorded all the same. */
  | { readonly is: 'starting'; readonly by: string; readonly unanswered?: true }
  | { readonly is: 'running' | 'paused'; readonly by: string; readonly recordingId: string }
  | { readonly is: 'stopping'; readonly by: string; readonly recordingId?: string; readonly reason: string };

/** What changes it. `of`: the operation that asked for the recording, or the recording's own id. */
export type RecordingHappening =
  | { readonly what: 'asked'; readonly by: string }
  /** People are being told. */
  | { readonly what: 'notice'; readonly by: string }
  /** They have heard it, or need not: the carrier is asked. */
  | { readonly what: 'heard'; readonly by: string }
  | { readonly what: 'begun'; readonly by: string; readonly recordingId: string }
  /** Nothing came of the request, or nobody knows what. */
  | { readonly what: 'refused'; readonly by: string; readonly reason: string }
  | { readonly what: 'unanswered'; readonly by: string }
  | { readonly what: 'paused' | 'resumed'; readonly of: string }
  /** It is wanted no more, or the carrier has told that there is none. */
  | { readonly what: 'stop'; readonly of: string; readonly reason: string }
  | { readonly what: 'stopped'; readonly of: string }
  /** The call is over, or our part in it. */
  | { readonly what: 'over' };

export const NOT_RECORDED: RecordingState = { is: 'off' };

/** The reason of a recording's end that is no failure, as {@link TAKEN_BACK} is none. */
export const STOPPED = 'stopped';

/** What does not concern the recording that there is changes nothing. */
export function recordingAfter(state: RecordingState, happening: RecordingHappening): RecordingState {
  if (happening.what === 'over') return { is: 'off', isOver: true };
  if (state.is === 'off') {
    const begins = happening.what === 'asked' && !state.isOver;
    return begins ? { is: 'wanted', by: happening.by } : state;
  }
  if ('by' in happening) return happening.by === state.by ? beginning(state, happening) : state;
  const isAbout = happening.of === state.by || ('recordingId' in state && happening.of === state.recordingId);
  return isAbout ? changed(state, happening) : state;
}

type Wanted = Exclude<RecordingState, { is: 'off' }>;

/** On its way from being asked for to the carrier's answer; what comes later than that changes nothing. */
function beginning(state: Wanted, happening: Extract<RecordingHappening, { by: string }>): RecordingState {
  const { by } = state;
  if ('recordingId' in state) return state;
  switch (happening.what) {
    case 'asked':
      return state;
    case 'notice':
      return state.is === 'wanted' ? { is: 'noticing', by } : state;
    case 'heard':
      return state.is === 'wanted' || state.is === 'noticing' ? { is: 'starting', by } : state;
    case 'begun': {
      const { recordingId } = happening;
      return state.is === 'stopping' ? { ...state, recordingId } : { is: 'running', by, recordingId };
    }
    case 'refused':
      return { is: 'off', reason: state.is === 'stopping' ? state.reason : happening.reason };
    case 'unanswered':
      if (state.is === 'stopping') return { is: 'off', reason: state.reason };
      return state.is === 'starting' ? { ...state, unanswered: true } : state;
  }
}

function changed(state: Wanted, happening: Extract<RecordingHappening, { of: string }>): RecordingState {
  switch (happening.what) {
    case 'paused':
      return state.is === 'running' ? { ...state, is: 'paused' } : state;
    case 'resumed':
      return state.is === 'paused' ? { ...state, is: 'running' } : state;
    case 'stop':
      return stopping(state, happening.reason);
    case 'stopped':
      return { is: 'off', reason: state.is === 'stopping' ? state.reason : STOPPED };
  }
}

function stopping(state: Wanted, reason: string): RecordingState {
  switch (state.is) {
    case 'wanted':
    case 'noticing':
      return { is: 'off', reason };
    case 'starting':
      return state.unanswered ? { is: 'off', reason } : { is: 'stopping', by: state.by, reason };
    case 'running':
    case 'paused':
      return { is: 'stopping', by: state.by, recordingId: state.recordingId, reason };
    case 'stopping':
      return state;
  }
}

const recordingData = z.object({
  action: z.enum(['start', 'pause', 'resume', 'stop']),
  recordingId: z.string().optional(),
});
const startedAs = z.object({ recordingId: z.string(), unannounced: z.boolean().optional() });

/** Of an operation that starts a recording: the carrier's name of that, once it is known. */
export const recordingIdOf = ({ result }: Operation): string | undefined =>
  startedAs.safeParse(result?.data).data?.recordingId;

/** Of one that has started a recording: nobody is told of it. */
export const isUnannounced = ({ result }: Operation): boolean =>
  startedAs.safeParse(result?.data).data?.unannounced === true;

export const isStart = ({ kind, data }: Operation): boolean => kind === 'recording' && data.action === 'start';

/** How the recording of a call stands by the ledger: `noticing` is `wanted` there. */
export function recordingStateOf(operations: readonly Operation[]): RecordingState {
  const lastStart = operations.findLast(isStart);
  return (
    operations
      // Nobody knows what came of it, and somebody has asked again.
      .filter((each) => each.state !== 'unknown' || !isStart(each) || each === lastStart)
      .flatMap(happeningsOf)
      .reduce(recordingAfter, NOT_RECORDED)
  );
}

/** What an operation of the ledger says of a recording. */
export function happeningsOf(operation: Operation): readonly RecordingHappening[] {
  const { kind, state, data, operationContext: by } = operation;
  const { action, recordingId: of } = (kind === 'recording' && recordingData.safeParse(data).data) || {};
  if (action === 'start') return [{ what: 'asked', by }, ...startedBy(operation)];
  if (action === undefined || of === undefined) return [];
  if (action === 'stop') {
    if (state === 'succeeded') return [{ what: 'stopped', of }];
    return isSettled(state) ? [] : [{ what: 'stop', of, reason: STOPPED }];
  }
  return state === 'succeeded' ? [{ what: action === 'pause' ? 'paused' : 'resumed', of }] : [];
}

function startedBy({ operationContext: by, state, result }: Operation): readonly RecordingHappening[] {
  const { success, data } = startedAs.safeParse(result?.data);
  switch (state) {
    case 'asked':
    case 'unknown':
      return [];
    case 'accepted':
      return [{ what: 'heard', by }];
    case 'succeeded':
      return success ? [{ what: 'begun', by, recordingId: data.recordingId }] : [{ what: 'stop', of: by, reason: '' }];
    case 'failed':
      return [{ what: 'stop', of: by, reason: whyFailed(result) }];
  }
}
