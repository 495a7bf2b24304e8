import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { listening } from '../shared/testing/listening.ts';
import { BlobService } from './blob/blob-service.ts';
import { Outages } from './outages.ts';
import type { EmulatedService } from './server.ts';

const log = pino({ level: 'silent' });
const anything: EmulatedService = {
  handle: (_, response) => {
    response.end('{}');
    return true;
  },
  handleUpgrade: (_, socket) => {
    socket.end('HTTP/1.1 418 Teapot\r\ncontent-length: 0\r\n\r\n');
    return true;
  },
};

async function start(context: { after(task: () => void): void }, services = [anything]) {
  const outages = new Outages(services, log);
  const server = createServer((request, response) => void outages.handle(request, response));
  server.on('upgrade', (request, socket, head) => void outages.handleUpgrade(request, socket, head));
  const url = `http://127.0.0.1:${await listening(server)}`;
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const order = (body: unknown) => fetch(`${url}/emulator/outages`, { method: 'POST', body: JSON.stringify(body) });
  const status = (path: string) =>
    fetch(url + path, { signal: AbortSignal.timeout(300) }).then(
      (response) => response.status,
      (error: Error) => error.name,
    );
  const upgradeStatus = async (path: string) => {
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    new WebSocket(url.replace('http', 'ws') + path)
      .on('unexpected-response', (_, response) => resolve(response.statusCode))
      .on('error', () => resolve(undefined));
    return promise;
  };
  return { order, status, upgradeStatus };
}

test('each service fails as it was told to, the others go on, and it works again when told to', async (context) => {
  const { order, status, upgradeStatus } = await start(context);
  const answer = await order({ openai: 'wrong_key', acs: 'wrong_name', 'acs.keys': 'wrong_name', blob: 'slow' });
  assert.equal(answer.status, 200);
  assert.equal(await status('/openai/v1/chat/completions'), 401);
  assert.equal(await status('/calling/callConnections/x'), 401, 'ACS knows keys, and no names');
  assert.equal(await status('/calling/keys'), 404);
  assert.equal(await status('/devstoreaccount1/x'), 'TimeoutError');
  assert.equal(await upgradeStatus('/tts/cognitiveservices/websocket/v1'), 418, 'nothing was ordered for it');

  await order({ 'speech.synthesis': 'throttled', realtime: 'down', openai: 'none' });
  assert.equal(await upgradeStatus('/tts/cognitiveservices/websocket/v1'), 429);
  assert.equal(await upgradeStatus('/voice-live/realtime?model=local'), undefined);
  assert.equal(await status('/openai/v1/chat/completions'), 200);
});

test('an outage that does not exist is refused by name', async (context) => {
  const { order } = await start(context);
  for (const body of [{ openai: 'tired' }, { telephone: 'down' }, 'x']) {
    const answer = await order(body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(await answer.text(), /wrong_key/);
  }
});

test('the one container opens to a token, and to nothing else', async (context) => {
  const { status } = await start(context, [new BlobService(async (token) => token === 'good')]);
  assert.equal(await status('/devstoreaccount1/call-records?restype=container'), 400, 'without x-ms-version');
  assert.equal(await status('/devstoreaccount1/call-records'), 501);
});
