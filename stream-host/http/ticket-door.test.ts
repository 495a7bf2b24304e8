import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { ParleyError } from '../../shared/errors.ts';
import { errorBody } from '../../shared/http/error-body.ts';
import { makeTicket } from '../../shared/http/routes/tickets.ts';
import { assertDocumented } from '../../shared/http/testing/documented.ts';
import { type HostUnderTest, QUIET, redisForTests, startHost } from '../testing/host-under-test.ts';
import { TICKET_PROTOCOL } from './ticket-door.ts';

const redis = await redisForTests();
const SOCKET = '/api/v1/realtime/conversation';
const RELAY = '/api/v1/realtime/dashboard/relay';
const FRIEND = 'https://friend.example';
const allowedOrigins = [FRIEND];

/** As `npm start` has it; with REQUIRE_TICKETS; and as in Azure, with a sign-in and a token of the API. */
const comfortable = await startHost(redis.url, { allowedOrigins });
const strict = await startHost(redis.url, { allowedOrigins, ticketRules: { requireTickets: true } });
const abroad = await startHost(redis.url, {
  allowedOrigins,
  ticketRules: {
    requireTickets: true,
    servesThisMachineAlone: false,
    signIn: 'container-apps',
    verifyCaller: async (authorization) => {
      if (authorization !== 'Bearer of-a-caller') throw new ParleyError('auth.token-invalid', 'Not one of the API.');
    },
  },
});

const principalOf = (name: string, typ = 'oid') => ({
  'x-ms-client-principal': Buffer.from(
    JSON.stringify({
      auth_typ: 'aad',
      claims: [
        { typ: 'name', val: 'N' },
        { typ, val: name },
      ],
    }),
  ).toString('base64'),
});

async function make(host: HostUnderTest, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`${host.http}${makeTicket.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer = (await response.json()) as { ticket: string; session_id: string };
  assertDocumented('POST', makeTicket.path, response.status, answer);
  return { ...answer, code: response.ok ? 'ok' : errorBody.parse(answer).error.code };
}

const refused = (code: string) => (error: { body: unknown }) => errorBody.parse(error.body).error.code === code;

test('in development a program and a page of this machine need no ticket, and whoever comes from elsewhere does', async () => {
  for (const headers of [{}, { origin: 'http://localhost:5173' }, { 'x-forwarded-for': '127.0.0.1' }]) {
    const client = await comfortable.connect(SOCKET, headers);
    assert.equal(comfortable.live.browserCount, 1, 'it takes a browser’s place');
    client.socket.terminate();
    while (comfortable.live.count > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }, { origin: FRIEND }]) {
    await assert.rejects(comfortable.connect(SOCKET, headers), refused('ticket.missing'));
    await assert.rejects(comfortable.connect(`${RELAY}?session_id=a`, headers), refused('ticket.missing'));
  }
  // What is brought is looked at, also where nothing need be.
  await assert.rejects(comfortable.connect(`${SOCKET}?ticket=made-up-made-up-made-up`), refused('ticket.invalid'));
});

test('with REQUIRE_TICKETS this machine needs one, too, and may ask for it', async () => {
  const page = { origin: strict.http };
  await assert.rejects(strict.connect(SOCKET), refused('ticket.missing'));
  await assert.rejects(strict.connect(SOCKET, page), refused('ticket.missing'));
  await assert.rejects(strict.connect(RELAY, page), refused('ticket.missing'));
  const { ticket, session_id } = await make(strict, { kind: 'browser' }, page);
  await assert.rejects(strict.connect(`${SOCKET}?ticket=${ticket}`), refused('ticket.mismatch'));
  const again = await make(strict, { kind: 'browser', session_id }, page);
  const client = await strict.connect(`${SOCKET}?ticket=${again.ticket}`, page);
  assert.equal((await client.untilType('session_ready')).session_id, session_id);
  client.socket.terminate();
});

test('a ticket comes as a subprotocol, too: one that is no ticket is agreed on where it is offered', async () => {
  for (const others of [['parley'], []]) {
    const protocol = TICKET_PROTOCOL + (await make(strict, { kind: 'browser' })).ticket;
    const socket = new WebSocket(strict.http.replace('http', 'ws') + SOCKET, [protocol, ...others]);
    await once(socket, 'open');
    assert.equal(socket.protocol, others[0] ?? protocol);
    socket.terminate();
  }
});

test('a page of another site gets no ticket by its visitor’s browser, and nobody one for a page that he is not', async () => {
  const evil = { origin: 'https://evil.example' };
  assert.equal((await make(strict, { kind: 'browser' }, evil)).code, 'origin.refused');
  assert.equal((await make(abroad, { kind: 'browser' }, { ...evil, ...principalOf('ann') })).code, 'origin.refused');
  const other = { kind: 'browser', origin: FRIEND };
  assert.equal((await make(strict, other, { origin: strict.http })).code, 'request.invalid');
});

test('outside of this machine tickets are for whoever has signed in or may call the API, before a word of the body is read', async () => {
  const endless = 'x'.repeat(200_000);
  assert.equal((await make(abroad, endless)).code, 'ticket.sign-in');
  assert.equal((await make(abroad, endless, { authorization: 'Bearer forged' })).code, 'auth.token-invalid');
  assert.equal((await make(abroad, endless, { 'x-ms-client-principal': 'bm8ganNvbg==' })).code, 'ticket.sign-in');
  assert.equal((await make(abroad, endless, principalOf('ann', 'name'))).code, 'ticket.sign-in');
  const trusted = { authorization: 'Bearer of-a-caller' };
  assert.equal((await make(abroad, endless, trusted)).code, 'request.too-large');
  const { ticket } = await make(abroad, { kind: 'browser', origin: FRIEND }, trusted);
  const client = await abroad.connect(`${SOCKET}?ticket=${ticket}`, { origin: FRIEND });
  client.socket.terminate();
  // Where no sign-in is set up, its header is anybody's.
  const plain = await startHost(redis.url, { ticketRules: { requireTickets: true, servesThisMachineAlone: false } });
  assert.equal((await make(plain, { kind: 'browser' }, principalOf('ann'))).code, 'ticket.sign-in');
  await assert.rejects(plain.connect(SOCKET, principalOf('ann')), refused('ticket.missing'));
});

test('a path that the sign-in lets by leads to no other: one with steps in it is refused, however it is written', async () => {
  const { port } = new URL(abroad.http);
  const send = (method: string, path: string, headers: Record<string, string> = {}) =>
    new Promise<number>((resolve, reject) => {
      request({ port, method, path, headers: { ...principalOf('mallory'), ...headers } })
        .on('response', (response) => resolve(response.resume().statusCode ?? 0))
        .on('upgrade', (_, socket) => {
          socket.destroy();
          resolve(101);
        })
        .on('error', reject)
        .end(method === 'POST' ? '{"kind":"browser"}' : undefined);
    });
  const upgrade = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.alloc(16).toString('base64'),
  };
  for (const detour of [
    '/healthz/..',
    '/healthz/%2e%2E',
    '/healthz/x/../..',
    '/healthz\\..',
    '/.',
    `${abroad.http}/healthz/..`,
  ]) {
    assert.equal(await send('POST', detour + makeTicket.path, { 'content-type': 'application/json' }), 404, detour);
    assert.equal(await send('GET', detour + SOCKET, upgrade), 404, detour);
  }
});

test('who has signed in needs no ticket for a socket, and has no session but his own', async () => {
  const ann = principalOf('ann');
  const bob = principalOf('bob');
  const client = await abroad.connect(`${SOCKET}?session_id=anns`, { ...ann, origin: FRIEND });
  await client.untilType('session_ready');
  client.socket.terminate();
  for (const attempt of [`${SOCKET}?session_id=anns`, `${RELAY}?session_id=anns`]) {
    await assert.rejects(abroad.connect(attempt, bob), refused('ticket.foreign-session'));
  }
  await assert.rejects(abroad.connect(`${RELAY}?call_connection_id=c`, ann), refused('ticket.foreign-session'));
  await assert.rejects(abroad.connect(RELAY, ann), refused('relay.session-missing'));
  assert.equal((await make(abroad, { kind: 'browser', session_id: 'anns' }, bob)).code, 'ticket.foreign-session');
  assert.equal((await make(abroad, { kind: 'dashboard' }, ann)).code, 'relay.session-missing');
  const watching = await abroad.connect(`${RELAY}?session_id=anns`, ann);
  watching.socket.terminate();
  const { ticket } = await make(abroad, { kind: 'browser', session_id: 'anns' }, ann);
  const back = await abroad.connect(`${SOCKET}?ticket=${ticket}`);
  await back.untilType('session_ready');
  back.socket.terminate();
});

test('who has signed in and gets a new session in place of one that is over has that one as his own, too', async () => {
  const ann = principalOf('ann');
  const first = await abroad.connect(`${SOCKET}?session_id=anns-over`, ann);
  await first.untilType('session_ready');
  first.socket.send('{"type":"end"}');
  await first.closed;
  const second = await abroad.connect(`${SOCKET}?session_id=anns-over`, ann);
  const { session_id: fresh } = await second.untilType('session_ready');
  assert.notEqual(fresh, 'anns-over');
  const watching = await abroad.connect(`${RELAY}?session_id=${fresh}`, ann);
  for (const client of [watching, second]) client.socket.terminate();
  await assert.rejects(
    abroad.connect(`${SOCKET}?session_id=${fresh}`, principalOf('bob')),
    refused('ticket.foreign-session'),
  );
});

test('who has signed in does not get to hear a session by naming it before its owner opens it', async () => {
  const mallory = principalOf('mallory');
  const id = 'customer-4711';
  await assert.rejects(abroad.connect(`${RELAY}?session_id=${id}`, mallory), refused('ticket.foreign-session'));
  assert.equal((await make(abroad, { kind: 'dashboard', session_id: id }, mallory)).code, 'ticket.foreign-session');
  const early = await make(abroad, { kind: 'browser', session_id: id }, mallory);
  const own = await abroad.ticket({ kind: 'browser', sessionId: id });
  const owner = await abroad.connect(`${SOCKET}?ticket=${own}`);
  await owner.untilType('session_ready');
  for (const attempt of [`${RELAY}?session_id=${id}`, `${SOCKET}?session_id=${id}`]) {
    await assert.rejects(abroad.connect(attempt, mallory), refused('ticket.foreign-session'));
  }
  await assert.rejects(abroad.connect(`${SOCKET}?ticket=${early.ticket}`), refused('ticket.foreign-session'));
  owner.socket.terminate();
});

test('a browser comes back to its session by the right that it was given, once, and to no other', async () => {
  const origin = FRIEND;
  const sessionId = 'comes-back';
  const first = await strict.connect(
    `${SOCKET}?ticket=${await strict.ticket({ kind: 'browser', sessionId, origin })}`,
    {
      origin,
    },
  );
  const { return_ticket: right } = await first.untilType('session_ready');
  first.talk(() => QUIET);
  await first.untilType('assistant_spoken');
  first.socket.terminate();
  const back = await strict.connect(`${SOCKET}?session_id=${sessionId}&ticket=${right}`, { origin });
  const ready = await back.untilType('session_ready');
  assert.deepEqual([ready.session_id, ready.resumed], [sessionId, true]);
  assert.notEqual(ready.return_ticket, right);
  await assert.rejects(strict.connect(`${SOCKET}?ticket=${right}`, { origin }), refused('ticket.used'));
  back.socket.send('{"type":"end"}');
  await back.closed;
  const late = await strict.connect(`${SOCKET}?ticket=${ready.return_ticket}`, { origin });
  const { code, reason } = await late.closed;
  assert.equal(code, 4401);
  assert.match(reason, /ticket\.invalid/);
});

test('a ticket for all sessions shows all, one for a call that one', async () => {
  const all = await strict.connect(`${RELAY}?ticket=${await strict.ticket({ kind: 'dashboard' })}`);
  const sessionId = 'watched';
  const talking = await strict.connect(`${SOCKET}?ticket=${await strict.ticket({ kind: 'browser', sessionId })}`);
  await all.until(({ session_id: id }) => id === sessionId);
  const { ticket } = await make(strict, { kind: 'dashboard', call_connection_id: 'c-1' });
  await assert.rejects(strict.connect(`${RELAY}?call_connection_id=c-2&ticket=${ticket}`), refused('ticket.mismatch'));
  for (const client of [all, talking]) client.socket.terminate();
});

test('a client that tries tickets without end is asked to wait, before Redis is asked', async () => {
  const guessed = await startHost(redis.url, { ticketRules: { requireTickets: true } });
  const codes = new Set<string>();
  // What he may have grows while a slow machine tries.
  for (let n = 0; n < 1000 && codes.size < 2; n += 1) {
    await guessed.connect(`${SOCKET}?ticket=${`guess-${n}-`.padEnd(43, 'x')}`).catch(({ body }) => {
      codes.add(errorBody.parse(body).error.code);
    });
  }
  assert.deepEqual([...codes], ['ticket.invalid', 'client.too-many-opens']);
});

test('who is refused and leaves his side of the connection open does not keep it (known faults)', async () => {
  const socket = connect({ port: Number(new URL(strict.http).port), host: '127.0.0.1', allowHalfOpen: true });
  socket.write(
    `GET ${SOCKET} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString('base64')}\r\n\r\n`,
  );
  socket.resume();
  await once(socket, 'end');
  // Nobody is there any more: what is sent comes back as a reset.
  const gone = once(socket, 'error');
  const sending = setInterval(() => socket.write('x'), 20);
  const [error] = (await gone) as [NodeJS.ErrnoException];
  clearInterval(sending);
  assert.match(String(error.code), /ECONNRESET|EPIPE/);
});

test('a refused page is told of in the log, with its origin and the setting', async () => {
  const lines: string[] = [];
  const writing = await startHost(redis.url, { log: pino({ level: 'info' }, { write: (line) => lines.push(line) }) });
  await assert.rejects(writing.connect(SOCKET, { origin: 'https://evil.example' }), refused('origin.refused'));
  assert.match(lines.join(''), /https:\/\/evil\.example.*ALLOWED_ORIGINS/);
});
