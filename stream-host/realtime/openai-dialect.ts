import type {
  RealtimeOptions,
  RealtimeResponseRequest,
  RealtimeSettings,
  RealtimeTranscription,
  RealtimeTurnDetection,
} from '../contract/realtime.ts';
import { type Dialect, type DialectOptions, REQUEST_KEY, tokenProblems, toolFields } from './dialect.ts';
import { OPENAI_EVENTS } from './event-names.ts';
import { type Fields, fields } from './fields.ts';

/** PCM at another rate is not to be had. */
const RATE_HZ = 24_000;
const FORMAT = { type: 'audio/pcm', rate: RATE_HZ };
const SERVICE = 'Azure OpenAI Realtime';

/** Fields of a turn detection that only one of the two kinds has. */
const ONLY_SERVER = ['threshold', 'prefix_padding_ms', 'silence_duration_ms'] as const;
/** What only Voice Live has. */
const NOT_HERE = ['speech_duration_ms', 'remove_filler_words', 'languages', 'end_of_utterance'] as const;

/** Azure OpenAI Realtime by the general protocol (the fields are those of the package `openai` 7.57.0). */
export class OpenAiDialect implements Dialect {
  readonly serviceName = SERVICE;
  readonly eventNames = OPENAI_EVENTS;
  readonly speaksVerbatim = false;
  readonly agentTextType = 'output_text';
  readonly afterServiceToolsMs = 1_000;
  readonly audioFields = [
    'audio.input.format.type',
    'audio.input.format.rate',
    'audio.output.format.type',
    'audio.output.format.rate',
  ];
  readonly #options: DialectOptions;

  constructor(options: DialectOptions) {
    this.#options = options;
  }

  rateHz(): 24_000 {
    return RATE_HZ;
  }

  session(options: RealtimeOptions): Fields {
    const { brief } = options;
    const { settings } = brief;
    return fields({
      type: 'realtime',
      output_modalities: ['audio'],
      instructions: brief.instructions,
      audio: {
        input: fields({
          format: FORMAT,
          noise_reduction: settings.noise_suppression && { type: settings.noise_suppression },
          transcription: this.#transcription(settings.transcription, brief.locale),
          turn_detection: turnDetection(options),
        }),
        output: fields({ format: FORMAT, voice: voiceName(settings) }),
      },
      ...toolFields(options, this.#options.secretOf),
      max_output_tokens: settings.max_output_tokens,
      reasoning: settings.reasoning_effort === undefined ? undefined : { effort: settings.reasoning_effort },
    });
  }

  response({ say, instructions, aside }: RealtimeResponseRequest, requestId: string): Fields {
    return {
      response: fields({
        metadata: { [REQUEST_KEY]: requestId },
        instructions: say === undefined ? instructions : verbatim(say),
        ...(say !== undefined && { tool_choice: 'none' }),
        ...(aside && { conversation: 'none' }),
        // A line that is said as it stands needs no dialogue, and must not answer one.
        ...(aside && say !== undefined && { input: [] }),
      }),
    };
  }

  problems(settings: RealtimeSettings): string[] {
    const { voice, turn_detection: turns, noise_suppression: noise, transcription } = settings;
    const found: string[] = [];
    const missing = (field: string) => found.push(`${field}: ${SERVICE} has no such field`);
    if (typeof voice === 'object' && voice.type !== 'openai') {
      found.push(`voice.type: is "${voice.type}", but ${SERVICE} has voices of the type openai only`);
    }
    if (turns) found.push(...turnProblems(turns));
    if (noise === 'azure_deep_noise_suppression') {
      found.push(`noise_suppression: is "${noise}", but ${SERVICE} has near_field and far_field`);
    }
    if (settings.echo_cancellation !== undefined) missing('echo_cancellation');
    if (settings.temperature !== undefined) missing('temperature');
    if (settings.interim_response !== undefined) missing('interim_response');
    const model = transcription?.model ?? this.#options.transcriptionModel;
    if (model === undefined) {
      found.push('transcription.model: is missing; REALTIME_TRANSCRIPTION_MODEL may give it for all agents');
    } else if (model === 'azure-speech' || model.startsWith('mai-')) {
      found.push(`transcription.model: is "${model}", which ${SERVICE} does not have`);
    } else if (transcription?.phrases && /^gpt-realtime-whisper/.test(model)) {
      found.push(`transcription.phrases: the model ${model} takes none`);
    }
    return [...found, ...tokenProblems(settings.mcp_servers, this.#options.secretOf)];
  }

  #transcription(given: RealtimeTranscription | undefined, locale: string): Fields {
    const model = given?.model ?? this.#options.transcriptionModel ?? '';
    const phrases = given?.phrases;
    const takesKeywords = /^gpt-(live-)?transcribe/.test(model);
    return fields({
      model,
      // ISO 639-1, and not a locale.
      language: given?.language ?? locale.split('-')[0],
      ...(phrases && (takesKeywords ? { keywords: phrases } : { prompt: phrases.join(', ') })),
    });
  }
}

function turnDetection({ brief, createResponse, interruptResponse }: RealtimeOptions): Fields {
  const { type = 'server_vad', ...rest } = brief.settings.turn_detection ?? {};
  return fields({ type, ...rest, create_response: createResponse, interrupt_response: interruptResponse });
}

function turnProblems(turns: RealtimeTurnDetection): string[] {
  if (turns.type !== 'server_vad' && turns.type !== 'semantic_vad') {
    return [`turn_detection.type: is "${turns.type}", but ${SERVICE} has server_vad and semantic_vad`];
  }
  const foreign = turns.type === 'server_vad' ? (['eagerness'] as const) : ONLY_SERVER;
  return [...foreign, ...NOT_HERE]
    .filter((field) => turns[field] !== undefined)
    .map((field) => `turn_detection.${field}: ${turns.type} of ${SERVICE} has no such field`);
}

/** The service's own choice where the agent makes none: an agent's voice of Azure Speech is not to be had. */
function voiceName({ voice }: RealtimeSettings): unknown {
  return typeof voice === 'object' ? voice.name : voice;
}

const verbatim = (line: string): string =>
  `Say exactly the following words, in the language that they are in, and nothing before or after them:\n${line}`;
