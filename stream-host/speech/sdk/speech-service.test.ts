import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { WebSocketServer } from 'ws';
import { systemClock } from '../../../shared/clock.ts';
import { onlyProvider } from '../../../shared/providers/provider.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { listening } from '../../../shared/testing/listening.ts';
import { AzureRecogniser } from '../recognition/azure-recogniser.ts';
import { AzureSynthesiser } from '../synthesis/azure-synthesiser.ts';

const silent = pino({ level: 'silent' });
const ignore = () => undefined;

/** A service that opens sockets, or refuses them, and says how it was asked. */
async function serviceThat(t: TestContext, accepts: boolean) {
  const asked: IncomingMessage[] = [];
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => {
    asked.push(request);
    socket.on('error', ignore);
    if (accepts) sockets.handleUpgrade(request, socket, head, (accepted) => accepted.on('error', ignore));
    else socket.end('HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  const port = await listening(server);
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { asked, host: `ws://127.0.0.1:${port}` };
}

const pathOf = ({ url = '' }: IncomingMessage) => url.split('?')[0];

test('with an identity each connection shows the token of its moment, at the same addresses as with a key', async (t) => {
  const { asked, host } = await serviceThat(t, true);
  let issued = 0;
  const scopes: unknown[] = [];
  const getToken = async (scope: unknown) => {
    scopes.push(scope);
    return { token: `token-${++issued}`, expiresOnTimestamp: Date.now() + 60_000 };
  };
  const service = { host, proof: { getToken } };
  const common = { clock: systemClock, log: silent };
  const synthesiser = new AzureSynthesiser({ ...common, service, warm: 2 });
  await eventually(() => asked.length === 2);
  const events = { onState: ignore, onPartial: ignore, onFinal: ignore, onNoWords: ignore };
  const services = onlyProvider('speech', service, systemClock);
  const recogniser = new AzureRecogniser({ ...common, services, random: () => 0.5, language: 'en-US' }, events);
  await eventually(() => asked.length === 3);
  recogniser.close();
  synthesiser.close();
  assert.deepEqual(asked.map(pathOf), [
    '/tts/cognitiveservices/websocket/v1',
    '/tts/cognitiveservices/websocket/v1',
    '/stt/speech/universal/v2',
  ]);
  assert.deepEqual(
    asked.map(({ headers }) => headers.authorization),
    ['Bearer token-1', 'Bearer token-2', 'Bearer token-3'],
  );
  assert.ok(asked.every(({ headers }) => headers['ocp-apim-subscription-key'] === undefined));
  assert.deepEqual([...new Set(scopes)], ['https://cognitiveservices.azure.com/.default']);
});

test('a token that is refused, and one that cannot be had, are told without the token, though the SDK puts it into the address', async (t) => {
  const { host } = await serviceThat(t, false);
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const failures: unknown[] = [];
  for (const getToken of [
    async () => ({ token: 'a-secret-token', expiresOnTimestamp: Date.now() + 60_000 }),
    async () => Promise.reject(new Error('no identity')),
  ]) {
    const service = { host, proof: { getToken } };
    const synthesiser = new AzureSynthesiser({ service, clock: systemClock, log, warm: 0, firstAudioMs: 2_000 });
    const speak = async () => {
      for await (const _ of synthesiser.speak('Hello.', 'en-US-AvaMultilingualNeural', new AbortController().signal));
    };
    await speak().catch((error: unknown) => failures.push(error));
    synthesiser.close();
    let failed = false;
    const events = { onPartial: ignore, onFinal: ignore, onNoWords: ignore };
    const onState = (state: string, error?: unknown) => {
      if (error) failures.push(error);
      failed ||= state !== 'ready';
    };
    const services = onlyProvider('speech', service, systemClock);
    const options = { services, clock: systemClock, log, random: () => 0.5, language: 'en-US' };
    const recogniser = new AzureRecogniser(options, { ...events, onState });
    await eventually(() => failed);
    recogniser.close();
  }
  const told = failures.map((error) => String(error));
  assert.ok(failures.length >= 4, told.join('\n'));
  assert.match(told[0] ?? '', /refused the key or the identity \(401\)/);
  assert.ok(lines.length > 0);
  assert.doesNotMatch(lines.join('') + told.join(''), /a-secret-token/);
});
