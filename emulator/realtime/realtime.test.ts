import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { eventually } from '../../shared/testing/eventually.ts';
import { type AudioFormat, bytesPerMs } from './audio-codec.ts';
import { type Event, KEY, LOOK_UP, loudness, startRealtime } from './testing/realtime-harness.ts';

const { open, speech, faults, ports, service } = await startRealtime({ after });
const question = await speech('Where is order number 1042?');
const LONG = 'Say: This is a long answer, which goes on for quite a while, so that somebody can cut in on it.';
const DESK = { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } }, tools: [LOOK_UP] };

test('audio comes and goes in the formats that the session names, and its echo shows what was asked', async () => {
  const formats: [service: 'realtime' | 'voiceLive', session: object, input: AudioFormat, output: AudioFormat][] = [];
  const turn_detection = { type: 'server_vad', create_response: false };
  for (const [wire, encoding] of [
    ['pcmu', 'ulaw'],
    ['pcma', 'alaw'],
  ] as const) {
    const format = { type: `audio/${wire}` };
    const rates = { encoding, rate: 8_000 };
    formats.push([
      'realtime',
      { type: 'realtime', audio: { input: { format, turn_detection }, output: { format } } },
      rates,
      rates,
    ]);
  }
  const pcm = (rate: number): AudioFormat => ({ encoding: 'pcm', rate });
  const flat = (rate: number, output: string) => ({
    ...{ input_audio_format: 'pcm16', input_audio_sampling_rate: rate, output_audio_format: output },
    ...{ input_audio_transcription: { model: 'azure-speech' }, turn_detection },
  });
  formats.push(['voiceLive', flat(16_000, 'pcm16_16000hz'), pcm(16_000), pcm(16_000)]);
  formats.push(['voiceLive', flat(8_000, 'pcm16_8000hz'), pcm(8_000), pcm(8_000)]);
  for (const [service, session, input, output] of formats) {
    const client = await open(service);
    const updated = await client.update(session);
    assert.ok(updated.session.expires_at * 1000 > Date.now());
    for (const [key, value] of Object.entries(session).filter(([key]) => !/^audio$|turn/.test(key))) {
      assert.deepEqual(updated.session[key], value);
    }
    client.hear(question, input);
    await client.next('input_audio_buffer.speech_stopped');
    client.send('response.create', { response: { instructions: 'Say: This is what it sounds like.' } });
    const { response } = await client.next('response.done');
    const ms = client.audioOf(response.id).length / bytesPerMs(output);
    assert.ok(ms > 1_000 && ms < 5_000, `${JSON.stringify(output)}: ${ms} ms`);
    assert.ok(loudness(client.audioOf(response.id), output) > 300);
    client.close();
  }
});

test('the parameters of voice activity have effect', async () => {
  const vad = (fields: object) => ({ turn_detection: { type: 'server_vad', ...fields } });
  const listen = async (fields: object) => {
    const client = await open('voiceLive');
    await client.update(vad(fields));
    return client;
  };
  const startOf = async (prefix_padding_ms: number) => {
    const client = await listen({ prefix_padding_ms, create_response: false });
    client.hear(Buffer.concat([Buffer.alloc(32_000), question]));
    const { audio_start_ms } = await client.next('input_audio_buffer.speech_started');
    await client.next('conversation.item.created');
    assert.ok(!client.types().includes('response.created'), 'create_response: false');
    client.close();
    return audio_start_ms;
  };
  const [close, far] = [await startOf(0), await startOf(400)];
  assert.equal(close - far, 400);

  const endOf = async (silence_duration_ms: number) => {
    const client = await listen({ silence_duration_ms, create_response: false });
    client.hear(question);
    const { audio_end_ms } = await client.next('input_audio_buffer.speech_stopped');
    client.close();
    return audio_end_ms;
  };
  const later = (await endOf(800)) - (await endOf(300));
  assert.ok(later > 450 && later < 550, `${later} ms`);

  const deaf = await listen({ threshold: 1 });
  deaf.hear(question);
  deaf.send('input_audio_buffer.commit');
  await deaf.next('input_audio_buffer.committed');
  assert.ok(!deaf.types().includes('input_audio_buffer.speech_started'), 'threshold: 1');
  deaf.close();

  const steady = await listen({ interrupt_response: false, create_response: false });
  steady.ask('Hello', { instructions: LONG });
  await steady.next('response.audio.delta');
  steady.hear(question);
  await steady.next('input_audio_buffer.speech_stopped');
  assert.equal((await steady.next('response.done')).response.status, 'completed');
  steady.close();
});

test('without voice activity the client says when a turn is over, and may forget it', async () => {
  const client = await open('voiceLive');
  await client.update({ turn_detection: null, input_audio_transcription: { model: 'azure-speech' } });
  client.hear(question);
  client.send('input_audio_buffer.clear');
  await client.next('input_audio_buffer.cleared');
  client.send('input_audio_buffer.commit');
  assert.equal((await client.next('error')).error.code, 'input_audio_buffer_commit_empty');
  client.hear(question);
  client.send('input_audio_buffer.commit');
  const { item_id } = await client.next('input_audio_buffer.committed');
  const heard = await client.next('conversation.item.input_audio_transcription.completed');
  assert.match(heard.transcript, /order.*1042/i);
  assert.equal(heard.item_id, item_id);
  assert.ok(!client.types().some((type) => /speech_started|response/.test(type)));
  client.close();
});

test('a caller who says nothing for the idle timeout of GA is answered all the same', async () => {
  const client = await open('realtime');
  await client.update({
    type: 'realtime',
    audio: { input: { turn_detection: { type: 'server_vad', idle_timeout_ms: 5_000 } } },
  });
  client.ask('Hello', { instructions: 'Say: Hi.' });
  await client.next('response.done');
  client.hear(Buffer.alloc(32_000));
  await client.next('input_audio_buffer.timeout_triggered');
  await client.next('input_audio_buffer.committed');
  await client.next('response.created');
  client.close();
});

test('a response outside the conversation runs beside another, leaves no item and answers to its own input', async () => {
  const client = await open('realtime');
  client.ask('Hello', { instructions: LONG });
  await client.next('response.created');
  const input = [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Goodbye' }] }];
  client.send('response.create', {
    response: { conversation: 'none', input, output_modalities: ['text'], metadata: { of: 'mine' } },
  });
  await client.next('response.created');
  const done = await client.next('response.done');
  assert.deepEqual([done.response.conversation_id, done.response.metadata], [null, { of: 'mine' }]);
  const [item] = done.response.output;
  assert.match(item?.content[0]?.text ?? '', /Goodbye/);
  client.send('conversation.item.retrieve', { item_id: item?.id });
  assert.equal((await client.next('error')).error.code, 'item_retrieve_invalid_item_id');
  assert.equal((await client.next('response.done')).response.status, 'completed');
  client.close();
});

test('GA keeps a voice that has spoken, and a limit of tokens cuts an answer', async () => {
  const client = await open('realtime');
  client.ask('Hello', { instructions: LONG, max_output_tokens: 4 });
  const { response } = await client.next('response.done');
  assert.deepEqual(response.status_details, { type: 'incomplete', reason: 'max_output_tokens' });
  assert.equal(response.output[0]?.content[0]?.transcript, 'This is a long');
  client.send('session.update', { session: { type: 'realtime', audio: { output: { voice: 'marin' } } } });
  assert.equal((await client.next('error')).error.code, 'cannot_update_voice');
  client.close();
});

test('Voice Live says what was made before, fills waits where a text model is behind it, and cuts what it interrupts', async () => {
  const client = await open('voiceLive');
  await client.update({
    interim_response: {
      type: 'static_interim_response',
      triggers: ['latency', 'tool'],
      latency_threshold_ms: 100,
      texts: ['One moment.'],
    },
    turn_detection: { type: 'azure_semantic_vad', auto_truncate: true, create_response: false },
    output_audio_timestamp_types: ['word'],
    tools: [LOOK_UP],
  });
  const line = { type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Welcome to Parley.' }] };
  client.send('response.create', { response: { pre_generated_assistant_message: line } });
  const textOf = ({ response }: Event) => response.output.map(({ type, content }) => content?.[0]?.transcript ?? type);
  assert.deepEqual(textOf(await client.next('response.done')), ['Welcome to Parley.']);
  const timed = client.events.filter(({ type }) => type === 'response.audio_timestamp.delta');
  assert.deepEqual(
    timed.map(({ text }) => text),
    ['Welcome', 'to', 'Parley'],
  );

  faults.order({ 'realtime.slow': { times: 1, ms: 300 } });
  client.ask('Hello');
  const [interim, answer] = textOf(await client.next('response.done'));
  assert.equal(interim, 'One moment.');
  assert.match(answer ?? '', /^Hello!/);
  client.ask('Where is order 1042?');
  assert.deepEqual(textOf(await client.next('response.done')), ['One moment.', 'function_call']);

  client.ask('Hello', { instructions: LONG });
  const { item_id } = await client.next('response.audio.delta');
  client.hear(question);
  assert.equal((await client.next('conversation.item.truncated')).item_id, item_id);
  client.close();

  // One that hears and speaks itself has none.
  const native = await open('/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime-2');
  await native.update({
    interim_response: { type: 'static_interim_response', triggers: ['tool'], texts: ['One moment.'] },
    tools: [LOOK_UP],
  });
  native.ask('Where is order 1042?');
  assert.deepEqual(textOf(await native.next('response.done')), ['function_call']);
  native.close();
});

test('a tool of an MCP server is called by the service, which says nothing of it, or by the client', async () => {
  const client = await open('voiceLive');
  const server = (server_label: string, server_url: string) => ({ type: 'mcp', server_label, server_url });
  await client.update({ tools: [server('mine', 'http://localhost:1/mcp'), server('crm', 'https://crm.example/mcp')] });
  await client.next('mcp_list_tools.failed');
  await client.next('mcp_list_tools.completed');
  faults.order({ 'realtime.mcp': { times: 1 }, 'realtime.warn': { times: 1 } });
  client.ask('Hello');
  await client.next('warning');
  const called = await client.next('response.mcp_call.completed');
  const { response } = await client.next('response.done');
  assert.deepEqual(
    response.output.map(({ id, type }) => [id, type]),
    [[called.item_id, 'mcp_call']],
  );
  faults.order({ 'realtime.mcp': { times: 1, as: 'function_call' } });
  client.send('response.create');
  assert.equal((await client.next('response.done')).response.output[0]?.name, 'search');
  client.send('response.create');
  assert.match((await client.next('response.done')).response.output[0]?.content[0]?.transcript ?? '', /^Hello!/);
  client.close();
});

test('a socket is opened to whoever shows the key and names a model, as the services refuse it', async () => {
  const statusOf = (path: string, headers: Record<string, string> = { 'api-key': KEY }) =>
    new Promise<number>((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${ports.plain}${path}`, { headers });
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_, { statusCode = 0 }) => resolve(statusCode));
      socket.on('error', () => {});
      void once(socket, 'open').then(
        () => socket.close(),
        () => {},
      );
    });
  const voice = '/voice-live/realtime?api-version=2026-07-15';
  for (const [path, headers, status] of [
    ['/openai/v1/realtime?model=gpt-realtime-2', {}, 401],
    ['/openai/v1/realtime?model=gpt-realtime-2', { authorization: 'Bearer wrong' }, 401],
    ['/openai/v1/realtime?model=gpt-realtime-2', { authorization: `Bearer ${KEY}` }, 101],
    ['/openai/v1/realtime?model=gtp-realtime', undefined, 404],
    ['/openai/v1/realtime', undefined, 400],
    [`${voice}&model=gpt-4.1&api-key=${KEY}`, {}, 101],
    [`${voice}&model=nothing`, undefined, 404],
    [`${voice}&agent-name=desk&agent-project-name=p&model=nothing`, undefined, 101],
    ['/voice-live/realtime?model=gpt-4.1', undefined, 400],
    ['/voice-live/realtime?model=gpt-4.1&api-version=2020-01-01', undefined, 400],
  ] as const) {
    assert.equal(await statusOf(path, headers), status, path);
  }
  faults.order({ 'realtime.refuse': { times: 1, status: 429 } });
  assert.equal(await statusOf(`${voice}&model=gpt-4.1`), 429);
  assert.equal(await statusOf(`${voice}&model=gpt-4.1`), 101);
});

test('faults of the services happen as often as they were ordered', async () => {
  const client = await open('realtime');
  faults.order({ 'realtime.echo': { times: 1 } });
  assert.deepEqual((await client.update(DESK)).session.tools, []);
  assert.equal(((await client.update(DESK)).session.tools as unknown[]).length, 1);

  faults.order({ 'realtime.throttle': { times: 1 }, 'realtime.error': { times: 1 } });
  client.ask('Hello');
  const throttled = await client.next('response.done');
  assert.equal(throttled.response.status, 'failed');
  assert.match(JSON.stringify(throttled.response.status_details), /rate_limit_exceeded/);
  client.send('response.create');
  assert.equal((await client.next('error')).error.code, 'server_error');
  assert.equal((await client.next('response.done')).response.status, 'failed');

  faults.order({ 'realtime.mute': { times: 1 } });
  client.ask('Where is order 1042?');
  await client.next('response.done'); // the call of a tool, which has no sound anyway
  client.ask('Hello');
  const mute = await client.next('response.done');
  assert.equal(mute.response.status, 'completed');
  assert.equal(client.audioOf(mute.response.id).length, 0);

  faults.order({ 'realtime.hang': { times: 1 }, 'realtime.stray': { times: 1 } });
  client.send('response.create');
  await client.next('response.created');
  client.send('response.cancel');
  assert.deepEqual((await client.next('response.done')).response.output, []);
  client.ask('Hello', { instructions: LONG });
  await client.next('response.output_audio.delta');
  faults.order({ 'realtime.stray': { times: 1 } });
  client.send('response.cancel');
  const cancelled = await client.next('response.done');
  assert.equal((await client.next('response.output_audio.delta')).response_id, cancelled.response.id);

  faults.order({ 'realtime.deaf': { times: 1 }, 'realtime.blank': { times: 1 } });
  client.hear(question);
  await client.next('conversation.item.input_audio_transcription.failed');
  client.hear(question);
  const words = await client.next('conversation.item.input_audio_transcription.completed');
  const blank = await client.next('conversation.item.input_audio_transcription.completed');
  assert.deepEqual([blank.item_id, blank.transcript], [words.item_id, '']);
  client.close();
});

test('a connection breaks when it is ordered to, and a session ends when its time is over', async () => {
  const order = (body: object) =>
    fetch(`http://127.0.0.1:${ports.plain}/emulator/faults`, { method: 'POST', body: JSON.stringify(body) });
  for (const [when, last] of [
    ['before_answer', 'rate_limits.updated'],
    ['in_answer', 'response.output_audio.delta'],
    ['in_tool_call', 'response.done'],
  ] as const) {
    const client = await open('realtime');
    await client.update(DESK);
    await order({ 'realtime.drop': { times: 1, when } });
    client.ask(when === 'in_tool_call' ? 'Where is order 1042?' : 'Hello');
    const [code] = await once(client.socket, 'close');
    assert.deepEqual([code, client.types().at(-1)], [1006, last]);
  }
  const [first, second] = [await open('realtime'), await open('voiceLive')];
  const closed = [once(first.socket, 'close'), once(second.socket, 'close')];
  await order({ 'realtime.drop': { times: 1, when: 'now' } });
  assert.deepEqual(
    (await Promise.all(closed)).map(([code]) => code),
    [1006, 1006],
  );

  await order({ 'realtime.expire': { times: 1, ms: 200 } });
  const short = await open('voiceLive');
  const [code, reason] = await once(short.socket, 'close');
  assert.equal(code, 1001);
  assert.match(String(reason), /maximum duration/);
  assert.equal(short.events.at(-1)?.error.code, 'session_expired');
  await eventually(() => service.sessions === 0);
});
