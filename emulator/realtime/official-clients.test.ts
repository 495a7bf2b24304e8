import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type ServerEventUnion, VoiceLiveClient } from '@azure/ai-voicelive';
import OpenAI from 'openai';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { eventually } from '../../shared/testing/eventually.ts';
import { Encoder } from './audio-codec.ts';
import { FOUND, KEY, LOOK_UP, PCM_24, startRealtime } from './testing/realtime-harness.ts';

/** The clients of Microsoft and of OpenAI, unchanged: the emulator speaks the services' protocols, not one of ours. */

const { ports, certificate, speech } = await startRealtime({ after });
const question = new Encoder(PCM_24).encode(await speech('Where is order number 1042?'));

test('the official client of Voice Live holds a dialogue: it is heard, calls a tool, hears the answer and cuts in', async () => {
  const client = new VoiceLiveClient(`http://127.0.0.1:${ports.plain}`, { key: KEY });
  const session = client.createSession('gpt-4.1');
  const events: ServerEventUnion[] = [];
  const problems: unknown[] = [];
  session.subscribe({
    onServerEvent: async (event) => {
      events.push(event);
    },
    onError: async ({ error }) => {
      problems.push(error.message);
    },
    onServerError: async ({ error }) => {
      problems.push(error);
    },
  });
  const all = <Type extends ServerEventUnion['type']>(type: Type) =>
    events.filter((event): event is Extract<ServerEventUnion, { type: Type }> => event.type === type);
  await session.connect();
  try {
    await session.updateSession({
      modalities: ['text', 'audio'],
      instructions: 'You are the order desk.',
      voice: { type: 'azure-standard', name: 'en-US-AvaMultilingualNeural' },
      inputAudioFormat: 'pcm16',
      inputAudioSamplingRate: 24_000,
      outputAudioFormat: 'pcm16',
      turnDetection: { type: 'azure_semantic_vad', threshold: 0.5, silenceDurationInMs: 400 },
      inputAudioTranscription: { model: 'azure-speech' },
      tools: [{ ...LOOK_UP, type: 'function' }],
    });
    await eventually(() => all('session.updated').length === 1);
    await session.sendAudio(question);
    await eventually(() => all('response.function_call_arguments.done').length === 1);
    const [call] = all('response.function_call_arguments.done');
    assert.equal(call?.arguments, '{"order_number":"1042"}');
    await eventually(() => all('response.done').length === 1);
    assert.match(all('conversation.item.input_audio_transcription.completed')[0]?.transcript ?? '', /order.*1042/i);

    await session.addConversationItem({ type: 'function_call_output', callId: call?.callId ?? '', output: FOUND });
    await session.sendEvent({ type: 'response.create' });
    await eventually(() => all('response.audio.delta').length > 3);
    await session.sendAudio(question);
    await eventually(() => all('response.done').length === 2);
    const [, cut] = all('response.done');
    assert.equal(cut?.response.status, 'cancelled');
    const [delta] = all('response.audio.delta');
    assert.ok(delta?.delta && delta.delta.length > 1_000);
    await session.sendEvent({
      type: 'conversation.item.truncate',
      ...{ itemId: delta.itemId, contentIndex: 0, audioEndInMs: 200 },
    });
    await eventually(() => all('conversation.item.truncated').length === 1);
    assert.deepEqual(problems, []);
  } finally {
    await session.dispose();
  }
});

test('the official client of OpenAI holds a dialogue over TLS: it is heard, calls a tool, hears the answer and cuts in', async () => {
  const client = new OpenAI({ baseURL: `https://127.0.0.1:${ports.tls}/openai/v1`, apiKey: KEY });
  const session = new OpenAIRealtimeWS({ model: 'gpt-realtime-2', options: { ca: certificate.cert } }, client);
  const problems: unknown[] = [];
  const doneTexts: string[] = [];
  const statuses: (string | undefined)[] = [];
  let deltas = 0;
  let itemId = '';
  let transcript = '';
  let truncatedMs = 0;
  session.on('error', (error) => problems.push(error));
  session.on('session.created', () =>
    session.send({
      type: 'session.update',
      session: {
        type: 'realtime',
        audio: {
          input: {
            format: { type: 'audio/pcm', rate: 24_000 },
            transcription: { model: 'gpt-4o-transcribe' },
            turn_detection: { type: 'server_vad', silence_duration_ms: 400 },
          },
          output: { voice: 'marin' },
        },
        tools: [{ ...LOOK_UP, type: 'function' }],
      },
    }),
  );
  const speak = () =>
    session.send({ type: 'input_audio_buffer.append', audio: Buffer.from(question).toString('base64') });
  session.on('session.updated', speak);
  session.on('response.function_call_arguments.done', ({ call_id }) =>
    session.send({ type: 'conversation.item.create', item: { type: 'function_call_output', call_id, output: FOUND } }),
  );
  session.on('response.done', ({ response }) => {
    statuses.push(response.status);
    if (response.output?.[0]?.type === 'function_call') session.send({ type: 'response.create' });
  });
  session.on('response.output_audio_transcript.delta', ({ delta }) => doneTexts.push(delta));
  session.on('response.output_audio.delta', ({ item_id }) => {
    itemId = item_id;
    deltas += 1;
    if (deltas === 4) speak();
  });
  session.on('conversation.item.input_audio_transcription.completed', (event) => {
    transcript ||= event.transcript;
  });
  session.on('input_audio_buffer.speech_started', () => {
    if (itemId === '') return;
    session.send({ type: 'conversation.item.truncate', item_id: itemId, content_index: 0, audio_end_ms: 200 });
  });
  session.on('conversation.item.truncated', ({ audio_end_ms }) => {
    truncatedMs = audio_end_ms;
  });
  try {
    await eventually(() => statuses.length >= 2 && truncatedMs > 0);
    assert.deepEqual(statuses.slice(0, 2), ['completed', 'cancelled']);
    assert.match(transcript, /order.*1042/i);
    assert.match(doneTexts.join(''), /Order 1042 is packed/);
    assert.deepEqual([truncatedMs, problems], [200, []]);
  } finally {
    session.close();
  }
});
