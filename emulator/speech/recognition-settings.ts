import { z } from 'zod';
import { UspError } from './usp.ts';

const DEFAULT_SILENCE_MS = 500;
const silence = z.coerce.number().int().min(100).max(5000).catch(DEFAULT_SILENCE_MS);

/** What the emulator heeds of a `speech.context`; the SDK sends much more. */
const speechContext = z.looseObject({
  phraseDetection: z
    .looseObject({
      mode: z.string().default('conversation'),
      conversation: z
        .looseObject({ segmentation: z.looseObject({ segmentationSilenceTimeoutMs: silence }) })
        .optional()
        .catch(undefined),
    })
    .optional(),
  phraseOutput: z.looseObject({ format: z.string().default('simple') }).optional(),
});

/**
 * The silence that ends a phrase in one turn.
 * @throws {UspError} 1007 where the context is not of the SDK's shape, or asks for what is not emulated
 */
export function segmentationSilenceMs(context: unknown): number {
  const parsed = speechContext.safeParse(context);
  if (!parsed.success) throw new UspError(1007, 'speech.context is not of the shape that the SDK sends');
  const { phraseDetection, phraseOutput } = parsed.data;
  for (const wanted of [phraseDetection?.mode ?? 'conversation', phraseOutput?.format ?? 'simple']) {
    if (/^(conversation|simple)$/i.test(wanted)) continue;
    throw new UspError(1007, `"${wanted.slice(0, 50)}" is not emulated: recognise continuously, with simple results`);
  }
  return phraseDetection?.conversation?.segmentation.segmentationSilenceTimeoutMs ?? DEFAULT_SILENCE_MS;
}
