import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type RealtimeConfig, realtimeServiceOf } from './realtime-service.ts';
import type { TransportEnd } from './realtime-transport.ts';
import { SocketTransport } from './socket-transport.ts';
import { recordedEvents, type Told, testBrief } from './testing/recorded-events.ts';
import { serviceEvents } from './testing/service-events.ts';

async function serve(context: TestContext, onSocket: (socket: WebSocket, request: IncomingMessage) => void) {
  const requests: IncomingMessage[] = [];
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  let refuseWith: string | undefined;
  http.on('upgrade', (request, socket, head) => {
    requests.push(request);
    if (refuseWith !== undefined)
      socket.end(`HTTP/1.1 ${refuseWith}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    else sockets.handleUpgrade(request, socket, head, (ws) => onSocket(ws, request));
  });
  await once(http.listen(0, '127.0.0.1'), 'listening');
  context.after(() => {
    for (const client of sockets.clients) client.terminate();
    http.close();
  });
  const address = http.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    port,
    requests,
    refuse: (how: string) => {
      refuseWith = how;
    },
  };
}

function connect(port: number, headers: () => Promise<Record<string, string>> = async () => ({}), pingEveryMs = 5_000) {
  const messages: string[] = [];
  const ends: TransportEnd[] = [];
  const url = `ws://127.0.0.1:${port}/x`;
  const transport = new SocketTransport(
    { url, headers, clock: systemClock, pingEveryMs },
    { onMessage: (text) => messages.push(text), onEnd: (end) => ends.push(end) },
  );
  return { transport, messages, ends };
}

test('how a connection ended is told once: refused, unreachable, closed, or without an identity', async (context) => {
  const server = await serve(context, (socket) => socket.close(1008, 'session_expired'));
  const closed = connect(server.port);
  await eventually(() => closed.ends.length > 0);
  assert.deepEqual(closed.ends, [{ type: 'closed', code: 1008, reason: 'session_expired' }]);

  server.refuse('401 Unauthorized');
  const refused = connect(server.port);
  await eventually(() => refused.ends.length > 0);
  assert.deepEqual(refused.ends, [{ type: 'refused', status: 401 }]);

  const nowhere = connect(1);
  await eventually(() => nowhere.ends.length > 0);
  assert.equal(nowhere.ends[0]?.type, 'unreachable');

  const nobody = connect(server.port, () => Promise.reject(new Error('no identity')));
  await eventually(() => nobody.ends.length > 0);
  assert.deepEqual(nobody.ends, [{ type: 'unreachable', reason: 'no identity', isIdentity: true }]);
});

test('a service that closes and leaves its connection open has closed, and says why (realtime reader: half-open)', async (context) => {
  const server = await serve(context, (socket, request) => {
    socket.close(1008, 'session_expired');
    request.socket.pause();
  });
  const { ends } = connect(server.port);
  await eventually(() => ends.length > 0);
  assert.deepEqual(ends, [{ type: 'closed', code: 1008, reason: 'session_expired' }]);
});

test('a redirect is not followed, as it would be given the key', async (context) => {
  const elsewhere = await serve(context, () => undefined);
  const server = await serve(context, () => undefined);
  server.refuse(`302 Found\r\nLocation: ws://127.0.0.1:${elsewhere.port}/`);
  const { ends } = connect(server.port, async () => ({ 'api-key': 'secret' }));
  await eventually(() => ends.length > 0);
  assert.deepEqual(ends, [{ type: 'refused', status: 302 }]);
  assert.equal(elsewhere.requests.length, 0);
});

test('a service that answers no pings is given up, and one that is closed by us tells nothing', async (context) => {
  const server = await serve(context, (socket, request) => {
    socket.pong = () => undefined;
    request.socket.pause();
  });
  const { ends } = connect(server.port, undefined, 30);
  await eventually(() => ends.length > 0);
  assert.deepEqual(ends, [{ type: 'silent' }]);

  const early = connect(server.port);
  early.transport.close();
  early.transport.send('too late');
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.deepEqual(early.ends, []);
});

test('a message that is too large ends the connection, and not the process', async (context) => {
  const server = await serve(context, (socket) => socket.send('x'.repeat(5 * 1024 * 1024)));
  const { messages, ends } = connect(server.port);
  await eventually(() => ends.length > 0);
  assert.equal(ends[0]?.type, 'closed');
  assert.deepEqual(messages, []);
});

const NOTHING = {
  AZURE_VOICE_LIVE_API_VERSION: '2026-07-15',
  AZURE_OPENAI_BASE_URL: 'http://127.0.0.1:1/openai/v1',
  AZURE_OPENAI_API_KEY: 'chat-key',
} as const;

for (const service of ['openai', 'voice-live'] as const) {
  test(`${service}: a session on the wire: its address, its key in a header alone, and a response`, async (context) => {
    const wire = serviceEvents(service);
    const server = await serve(context, (socket) => {
      socket.send(JSON.stringify(wire.sessionCreated()));
      socket.on('message', (data) => {
        const event = JSON.parse(String(data));
        if (event.type === 'session.update') socket.send(JSON.stringify(wire.sessionUpdated(event.session)));
        if (event.type !== 'response.create') return;
        const say = [
          wire.responseCreated('r1', event.event_id),
          wire.audio('r1', 'i1', new Uint8Array(640)),
          wire.responseDone('r1'),
        ];
        for (const each of say) socket.send(JSON.stringify(each));
      });
    });
    const host = `http://127.0.0.1:${server.port}`;
    const config: RealtimeConfig =
      service === 'openai'
        ? { ...NOTHING, AZURE_OPENAI_BASE_URL: `${host}/openai/v1`, AZURE_OPENAI_REALTIME_DEPLOYMENT: 'voice & more' }
        : {
            ...NOTHING,
            AZURE_VOICE_LIVE_ENDPOINT: host,
            AZURE_VOICE_LIVE_MODEL: 'm',
            AZURE_VOICE_LIVE_API_KEY: 'vl-key',
          };
    const told: Told[] = [];
    const realtime = realtimeServiceOf(config, {
      clock: systemClock,
      log: pino({ level: 'silent' }),
      newId: randomIds,
      token: () => Promise.reject(new Error('There is a key.')),
      secretOf: () => undefined,
    });
    const session = realtime?.open(
      {
        log: pino({ level: 'silent' }),
        brief: testBrief(),
        rateHz: 16_000,
        createResponse: true,
        interruptResponse: true,
      },
      recordedEvents(told),
    );
    session?.respond({ say: 'Hello.' });
    await eventually(() => told.at(-1)?.[0] === 'onResponseEnded');
    session?.close();
    const [request] = server.requests;
    const isOpenAi = service === 'openai';
    const address = isOpenAi
      ? '/openai/v1/realtime?model=voice+%26+more'
      : '/voice-live/realtime?api-version=2026-07-15&model=m';
    assert.equal(request?.url, address);
    assert.equal(request?.headers['api-key'], isOpenAi ? 'chat-key' : 'vl-key');
    assert.equal(request?.headers.authorization, undefined);
    assert.equal(request?.headers['openai-beta'], undefined);
    assert.deepEqual(
      told.map(([name]) => name),
      ['onReady', 'onResponseStarted', 'onAudio', 'onResponseEnded'],
    );
  });
}

test('without a key a token of the identity is sent', async (context) => {
  const server = await serve(context, () => undefined);
  const realtime = realtimeServiceOf(
    { ...NOTHING, AZURE_VOICE_LIVE_ENDPOINT: `http://127.0.0.1:${server.port}`, AZURE_VOICE_LIVE_MODEL: 'm' },
    {
      clock: systemClock,
      log: pino({ level: 'silent' }),
      newId: randomIds,
      token: async () => 'token-1',
      secretOf: () => undefined,
    },
  );
  const log = pino({ level: 'silent' });
  const options = { log, brief: testBrief(), rateHz: 16_000, createResponse: true, interruptResponse: true } as const;
  const session = realtime?.open(options, recordedEvents([]));
  await eventually(() => server.requests.length > 0);
  session?.close();
  assert.equal(server.requests[0]?.headers.authorization, 'Bearer token-1');
  assert.equal(server.requests[0]?.headers['api-key'], undefined);
});

test('a connection that was closed in order leaves no timer behind', async (context) => {
  const server = await serve(context, () => {});
  const waiting = new Set<object>();
  /** Time stands still: whoever is not cancelled waits for ever. */
  const clock: Clock = {
    ...systemClock,
    after() {
      const timer = {};
      waiting.add(timer);
      return () => waiting.delete(timer);
    },
  };
  const url = `ws://127.0.0.1:${server.port}/x`;
  const options = { url, headers: async () => ({}), clock };
  const transport = new SocketTransport(options, { onMessage: () => {}, onEnd: () => {} });
  await eventually(() => waiting.size === 1);
  transport.close();
  assert.equal(waiting.size, 1, 'it is killed where it does not close');
  await eventually(() => waiting.size === 0);
});
