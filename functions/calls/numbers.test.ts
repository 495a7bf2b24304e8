import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

const NUMBERS = `
numbers:
  "+15550101": { agent: chef, mode: voice_live, language: de-DE }
  "+15550102": { agent: gone }
`;

let functions: FunctionsUnderTest;
before(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-agents-'));
  await writeFile(join(folder, 'numbers.yaml'), NUMBERS);
  functions = await startFunctions({ AGENTS_FOLDER: folder });
});
after(() => functions.close());
beforeEach(async () => {
  functions.acs.nextTest();
  const modes = [
    { name: 'media', rateHz: 16_000 },
    { name: 'voice_live', rateHz: 24_000 },
  ] as const;
  const load = { sessions: 0, maxSessions: 100, agents: ['orders', 'chef'], modes, agentModes: {} };
  await functions.store.hosts.announce('host-1', load, 60_000);
});

let rung = 0;
const person = (number: string) => ({ kind: 'phoneNumber', rawId: `4:${number}`, phoneNumber: { value: number } });

/** The session of a call to that number. */
async function sessionOf(number: string, sipHeaders: Record<string, string> = {}) {
  const ticket = `ticket-${++rung}`;
  const data = {
    ...{ to: person(number), from: person('+15557777'), incomingCallContext: ticket, correlationId: ticket },
    customContext: { sipHeaders, voipHeaders: {} },
  };
  const event = {
    ...{ id: ticket, topic: '/subscriptions/x', subject: '/caller/x', eventTime: '2026-01-01T00:00:00Z' },
    ...{ eventType: 'Microsoft.Communication.IncomingCall', dataVersion: '1.0', metadataVersion: '1', data },
  };
  const { body } = await functions.request('POST', 'calls/answer', [event], { 'aeg-delivery-count': '0' });
  assert.equal(body.status, 'call answered');
  return functions.store.get(body.session_id);
}

test('a called number has the agent, the mode and the language that the table gives it', async () => {
  assert.partialDeepStrictEqual(await sessionOf('+15550101'), { agent: 'chef', mode: 'voice_live', language: 'de-DE' });
});

test('what whoever passed the call on names goes before the table', async () => {
  const session = await sessionOf('+15550101', {
    'X-MS-Custom-Agent': 'orders',
    'X-MS-Custom-Streaming-Mode': 'media',
  });
  assert.partialDeepStrictEqual(session, { agent: 'orders', mode: 'media' });
});

test('an agent of the table that no host has costs no call', async () => {
  assert.partialDeepStrictEqual(await sessionOf('+15550102'), { agent: 'orders', mode: 'media' });
});

test('a number that the table does not list is answered as any, and counted', async (t) => {
  const redis = patientRedis();
  t.after(() => redis.disconnect());
  const count = async () => Number((await redis.get('parley:unlisted-numbers')) ?? 0);
  const before = await count();
  const session = await sessionOf('+15550199');
  assert.partialDeepStrictEqual(session, { agent: 'orders', mode: 'media' });
  assert.equal(session?.language, undefined);
  assert.equal(await count(), before + 1);
});
