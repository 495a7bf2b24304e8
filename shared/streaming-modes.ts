/**
 * What can be done with a caller's line, as `ACS_STREAMING_MODE` and `streaming_mode` name it. `voice_live` and
 * `transcription` are names of modes that are not built yet.
 */
export const STREAMING_MODES = ['media'] as const;

export type StreamingMode = (typeof STREAMING_MODES)[number];
