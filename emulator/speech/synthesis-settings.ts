import { z } from 'zod';
import { UspError } from './usp.ts';

export interface SynthesisSettings {
  readonly wordBoundaries: boolean;
}

/** What the SDK asks for where its user chose `Raw16Khz16BitMonoPcm` or `Riff16Khz16BitMonoPcm`: it adds the header. */
const OUTPUT_FORMAT = 'raw-16khz-16bit-mono-pcm';

/** The SDK sends a switch as a boolean, and as a string where it was set as a property. */
const flag = z.preprocess((value) => value === true || value === 'true', z.boolean());

const synthesisContext = z.looseObject({
  synthesis: z.looseObject({
    audio: z.looseObject({
      outputFormat: z.string(),
      metadataOptions: z.looseObject({ wordBoundaryEnabled: flag }).optional(),
    }),
    input: z.looseObject({ bidirectionalStreamingMode: flag }).optional(),
  }),
});

/** Reads a `synthesis.context`. @throws {UspError} 1007, naming the audio format where it is not the one on offer */
export function parseSynthesisContext(context: unknown): SynthesisSettings {
  const parsed = synthesisContext.safeParse(context);
  if (!parsed.success) throw new UspError(1007, 'synthesis.context is not of the shape that the SDK sends');
  const { audio, input } = parsed.data.synthesis;
  if (audio.outputFormat !== OUTPUT_FORMAT) {
    throw new UspError(1007, `${audio.outputFormat.slice(0, 50)} is not emulated: ask for ${OUTPUT_FORMAT}`);
  }
  if (input?.bidirectionalStreamingMode) throw new UspError(1007, 'a streamed text is not emulated: send SSML');
  return { wordBoundaries: audio.metadataOptions?.wordBoundaryEnabled ?? false };
}
