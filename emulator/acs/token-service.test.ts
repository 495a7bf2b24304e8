import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { decodeJwt } from 'jose';
import { pino } from 'pino';
import { TokenIssuer } from './token-issuer.ts';
import { TokenService } from './token-service.ts';

const server = createServer();
let url = '';
before(async () => {
  const tokens = await TokenIssuer.create({ issuer: 'https://acs.example', audience: 'resource-1' });
  const service = new TokenService(tokens, () => 'api-token', pino({ level: 'silent' }));
  server.on('request', (request, response) => service.handle(request, response) || response.writeHead(404).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/emulator/token`;
});
after(() => server.close().closeAllConnections());

const ask = async (body: unknown) => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, ...((await response.json()) as { token?: string }) };
};

test('a tool gets a token as ACS sends it, with the life of its kind', async () => {
  for (const [kind, seconds] of [
    ['socket', 86_400],
    ['callback', 300],
  ] as const) {
    const { token = '' } = await ask({ kind });
    const { aud, iss, iat = 0, exp = 0 } = decodeJwt(token);
    assert.deepEqual([aud, iss, exp - iat], ['resource-1', 'https://acs.example', seconds]);
  }
});

test('a tool gets a token of Entra for the API', async () => {
  assert.equal((await ask({ kind: 'api' })).token, 'api-token');
});

test('another kind, or a body without end, gets none', async () => {
  for (const body of [{}, { kind: 'root' }, 'x'.repeat(5000)]) assert.equal((await ask(body)).status, 400);
  assert.equal((await fetch(url)).status, 404);
});
