import { z } from 'zod';

/** One phrase as the carrier hears it, so far or for good. Times count from wherever it began. */
export interface ServiceTranscript {
  readonly text: string;
  readonly final: boolean;
  readonly participant?: string | undefined;
  readonly confidence?: number | undefined;
  readonly offsetMs: number;
  readonly durationMs: number;
  readonly words: readonly { readonly text: string; readonly offsetMs: number; readonly durationMs: number }[];
}

/** As it waits in Redis between the host that has the carrier's socket and the one that has the session. */
export const storedTranscript = z.object({
  text: z.string(),
  final: z.boolean(),
  participant: z.string().exactOptional(),
  confidence: z.number().exactOptional(),
  offsetMs: z.number(),
  durationMs: z.number(),
  words: z.array(z.object({ text: z.string(), offsetMs: z.number(), durationMs: z.number() })),
}) satisfies z.ZodType<ServiceTranscript>;
