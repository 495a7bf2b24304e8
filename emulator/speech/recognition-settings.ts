import { z } from 'zod';
import { UspError } from './usp.ts';

export interface RecognitionSettings {
  /** The silence that ends a phrase. */
  readonly segmentationSilenceMs: number;
  /** Phrases with their variants (`NBest`). */
  readonly detailed: boolean;
  /** The turn ends with its first phrase (`recognizeOnceAsync`). */
  readonly singleShot: boolean;
}

const DEFAULT_SILENCE_MS = 500;
const silence = z.coerce.number().int().min(100).max(5000).catch(DEFAULT_SILENCE_MS);
const segmentation = z.looseObject({
  segmentation: z.looseObject({ segmentationSilenceTimeoutMs: silence.optional() }),
});

/** What the emulator heeds of a `speech.context`; the SDK sends much more. */
const speechContext = z.looseObject({
  phraseDetection: z
    .looseObject({
      mode: z.string().optional(),
      conversation: segmentation.optional().catch(undefined),
      interactive: segmentation.optional().catch(undefined),
      dictation: segmentation.optional().catch(undefined),
    })
    .optional(),
  phraseOutput: z.looseObject({ format: z.string().optional() }).optional(),
});

/** What the socket's own address asks for: the settings of turns whose context does not say otherwise. */
export function settingsOfQuery(query: URLSearchParams): RecognitionSettings {
  return {
    segmentationSilenceMs: silence.parse(query.get('segmentationSilenceTimeoutMs') ?? DEFAULT_SILENCE_MS),
    detailed: query.get('format') === 'detailed',
    singleShot: false,
  };
}

/** The settings of one turn. @throws {UspError} 1007 where the context is not of the SDK's shape */
export function settingsOfContext(context: unknown, base: RecognitionSettings): RecognitionSettings {
  const parsed = speechContext.safeParse(context);
  if (!parsed.success) throw new UspError(1007, 'speech.context is not of the shape that the SDK sends');
  const { phraseDetection, phraseOutput } = parsed.data;
  const mode = phraseDetection?.mode?.toLowerCase() ?? 'conversation';
  const asked = phraseDetection?.[mode === 'interactive' || mode === 'dictation' ? mode : 'conversation'];
  return {
    segmentationSilenceMs: asked?.segmentation.segmentationSilenceTimeoutMs ?? base.segmentationSilenceMs,
    detailed: phraseOutput?.format === undefined ? base.detailed : phraseOutput.format.toLowerCase() === 'detailed',
    singleShot: mode === 'interactive',
  };
}
