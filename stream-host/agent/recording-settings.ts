import { z } from 'zod';
import type { AgentRecording, SessionFacts } from '../contract/agent.ts';

/**
 * The part `recording` of an agent's YAML. `notice` has no default: who records people tells them so, in their language, or
 * says that he need not.
 */
export const recordingSettings = z.strictObject({
  /** `asked`: calls that are placed with `record_call`, and whenever the API asks for it. */
  start: z.enum(['asked', 'always']).default('asked'),
  notice: z.union([z.literal(false), z.string().trim().min(1).max(500)]),
  /** Said where a recording fails of which people were told. */
  lost: z.string().trim().min(1).max(500).optional(),
});

export type RecordingSettings = z.output<typeof recordingSettings>;

export const recordingOf = (
  settings: RecordingSettings | undefined,
  { recorded }: SessionFacts,
): AgentRecording | undefined =>
  settings && {
    fromStart: recorded ?? settings.start === 'always',
    notice: settings.notice,
    lost: settings.lost,
  };

/** What the agent says of it itself. @param noticeUrl what the carrier plays in place of the agent's notice */
export const saidOf = (
  settings: RecordingSettings | undefined,
  noticeUrl: string | undefined,
): RecordingSettings | undefined => (settings && noticeUrl !== undefined ? { ...settings, notice: false } : settings);
