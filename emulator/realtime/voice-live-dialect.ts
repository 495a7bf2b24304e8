import { z } from 'zod';
import type { AudioFormat } from './audio-codec.ts';
import { type Dialect, type Interim, overlay, type SessionConfig } from './dialect.ts';
import { maxTokens, tokenLimit, toolChoice, tools } from './openai-dialect.ts';
import { type Json, parseWire, WireError } from './wire-error.ts';

/**
 * Azure Voice Live, 2026-07-15: names and shapes as `@azure/ai-voicelive` writes and reads them. Its events have the names
 * that OpenAI's had before GA, and its session is flat.
 */

const free = z.unknown().optional();
const inputFormat = z.enum(['pcm16', 'g711_ulaw', 'g711_alaw']);
const outputFormat = z.enum(['pcm16', 'pcm16_8000hz', 'pcm16_16000hz', 'g711_ulaw', 'g711_alaw']);
const voice = z.union([z.string(), z.looseObject({ type: z.string(), name: z.string() })]);
const modalities = z.array(z.enum(['text', 'audio', 'animation', 'avatar'])).min(1);

const turnDetection = z
  .strictObject({
    type: z.enum([
      'server_vad',
      'azure_semantic_vad',
      'azure_semantic_vad_en',
      'azure_semantic_vad_multilingual',
      'semantic_vad',
    ]),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.number().int().min(0).max(5_000).default(300),
    speech_duration_ms: z.number().int().min(0).max(5_000).default(80),
    silence_duration_ms: z.number().int().min(0).max(10_000).default(500),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
    auto_truncate: z.boolean().default(false),
    remove_filler_words: free,
    languages: free,
    end_of_utterance_detection: free,
    eagerness: free,
  })
  .nullable();

const triggers = z.array(z.enum(['latency', 'tool'])).min(1);
const latency = z.number().int().min(0).default(2_000);
const interim = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('static_interim_response'),
    triggers,
    latency_threshold_ms: latency,
    texts: z.array(z.string().min(1)).min(1),
  }),
  z.looseObject({ type: z.literal('llm_interim_response'), triggers, latency_threshold_ms: latency }),
]);

const session = z.strictObject({
  id: free,
  object: free,
  expires_at: free,
  agent: free,
  model: z.string(),
  modalities: modalities.default(['text', 'audio']),
  instructions: z.string().default(''),
  voice: voice.default({ type: 'azure-standard', name: 'en-US-AvaNeural' }),
  input_audio_format: inputFormat.default('pcm16'),
  input_audio_sampling_rate: z.literal([8_000, 16_000, 24_000]).default(24_000),
  output_audio_format: outputFormat.default('pcm16'),
  turn_detection: turnDetection.prefault({ type: 'server_vad' }),
  input_audio_transcription: z.looseObject({ model: z.string() }).nullable().default(null),
  input_audio_noise_reduction: free,
  input_audio_echo_cancellation: free,
  output_audio_timestamp_types: z.array(z.literal('word')).nullish(),
  tools: tools.default([]),
  tool_choice: toolChoice.default('auto'),
  parallel_tool_calls: free,
  temperature: z.number().min(0).max(2).default(0.8),
  max_response_output_tokens: maxTokens.default('inf'),
  reasoning_effort: free,
  interim_response: interim.nullish(),
  include: free,
  metadata: free,
  animation: free,
  avatar: free,
});

const message = z.looseObject({ content: z.array(z.looseObject({ text: z.string() })).min(1) });

const response = z.strictObject({
  commit: z.boolean().default(true),
  conversation: z.enum(['auto', 'none']).default('auto'),
  // The reference says that this is true unless told otherwise; in the field a second response was refused.
  cancel_previous: z.boolean().default(false),
  append_input_items: z.array(z.unknown()).nullish(),
  input_items: z.array(z.unknown()).nullish(),
  modalities: modalities.nullish(),
  instructions: z.string().nullish(),
  additional_instructions: z.string().nullish(),
  voice: voice.nullish(),
  output_audio_format: outputFormat.nullish(),
  tools: tools.nullish(),
  tool_choice: toolChoice.nullish(),
  temperature: free,
  max_output_tokens: maxTokens.nullish(),
  pre_generated_assistant_message: message.nullish(),
  reasoning_effort: free,
  metadata: free,
  interim_response: free,
  invoke_input: free,
});

const G711 = { g711_ulaw: 'ulaw', g711_alaw: 'alaw' } as const;
const RATES = { pcm16: 24_000, pcm16_8000hz: 8_000, pcm16_16000hz: 16_000 } as const;

const outputOf = (name: z.output<typeof outputFormat>): AudioFormat =>
  name === 'g711_ulaw' || name === 'g711_alaw'
    ? { encoding: G711[name], rate: 8_000 }
    : { encoding: 'pcm', rate: RATES[name] };

const nameOf = (wanted: z.output<typeof voice>): string => (typeof wanted === 'string' ? wanted : wanted.name);

/** Voices that are the model's own: alloy and its like, and those of `azure-realtime`. */
const isNative = (wanted: z.output<typeof voice>): boolean =>
  typeof wanted === 'string' ? !wanted.includes('-') : /^(openai|azure-realtime-native)$/.test(wanted.type);

/** A model that hears and speaks itself has no interim responses; only one between recogniser and voice has. */
function interimOf({ interim_response: wanted, model, voice: speaker }: z.output<typeof session>): Interim | undefined {
  if (!wanted || /realtime/.test(model) || isNative(speaker)) return undefined;
  const texts = wanted.type === 'static_interim_response' ? wanted.texts : ['One moment, please.'];
  return { triggers: wanted.triggers, thresholdMs: wanted.latency_threshold_ms, texts };
}

function configure(shown: Json, patch: Json): SessionConfig {
  const next = parseWire(session, overlay(shown, patch, 1), 'session');
  const speaks = next.modalities.includes('audio');
  if (!speaks && patch.voice !== undefined) {
    throw new WireError('invalid_value', 'Text to speech synthesizer is not configured.', 'session.voice');
  }
  const detection = next.turn_detection;
  const format = next.input_audio_format;
  return {
    shown: next,
    settings: {
      instructions: next.instructions,
      speaks,
      voice: nameOf(next.voice),
      input:
        format === 'pcm16'
          ? { encoding: 'pcm', rate: next.input_audio_sampling_rate }
          : { encoding: G711[format], rate: 8_000 },
      output: outputOf(next.output_audio_format),
      turns:
        detection === null
          ? undefined
          : {
              threshold: detection.threshold,
              onsetMs: detection.speech_duration_ms,
              prefixMs: detection.prefix_padding_ms,
              silenceMs: detection.silence_duration_ms,
              createsResponse: detection.create_response,
              interruptsResponse: detection.interrupt_response,
              truncates: detection.auto_truncate,
              idleTimeoutMs: null,
            },
      transcribes: next.input_audio_transcription !== null,
      tools: next.tools,
      toolChoice: next.tool_choice,
      maxTokens: tokenLimit(next.max_response_output_tokens),
      interim: interimOf(next),
      tellsWordTimes: next.output_audio_timestamp_types?.includes('word') ?? false,
    },
  };
}

export const voiceLiveDialect: Dialect = {
  names: {
    audio: 'response.audio',
    transcript: 'response.audio_transcript',
    text: 'response.text',
    itemAdded: 'conversation.item.created',
    itemDone: undefined,
  },
  parts: { text: 'text', audio: 'audio' },
  tellsRateLimits: false,
  keepsVoice: false,

  open: (given) => configure({}, given),

  configure(shown, patch) {
    if (patch.model !== undefined) {
      throw new WireError('invalid_value', 'The model is chosen by the address only.', 'session.model');
    }
    return configure(shown, patch);
  },

  responseFields: ({ speaks, voice: name, maxTokens: limit }) => ({
    modalities: speaks ? ['text', 'audio'] : ['text'],
    voice: { type: 'azure-standard', name },
    max_output_tokens: Number.isFinite(limit) ? limit : 'inf',
  }),

  paramsOf(given, { speaks, voice: name }) {
    const params = parseWire(response, given, 'response');
    const asked = params.modalities?.includes('audio');
    if (asked !== undefined && asked !== speaks && isNative(name)) {
      const text = 'The modalities of a response cannot differ from the session with a native voice.';
      throw new WireError('invalid_value', text, 'response.modalities');
    }
    const extra = params.additional_instructions;
    return {
      instructions: params.instructions ?? extra ?? undefined,
      speaks: asked,
      voice: params.voice ? nameOf(params.voice) : undefined,
      output: params.output_audio_format ? outputOf(params.output_audio_format) : undefined,
      tools: params.tools ?? undefined,
      toolChoice: params.tool_choice ?? undefined,
      maxTokens: params.max_output_tokens ? tokenLimit(params.max_output_tokens) : undefined,
      input: params.input_items ?? undefined,
      appended: params.append_input_items ?? [],
      outOfBand: !params.commit || params.conversation === 'none',
      cancelsPrevious: params.cancel_previous,
      says: params.pre_generated_assistant_message?.content.map(({ text }) => text).join(' '),
      metadata: params.metadata ?? null,
    };
  },
};
