import { z } from 'zod';
import type { RealtimeSettings } from '../contract/realtime.ts';

const name = z.string().trim().min(1).max(200);
const names = (most: number) => z.array(name).min(1).max(most);
const ms = (least: number, most: number) => z.number().int().min(least).max(most);

/** How a voice of Azure is spoken with; both kinds of it and the personal ones take these. */
const manner = {
  temperature: z.number().min(0).max(1).optional(),
  style: name.optional(),
  rate: name.optional(),
  pitch: name.optional(),
  volume: name.optional(),
  locale: name.optional(),
  prefer_locales: names(20).optional(),
  custom_lexicon_url: z.url().optional(),
  custom_text_normalization_url: z.url().optional(),
};

const voice = z.union(
  [
    name,
    z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('openai'), name }),
      z.strictObject({ type: z.literal('azure-standard'), name, ...manner }),
      z.strictObject({ type: z.literal('azure-custom'), name, endpoint_id: name, ...manner }),
      z.strictObject({ type: z.literal('azure-personal'), name, model: name, ...manner }),
      z.strictObject({ type: z.literal('azure-realtime-native'), name }),
    ]),
  ],
  'must be the name of one of the model’s voices, or an object with type (openai, azure-standard, azure-custom, azure-personal, azure-realtime-native), name and what that kind takes',
);

const DECIDED_HERE = ['create_response', 'interrupt_response', 'auto_truncate'];

const turnDetection = z
  .looseObject({})
  // Copied from a sample they are likely to be there, and what they say would be overruled.
  .refine((given) => !DECIDED_HERE.some((field) => field in given), {
    message: `${DECIDED_HERE.join(', ')} are not an agent’s to say: the engine decides when it answers and when it is cut off`,
  })
  .pipe(
    z.strictObject({
      type: z.enum([
        'server_vad',
        'semantic_vad',
        'azure_semantic_vad',
        'azure_semantic_vad_en',
        'azure_semantic_vad_multilingual',
      ]),
      threshold: z.number().min(0).max(1).optional(),
      prefix_padding_ms: ms(0, 2_000).optional(),
      speech_duration_ms: ms(0, 2_000).optional(),
      silence_duration_ms: ms(50, 10_000).optional(),
      eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional(),
      remove_filler_words: z.boolean().optional(),
      languages: names(20).optional(),
      end_of_utterance: z
        .strictObject({
          model: name,
          threshold_level: z.enum(['low', 'medium', 'high', 'default']).optional(),
          timeout_ms: ms(100, 10_000).optional(),
        })
        .optional(),
    }),
  );

const triggers = z
  .array(z.enum(['latency', 'tool']))
  .min(1)
  .max(2)
  .optional();

const interimResponse = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('static_interim_response'),
    triggers,
    latency_threshold_ms: ms(100, 10_000).optional(),
    texts: z.array(z.string().trim().min(1).max(500)).min(1).max(20),
  }),
  z.strictObject({
    type: z.literal('llm_interim_response'),
    triggers,
    latency_threshold_ms: ms(100, 10_000).optional(),
    model: name.optional(),
    instructions: z.string().trim().min(1).max(5_000).optional(),
    max_completion_tokens: z.number().int().min(1).max(1_000).optional(),
  }),
]);

/** The part `realtime` of an agent's YAML: how it speaks by a speech-to-speech service. What of it a service has, it says. */
export const realtimeSettingsSchema = z.strictObject({
  voice: voice.optional(),
  turn_detection: turnDetection.optional(),
  noise_suppression: z.enum(['azure_deep_noise_suppression', 'near_field', 'far_field']).optional(),
  echo_cancellation: z.boolean().optional(),
  transcription: z
    .strictObject({ model: name.optional(), language: name.optional(), phrases: names(500).optional() })
    .optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_output_tokens: z.number().int().min(1).max(4096).optional(),
  reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).optional(),
  interim_response: interimResponse.optional(),
  mcp_servers: z
    .array(
      z.strictObject({
        server_label: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ and -'),
        server_url: z.url({ protocol: /^https?$/ }),
        authorization_setting: name.optional(),
        allowed_tools: names(128).optional(),
      }),
    )
    .max(16)
    .refine(
      (servers) => new Set(servers.map((server) => server.server_label)).size === servers.length,
      'names a server twice',
    )
    .optional(),
}) satisfies z.ZodType<RealtimeSettings>;
