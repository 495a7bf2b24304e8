import type {
  RealtimeOptions,
  RealtimeResponseRequest,
  RealtimeSettings,
  RealtimeTranscription,
  RealtimeTurnDetection,
} from '../contract/realtime.ts';
import { type Dialect, type DialectOptions, REQUEST_KEY, tokenProblems, toolFields } from './dialect.ts';
import { VOICE_LIVE_EVENTS } from './event-names.ts';
import { type Fields, fields } from './fields.ts';

const SERVICE = 'Azure Voice Live';
const OWN_RECOGNISER = 'azure-speech';
const LOW_HZ = 16_000;
const HIGH_HZ = 24_000;

/** Fields that a kind of turn detection does not have. */
const NOT_OF = {
  server_vad: ['eagerness', 'speech_duration_ms', 'remove_filler_words', 'languages'],
  azure_semantic_vad: ['eagerness'],
  azure_semantic_vad_en: ['eagerness', 'languages'],
  azure_semantic_vad_multilingual: ['eagerness'],
} as const;

export interface VoiceLiveOptions extends DialectOptions {
  /** An agent of Foundry answers: instructions, tools and the model's parameters are its own. */
  readonly isAgentMode: boolean;
}

/** Azure Voice Live 2026-07-15 (the fields are those of the package `@azure/ai-voicelive` 1.1.0). */
export class VoiceLiveDialect implements Dialect {
  readonly serviceName = SERVICE;
  readonly eventNames = VOICE_LIVE_EVENTS;
  readonly speaksVerbatim = true;
  readonly agentTextType = 'text';
  // It runs the call and never speaks by itself.
  readonly afterServiceToolsMs = 0;
  readonly audioFields = ['input_audio_format', 'input_audio_sampling_rate', 'output_audio_format'];
  readonly #options: VoiceLiveOptions;

  constructor(options: VoiceLiveOptions) {
    this.#options = options;
  }

  rateHz(lineHz: number): 16_000 | 24_000 {
    return lineHz <= LOW_HZ ? LOW_HZ : HIGH_HZ;
  }

  session(options: RealtimeOptions): Fields {
    const { brief } = options;
    const { settings } = brief;
    const rateHz = this.rateHz(options.rateHz);
    return fields({
      modalities: ['text', 'audio'],
      voice: settings.voice ?? { type: 'azure-standard', name: brief.voice },
      input_audio_format: 'pcm16',
      input_audio_sampling_rate: rateHz,
      output_audio_format: rateHz === LOW_HZ ? 'pcm16_16000hz' : 'pcm16',
      turn_detection: turnDetection(options),
      input_audio_noise_reduction: settings.noise_suppression && { type: settings.noise_suppression },
      input_audio_echo_cancellation: settings.echo_cancellation ? { type: 'server_echo_cancellation' } : undefined,
      input_audio_transcription: this.#transcription(settings.transcription, brief.locale),
      interim_response: settings.interim_response,
      ...(!this.#options.isAgentMode && {
        instructions: brief.instructions,
        ...toolFields(options, this.#options.secretOf),
        temperature: settings.temperature,
        max_response_output_tokens: settings.max_output_tokens,
        reasoning_effort: settings.reasoning_effort,
      }),
    });
  }

  response({ say, instructions, aside }: RealtimeResponseRequest, requestId: string): Fields {
    return {
      response: fields({
        metadata: { [REQUEST_KEY]: requestId },
        // One that is under way is ended by whoever wants that, and not by the next.
        cancel_previous: false,
        instructions,
        ...(say !== undefined && {
          pre_generated_assistant_message: {
            type: 'message',
            role: 'assistant',
            content: [{ type: 'text', text: say }],
          },
        }),
        ...(aside && { commit: false }),
      }),
    };
  }

  problems(settings: RealtimeSettings): string[] {
    const { turn_detection: turns, transcription, mcp_servers } = settings;
    const found = turns ? turnProblems(turns) : [];
    if (transcription?.phrases && /^mai-/.test(this.#transcriptionModel(transcription))) {
      found.push(`transcription.phrases: the model ${this.#transcriptionModel(transcription)} takes none`);
    }
    if (this.#options.isAgentMode) {
      const others = ['temperature', 'max_output_tokens', 'reasoning_effort', 'mcp_servers'] as const;
      found.push(
        ...others
          .filter((field) => settings[field] !== undefined)
          .map((field) => `${field}: is the business of the agent that AZURE_VOICE_LIVE_AGENT_NAME names`),
      );
      if (isModelVoice(settings.voice)) {
        found.push(
          'voice: an agent of Foundry speaks with voices of Azure only (azure-standard, azure-custom, azure-personal)',
        );
      }
    }
    return [...found, ...tokenProblems(mcp_servers, this.#options.secretOf)];
  }

  #transcriptionModel(given: RealtimeTranscription | undefined): string {
    return given?.model ?? this.#options.transcriptionModel ?? OWN_RECOGNISER;
  }

  #transcription(given: RealtimeTranscription | undefined, locale: string): Fields {
    const model = this.#transcriptionModel(given);
    const isOwn = model === OWN_RECOGNISER;
    return fields({
      model,
      language: given?.language ?? (isOwn ? locale : locale.split('-')[0]),
      phrase_list: given?.phrases,
    });
  }
}

/** Cutting an answer where it was heard is ours: the service knows only what it has sent. */
function turnDetection({ brief, createResponse, interruptResponse }: RealtimeOptions): Fields {
  const { type = 'azure_semantic_vad', end_of_utterance, ...rest } = brief.settings.turn_detection ?? {};
  return fields({
    type,
    ...rest,
    end_of_utterance_detection: end_of_utterance,
    create_response: createResponse,
    interrupt_response: interruptResponse,
    auto_truncate: false,
  });
}

function turnProblems(turns: RealtimeTurnDetection): string[] {
  if (turns.type === 'semantic_vad') {
    return [
      `turn_detection.type: is "semantic_vad", but ${SERVICE} has server_vad, azure_semantic_vad, azure_semantic_vad_en and azure_semantic_vad_multilingual`,
    ];
  }
  const foreign = NOT_OF[turns.type];
  return foreign
    .filter((field) => turns[field] !== undefined)
    .map((field) => `turn_detection.${field}: ${turns.type} of ${SERVICE} has no such field`);
}

const isModelVoice = (voice: RealtimeSettings['voice']): boolean =>
  typeof voice === 'string' || voice?.type === 'openai' || voice?.type === 'azure-realtime-native';
