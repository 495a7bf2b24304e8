import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { modelProblem, openModelClient } from './model-client.ts';

const server = createServer((request, response) => {
  const status = request.url?.startsWith('/listless')
    ? 404
    : request.headers.authorization === 'Bearer right'
      ? 200
      : 401;
  response.writeHead(status, { 'content-type': 'application/json' }).end('{"object":"list","data":[]}');
});
await once(server.listen(0, '127.0.0.1'), 'listening');
after(() => server.close().closeAllConnections());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

test('a model that cannot be reached, or refuses the key, is told when the host starts (5.2-10)', async () => {
  const problem = (baseUrl: string, apiKey = 'right') => modelProblem(openModelClient({ baseUrl, apiKey }));
  assert.match((await problem('http://127.0.0.1:9/v1')) ?? '', /cannot be reached.*AZURE_OPENAI_BASE_URL/);
  assert.match((await problem(`${url}/v1`, 'wrong')) ?? '', /refused the key.*AZURE_OPENAI_API_KEY/);
  assert.equal(await problem(`${url}/v1`), undefined);
  assert.equal(await problem(`${url}/listless`), undefined, 'a server without a list may answer all the same');
});
