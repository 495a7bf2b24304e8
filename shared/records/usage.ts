import { z } from 'zod';

/** What is paid for in a call. */
export const SERVICES = ['chat-model', 'realtime', 'speech-recognition', 'speech-synthesis', 'line'] as const;
export type PaidService = (typeof SERVICES)[number];

/**
 * What is counted of it. Each token is counted under one of these: `input_tokens` are those of text that were not cached.
 * `line_seconds`: how long a telephone line stood. `requests` says how often something was asked, and may have a price, too.
 */
export const UNITS = [
  'requests',
  'input_tokens',
  'cached_input_tokens',
  'output_tokens',
  'input_audio_tokens',
  'cached_input_audio_tokens',
  'output_audio_tokens',
  'characters',
  'audio_seconds',
  'line_seconds',
] as const;
export type Unit = (typeof UNITS)[number];

/** Of one use, by unit. `null`: it was used, and nobody told how much. */
export type Amounts = { readonly [U in Unit]?: number | null };

/** One use of a service. */
export interface Usage {
  readonly service: PaidService;
  /** The model, the deployment or the voice; `inbound` or `outbound` of a line. */
  readonly model?: string | undefined;
  readonly used: Amounts;
}

export const usageSchema = z.object({
  service: z.enum(SERVICES),
  model: z.string().optional(),
  used: z.partialRecord(z.enum(UNITS), z.number().nullable()),
});

/** What a model says it has used. A cached token is one of the input's; a token of sound, too. */
export interface ModelTokens {
  readonly input: number;
  readonly output: number;
  readonly cached?: number | undefined;
  readonly inputAudio?: number | undefined;
  readonly cachedAudio?: number | undefined;
  readonly outputAudio?: number | undefined;
}

/** One answer of a model, each token under one unit. `undefined`: it did not tell, as where its answer was broken off. */
export function modelUsage(service: 'chat-model' | 'realtime', model: string, tokens: ModelTokens | undefined): Usage {
  if (tokens === undefined) return { service, model, used: { requests: 1, input_tokens: null, output_tokens: null } };
  const { input, output, cached = 0, inputAudio = 0, cachedAudio = 0, outputAudio = 0 } = tokens;
  const all = {
    input_tokens: Math.max(0, input - inputAudio - (cached - cachedAudio)),
    cached_input_tokens: Math.max(0, cached - cachedAudio),
    output_tokens: Math.max(0, output - outputAudio),
    input_audio_tokens: Math.max(0, inputAudio - cachedAudio),
    cached_input_audio_tokens: cachedAudio,
    output_audio_tokens: outputAudio,
  };
  return { service, model, used: { requests: 1, ...Object.fromEntries(Object.entries(all).filter(([, n]) => n > 0)) } };
}
