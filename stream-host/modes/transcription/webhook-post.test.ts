import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { systemClock } from '../../../shared/clock.ts';
import { randomSpanIds, traceIdOf } from '../../../shared/telemetry/call-trace.ts';
import { CallTraces } from '../../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE } from '../../../shared/telemetry/names.ts';
import type { FinishedSpan } from '../../../shared/telemetry/span.ts';
import { VIRTUAL_EPOCH_MS } from '../../../shared/virtual-clock.ts';
import { signedHeaders, webhookMessageOf } from './webhook-message.ts';
import { webhookPost } from './webhook-post.ts';

interface Got {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const got: Got[] = [];
let answer: (response: ServerResponse) => void = (response) => response.writeHead(204).end();
const server = createServer(async (request, response) => {
  const body = (await request.toArray()).join('');
  got.push({ headers: request.headers, body });
  answer(response);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
after(() => {
  server.closeAllConnections();
  server.close();
});
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/words`;
const SECRET = `whsec_${Buffer.from('a secret of the tests').toString('base64')}`;
const message = { id: 's-1:1', turn: 1, body: '{"specversion":"1.0"}' };
const { signal } = new AbortController();
const post = webhookPost({ url, secret: SECRET, clock: systemClock });

test('words go out as a CloudEvent with all that is known of them', () => {
  const event = {
    id: '1-0',
    at: VIRTUAL_EPOCH_MS,
    source: 'stream-host',
    type: 'transcript.final',
    data: {
      turn: 3,
      speaker: 'callee',
      participant: '4:+15550002222',
      text: 'On Friday.',
      offsetMs: 4200,
      durationMs: 700,
      confidence: 0.8,
      words: [{ text: 'friday', offsetMs: 4500, durationMs: 400 }],
    },
  } as const;
  const sent = webhookMessageOf('s-1', undefined, event);
  assert.equal(sent?.id, 's-1:3');
  assert.deepEqual(JSON.parse(sent?.body ?? ''), {
    specversion: '1.0',
    id: 's-1:3',
    source: '/parley/sessions/s-1',
    type: 'parley.transcript.final',
    time: '2023-11-14T22:13:20.000Z',
    datacontenttype: 'application/json',
    sequence: '0000000003',
    data: {
      session_id: 's-1',
      call_id: null,
      number: 3,
      speaker: 'callee',
      participant: '4:+15550002222',
      text: 'On Friday.',
      offset_ms: 4200,
      duration_ms: 700,
      confidence: 0.8,
      language: null,
      words: [{ text: 'friday', offset_ms: 4500, duration_ms: 400 }],
    },
  });
  assert.equal(webhookMessageOf('s-1', undefined, { ...event, type: 'agent.said' }), undefined);
  assert.equal(webhookMessageOf('s-1', undefined, { ...event, data: { turn: 'x' } }), undefined);
});

test('the signature covers id, time and body, by the Standard Webhooks rule', async () => {
  assert.deepEqual(await post(message, signal), { outcome: 'delivered' });
  const { headers, body } = got.at(-1) ?? assert.fail('nothing came');
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const expected = createHmac('sha256', 'a secret of the tests').update(signed).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${expected}`);
  assert.equal(headers['webhook-id'], 's-1:1');
  const plain = signedHeaders('no prefix', message, VIRTUAL_EPOCH_MS);
  const own = createHmac('sha256', 'no prefix').update(`s-1:1.1700000000.${message.body}`).digest('base64');
  assert.equal(plain['webhook-signature'], `v1,${own}`);
});

test('what the receiver answers decides whether the words are tried again', async () => {
  for (const [status, headers, expected] of [
    [503, {}, { outcome: 'refused', reason: 'The webhook answered 503.', retryAfterMs: undefined }],
    [429, { 'retry-after': '7' }, { outcome: 'refused', reason: 'The webhook answered 429.', retryAfterMs: 7000 }],
    [401, {}, { outcome: 'refused', reason: 'The webhook answered 401.', retryAfterMs: undefined }],
    [422, {}, { outcome: 'hopeless', reason: 'The webhook answered 422.', retryAfterMs: undefined }],
  ] as const) {
    answer = (response) => response.writeHead(status, headers).end('no');
    assert.deepEqual(await post(message, signal), expected);
  }
});

test('a redirect is not followed: the words go nowhere but to the address that is set', async () => {
  const before = got.length;
  answer = (response) => response.writeHead(307, { location: `${url}/elsewhere` }).end();
  assert.deepEqual(await post(message, signal), {
    outcome: 'refused',
    reason: 'The webhook answered 307.',
    retryAfterMs: undefined,
  });
  assert.equal(got.length, before + 1);
});

test('a receiver that never answers, or is not there, is given up in time and told of without its address', async () => {
  answer = () => {};
  const hurried = webhookPost({ url, secret: SECRET, clock: systemClock, timeoutMs: 200 });
  assert.deepEqual(await hurried(message, signal), { outcome: 'refused', reason: 'No answer within 200 ms.' });
  const nobody = webhookPost({ url: 'http://127.0.0.1:1/?key=hidden', secret: 'x', clock: systemClock });
  const result = await nobody(message, signal);
  assert.equal(result.outcome, 'refused');
  assert.doesNotMatch(JSON.stringify(result), /hidden/);
});

test('each attempt is a span of the words’ call, with the receiver’s host and nothing of its path, its query or the words', async () => {
  const spans: FinishedSpan[] = [];
  const sink = { record: (span: FinishedSpan) => void spans.push(span) };
  const traces = new CallTraces({ sink, clock: systemClock, newSpanId: randomSpanIds });
  const { host } = new URL(url);
  const tracedTo = (address: string, timeoutMs = 10_000) =>
    webhookPost({ url: address, secret: 'hidden', clock: systemClock, traces, timeoutMs });
  const words = { ...message, body: '{"text":"hidden"}' };
  const open = tracedTo(`http://${host}/hidden/words?key=hidden`);
  answer = (response) => response.writeHead(204).end();
  assert.deepEqual(await open(words, signal, 's-1'), { outcome: 'delivered' });
  answer = (response) => response.writeHead(422).end('hidden');
  await open(words, signal, 's-2');
  answer = () => {};
  await tracedTo(`http://${host}/hidden`, 100)(words, signal, 's-3');
  // What cannot be sent: no request takes an address with a password.
  await tracedTo(`http://parley:hidden@${host}/hidden`)(words, signal, 's-4');
  const closing = new AbortController();
  closing.abort();
  await open(words, closing.signal, 's-5');
  assert.deepEqual(
    spans.map(({ error, attributes }) => [error, attributes[ATTRIBUTE.httpStatus]]),
    [
      [undefined, 204],
      ['webhook.refused', 422],
      ['webhook.silent', undefined],
      ['webhook.unreachable', undefined],
      // A host that closes has broken it off.
      [undefined, undefined],
    ],
  );
  for (const [at, { name, kind, traceId, attributes }] of spans.entries()) {
    assert.deepEqual([name, kind, traceId], ['webhook deliver_words', 'client', traceIdOf(`s-${at + 1}`)]);
    assert.deepEqual([attributes[ATTRIBUTE.peer], attributes[ATTRIBUTE.url]], ['webhook', `http://${host}/`]);
  }
  assert.doesNotMatch(JSON.stringify(spans), /hidden/);
});

test('what cannot be sent at all is told without the address, which may hold a password (breaker 11)', async () => {
  const odd = webhookPost({ url: 'http://parley:hidden@127.0.0.1:1/', secret: 'x', clock: systemClock });
  const result = await odd(message, signal);
  assert.equal(result.outcome, 'refused');
  assert.doesNotMatch(JSON.stringify(result), /hidden/);
});
