import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions({}, 0, { master: 'master-key', host: 'host-key' });
});
after(() => functions.close());

test('who may deliver, and how fast, is told to nobody without the key (Lesser: OPTIONS)', async () => {
  const address = `${functions.baseUrl}/calls/answer`;
  const ask = (headers: Record<string, string>, query = '') => fetch(address + query, { method: 'OPTIONS', headers });
  const origin = { 'webhook-request-origin': 'eventgrid.azure.net' };
  for (const headers of [origin, { ...origin, 'x-functions-key': 'wrong' }]) {
    const refused = await ask(headers);
    assert.equal(refused.status, 401);
    assert.equal(await refused.text(), '');
    const told = [...refused.headers.keys()].filter((name) => name.startsWith('webhook-') || name === 'allow');
    assert.deepEqual(told, []);
  }
  // Event Grid has it in the address of its subscription.
  const allowed = await ask(origin, '?code=host-key');
  assert.deepEqual([allowed.status, allowed.headers.get('webhook-allowed-rate')], [200, '*']);
});

test('every route that the reference keeps for the key asks for it, and no other does', async () => {
  for (const { method, path, access } of ALL_ROUTES.filter((route) => route.half !== 'stream-host')) {
    const address = new URL(path.replace(/\{\w+\??\}/, 'x'), functions.baseUrl);
    const { status } = await fetch(address, { method, ...(method === 'POST' && { body: '{}' }) });
    // One that ACS calls proves itself by a token; its 401 has a body.
    if (access === 'api' || access === 'event-grid') assert.equal(status, 401, `${method} ${path}`);
    else if (access === 'anonymous') assert.notEqual(status, 401, `${method} ${path}`);
  }
});
