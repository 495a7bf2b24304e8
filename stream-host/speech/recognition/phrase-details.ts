import { z } from 'zod';
import { jsonOf } from '../../../shared/json.ts';
import type { PhraseDetails } from '../../contract/speech.ts';

const TICKS_PER_MS = 10_000;

/**
 * What the service adds to a phrase where detailed results are asked for (`NBest`, the likeliest first); with simple ones
 * there is none of it. Offsets count from the session's first audio, in ticks of 100 ns.
 */
const detailedPhrase = z.object({
  NBest: z
    .array(
      z.object({
        Confidence: z.number().min(0).max(1).optional().catch(undefined),
        Words: z
          .array(z.object({ Word: z.string(), Offset: z.number(), Duration: z.number() }))
          .optional()
          .catch(undefined),
      }),
    )
    .min(1),
});

/** @param json the service's own message, of which nothing is believed */
export function phraseDetails(json: string | undefined, language: string | undefined): PhraseDetails {
  const best = readDetails(json)?.NBest[0];
  const words = best?.Words?.map(({ Word, Offset, Duration }) => ({
    text: Word,
    offsetMs: Offset / TICKS_PER_MS,
    durationMs: Duration / TICKS_PER_MS,
  }));
  return {
    ...(language !== undefined && language !== '' && { language }),
    ...(best?.Confidence !== undefined && { confidence: best.Confidence }),
    ...(words && { words }),
  };
}

function readDetails(json: string | undefined): z.output<typeof detailedPhrase> | undefined {
  // Simple results, of which there are many, need no parser.
  if (json === undefined || !json.includes('"NBest"')) return undefined;
  return detailedPhrase.safeParse(jsonOf(json)).data;
}
