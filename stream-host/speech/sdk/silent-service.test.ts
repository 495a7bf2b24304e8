import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../../shared/testing/eventually.ts';
import { listening } from '../../../shared/testing/listening.ts';
import { RecognitionSession } from '../recognition/recognition-session.ts';
import { SynthesisConnection } from '../synthesis/synthesis-connection.ts';
import { speechConfigFor } from './speech-service.ts';

const ignore = () => {};

test('a service that takes connections and never answers is left with none of them once they are given up (health)', async (t) => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', ignore).on('close', () => sockets.delete(socket));
    socket.resume();
  });
  const host = `ws://127.0.0.1:${await listening(server)}`;
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const config = () => speechConfigFor({ host, proof: 'k' });

  const ear = new RecognitionSession(config(), {
    onSign: ignore,
    onPartial: ignore,
    onPhrase: ignore,
    onTurnEnd: ignore,
    onEnd: ignore,
  });
  const mouth = new SynthesisConnection(config(), ignore);
  const opening = mouth.open();
  await eventually(() => sockets.size === 2);
  void ear.close();
  mouth.close();
  await assert.rejects(opening);
  await eventually(() => sockets.size === 0);
});

test('a connection that is given up before it is even begun is not made', async (t) => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', ignore).destroy();
  });
  const host = `ws://127.0.0.1:${await listening(server)}`;
  t.after(() => server.close());
  const mouth = new SynthesisConnection(speechConfigFor({ host, proof: 'k' }), ignore);
  const opening = mouth.open();
  mouth.close();
  await assert.rejects(opening);
  assert.ok(connections <= 1);
});
