import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTraceParent, traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { ATTRIBUTE, CONTENT, SPAN } from '../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../shared/telemetry/span.ts';
import { VIRTUAL_EPOCH_MS } from '../../shared/virtual-clock.ts';
import { LATENCY, watchedSession } from './testing/watched-session.ts';

const CALL = { callId: 'tool-1', name: 'look_up_order', args: { order: '4111 1111 1111 1111' } };

/** Words, from 500 ms on; an answer of which a model, a tool and a voice are parts, whose sound begins at 2000 ms. */
async function answeredTurn(session: ReturnType<typeof watchedSession>, turn = 1): Promise<void> {
  const { clock, events, observer } = session;
  const startMs = clock.now();
  await clock.advance(2000);
  observer.served({
    service: 'chat-model',
    model: 'gpt-x',
    startedAtMs: startMs + 1450,
    firstAtMs: startMs + 1800,
    endedAtMs: startMs + 1900,
    tokens: { input: 900, output: 40, cached: 512 },
    finishReason: 'stop',
  });
  events.emit('toolEnded', { call: CALL, elapsedMs: 120, result: { status: 'shipped to Jane Roe' }, turn });
  observer.served({
    service: 'speech-synthesis',
    model: 'en-US-Ava',
    startedAtMs: startMs + 1850,
    firstAtMs: startMs + 1950,
    endedAtMs: startMs + 2000,
  });
  events.emit('callerFinal', { text: 'My card is 4111 1111 1111 1111.', turn });
  events.emit('turnLatency', { ...LATENCY, turn });
  await clock.advance(3000);
  events.emit('agentSpoke', {
    turn,
    fullText: 'It is on its way, Jane Roe.',
    heardText: 'It is on its way',
    interrupted: false,
  });
}

const atMs = ({ startMs, endMs }: FinishedSpan) => [startMs - VIRTUAL_EPOCH_MS, endMs - VIRTUAL_EPOCH_MS];

test('a turn stands under its session, and its stages under it, each with the times at which it was done', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  const { spans } = session;
  const [opening, turn] = [spans.one(SPAN.sessionOpening), spans.one(SPAN.turn)];
  assert.equal(turn.parentSpanId, opening.spanId);
  assert.deepEqual(atMs(turn), [1100, 5000], 'from the end of the caller’s speech until it was heard');
  const stages = [SPAN.recognition, 'chat gpt-x', 'execute_tool look_up_order', SPAN.synthesis].map((name) =>
    spans.one(name),
  );
  assert.deepEqual(
    stages.map(({ parentSpanId }) => parentSpanId),
    stages.map(() => turn.spanId),
  );
  assert.deepEqual(stages.map(atMs), [
    [1100, 1300],
    [1450, 1900],
    [1880, 2000],
    [1850, 2000],
  ]);
  assert.deepEqual([...new Set(spans.all.map(({ traceId }) => traceId))], [traceIdOf('a-session')]);
  assert.equal(turn.attributes[ATTRIBUTE.turn], 1);
  assert.deepEqual(JSON.parse(String(turn.attributes[ATTRIBUTE.measurements])), {
    words_ms: 200,
    recognised_ms: 350,
    first_token_ms: 700,
    first_voice_ms: 850,
    first_audio_ms: 900,
  });
});

test('a stage that is a request to a service is one span of kind client, which Azure draws on its map', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  const chat = session.spans.one('chat gpt-x');
  assert.equal(chat.kind, 'client');
  assert.equal(chat.attributes[ATTRIBUTE.httpMethod], 'POST');
  assert.equal(chat.attributes[ATTRIBUTE.url], 'https://parley.openai.azure.com/openai/v1/chat/completions');
  assert.equal(chat.attributes[ATTRIBUTE.peer], 'openai');
  assert.equal(chat.attributes[ATTRIBUTE.genAiOperation], 'chat');
  assert.equal(chat.attributes[ATTRIBUTE.genAiInput], 900);
  assert.equal(chat.attributes[ATTRIBUTE.genAiCached], 512);
  assert.equal(chat.attributes[ATTRIBUTE.genAiFirstChunk], 0.35);
  assert.equal(chat.attributes[ATTRIBUTE.genAiFinish], 'stop');
  for (const name of [SPAN.recognition, SPAN.synthesis]) {
    assert.equal(session.spans.one(name).kind, 'client');
    assert.equal(session.spans.one(name).attributes[ATTRIBUTE.dependency], 'speech');
  }
  assert.equal(session.spans.one('execute_tool look_up_order').kind, 'internal');
});

test('the session stands under the entry span of its call, where the call has told it', () => {
  const traceparent = formatTraceParent({ traceId: traceIdOf('a-session'), spanId: 'b7ad6b7169203331', sampled: true });
  assert.equal(watchedSession({ traceparent }).spans.one(SPAN.sessionOpening).parentSpanId, 'b7ad6b7169203331');
  assert.equal(watchedSession().spans.one(SPAN.sessionOpening).parentSpanId, undefined);
});

test('of a session that ends with its host all is told but what was under way: nothing waits for its end', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  session.observer.served({
    service: 'chat-model',
    model: 'gpt-x',
    startedAtMs: 5100,
    endedAtMs: 5200,
    error: 'model.silent',
  });
  assert.deepEqual(
    session.spans.names.toSorted(),
    [
      'chat gpt-x',
      'chat gpt-x',
      'execute_tool look_up_order',
      SPAN.recognition,
      SPAN.sessionOpening,
      SPAN.synthesis,
      SPAN.turn,
    ].toSorted(),
  );
  const failed = session.spans.all.at(-1);
  assert.equal(failed?.error, 'model.silent');
  assert.equal(failed?.attributes[ATTRIBUTE.errorType], 'model.silent');
});

test('what stood under a draft, or was broken off by the end and tells of itself after it, has a parent that was told (torn traces)', async () => {
  const request = { service: 'chat-model', model: 'gpt-x', startedAtMs: 100, endedAtMs: 200 } as const;
  for (const [before, after] of [
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const { clock, events, observer, spans } = watchedSession();
    await clock.advance(300);
    if (before) observer.served(request);
    events.emit('ended', { reason: 'line-closed' });
    if (after) observer.served({ ...request, error: 'model.aborted' });
    const told = new Set(spans.all.map(({ spanId }) => spanId));
    const chats = spans.all.filter(({ name }) => name === 'chat gpt-x');
    assert.equal(chats.length, before + after);
    for (const { parentSpanId } of chats) assert.ok(told.has(parentSpanId ?? ''));
  }
});

test('at its end a session tells what it came to, and never in the words in which an agent or a far end gave the reason', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  session.events.emit('bargeIn', { turn: 2, by: 'voice' });
  session.events.emit('fault', { code: 'reply.failed', error: new Error('Jane Roe') });
  session.events.emit('ended', { reason: 'Jane Roe has her order' });
  const end = session.spans.one(SPAN.session);
  assert.deepEqual(atMs(end), [0, 5000]);
  assert.equal(end.attributes[ATTRIBUTE.endReason], 'other');
  assert.equal(end.attributes[ATTRIBUTE.turns], 2, 'the turn that was cut off is one');
  assert.equal(end.attributes[ATTRIBUTE.faults], 1);
  assert.equal(end.attributes[ATTRIBUTE.bargeIns], 1);
  assert.doesNotMatch(JSON.stringify(session.spans.all), /Jane/);
  for (const [reason, word] of [
    ['no-answer', 'no-answer'],
    ['Disconnected 200/5000 The caller, Jane Roe, hung up', 'carrier-ended'],
  ] as const) {
    const ended = watchedSession();
    ended.events.emit('ended', { reason });
    assert.equal(ended.spans.one(SPAN.session).attributes[ATTRIBUTE.endReason], word);
  }
});

test('nothing of what was said, of a card, a number or a name is in any span or measurement without the switch', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  session.events.emit('transcript', {
    speaker: 'caller',
    participant: '4:+4930901820001',
    text: 'I am Jane Roe',
    offsetMs: 0,
    durationMs: 900,
    turn: 2,
  });
  session.events.emit('keysCollected', { name: 'pin', status: 'right', attempts: 1 });
  session.events.emit('callerPressed', { tone: '7' });
  session.events.emit('ended', { reason: 'agent-ended' });
  const told = JSON.stringify([session.spans.all, session.metrics.all]);
  assert.doesNotMatch(told, /Jane|4111|\+49|on its way|shipped/);
  const names = new Set(session.spans.all.flatMap(({ attributes }) => Object.keys(attributes)));
  for (const name of Object.values(CONTENT)) assert.ok(!names.has(name), name);
});

test('with the switch what was said is told by the names that the exporter holds back without it', async () => {
  const session = watchedSession({ content: true });
  await answeredTurn(session);
  const turn = session.spans.one(SPAN.turn);
  assert.equal(turn.attributes[CONTENT.callerText], 'My card is 4111 1111 1111 1111.');
  assert.equal(turn.attributes[CONTENT.agentText], 'It is on its way');
  const tool = session.spans.one('execute_tool look_up_order');
  assert.match(String(tool.attributes[CONTENT.toolArguments]), /4111/);
  assert.match(String(tool.attributes[CONTENT.toolResult]), /Jane/);
});

test('what a turn wanted of the call is done after its end, stands under it, and makes no second turn of its number (reader2 2a)', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  session.events.emit('toolEnded', { call: { ...CALL, name: 'transfer' }, elapsedMs: 10, result: {}, turn: 1 });
  await answeredTurn(session, 2);
  session.events.emit('ended', { reason: 'agent-ended' });
  const turns = session.spans.named(SPAN.turn);
  assert.deepEqual(
    turns.map(({ attributes }) => [attributes[ATTRIBUTE.turn], attributes[ATTRIBUTE.interrupted]]),
    [
      [1, false],
      [2, false],
    ],
  );
  assert.equal(session.spans.one('execute_tool transfer').parentSpanId, turns[0]?.spanId);
  assert.equal(session.spans.one(SPAN.session).attributes[ATTRIBUTE.turns], 2);
});

test('a speech-to-speech session that fails between two turns begins none (reader2 2b)', async () => {
  const session = watchedSession({ mode: 'voice_live' });
  await answeredTurn(session);
  await session.clock.advance(60_000);
  const failedMs = session.clock.now();
  session.observer.served({
    service: 'realtime',
    startedAtMs: failedMs,
    endedAtMs: failedMs,
    error: 'realtime.failed',
  });
  await session.clock.advance(60_000);
  await answeredTurn(session, 2);
  const [opening, failed] = [SPAN.sessionOpening, 'voice-live session'].map((name) => session.spans.one(name));
  assert.equal(failed?.parentSpanId, opening?.spanId);
  const [, second] = session.spans.named(SPAN.turn).map(atMs);
  assert.equal(second?.[0], failedMs + 61_100);
});

test('what a caller cut off and was told a moment later stands under the turn that was cut off, and the next begins after it (reader2 2c)', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  const cutMs = session.clock.now();
  session.observer.served({ service: 'speech-synthesis', startedAtMs: cutMs - 500, endedAtMs: cutMs });
  await session.clock.advance(1_000);
  await answeredTurn(session, 2);
  const [first, second] = session.spans.named(SPAN.turn);
  assert.equal(session.spans.named(SPAN.synthesis)[1]?.parentSpanId, first?.spanId);
  assert.ok(second && first && second.startMs >= first.endMs);
});

test('a response of a speech-to-speech service is one span, and its hearing none of another service', async () => {
  const session = watchedSession({ mode: 'voice_live' });
  await session.clock.advance(2000);
  session.observer.served({
    service: 'realtime',
    model: 'gpt-realtime',
    startedAtMs: 1500,
    firstAtMs: 1800,
    endedAtMs: 1990,
    tokens: { input: 900, output: 40, inputAudio: 700, outputAudio: 30 },
    finishReason: 'completed',
  });
  session.events.emit('turnLatency', { ...LATENCY, turn: 1 });
  const response = session.spans.one('chat gpt-realtime');
  assert.equal(response.attributes[ATTRIBUTE.dependency], 'voice-live');
  assert.equal(response.attributes[ATTRIBUTE.genAiAudioInput], 700);
  assert.equal(response.attributes[ATTRIBUTE.genAiAudioOutput], 30);
  assert.equal(session.spans.one(SPAN.recognition).kind, 'internal');
});

test('a session that is written down has a span for each stretch of words, and no turns', async () => {
  const session = watchedSession({ mode: 'transcription' });
  await session.clock.advance(5000);
  session.events.emit('transcript', { speaker: 'callee', text: 'Hello.', offsetMs: 3000, durationMs: 900, turn: 1 });
  const said = session.spans.one(SPAN.transcript);
  assert.equal(said.attributes[ATTRIBUTE.speaker], 'callee');
  assert.equal(said.kind, 'client');
  assert.deepEqual(session.spans.named(SPAN.turn), []);
});

test('a caller who waited more than three seconds in silence has a span that says so, and is counted', async () => {
  const session = watchedSession();
  await session.clock.advance(10_000);
  session.events.emit('turnLatency', { ...LATENCY, firstAudioMs: 4000, turn: 1 });
  const silence = session.spans.one(SPAN.silence);
  assert.equal(silence.attributes[ATTRIBUTE.silentMs], 4000);
  assert.deepEqual(session.metrics.all.filter(({ name }) => name === 'parley.silences').length, 1);
});

test('a turn that the end of the call cut off before its first sound is told too, and what tells of itself later stands under the session', async () => {
  const session = watchedSession();
  await session.clock.advance(2000);
  session.observer.served({ service: 'chat-model', model: 'gpt-x', startedAtMs: 1000, endedAtMs: 2000 });
  session.events.emit('ended', { reason: 'caller-ended' });
  const [opening, turn, chat] = [SPAN.sessionOpening, SPAN.turn, 'chat gpt-x'].map((name) => session.spans.one(name));
  assert.equal(chat?.parentSpanId, turn?.spanId);
  assert.equal(turn?.attributes[ATTRIBUTE.interrupted], true);
  assert.equal(session.spans.one(SPAN.session).attributes[ATTRIBUTE.turns], 0, 'nobody heard it');
  session.observer.served({ service: 'speech-synthesis', startedAtMs: 1900, endedAtMs: 2010 });
  assert.equal(session.spans.one(SPAN.synthesis).parentSpanId, opening?.spanId);
});

test('what the session is stands on what is told once a turn, and its id on all: the rest of a trace is large enough', async () => {
  const session = watchedSession();
  await answeredTurn(session);
  for (const { attributes } of session.spans.all) assert.equal(attributes[ATTRIBUTE.session], 'a-session');
  const withMode = session.spans.all.filter(({ attributes }) => attributes[ATTRIBUTE.mode] === 'media');
  assert.deepEqual(withMode.map(({ name }) => name).toSorted(), [SPAN.sessionOpening, SPAN.turn].toSorted());
});

test('a tool that the model has made up is told without its name, which may be made of what the caller said', () => {
  const { events, spans, metrics } = watchedSession();
  const name = 'call_annabel_winterbottom';
  events.emit('toolEnded', {
    ...{ call: { callId: 'tool-1', name, args: {} }, turn: 1, elapsedMs: 0 },
    ...{ result: { error: 'unknown_tool' }, error: `unknown_tool: There is no tool "${name}".` },
  });
  assert.equal(spans.one('execute_tool unknown').attributes[ATTRIBUTE.genAiTool], 'unknown');
  assert.doesNotMatch(JSON.stringify([spans.all, metrics.all]), /annabel/);
});
