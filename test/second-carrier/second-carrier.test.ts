import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { after, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import type { HostUnderTest } from '../../stream-host/testing/host-under-test.ts';
import { TandemNetwork } from './network.ts';
import { KEY_HEADER, NETWORK_KEY, tandem } from './tandem.ts';

/** All that differs from a Parley whose calls ACS carries. */
const LINE = "export { acs as THE_CARRIER } from './acs/acs.ts';";
const OTHER_LINE = "export { tandem as THE_CARRIER } from '../../test/second-carrier/tandem.ts';";

/** Some six seconds of it. */
const LONG_ANSWER = Array(12).fill('It is on its way and will be with you tomorrow.').join(' ');

let linesChanged = 0;
registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/shared/carrier/carriers.ts')) return loaded;
    const lines = String(loaded.source).split('\n');
    linesChanged = lines.filter((line) => line === LINE).length;
    return { ...loaded, source: lines.map((line) => (line === LINE ? OTHER_LINE : line)).join('\n') };
  },
});

const network = await TandemNetwork.open();
process.env.TANDEM_API = network.api;
const { GREETING, redisForTests, responder, startHost } = await import('../../stream-host/testing/host-under-test.ts');
const { startFunctions } = await import('../../functions/testing/functions-under-test.ts');
const { THE_CARRIER } = await import('../../shared/carrier/carriers.ts');

const redis = await redisForTests();
const [port = 0] = await freePorts(1);
const proof = tandem.openProof({} as never, systemClock);
const host: HostUnderTest = await startHost(redis.url, {
  carrier: THE_CARRIER,
  admitCarrier: (header) => proof.admit(header, 'socket'),
  openResponder: () => ({
    ...responder(),
    async *respond() {
      yield { type: 'text', text: LONG_ANSWER };
    },
  }),
  hangUp: (leg) => carrier.hangUp(leg),
});
const mediaUrl = host.http.replace('http', 'ws');
const carrier = THE_CARRIER.open({
  settings: {} as never,
  credential: { getToken: async () => null },
  callbackBase: `http://127.0.0.1:${port}/api/v1`,
  mediaBase: `${mediaUrl}/api/v1`,
});
const functions = await startFunctions(
  { FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${port}`, STREAM_HOST_PUBLIC_URL: mediaUrl, REDIS_URL: redis.url },
  port,
);
after(async () => {
  network.close();
  await functions.close();
});

const session = async (): Promise<Session | undefined> => host.store.findByCall('leg-1');

test('a second carrier answers, talks, is cut in on and hangs up through the port, by one line outside its folder', async () => {
  assert.equal(linesChanged, 1);
  assert.equal(carrier.name, 'tandem');

  const rung = await network.ring(`${functions.baseUrl}/calls/answer`);
  assert.equal(rung.status, 200, rung.text);
  await eventually(async () => (await session())?.status === 'connected');

  const greetingMs = GREETING.length * 10;
  await eventually(() => network.heardMs() >= greetingMs);
  assert.ok(network.heard.every(({ kind }) => kind === 'audio'));

  network.say(600);
  await eventually(() => network.heardMs() > greetingMs + 60);
  const before = network.heard.length;
  network.say(600);
  await eventually(() => network.heard.slice(before).some(({ kind }) => kind === 'flush'));
  assert.ok(network.heardMs() < greetingMs + LONG_ANSWER.length * 10, 'not all of the answer was sent');

  const { body } = await functions.request('POST', 'calls/leg-1/hangup');
  assert.equal(body.status, 'disconnecting');
  await eventually(async () => (await session())?.status === 'disconnected');
  assert.ok(network.asked.includes('legs/leg-1/drop'));
  const events = await host.store.events((await session())?.id ?? '', { limit: 100 });
  const names = events.map(({ type }) => type).filter((type) => type.startsWith('tandem.'));
  assert.deepEqual(names, ['tandem.picked-up', 'tandem.dropped']);
});

test('what a carrier has no means for is refused by its name', async () => {
  assert.equal(carrier.capabilities.size, 0);
  await assert.rejects(carrier.pauseRecording('r'), { code: 'carrier.not-supported', failure: 'not-supported' });
  await assert.rejects(carrier.sendKeys('leg-1', '1', '+4930111', 'o'), { code: 'carrier.not-supported' });
});

test('whoever does not prove to be the carrier is not let in by either door', async () => {
  const { status } = await functions.request('POST', 'calls/callbacks/x', []);
  assert.equal(status, 401);
  await assert.rejects(host.connect('/api/v1/media/stream?session_id=x'), { status: 401 });
  await assert.rejects(host.connect('/api/v1/media/stream?session_id=x', { [KEY_HEADER]: 'another' }), { status: 401 });
  assert.notEqual(NETWORK_KEY, 'another');
});
