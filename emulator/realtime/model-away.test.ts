import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { systemClock } from '../../shared/clock.ts';
import { Faults } from '../faults.ts';
import { OpenAiService } from '../openai/openai-service.ts';
import { EmulatorServer } from '../server.ts';
import { loadCertificate } from '../tls/certificates.ts';
import { RealtimeService } from './realtime-service.ts';

test('no session is opened where the model behind the answers is away (health that says accepted)', async (context) => {
  const log = pino({ level: 'silent' });
  const server = new EmulatorServer(await loadCertificate(), log);
  context.after(() => server.close());
  const openAi = new OpenAiService({ log, upstream: { baseUrl: 'http://127.0.0.1:1/v1', model: 'llama' } });
  server.mount(
    new RealtimeService({
      ...{ log, key: 'key', faults: new Faults(log), clock: systemClock },
      // Nothing of them is asked for.
      models: () => ({}) as never,
      answer: (request, signal) => openAi.reply(request, signal),
      problem: () => openAi.problem(),
    }),
  );
  const { plain } = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  const path = '/openai/v1/realtime?model=gpt-realtime-2';
  const socket = new WebSocket(`ws://127.0.0.1:${plain}${path}`, { headers: { 'api-key': 'key' } });
  socket.on('error', () => {});
  const status = await new Promise((resolve) =>
    socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode)),
  );
  assert.equal(status, 503);
});
