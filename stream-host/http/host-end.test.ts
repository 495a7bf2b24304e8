import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listening } from '../../shared/testing/listening.ts';
import { acsTokens, phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';

const redis = await redisForTests();

test('a socket with ACS’s words does not hold the end of a host, and is told to go elsewhere (realtime reader: words at the end)', async () => {
  const leaving = await startHost(redis.url);
  await leaving.store.create(phoneSession('drain-words'));
  const words = await leaving.connect('/api/v1/media/transcription?session_id=drain-words', {
    authorization: `Bearer ${await acsTokens.sign(60)}`,
    'x-ms-call-connection-id': 'drain-words-call',
  });
  const stopping = performance.now();
  const closing = leaving.close('The server is being restarted.');
  assert.deepEqual(await words.closed, { code: 1001, reason: 'The server is being restarted.' });
  await closing;
  assert.ok(performance.now() - stopping < 2500, 'not all of the 3 s that sockets have');
});

test('a request that stands when the host is ended is answered (realtime reader: requests at the end)', async (t) => {
  const asking = Promise.withResolvers<ServerResponse>();
  const slow = createServer((_, response) => asking.resolve(response));
  t.after(() => slow.close().closeAllConnections());
  const leaving = await startHost(redis.url, { functionsUrl: `http://127.0.0.1:${await listening(slow)}` });
  const answered = fetch(`${leaving.http}/api/v1/calls/initiate`, { method: 'POST', body: '{}' });
  const response = await asking.promise;
  const closing = leaving.close();
  await sleep(100);
  response.writeHead(202).end('{}');
  assert.equal((await answered).status, 202);
  await closing;
});
