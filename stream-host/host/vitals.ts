import type { ProcessVitals, ProcessVitalsReading } from '../../shared/process-vitals.ts';
import type { VoiceActivityLane } from '../speech/voice-activity/voice-activity-lane.ts';
import type { Admission, AdmissionReading } from './admission.ts';
import type { LiveSessions } from './live-sessions.ts';

/** What `GET /healthz` tells besides that the process lives. Nothing outside of the process is asked. */
export interface StreamHostVitals extends ProcessVitalsReading {
  readonly sessions: number;
  readonly maxSessions: number;
  /** Of the sessions, those of browsers, and how many they may have. */
  readonly browserSessions: number;
  readonly maxBrowserSessions: number;
  /** Whether one more session would be let in, and the load by which that is decided, of the last seconds. */
  readonly admission?: AdmissionReading | undefined;
  readonly voiceActivity: {
    readonly frames: number;
    /** Of these, frames that the model looked at; the energy gate answered the rest. */
    readonly inferredFrames: number;
    /** Frames that were never judged, as the thread was behind or died. */
    readonly droppedFrames: number;
    readonly restarts: number;
    /** What runs the model: the native runtime, or WASM where the platform lacks it. */
    readonly runtime?: 'native' | 'wasm';
  };
  readonly playout: {
    /** Frames of the agent's voice that a line did not take, of all sessions since the start. */
    readonly droppedFrames: number;
  };
  readonly callers: {
    /** Messages that came faster than time passes and were dropped, of all sessions since the start. */
    readonly excessFrames: number;
  };
}

export interface VitalsSources {
  readonly process: Pick<ProcessVitals, 'read'>;
  readonly live: Pick<
    LiveSessions,
    'count' | 'maxSessions' | 'browserCount' | 'maxBrowserSessions' | 'droppedFrames' | 'excessFrames'
  >;
  readonly lane: Pick<VoiceActivityLane, 'stats'>;
  readonly admission?: Pick<Admission, 'reading'> | undefined;
}

export function readVitals({ process, live, lane, admission }: VitalsSources): StreamHostVitals {
  const { frames, inferred, dropped, restarts, runtime } = lane.stats();
  return {
    ...process.read(),
    sessions: live.count,
    maxSessions: live.maxSessions,
    browserSessions: live.browserCount,
    maxBrowserSessions: live.maxBrowserSessions,
    ...(admission && { admission: admission.reading }),
    voiceActivity: { frames, inferredFrames: inferred, droppedFrames: dropped, restarts, ...(runtime && { runtime }) },
    playout: { droppedFrames: live.droppedFrames },
    callers: { excessFrames: live.excessFrames },
  };
}
