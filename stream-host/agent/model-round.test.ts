import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../shared/clock.ts';
import type { ServedRequest } from '../contract/recorder.ts';
import { openModelClient } from './model-client.ts';
import { toModelError } from './model-errors.ts';
import { ModelRound } from './model-round.ts';
import { TurnWaits } from './turn-waits.ts';

const NEVER = new AbortController().signal;

/** A server that answers every request byte for byte as told. */
async function startServer(context: TestContext, answer: (response: ServerResponse) => void) {
  let connections = 0;
  const closed = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    answer(response);
  }).listen(0, '127.0.0.1');
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => closed.resolve());
  });
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const client = openModelClient({ baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'key' });
  const served: ServedRequest[] = [];
  const open = (signal: AbortSignal = NEVER) =>
    ModelRound.open({
      client,
      request: { model: 'm', messages: [{ role: 'user', content: 'Hello?' }] },
      waits: new TurnWaits(systemClock, signal, 5000),
      limits: { firstMs: 4000, silentMs: 4000, maxTextCharacters: 100_000 },
      clock: systemClock,
      onServed: (request) => served.push(request),
    });
  /** `connectionClosed`: the first one, seen from the server. */
  return { open, served, connections: () => connections, connectionClosed: closed.promise };
}

async function read(opening: Promise<ModelRound>): Promise<string[]> {
  const round = await opening;
  const texts: string[] = [];
  try {
    for (let text = await round.next(); text !== undefined; text = await round.next()) texts.push(text);
  } catch (error) {
    throw toModelError(error);
  } finally {
    round.close();
  }
  return texts;
}

const choice = (content: string, finish_reason: string | null = null) =>
  JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason }] });
const token = (content: string) => `data: ${choice(content)}\n\n`;
const LAST = `data: ${choice('', 'stop')}\n\ndata: [DONE]\n\n`;

test('a letter whose bytes arrive one by one is whole', async (context) => {
  const { open } = await startServer(context, async (response) => {
    for (const byte of Buffer.from(token('Grüße 🙂'))) {
      response.write(Uint8Array.of(byte));
      await delay(1);
    }
    response.end(LAST);
  });
  assert.deepEqual(await read(open()), ['Grüße 🙂']);
});

test('many pieces that arrive at once stay pieces, and far more than fit are all taken', async (context) => {
  const words = Array.from({ length: 2000 }, (_, n) => ` word${n}`);
  const { open } = await startServer(context, (response) => response.end(words.map(token).join('') + LAST));
  assert.deepEqual(await read(open()), words);
});

test('an answer is read whatever ends its lines, with a byte order mark, comments and a last event that is not ended', async (context) => {
  for (const ending of ['\n', '\r\n', '\r']) {
    const text = `\uFEFF: alive\n\nid: 7\n${token('One')}data: ${choice(' two')}`.replaceAll('\n', ending);
    const { open } = await startServer(context, async (response) => {
      for (const byte of Buffer.from(text)) response.write(Uint8Array.of(byte));
      response.end();
    });
    assert.deepEqual(await read(open()), ['One', ' two'], JSON.stringify(ending));
  }
});

const BROKEN: readonly [what: string, rest: string, code: string][] = [
  ['an error in the stream', 'data: {"error":{"code":"server_error","message":"no"}}\n\n', 'model.cut_off'],
  ['an event of type error', 'event: error\ndata: {"message":"no"}\n\n', 'model.cut_off'],
  ['the content filter', 'data: {"error":{"code":"content_filter","message":"no"}}\n\n', 'model.filtered'],
  ['the content filter as a finish', `data: ${choice('', 'content_filter')}\n\n`, 'model.filtered'],
  ['a chunk that is no JSON', 'data: {"choices":\n\n', 'model.cut_off'],
  ['an event without end', `data: ${'x'.repeat(1_100_000)}`, 'model.cut_off'],
];

for (const [what, rest, code] of BROKEN) {
  test(`${what} is a ${code}, after the words that came before`, async (context) => {
    const { open } = await startServer(context, (response) => response.end(token('One') + rest));
    const round = await open();
    assert.equal(await round.next(), 'One');
    await assert.rejects(
      round.next().catch((error) => Promise.reject(toModelError(error))),
      { code },
    );
    round.close();
  });
}

test('a connection that breaks is a model.cut_off, after the words that came before', async (context) => {
  const { open } = await startServer(context, (response) => {
    response.write(token('One'), () => response.destroy());
  });
  const round = await open();
  assert.equal(await round.next(), 'One');
  await assert.rejects(round.next(), { code: 'model.cut_off' });
  round.close();
});

test('an answer is over with its sentinel; a server that then never ends the body loses the connection', {
  timeout: 5000,
}, async (context) => {
  const { open, connectionClosed } = await startServer(context, (response) => response.write(token('One') + LAST));
  assert.deepEqual(await read(open()), ['One']);
  await connectionClosed;
});

test('a connection whose body ends a little after the sentinel is used again', async (context) => {
  const { open, connections } = await startServer(context, async (response) => {
    response.write(token('One') + LAST);
    await delay(20);
    response.end();
  });
  for (let turn = 0; turn < 3; turn += 1) {
    assert.deepEqual(await read(open()), ['One']);
    await delay(60);
  }
  assert.equal(connections(), 1);
});

test('rounds that are given up, at any moment, leave no connection and no failure behind', async (context) => {
  let open = 0;
  const bench = await startServer(context, (response) => {
    open += 1;
    response.on('close', () => {
      open -= 1;
    });
    const timer = setInterval(() => response.write(token(' word')), 1);
    response.on('close', () => clearInterval(timer));
  });
  const failures: unknown[] = [];
  const onFailure = (error: unknown) => failures.push(error);
  process.on('unhandledRejection', onFailure).on('uncaughtException', onFailure);
  context.after(() => process.off('unhandledRejection', onFailure).off('uncaughtException', onFailure));

  await Promise.all(
    Array.from({ length: 60 }, async (_, n) => {
      const turn = new AbortController();
      setTimeout(() => turn.abort(), n / 2);
      await assert.rejects(read(bench.open(turn.signal)));
    }),
  );
  for (let attempt = 0; attempt < 100 && open > 0; attempt += 1) await delay(10);
  assert.equal(open, 0);
  assert.deepEqual(failures, []);
});

test('a request that was answered is told once, with its first word, its tokens and why it ended', async (context) => {
  const usage = JSON.stringify({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 4 } });
  const { open, served } = await startServer(context, (response) =>
    response.end(`${token('Hello.')}data: ${choice('', 'stop')}\n\ndata: ${usage}\n\ndata: [DONE]\n\n`),
  );
  const round = await open();
  while ((await round.next()) !== undefined);
  round.close();
  round.close();
  assert.equal(served.length, 1);
  const [{ service, model, startedAtMs, firstAtMs = Number.NaN, endedAtMs, tokens, finishReason, error } = never()] =
    served;
  assert.deepEqual([service, model, finishReason, error], ['chat-model', 'm', 'stop', undefined]);
  assert.ok(startedAtMs <= firstAtMs && firstAtMs <= endedAtMs);
  assert.equal(tokens?.input, 9);
  assert.equal(tokens?.output, 4);
});

test('a request that broke down is told by the code of its failure, one that nobody wanted any more by none', async (context) => {
  const broken = await startServer(context, (response) => {
    response.write(token('Hello'));
    setTimeout(() => response.destroy(), 20);
  });
  await assert.rejects(read(broken.open()));
  assert.deepEqual(
    broken.served.map(({ error }) => error),
    ['model.cut_off'],
  );
  const left = await startServer(context, (response) => void response.write(token('Hello')));
  const caller = new AbortController();
  const round = await left.open(caller.signal);
  await round.next();
  caller.abort();
  await assert.rejects(round.next());
  round.close();
  assert.deepEqual(
    left.served.map(({ error }) => error),
    [undefined],
  );
});

test('a request that was refused is told with its status', async (context) => {
  const server = createServer((_, response) =>
    response.writeHead(401, { 'content-type': 'application/json' }).end('{}'),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const served: ServedRequest[] = [];
  const opening = ModelRound.open({
    client: openModelClient({ baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'key' }),
    request: { model: 'm', messages: [] },
    waits: new TurnWaits(systemClock, NEVER, 5000),
    limits: { firstMs: 4000, silentMs: 4000, maxTextCharacters: 1000 },
    clock: systemClock,
    onServed: (request) => served.push(request),
  });
  await assert.rejects(opening);
  assert.deepEqual(
    served.map(({ status, error }) => [status, error]),
    [[401, 'model.unauthorised']],
  );
});

function never(): never {
  throw new Error('Nothing was told.');
}
