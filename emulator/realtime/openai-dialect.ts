import { z } from 'zod';
import type { AudioFormat } from './audio-codec.ts';
import { type Dialect, overlay, type SessionConfig, type TurnDetection } from './dialect.ts';
import { type Json, parseWire, WireError } from './wire-error.ts';

/** Azure OpenAI Realtime, GA protocol: names and shapes as in `openai/resources/realtime`. */

const free = z.unknown().optional();
const pcmu = z.strictObject({ type: z.literal('audio/pcmu') });
const pcma = z.strictObject({ type: z.literal('audio/pcma') });
const pcm = z.strictObject({ type: z.literal('audio/pcm'), rate: z.literal(24_000).default(24_000) });
const format = z.discriminatedUnion('type', [pcm, pcmu, pcma]);

const responds = { create_response: z.boolean().default(true), interrupt_response: z.boolean().default(true) };
const serverVad = z.strictObject({
  type: z.literal('server_vad'),
  threshold: z.number().min(0).max(1).default(0.5),
  prefix_padding_ms: z.number().int().min(0).max(5_000).default(300),
  silence_duration_ms: z.number().int().min(0).max(10_000).default(500),
  idle_timeout_ms: z.number().int().min(5_000).max(30_000).nullable().default(null),
  ...responds,
});
const semanticVad = z.strictObject({
  type: z.literal('semantic_vad'),
  eagerness: z.enum(['low', 'medium', 'high', 'auto']).default('auto'),
  ...responds,
});
const turnDetection = z.discriminatedUnion('type', [serverVad, semanticVad]).nullable();

export const functionTool = z.strictObject({
  type: z.literal('function'),
  name: z.string().min(1),
  description: z.string().default(''),
  parameters: z.record(z.string(), z.unknown()).default({}),
});
const mcpTool = z.looseObject({ type: z.literal('mcp'), server_label: z.string().min(1) });
export const tools = z.array(z.discriminatedUnion('type', [functionTool, mcpTool]));
export const toolChoice = z.union([
  z.enum(['auto', 'none', 'required']),
  z.looseObject({ type: z.string(), name: z.string().optional() }),
]);
export const maxTokens = z.union([z.literal('inf'), z.number().int().min(1).max(4096)]);
export const tokenLimit = (limit: z.output<typeof maxTokens>): number => (limit === 'inf' ? Infinity : limit);
const modalities = z.array(z.enum(['audio', 'text'])).length(1);

const session = z.strictObject({
  type: z.literal('realtime'),
  object: free,
  id: free,
  expires_at: free,
  model: z.string(),
  output_modalities: modalities.default(['audio']),
  instructions: z.string().default(''),
  tools: tools.default([]),
  tool_choice: toolChoice.default('auto'),
  max_output_tokens: maxTokens.default('inf'),
  audio: z
    .strictObject({
      input: z
        .strictObject({
          format: format.prefault({ type: 'audio/pcm' }),
          transcription: z
            .strictObject({ model: z.string(), language: z.string().optional(), prompt: z.string().optional() })
            .nullable()
            .default(null),
          noise_reduction: z
            .looseObject({ type: z.enum(['near_field', 'far_field']) })
            .nullable()
            .default(null),
          turn_detection: turnDetection.prefault({ type: 'server_vad' }),
        })
        .prefault({}),
      output: z
        .strictObject({
          format: format.prefault({ type: 'audio/pcm' }),
          voice: z.union([z.string(), z.looseObject({ id: z.string() })]).default('alloy'),
          speed: z.number().min(0.25).max(1.5).default(1),
        })
        .prefault({}),
    })
    .prefault({}),
  parallel_tool_calls: free,
  prompt: free,
  reasoning: free,
  tracing: free,
  truncation: free,
  include: free,
});

const response = z.strictObject({
  instructions: z.string().optional(),
  conversation: z.enum(['auto', 'none']).default('auto'),
  input: z.array(z.unknown()).optional(),
  output_modalities: modalities.optional(),
  tools: tools.optional(),
  tool_choice: toolChoice.optional(),
  max_output_tokens: maxTokens.optional(),
  metadata: z.record(z.string(), z.string()).nullish(),
  audio: z
    .strictObject({ output: z.strictObject({ format: format.optional(), voice: z.string().optional() }).optional() })
    .optional(),
  parallel_tool_calls: free,
  prompt: free,
  reasoning: free,
});

const formatOf = ({ type }: z.output<typeof format>): AudioFormat =>
  type === 'audio/pcm'
    ? { encoding: 'pcm', rate: 24_000 }
    : { encoding: type === 'audio/pcmu' ? 'ulaw' : 'alaw', rate: 8_000 };

/** Semantic detection waits while a sentence seems unfinished. Here it waits the same after each. */
const EAGERNESS_MS = { high: 300, auto: 600, medium: 600, low: 1_200 } as const;

function turnsOf(detection: z.output<typeof turnDetection>): TurnDetection | undefined {
  if (detection === null) return undefined;
  const vad =
    detection.type === 'server_vad'
      ? detection
      : { threshold: 0.5, prefix_padding_ms: 300, silence_duration_ms: EAGERNESS_MS[detection.eagerness] };
  return {
    threshold: vad.threshold,
    onsetMs: 96,
    prefixMs: vad.prefix_padding_ms,
    silenceMs: vad.silence_duration_ms,
    createsResponse: detection.create_response,
    interruptsResponse: detection.interrupt_response,
    truncates: false,
    idleTimeoutMs: detection.type === 'server_vad' ? detection.idle_timeout_ms : null,
  };
}

function configure(shown: Json, patch: Json): SessionConfig {
  const next = parseWire(session, overlay(shown, patch, 3), 'session');
  const { input, output } = next.audio;
  return {
    shown: next,
    settings: {
      instructions: next.instructions,
      speaks: next.output_modalities.includes('audio'),
      voice: typeof output.voice === 'string' ? output.voice : output.voice.id,
      input: formatOf(input.format),
      output: formatOf(output.format),
      turns: turnsOf(input.turn_detection),
      transcribes: input.transcription !== null,
      tools: next.tools,
      toolChoice: next.tool_choice,
      maxTokens: tokenLimit(next.max_output_tokens),
      interim: undefined,
      tellsWordTimes: false,
    },
  };
}

export const openAiDialect: Dialect = {
  names: {
    audio: 'response.output_audio',
    transcript: 'response.output_audio_transcript',
    text: 'response.output_text',
    itemAdded: 'conversation.item.added',
    itemDone: 'conversation.item.done',
  },
  parts: { text: 'output_text', audio: 'output_audio' },
  tellsRateLimits: true,
  keepsVoice: true,

  open: (given) => configure({}, { type: 'realtime', ...given }),

  configure(shown, patch) {
    parseWire(z.looseObject({ type: z.literal('realtime') }), patch, 'session');
    if (patch.model !== undefined && patch.model !== shown.model) {
      throw new WireError('invalid_value', 'The model of a session cannot be changed.', 'session.model');
    }
    return configure(shown, patch);
  },

  responseFields: ({ speaks, voice, maxTokens: limit }) => ({
    output_modalities: [speaks ? 'audio' : 'text'],
    max_output_tokens: Number.isFinite(limit) ? limit : 'inf',
    audio: { output: { voice } },
  }),

  paramsOf(given) {
    const params = parseWire(response, given, 'response');
    const { format: wanted, voice } = params.audio?.output ?? {};
    return {
      instructions: params.instructions,
      speaks: params.output_modalities?.includes('audio'),
      voice,
      output: wanted && formatOf(wanted),
      tools: params.tools,
      toolChoice: params.tool_choice,
      maxTokens: params.max_output_tokens && tokenLimit(params.max_output_tokens),
      input: params.input,
      appended: [],
      outOfBand: params.conversation === 'none',
      cancelsPrevious: false,
      says: undefined,
      metadata: params.metadata ?? null,
    };
  },
};
