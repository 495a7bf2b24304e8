/** One frame of the speech detector: 512 samples at 16 kHz. */
export const FRAME_SAMPLES = 512;
export const SEGMENTER_FRAME_MS = 32;

/** Silero's own recommendation for how much less sure it is of speech that has ended than of speech that begins. */
const ENDS_BELOW = 0.15;
/** After so much silence a phrase may well be over. */
const PAUSE_FRAMES = 3;
const MAX_PHRASE_FRAMES = Math.round(12_000 / SEGMENTER_FRAME_MS);
/** A phrase that is too long is cut where its last second and a half is quietest. */
const CUT_WINDOW_FRAMES = Math.round(1500 / SEGMENTER_FRAME_MS);
const QUIET_FRAMES = Math.round(5000 / SEGMENTER_FRAME_MS);

/** Frame numbers count from the start of the stream; `end` is the first frame that no longer belongs. */
export type Segment =
  /** Somebody began to speak. */
  | { readonly type: 'started'; readonly start: number }
  /** They have been silent for 96 ms since `end`. */
  | { readonly type: 'paused'; readonly end: number }
  /** They went on speaking within the same phrase. */
  | { readonly type: 'resumed' }
  /** The phrase is over. `voicedFrames`: how many of its frames were surely speech. */
  | { readonly type: 'ended'; readonly start: number; readonly end: number; readonly voicedFrames: number }
  /** Nobody has spoken for five seconds, up to `end`. */
  | { readonly type: 'quiet'; readonly start: number; readonly end: number };

export type SegmenterState =
  | { readonly type: 'silence'; readonly since: number; readonly voicedRun: number }
  | {
      readonly type: 'speech';
      readonly start: number;
      readonly voicedFrames: number;
      /** The first frame of the silence that the phrase is in now, if it is in one. */
      readonly silentSince: number | undefined;
      /** Of the last frames, oldest first. */
      readonly probabilities: readonly number[];
    };

export const initialSegmenterState: SegmenterState = { type: 'silence', since: 0, voicedRun: 0 };

/** How soon somebody is taken to speak. */
export interface Sensitivity {
  /** How sure it must be that a frame is speech. Silero's own recommendation is 0.5. */
  readonly threshold: number;
  /** How long it must be speech. */
  readonly onsetMs: number;
}

export const DEFAULT_SENSITIVITY: Sensitivity = { threshold: 0.5, onsetMs: 96 };

interface Step {
  readonly state: SegmenterState;
  readonly segments: readonly Segment[];
}

/**
 * Cuts a stream into phrases: takes the probability of speech in frame number `frame` and moves the state on.
 * @param endFrames how many frames of silence end a phrase
 */
export function segmentFrame(
  state: SegmenterState,
  frame: number,
  probability: number,
  endFrames: number,
  sensitivity = DEFAULT_SENSITIVITY,
): Step {
  switch (state.type) {
    case 'silence':
      return inSilence(state, frame, probability, sensitivity);
    case 'speech':
      return inSpeech(state, frame, probability, endFrames, sensitivity.threshold);
  }
}

/** The stream ended before frame number `frame`: an open phrase ends with it. */
export function segmentEnd(state: SegmenterState, frame: number): Step {
  if (state.type === 'silence') return { state, segments: [] };
  const { start, voicedFrames, silentSince: end = frame } = state;
  return { state: silentFrom(frame), segments: [{ type: 'ended', start, end, voicedFrames }] };
}

const silentFrom = (since: number): SegmenterState => ({ type: 'silence', since, voicedRun: 0 });

function inSilence(
  state: SegmenterState & { type: 'silence' },
  frame: number,
  probability: number,
  { threshold, onsetMs }: Sensitivity,
): Step {
  const { since } = state;
  const voicedRun = probability >= threshold ? state.voicedRun + 1 : 0;
  if (voicedRun >= Math.max(1, Math.round(onsetMs / SEGMENTER_FRAME_MS))) {
    const start = frame + 1 - voicedRun;
    return {
      state: { type: 'speech', start, voicedFrames: voicedRun, silentSince: undefined, probabilities: [] },
      segments: [{ type: 'started', start }],
    };
  }
  if (voicedRun === 0 && frame - since >= QUIET_FRAMES) {
    return { state: silentFrom(frame), segments: [{ type: 'quiet', start: since, end: frame }] };
  }
  return { state: { type: 'silence', since, voicedRun }, segments: [] };
}

function inSpeech(
  state: SegmenterState & { type: 'speech' },
  frame: number,
  probability: number,
  endFrames: number,
  threshold: number,
): Step {
  const { start } = state;
  const voiced = probability >= threshold;
  const voicedFrames = state.voicedFrames + (voiced ? 1 : 0);
  const silentSince = voiced
    ? undefined
    : (state.silentSince ?? (probability < threshold - ENDS_BELOW ? frame : undefined));
  const silentFrames = silentSince === undefined ? 0 : frame + 1 - silentSince;

  if (silentSince !== undefined && silentFrames >= endFrames) {
    return { state: silentFrom(silentSince), segments: [{ type: 'ended', start, end: silentSince, voicedFrames }] };
  }

  const probabilities = [...state.probabilities.slice(1 - CUT_WINDOW_FRAMES), probability];
  if (frame + 1 - start >= MAX_PHRASE_FRAMES) {
    const quietest = probabilities.indexOf(Math.min(...probabilities));
    const cut = frame + 1 - probabilities.length + quietest;
    return {
      state: { type: 'speech', start: cut, voicedFrames: 0, silentSince: undefined, probabilities: [] },
      segments: [
        { type: 'ended', start, end: cut, voicedFrames },
        { type: 'started', start: cut },
      ],
    };
  }

  const next: SegmenterState = { type: 'speech', start, voicedFrames, silentSince, probabilities };
  if (silentSince !== undefined && silentFrames === PAUSE_FRAMES) {
    return { state: next, segments: [{ type: 'paused', end: silentSince }] };
  }
  const wasPaused = state.silentSince !== undefined && frame - state.silentSince >= PAUSE_FRAMES;
  return { state: next, segments: voiced && wasPaused ? [{ type: 'resumed' }] : [] };
}
