import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { bytesPerMs } from './audio-codec.ts';
import { FOUND, LOOK_UP, loudness, PCM_24, startRealtime } from './testing/realtime-harness.ts';

const { open, speech } = await startRealtime({ after });
const question = await speech('Where is order number 1042?');
const LONG = 'Say: This is a long answer, which goes on for quite a while, so that somebody can cut in on it.';

/** The ways in which a `voice` session of each service is asked for. */
const SERVICES = {
  realtime: {
    session: { type: 'realtime', audio: { input: { transcription: { model: 'whisper-1' } } }, tools: [LOOK_UP] },
    audio: 'response.output_audio',
    transcript: 'response.output_audio_transcript',
    added: 'conversation.item.added',
    text: 'output_text',
    sound: 'output_audio',
  },
  voiceLive: {
    session: { input_audio_transcription: { model: 'azure-speech' }, tools: [LOOK_UP] },
    audio: 'response.audio',
    transcript: 'response.audio_transcript',
    added: 'conversation.item.created',
    text: 'text',
    sound: 'audio',
  },
} as const;
const names = ['realtime', 'voiceLive'] as const;

for (const name of names) {
  const { session, audio, transcript, added, sound } = SERVICES[name];

  test(`${name}: a spoken question is heard, a tool is called, and its result is spoken`, async () => {
    const client = await open(name);
    await client.update(session);
    client.hear(question);

    const started = await client.next('input_audio_buffer.speech_started');
    const stopped = await client.next('input_audio_buffer.speech_stopped');
    assert.ok(started.audio_start_ms < 400, String(started.audio_start_ms));
    assert.ok(stopped.audio_end_ms > started.audio_start_ms + 1_000);
    const committed = await client.next('input_audio_buffer.committed');
    assert.equal(committed.item_id, started.item_id);
    const item = await client.next(added);
    assert.deepEqual([item.item.id, item.item.content[0]?.type], [started.item_id, 'input_audio']);
    assert.equal((await client.next('response.created')).response.status, 'in_progress');

    const called = await client.next('response.function_call_arguments.done');
    assert.deepEqual(JSON.parse(called.arguments), { order_number: '1042' });
    const first = await client.next('response.done');
    assert.equal(first.response.status, 'completed');
    const [call] = first.response.output;
    assert.deepEqual([call?.type, call?.name], ['function_call', 'look_up_order']);
    const heard = client.events.find(({ type }) => /transcription\.completed$/.test(type));
    assert.match(heard?.transcript ?? '', /order.*1042/i);
    assert.equal(heard?.item_id, started.item_id);

    client.send('conversation.item.create', {
      item: { type: 'function_call_output', call_id: call?.call_id, output: FOUND },
    });
    client.send('response.create');
    const from = client.events.length;
    const done = await client.next('response.done');
    const { output, usage, id } = done.response;
    assert.match(output[0]?.content[0]?.transcript ?? '', /packed and comes on Friday/);
    assert.equal(output[0]?.content[0]?.type, sound);
    const wire = client.audioOf(id);
    const ms = wire.length / bytesPerMs(PCM_24);
    assert.ok(ms > 1_500 && ms < 8_000, `${ms} ms`);
    assert.ok(loudness(wire, PCM_24) > 300, String(loudness(wire, PCM_24)));
    assert.equal(usage.output_token_details.audio_tokens, Math.ceil(ms / 50));
    const isGa = name === 'realtime';
    assert.deepEqual(
      client.types(from).filter((type) => !/delta$/.test(type)),
      [
        added,
        ...(isGa ? ['conversation.item.done'] : []),
        'response.created',
        ...(isGa ? ['rate_limits.updated'] : []),
        'response.output_item.added',
        added,
        'response.content_part.added',
        `${audio}.done`,
        `${transcript}.done`,
        'response.content_part.done',
        ...(isGa ? ['conversation.item.done'] : []),
        'response.output_item.done',
        'response.done',
      ],
    );
    const told = client.events.filter(({ type, response_id }) => type === `${transcript}.delta` && response_id === id);
    assert.equal(told.map(({ delta }) => delta).join(''), output[0]?.content[0]?.transcript);
    client.close();
  });

  test(`${name}: who speaks ends the answer, deltas in flight come before its end, and what was not heard can be cut off`, async () => {
    const client = await open(name);
    client.ask('Hello', { instructions: LONG });
    const first = await client.next(`${audio}.delta`);
    client.hear(question);
    const started = await client.next('input_audio_buffer.speech_started');
    const done = await client.next('response.done');
    assert.equal(done.response.status, 'cancelled');
    assert.deepEqual(done.response.status_details, { type: 'cancelled', reason: 'turn_detected' });
    assert.equal(done.response.output[0]?.status, 'incomplete');
    const since = client.events.slice(client.events.indexOf(started), client.events.indexOf(done));
    const inFlight = since.filter(({ type }) => type === `${audio}.delta`);
    assert.ok(inFlight.length > 0 && inFlight.every(({ response_id }) => response_id === first.response_id));

    const generatedMs = Math.floor(client.audioOf(first.response_id).length / 48);
    const cut = (audio_end_ms: number) =>
      client.send('conversation.item.truncate', {
        item_id: first.item_id,
        content_index: 0,
        audio_end_ms,
        event_id: 'e1',
      });
    cut(generatedMs + 1);
    const refused = await client.next('error');
    assert.match(refused.error.message, new RegExp(`Audio content of ${generatedMs}ms is already shorter`));
    assert.deepEqual([refused.error.param, refused.error.event_id], ['audio_end_ms', 'e1']);
    cut(generatedMs - 50);
    assert.equal((await client.next('conversation.item.truncated')).audio_end_ms, generatedMs - 50);
    client.send('conversation.item.retrieve', { item_id: first.item_id });
    const { item } = await client.next('conversation.item.retrieved');
    assert.equal(item.content[0]?.transcript, undefined);
    client.close();
  });

  test(`${name}: there is one response at a time, and one that is cancelled ends`, async () => {
    const client = await open(name);
    client.ask('Hello', { instructions: LONG });
    const { response } = await client.next('response.created');
    client.send('response.create', { event_id: 'second' });
    const refused = await client.next('error');
    assert.equal(refused.error.code, 'conversation_already_has_active_response');
    assert.ok(refused.error.message.includes(response.id) && refused.error.event_id === 'second');
    client.send('response.cancel');
    const done = await client.next('response.done');
    assert.deepEqual(done.response.status_details, { type: 'cancelled', reason: 'client_cancelled' });
    client.send('response.cancel');
    assert.equal((await client.next('error')).error.code, 'response_cancel_not_active');
    client.close();
  });

  test(`${name}: what is wrong with an event is told by the name of the field, and the session goes on`, async () => {
    const client = await open(name);
    const base = name === 'realtime' ? { type: 'realtime' } : {};
    const user = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Hi' }], id: 'one' };
    const wrong = name === 'realtime' ? 'text' : 'output_text';
    const bad: [type: string, fields: object, code: string, param: string | null][] = [
      ['session.update', { session: { ...base, voices: 'alloy' } }, 'unknown_parameter', 'session.voices'],
      [
        'session.update',
        { session: { ...base, tools: [{ type: 'function' }] } },
        'missing_required_parameter',
        'session.tools[0].name',
      ],
      ['session.update', {}, 'missing_required_parameter', 'session'],
      ['session.update', { session: { ...base, model: 'other' } }, 'invalid_value', 'session.model'],
      ['session.begin', {}, 'invalid_value', 'type'],
      ['input_audio_buffer.commit', {}, 'input_audio_buffer_commit_empty', null],
      ['input_audio_buffer.append', { audio: '?' }, 'invalid_value', 'audio'],
      ['conversation.item.delete', { item_id: 'none' }, 'item_delete_invalid_item_id', 'item_id'],
      ['conversation.item.retrieve', { item_id: 'none' }, 'item_retrieve_invalid_item_id', 'item_id'],
      [
        'conversation.item.truncate',
        { item_id: 'none', content_index: 0, audio_end_ms: 1 },
        'item_truncate_invalid_item_id',
        'item_id',
      ],
      ['conversation.item.create', { item: user }, '', null],
      ['conversation.item.create', { item: user }, 'item_create_duplicate_item_id', 'item.id'],
      [
        'conversation.item.truncate',
        { item_id: 'one', content_index: 0, audio_end_ms: 1 },
        'unsupported_content_type',
        'item_id',
      ],
      [
        'conversation.item.create',
        { item: { type: 'function_call_output', call_id: 'x', output: '' } },
        'invalid_tool_call_id',
        null,
      ],
      [
        'conversation.item.create',
        { item: { type: 'message', role: 'assistant', content: [{ type: wrong, text: 'x' }] } },
        'invalid_value',
        'item.content[0].type',
      ],
      [
        'conversation.item.create',
        { item: user, previous_item_id: 'none' },
        'item_create_invalid_previous_item_id',
        'previous_item_id',
      ],
      ['response.create', { response: { voices: 1 } }, 'unknown_parameter', 'response.voices'],
    ];
    if (name === 'realtime') {
      bad.push(['session.update', { session: {} }, 'missing_required_parameter', 'session.type']);
      const rate = { type: 'realtime', audio: { input: { format: { type: 'audio/pcm', rate: 16_000 } } } };
      bad.push(['session.update', { session: rate }, 'invalid_value', 'session.audio.input.format.rate']);
    } else {
      await client.update({ modalities: ['text'] });
      bad.push(['session.update', { session: { voice: 'alloy' } }, 'invalid_value', 'session.voice']);
    }
    for (const [type, fields, code, param] of bad) {
      const same =
        type === 'conversation.item.create' && param === 'previous_item_id' ? { item: { ...user, id: 'two' } } : {};
      client.send(type, { ...fields, ...same });
      if (code === '') continue;
      const { error } = await client.next('error');
      assert.deepEqual([error.code, error.param], [code, param], `${type} ${JSON.stringify(fields)}: ${error.message}`);
    }
    client.socket.send('no json');
    assert.equal((await client.next('error')).error.code, 'invalid_json');
    client.ask('Hello', { ...(name === 'realtime' && { output_modalities: ['text'] }) });
    assert.equal((await client.next('response.done')).response.status, 'completed');
    client.close();
  });

  test(`${name}: a dialogue that is put back as items is gone on with, and a deleted item is forgotten`, async () => {
    const client = await open(name);
    await client.update({
      ...session,
      ...(name === 'realtime' ? { output_modalities: ['text'] } : { modalities: ['text'] }),
    });
    const create = (item: object) => client.send('conversation.item.create', { item });
    const said = { type: SERVICES[name].text, text: 'Order 1042 is packed.' };
    create({
      type: 'message',
      role: 'user',
      id: 'asked',
      content: [{ type: 'input_text', text: 'Where is order 1042?' }],
    });
    create({ type: 'function_call', call_id: 'c1', name: 'look_up_order', arguments: '{"order_number":"1042"}' });
    create({ type: 'function_call_output', call_id: 'c1', output: FOUND });
    create({ type: 'message', role: 'assistant', content: [said] });
    client.ask('Please say that again.');
    const again = await client.next('response.done');
    assert.match(again.response.output[0]?.content[0]?.text ?? '', /packed and comes on Friday/);
    for (const { item } of client.events.filter(({ type }) => type === added)) {
      client.send('conversation.item.delete', { item_id: item.id });
    }
    client.ask('Please say that again.');
    const forgotten = await client.next('response.done');
    assert.doesNotMatch(forgotten.response.output[0]?.content[0]?.text ?? '', /Friday/);
    client.close();
  });
}

const PROMPT = 'You are an order desk. What you say is spoken aloud. Say order numbers in pairs ("ten forty-two").';

test('a model that is told how to begin does so, whatever its agent’s instructions quote (breaker 7)', async () => {
  const client = await open('voiceLive');
  await client.update({ instructions: PROMPT });
  client.ask('What are your opening hours?', {
    instructions: `${PROMPT}\n\nBegin with this sentence, word for word: "Sorry, we were cut off for a moment."`,
  });
  const whole = (await client.next('response.audio_transcript.done')).transcript ?? '';
  assert.match(whole, /^Sorry, we were cut off for a moment\. \S+ \S+/);
  await client.next('response.done');
  client.close();
});

test('a model that is told to go on with its last message says what is missing of it (breaker 7)', async () => {
  const client = await open('voiceLive');
  await client.update({ instructions: PROMPT });
  client.ask('What are your opening hours?');
  const whole = (await client.next('response.audio_transcript.done')).transcript ?? '';
  await client.next('response.done');
  client.close();

  const next = await open('voiceLive');
  await next.update({ instructions: PROMPT });
  const half = whole.slice(0, whole.indexOf(' ', whole.length / 2));
  const item = (role: string, type: string, text: string) =>
    next.send('conversation.item.create', { item: { type: 'message', role, content: [{ type, text }] } });
  item('user', 'input_text', 'What are your opening hours?');
  item('assistant', 'text', `${half} [cut]`);
  next.send('response.create', {
    response: { instructions: `${PROMPT}\n\nThe line broke. Say only what is still missing of it: go on from there.` },
  });
  const rest = (await next.next('response.audio_transcript.done')).transcript ?? '';
  assert.equal(`${half} ${rest}`, whole);
  next.close();
});
