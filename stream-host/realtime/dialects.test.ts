import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { RealtimeOptions, RealtimeSettings } from '../contract/realtime.ts';
import { OpenAiDialect } from './openai-dialect.ts';
import { testBrief, testDialect } from './testing/recorded-events.ts';
import { VoiceLiveDialect } from './voice-live-dialect.ts';

const optionsOf = (settings: RealtimeSettings = {}, rateHz: 16_000 | 24_000 = 16_000): RealtimeOptions => ({
  log: pino({ level: 'silent' }),
  brief: testBrief(settings),
  rateHz,
  createResponse: true,
  interruptResponse: false,
});

const TOOL = {
  type: 'function',
  name: 'look_up',
  description: 'Looks up.',
  parameters: { type: 'object', properties: {} },
};
const MCP = { server_label: 'crm', server_url: 'https://crm.example/mcp', authorization_setting: 'MCP_CRM_TOKEN' };

test('Azure OpenAI Realtime is told a session by its own names, at the one rate that it has', () => {
  const dialect = new OpenAiDialect({ transcriptionModel: 'writer', secretOf: (name) => `value of ${name}` });
  const settings: RealtimeSettings = {
    voice: 'marin',
    turn_detection: { type: 'semantic_vad', eagerness: 'high' },
    noise_suppression: 'far_field',
    transcription: { phrases: ['Parley', 'Ava'] },
    max_output_tokens: 500,
    reasoning_effort: 'low',
    mcp_servers: [MCP],
  };
  assert.deepEqual(dialect.problems(settings), []);
  const format = { type: 'audio/pcm', rate: 24_000 };
  assert.deepEqual(dialect.session(optionsOf(settings)), {
    type: 'realtime',
    output_modalities: ['audio'],
    instructions: 'Be kind.',
    audio: {
      input: {
        format,
        noise_reduction: { type: 'far_field' },
        transcription: { model: 'writer', language: 'en', prompt: 'Parley, Ava' },
        turn_detection: {
          type: 'semantic_vad',
          eagerness: 'high',
          create_response: true,
          interrupt_response: false,
        },
      },
      output: { format, voice: 'marin' },
    },
    tools: [
      TOOL,
      {
        type: 'mcp',
        server_label: 'crm',
        server_url: 'https://crm.example/mcp',
        authorization: 'value of MCP_CRM_TOKEN',
        require_approval: 'never',
      },
    ],
    tool_choice: 'auto',
    max_output_tokens: 500,
    reasoning: { effort: 'low' },
  });
  assert.equal(dialect.rateHz(), 24_000);
});

test('Azure Voice Live is told a session by its own names, at the line’s rate, and speaks with the agent’s voice', () => {
  const dialect = testDialect('voice-live');
  const settings: RealtimeSettings = {
    turn_detection: {
      type: 'azure_semantic_vad_multilingual',
      threshold: 0.5,
      remove_filler_words: true,
      languages: ['en', 'es'],
      end_of_utterance: { model: 'semantic_detection_v1_multilingual', threshold_level: 'high', timeout_ms: 1000 },
    },
    noise_suppression: 'azure_deep_noise_suppression',
    echo_cancellation: true,
    transcription: { phrases: ['Parley'] },
    temperature: 0.7,
    max_output_tokens: 500,
    reasoning_effort: 'low',
    interim_response: { type: 'static_interim_response', triggers: ['latency'], texts: ['One moment.'] },
  };
  assert.deepEqual(dialect.problems(settings), []);
  assert.deepEqual(dialect.session(optionsOf(settings)), {
    modalities: ['text', 'audio'],
    voice: { type: 'azure-standard', name: 'en-US-AvaMultilingualNeural' },
    input_audio_format: 'pcm16',
    input_audio_sampling_rate: 16_000,
    output_audio_format: 'pcm16_16000hz',
    turn_detection: {
      type: 'azure_semantic_vad_multilingual',
      threshold: 0.5,
      remove_filler_words: true,
      languages: ['en', 'es'],
      end_of_utterance_detection: {
        model: 'semantic_detection_v1_multilingual',
        threshold_level: 'high',
        timeout_ms: 1000,
      },
      create_response: true,
      interrupt_response: false,
      auto_truncate: false,
    },
    input_audio_noise_reduction: { type: 'azure_deep_noise_suppression' },
    input_audio_echo_cancellation: { type: 'server_echo_cancellation' },
    input_audio_transcription: { model: 'azure-speech', language: 'en-US', phrase_list: ['Parley'] },
    interim_response: { type: 'static_interim_response', triggers: ['latency'], texts: ['One moment.'] },
    instructions: 'Be kind.',
    tools: [TOOL],
    tool_choice: 'auto',
    temperature: 0.7,
    max_response_output_tokens: 500,
    reasoning_effort: 'low',
  });
  const wide = dialect.session(optionsOf({}, 24_000));
  assert.deepEqual([wide.input_audio_sampling_rate, wide.output_audio_format], [24_000, 'pcm16']);
});

test('an agent of Foundry is told nothing that is its own business', () => {
  const dialect = new VoiceLiveDialect({ isAgentMode: true, secretOf: () => undefined });
  const session = dialect.session(optionsOf());
  for (const field of ['instructions', 'tools', 'tool_choice', 'temperature']) assert.ok(!(field in session), field);
  const problems = dialect.problems({ temperature: 1, voice: 'marin', mcp_servers: [] });
  assert.deepEqual(fieldsOf(problems), ['temperature', 'mcp_servers', 'voice']);
});

test('what Azure OpenAI Realtime does not have is refused by name', () => {
  const problems = new OpenAiDialect({ secretOf: () => undefined }).problems({
    voice: { type: 'azure-standard', name: 'en-US-AvaMultilingualNeural' },
    turn_detection: { type: 'azure_semantic_vad' },
    noise_suppression: 'azure_deep_noise_suppression',
    echo_cancellation: true,
    temperature: 0.7,
    interim_response: { type: 'llm_interim_response' },
  });
  assert.deepEqual(fieldsOf(problems), [
    'voice.type',
    'turn_detection.type',
    'noise_suppression',
    'echo_cancellation',
    'temperature',
    'interim_response',
    'transcription.model',
  ]);
  const { problems: of } = {
    problems: (settings: RealtimeSettings) => fieldsOf(testDialect('openai').problems(settings)),
  };
  assert.deepEqual(of({ turn_detection: { type: 'semantic_vad', threshold: 0.5, silence_duration_ms: 500 } }), [
    'turn_detection.threshold',
    'turn_detection.silence_duration_ms',
  ]);
  assert.deepEqual(of({ turn_detection: { type: 'server_vad', eagerness: 'low', languages: ['en'] } }), [
    'turn_detection.eagerness',
    'turn_detection.languages',
  ]);
  assert.deepEqual(of({ transcription: { model: 'azure-speech' } }), ['transcription.model']);
  assert.deepEqual(of({ transcription: { model: 'gpt-realtime-whisper', phrases: ['x'] } }), ['transcription.phrases']);
});

test('what Azure Voice Live does not have is refused by name', () => {
  const of = (settings: RealtimeSettings) => fieldsOf(testDialect('voice-live').problems(settings));
  assert.deepEqual(of({ turn_detection: { type: 'semantic_vad' } }), ['turn_detection.type']);
  assert.deepEqual(of({ turn_detection: { type: 'server_vad', remove_filler_words: true, speech_duration_ms: 80 } }), [
    'turn_detection.speech_duration_ms',
    'turn_detection.remove_filler_words',
  ]);
  assert.deepEqual(of({ turn_detection: { type: 'azure_semantic_vad_en', languages: ['en'] } }), [
    'turn_detection.languages',
  ]);
  assert.deepEqual(of({ transcription: { model: 'mai-transcribe', phrases: ['x'] } }), ['transcription.phrases']);
});

test('a server of tools is given no secret but one that was set up for such a server', () => {
  for (const service of ['openai', 'voice-live'] as const) {
    const problems = (name: string) =>
      fieldsOf(testDialect(service).problems({ mcp_servers: [{ ...MCP, authorization_setting: name }] }));
    assert.deepEqual(problems('AZURE_OPENAI_API_KEY'), ['mcp_servers.0.authorization_setting']);
    assert.deepEqual(problems('MCP_NOT_SET'), ['mcp_servers.0.authorization_setting']);
  }
});

test('a line is said word for word: by Voice Live itself, by the model where there is no other way', () => {
  const voiceLive = testDialect('voice-live').response({ say: 'Hello.', aside: true }, 'r1');
  assert.deepEqual(voiceLive, {
    response: {
      metadata: { parley_request: 'r1' },
      cancel_previous: false,
      pre_generated_assistant_message: {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'text', text: 'Hello.' }],
      },
      commit: false,
    },
  });
  const openAi = JSON.stringify(testDialect('openai').response({ say: 'Hello.', aside: true }, 'r1'));
  assert.match(openAi, /exactly the following.*\\nHello\..*"tool_choice":"none","conversation":"none","input":\[\]/);
  assert.deepEqual(testDialect('openai').response({}, 'r1'), { response: { metadata: { parley_request: 'r1' } } });
});

const fieldsOf = (problems: readonly string[]): (string | undefined)[] => problems.map((line) => line.split(':')[0]);
