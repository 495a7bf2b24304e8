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
  languageId: z.looseObject({ languages: z.array(z.string()).min(1) }).optional(),
});

/** What one turn is asked for. */
export interface RecognitionSettings {
  /** The silence that ends a phrase. */
  readonly silenceMs: number;
  /** Confidence and words are wanted. */
  readonly detailed: boolean;
  /** What of several languages everything is taken for: the models here know one. */
  readonly language: string | undefined;
}

/** @throws {UspError} 1007 where the context is not of the SDK's shape, or asks for what is not emulated */
export function recognitionSettings(context: unknown): RecognitionSettings {
  const parsed = speechContext.safeParse(context);
  if (!parsed.success) throw new UspError(1007, 'speech.context is not of the shape that the SDK sends');
  const { phraseDetection, phraseOutput, languageId } = parsed.data;
  const format = phraseOutput?.format ?? 'simple';
  requireKnown(phraseDetection?.mode ?? 'conversation', /^conversation$/i);
  requireKnown(format, /^(simple|detailed)$/i);
  return {
    silenceMs: phraseDetection?.conversation?.segmentation.segmentationSilenceTimeoutMs ?? DEFAULT_SILENCE_MS,
    detailed: /^detailed$/i.test(format),
    language: languageId && (languageId.languages.find((name) => name.startsWith('en')) ?? languageId.languages[0]),
  };
}

function requireKnown(wanted: string, known: RegExp): void {
  if (known.test(wanted)) return;
  throw new UspError(1007, `"${wanted.slice(0, 50)}" is not emulated: recognise continuously, simple or detailed`);
}
