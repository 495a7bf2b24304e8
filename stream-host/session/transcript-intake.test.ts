import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { acsLine } from '../../shared/carrier/acs/acs-line.ts';
import { encodeTranscript } from '../../shared/carrier/acs/transcript-frame.ts';
import { systemClock } from '../../shared/clock.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { SessionCommand } from '../../shared/sessions/session.ts';
import { SessionStore } from '../../shared/sessions/session-store.ts';
import { newSession, redisesUnderTest, TTL_SECONDS } from '../../shared/sessions/testing/redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { listening } from '../../shared/testing/listening.ts';
import { TranscriptIntake } from './transcript-intake.ts';

const [redis] = await redisesUnderTest();

/** Redis, which does not answer some of the commands. */
class StoreWithGaps extends SessionStore {
  readonly taken: string[] = [];
  gaps = 0;

  override async command(id: string, command: SessionCommand): Promise<void> {
    this.gaps -= 1;
    if (this.gaps >= 0) throw new DependencyError('redis.unavailable', 'Redis does not answer.');
    await super.command(id, command);
    if (command.type === 'transcribed') this.taken.push(command.phrase.text);
  }
}

test('finished words of ACS that Redis does not take are handed on once it does, in order (issue 14: lost final)', async (t) => {
  assert.ok(redis);
  const store = new StoreWithGaps(redis.connect(), { ttlSeconds: TTL_SECONDS });
  const { id } = await store.create({ ...newSession('intake-1'), callConnectionId: 'call-1' });
  const intake = new TranscriptIntake({ line: acsLine, store, clock: systemClock, log: pino({ level: 'silent' }) });
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => void intake.take(socket, { sessionId: id, callConnectionId: 'call-1' }));
  const acs = new WebSocket(`ws://127.0.0.1:${await listening(http)}`);
  t.after(() => {
    acs.terminate();
    http.close();
  });
  await once(acs, 'open');
  const say = (text: string, final: boolean, offsetMs: number) =>
    acs.send(encodeTranscript({ text, final, participant: '4:+15550001111', offsetMs, durationMs: 100, words: [] }));
  say('one.', true, 100);
  await eventually(() => store.taken.length === 1);
  store.gaps = 2;
  say('two.', true, 300);
  say('thr', false, 500);
  say('three.', true, 500);
  await eventually(() => store.taken.length === 3);
  assert.deepEqual(store.taken, ['one.', 'two.', 'three.']);
});
