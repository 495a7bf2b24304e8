import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions();
});
after(() => functions.close());

const manyEvents = `[${'{},'.repeat(339_999)}{}]`;

test('a delivery of more events than anybody sends is refused by name, at once (H7)', async () => {
  const answer = await functions.request('POST', 'calls/answer', manyEvents);
  assert.deepEqual([answer.status, answer.body.error.code], [413, 'events.too-many']);
  const authorization = await functions.acs.authorization();
  const callback = await functions.request('POST', 'calls/callbacks', manyEvents, { authorization });
  assert.deepEqual([callback.status, callback.body.error.code], [413, 'events.too-many']);
  const few = await functions.request('POST', 'calls/answer', Array(100).fill({}));
  assert.equal(few.status, 200);
});

test('a body that is nested without end is a mistake of its sender, and opens no session (H8)', async () => {
  const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
  const { status, body } = await functions.request(
    'POST',
    'calls/initiate',
    `{"target_number":"+15551230000","context":${deep}}`,
  );
  assert.deepEqual([status, body.error.code], [400, 'request.too-deep']);
  assert.deepEqual((await functions.store.list({ limit: 10 })).sessions, []);
  // Brackets in a text are no nesting.
  const text = `{"target_number":"+1","context":{"a":"${'[\\"'.repeat(500)}"}}`;
  assert.equal((await functions.request('POST', 'calls/initiate', text)).body.error.code, 'request.invalid');
});

test('a stranger’s body is not read: the token is looked at first (lesser: 6 × 100 MB)', async () => {
  const { status, body } = await functions.request('POST', 'calls/callbacks', 'this is no JSON');
  assert.deepEqual([status, body.error.code], [401, 'auth.token-missing']);
});

test('a body over 1 MB is refused (review 4.17)', async () => {
  const { status, body } = await functions.request('POST', 'calls/initiate', `{"a":"${'x'.repeat(1_048_576)}"}`);
  assert.deepEqual([status, body.error.code], [413, 'request.too-large']);
});

test('every route that the reference gives to the functions is one of theirs', async () => {
  for (const { method, path } of ALL_ROUTES.filter((route) => route.half !== 'stream-host')) {
    const below = path.slice('/api/v1/'.length).replace(/\{\w+\??\}/, 'x');
    const { status, body } = await functions.request(method, below, method === 'POST' ? '{}' : undefined);
    // The host's own 404 has no body.
    assert.ok(status !== 404 || body !== undefined, `${method} ${path}`);
  }
});

test('the reference of both halves is answered', async () => {
  const { status, body } = await functions.request('GET', 'openapi.json');
  assert.equal(status, 200);
  assert.deepEqual(
    Object.keys(body.paths).filter((path) => path === '/readyz' || path === '/api/v1/calls/initiate'),
    ['/api/v1/calls/initiate', '/readyz'],
  );
  assert.equal(body.paths['/readyz'].get.servers[0].url, 'http://media.example');
});

test('each answer has the security headers, a refusal as well (Lesser: HSTS)', async () => {
  for (const path of ['health', 'calls/no-such-call']) {
    const { headers } = await functions.request('GET', path);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('permissions-policy') ?? '', /microphone=\(self\)/);
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('strict-transport-security'), 'max-age=31536000');
  }
});

test('a trace id that was sent is the one of the answer', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const url = new URL(`${functions.baseUrl}/calls/no-such-call`);
  const text = await new Promise<string>((resolve, reject) => {
    request(url, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } }, async (response) => {
      resolve((await response.toArray()).join(''));
    })
      .on('error', reject)
      .end();
  });
  assert.equal(JSON.parse(text).error.traceId, traceId);
});
