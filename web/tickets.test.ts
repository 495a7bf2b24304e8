import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { fetchTicket, TicketRefused } from './tickets.ts';

let answer: { readonly status: number; readonly body?: unknown } = { status: 200 };
const asked: unknown[] = [];
const server = createServer(async (request, response) => {
  asked.push([request.method, request.url, JSON.parse((await request.toArray()).join(''))]);
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body ?? {}));
});
const plainFetch = globalThis.fetch;
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // A page's paths belong to where it was loaded from.
  globalThis.fetch = (path, init) => plainFetch(new URL(String(path), origin), init);
});
after(() => {
  globalThis.fetch = plainFetch;
  server.close().closeAllConnections();
});

test('a page gets the ticket that it asks for', async () => {
  answer = { status: 200, body: { ticket: 't-1' } };
  assert.equal(await fetchTicket({ kind: 'browser', session_id: 's-1' }), 't-1');
  assert.deepEqual(asked, [['POST', '/api/v1/tickets', { kind: 'browser', session_id: 's-1' }]]);
});

test('a server that knows no tickets needs none; one that refuses is told apart from one that cannot now', async () => {
  for (const status of [404, 405]) {
    answer = { status };
    assert.equal(await fetchTicket({ kind: 'dashboard' }), undefined);
  }
  for (const status of [401, 403]) {
    answer = { status };
    await assert.rejects(fetchTicket({ kind: 'browser' }), TicketRefused);
  }
  for (const status of [429, 500, 503]) {
    answer = { status };
    const failure = await fetchTicket({ kind: 'browser' }).catch((error: unknown) => error);
    assert.ok(failure instanceof Error && !(failure instanceof TicketRefused), String(status));
  }
});
