import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import OpenAI, { AzureOpenAI } from 'openai';
import { pino } from 'pino';
import type { ChatModel } from './chat-wire.ts';
import { OpenAiService, type OpenAiServiceOptions } from './openai-service.ts';

const KEY = 'test-key';
const log = pino({ level: 'silent' });
const QUICK = { firstTokenMs: 1, tokenMs: 1 };

async function listen(context: TestContext, listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function startService(context: TestContext, options: Partial<OpenAiServiceOptions> = {}) {
  const service = new OpenAiService({ log, key: KEY, pace: QUICK, ...options });
  context.after(() => service.close());
  const { url, server } = await listen(context, (request, response) => {
    if (!service.handle(request, response)) response.writeHead(418).end();
  });
  const client = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: KEY, maxRetries: 0 });
  return { service, url, server, client };
}

/** Says a fixed thing, for tests of the wire. */
const saying = (text: string, calls: readonly { name: string; args: string }[] = []): ChatModel => ({
  name: 'fixed',
  answer: () => ({ text, calls }),
});

const HELLO: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Hello' }];

test('a stream begins with the prompt filter, comes word by word and ends with its reason and usage', async (context) => {
  const { client } = await startService(context, { model: saying('Good day to you.') });
  const stream = await client.chat.completions.create({
    model: 'any',
    messages: HELLO,
    stream: true,
    stream_options: { include_usage: true },
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);

  assert.deepEqual(chunks[0]?.choices, []);
  assert.ok(chunks[0] && 'prompt_filter_results' in chunks[0]);
  assert.equal(chunks[1]?.choices[0]?.delta.role, 'assistant');
  const words = chunks.flatMap((chunk) => chunk.choices[0]?.delta.content || []);
  assert.deepEqual(words, ['Good', ' day', ' to', ' you.']);
  assert.equal(chunks.at(-2)?.choices[0]?.finish_reason, 'stop');
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.deepEqual(chunks.at(-1)?.usage, { prompt_tokens: 1, completion_tokens: 4, total_tokens: 5 });
  assert.equal(chunks[1]?.model, 'fixed');
});

test('calls of tools come in fragments that the SDK puts together', async (context) => {
  const calls = [
    { name: 'first', args: '{"order_number":"1042"}' },
    { name: 'second', args: '{}' },
  ];
  const { client } = await startService(context, { model: saying('', calls) });
  const whole = await client.chat.completions.stream({ model: 'any', messages: HELLO }).finalChatCompletion();
  const [choice] = whole.choices;
  assert.equal(choice?.finish_reason, 'tool_calls');
  assert.equal(choice?.message.content, null);
  assert.deepEqual(
    choice?.message.tool_calls?.map((call) => call.type === 'function' && call.function),
    calls.map(({ name, args }) => ({ name, arguments: args })),
  );
});

test('an answer can be had in one piece', async (context) => {
  const { client } = await startService(context);
  const answer = await client.chat.completions.create({ model: 'any', messages: HELLO });
  assert.match(answer.choices[0]?.message.content ?? '', /^Hello!/);
  assert.equal(answer.model, 'scripted-demo');
});

test('a client of the older Azure address, with its api-key header, is served too', async (context) => {
  const { url } = await startService(context, { model: saying('Hello.') });
  const azure = new AzureOpenAI({ endpoint: url, apiKey: KEY, apiVersion: '2025-04-01-preview', deployment: 'gpt' });
  const answer = await azure.chat.completions.create({ model: 'ignored', messages: HELLO });
  assert.equal(answer.choices[0]?.message.content, 'Hello.');
});

test('it says that it is scripted, and under that name lists itself as the model', async (context) => {
  const { service, client } = await startService(context);
  assert.deepEqual(service.describe(), { scripted: true, model: 'scripted-demo' });
  assert.deepEqual(
    (await client.models.list()).data.map(({ id }) => id),
    ['scripted-demo'],
  );
});

test('a wrong key is refused as Azure refuses it', async (context) => {
  const { url } = await startService(context);
  const stranger = new OpenAI({ baseURL: `${url}/openai/v1`, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(stranger.chat.completions.create({ model: 'any', messages: HELLO }), OpenAI.AuthenticationError);
  await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
});

test('a request that is no chat request is refused with the field named', async (context) => {
  const { url } = await startService(context);
  const post = async (body: string) => {
    const headers = { authorization: `Bearer ${KEY}` };
    const response = await fetch(`${url}/openai/v1/chat/completions`, { method: 'POST', headers, body });
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    return { status: response.status, ...error };
  };
  assert.equal((await post('{')).code, 'invalid_json');
  assert.equal((await post('[1]')).code, 'invalid_json');
  const { status, code, message } = await post('{"messages":[]}');
  assert.deepEqual([status, code], [400, 'invalid_request']);
  assert.match(message, /messages/);
  assert.equal((await post(JSON.stringify({ messages: 'x'.repeat(5_000_000) }))).status, 413);
});

test('the wrong method is refused, and other paths are left to others', async (context) => {
  const { url } = await startService(context);
  const headers = { 'api-key': KEY };
  assert.equal((await fetch(`${url}/openai/v1/chat/completions`, { headers })).status, 405);
  assert.equal((await fetch(`${url}/openai/v1/realtime`, { headers })).status, 418);
  assert.equal((await fetch(`${url}/openai/v1/chat/completions/more`, { headers })).status, 418);
});

test('an aborted client ends the answer and its connection at once', { timeout: 5000 }, async (context) => {
  const model = saying('word '.repeat(500));
  const { client, server } = await startService(context, { model, pace: { firstTokenMs: 1, tokenMs: 20 } });
  const closed = new Promise<boolean>((resolve) => {
    server.on('request', (_request, response) => response.on('close', () => resolve(response.writableFinished)));
  });
  const abort = new AbortController();
  const stream = await client.chat.completions.create(
    { model: 'any', messages: HELLO, stream: true },
    { signal: abort.signal },
  );
  let words = 0;
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content && ++words === 3) abort.abort();
  assert.equal(words, 3);
  assert.equal(await closed, false);
});

test('closing the service breaks off what is under way', { timeout: 5000 }, async (context) => {
  const model = saying('word '.repeat(500));
  const { client, service } = await startService(context, { model, pace: { firstTokenMs: 1, tokenMs: 20 } });
  const stream = await client.chat.completions.create({ model: 'any', messages: HELLO, stream: true });
  await assert.rejects(async () => {
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) service.close();
  });
});

test('an upstream model answers in place of the script, under its own name and key', async (context) => {
  const upstream = await startService(context, { key: 'upstream-key', model: saying('I am the real one.') });
  let seen = '';
  upstream.server.on('request', (request) => {
    request.on('data', (data: Buffer) => {
      seen += data.toString();
    });
  });
  const { client, service } = await startService(context, {
    upstream: { baseUrl: `${upstream.url}/openai/v1/`, model: 'llama', apiKey: 'upstream-key' },
  });
  assert.deepEqual(service.describe(), { scripted: false, model: 'llama' });
  const whole = await client.chat.completions.stream({ model: 'deployment', messages: HELLO }).finalChatCompletion();
  assert.equal(whole.choices[0]?.message.content, 'I am the real one.');
  assert.equal((JSON.parse(seen) as { model: string }).model, 'llama');
});

test('an upstream answers those who speak another protocol, in one piece', async (context) => {
  const calls = [{ name: 'look_up', args: '{"number":"1042"}' }];
  const upstream = await startService(context, { model: saying('One moment.', calls) });
  const { service } = await startService(context, {
    upstream: { baseUrl: `${upstream.url}/openai/v1`, model: 'llama', apiKey: KEY },
  });
  const { signal } = new AbortController();
  assert.deepEqual(await service.reply({ messages: HELLO }, signal), { text: 'One moment.', calls });
  const { service: stranger } = await startService(context, {
    upstream: { baseUrl: `${upstream.url}/openai/v1`, model: 'llama', apiKey: 'wrong' },
  });
  await assert.rejects(stranger.reply({ messages: HELLO }, signal), { status: 502, code: 'upstream_failed' });
});

test('an abort reaches the upstream', { timeout: 5000 }, async (context) => {
  const model = saying('word '.repeat(500));
  const upstream = await startService(context, { model, pace: { firstTokenMs: 1, tokenMs: 20 } });
  const closed = new Promise<boolean>((resolve) => {
    upstream.server.on('request', (_request, response) =>
      response.on('close', () => resolve(response.writableFinished)),
    );
  });
  const { client } = await startService(context, {
    upstream: { baseUrl: `${upstream.url}/openai/v1`, model: 'llama', apiKey: KEY },
  });
  const stream = await client.chat.completions.create({ model: 'any', messages: HELLO, stream: true });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  assert.equal(await closed, false);
});

async function failureWith(context: TestContext, baseUrl: string): Promise<InstanceType<typeof OpenAI.APIError>> {
  const { client } = await startService(context, { upstream: { baseUrl, model: 'llama' } });
  try {
    await client.chat.completions.create({ model: 'any', messages: HELLO, stream: true });
  } catch (error) {
    assert.ok(error instanceof OpenAI.APIError);
    return error;
  }
  throw new Error('it was answered');
}

test('an upstream that cannot be reached is named', async (context) => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address() as AddressInfo;
  gone.close();
  const error = await failureWith(context, `http://127.0.0.1:${port}/v1`);
  assert.deepEqual([error.status, error.code], [502, 'upstream_unreachable']);
  assert.match(error.message, new RegExp(`http://127\\.0\\.0\\.1:${port}/v1 cannot be reached: .*ECONNREFUSED`));
});

test('an upstream that refuses is named with what it said', async (context) => {
  const { url } = await listen(context, (_request, response) => {
    response.writeHead(404).end('{"error":{"message":"model llama not found"}}');
  });
  const error = await failureWith(context, `${url}/v1`);
  assert.deepEqual([error.status, error.code], [502, 'upstream_failed']);
  assert.match(error.message, /\(model "llama"\) refused with HTTP 404: .*model llama not found/);
});

test('a throttled upstream throttles its callers', async (context) => {
  const { url } = await listen(context, (_request, response) => {
    response.writeHead(429, { 'retry-after': '7' }).end('slow down');
  });
  const error = await failureWith(context, `${url}/v1`);
  assert.equal(error.status, 429);
  assert.equal(error.headers?.get('retry-after'), '7');
});

test('an upstream that breaks off breaks the answer off', { timeout: 5000 }, async (context) => {
  const { url } = await listen(context, (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: {"choices":[{"index":0,"delta":{"content":"Hal"}}]}\n\n');
    setTimeout(() => response.destroy(), 20);
  });
  const { client } = await startService(context, { upstream: { baseUrl: `${url}/v1`, model: 'llama' } });
  const stream = await client.chat.completions.create({ model: 'any', messages: HELLO, stream: true });
  await assert.rejects(async () => {
    for await (const _ of stream);
  });
});

test('what will keep a model from answering is said beforehand, with what to do about it (5.2-10)', async (context) => {
  const { url } = await listen(context, (request, response) => {
    if (request.headers.authorization !== 'Bearer right') return response.writeHead(401).end('{}');
    response.end(JSON.stringify({ data: [{ id: 'llama3.1:latest' }, { id: 'qwen3' }] }));
  });
  const problem = (baseUrl: string, model: string, apiKey?: string) =>
    new OpenAiService({ log, key: KEY, upstream: { baseUrl, model, ...(apiKey && { apiKey }) } }).problem();
  assert.match(
    (await problem('http://127.0.0.1:9/v1', 'qwen3')) ?? '',
    /127\.0\.0\.1:9\/v1 cannot be reached.*OPENAI_BASE_URL/,
  );
  assert.match((await problem(`${url}/v1`, 'qwen3', 'wrong')) ?? '', /refuses the key \(HTTP 401\).*OPENAI_API_KEY/);
  assert.match(
    (await problem(`${url}/v1`, 'qwen', 'right')) ?? '',
    /no model "qwen": OPENAI_MODEL takes one of llama3\.1/,
  );
  assert.equal(await problem(`${url}/v1`, 'llama3.1', 'right'), undefined);
  const { url: listless } = await listen(context, (_, response) => response.writeHead(404).end());
  assert.equal(await problem(`${listless}/v1`, 'any'), undefined);
  assert.equal(await new OpenAiService({ log, key: KEY }).problem(), undefined);
});
