import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { TestApplication } from '../../emulator/acs/testing/application.ts';
import { TestPhone } from '../../emulator/acs/testing/phone.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { openCalls } from '../../shared/calls/open-calls.ts';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { WorkRounds } from '../../stream-host/calls/work-rounds.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/**
 * Whole calls between the functions and the emulator's ACS, with a bare socket server in place of the stream host, which goes
 * its rounds.
 */

const accessKey = Buffer.from('a key that only this test knows').toString('base64');
const resourceId = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const agent = '+15550100';
let functions: FunctionsUnderTest;
let emulator: EmulatorServer;
let acs: AcsService;
let streamHost: TestApplication;
let emulatorPort: number;
let redis: Redis;
let rounds: WorkRounds;

before(async () => {
  streamHost = await TestApplication.listen();
  emulator = new EmulatorServer(await loadCertificate(), pino({ level: 'silent' }));
  emulatorPort = (await emulator.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
  const [port = 0] = await freePorts(1);
  const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
  const settings = {
    FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${streamHost.port}`,
    ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${accessKey}`,
    ACS_RESOURCE_ID: resourceId,
    ACS_JWKS_URL: `${emulatorUrl}/calling/keys`,
    ACS_SOURCE_NUMBER: agent,
  };
  functions = await startFunctions(settings, port);
  await functions.announce({ sessions: 0, maxSessions: 100 });
  const log = pino({ level: 'silent' });
  redis = patientRedis();
  const access = { connectionString: settings.ACS_CONNECTION_STRING };
  const carrier = new AcsCarrier({ access, callbackBase: 'http://f', mediaBase: 'ws://m' });
  const { work } = openCalls({
    ...{ redis, store: functions.store, carrier, clock: systemClock, newId: randomIds, log },
    ...{ source: 'stream-host', sessionTtlSeconds: 600, maxCallMs: 600_000 },
  });
  rounds = new WorkRounds(work, systemClock);
  rounds.start();
  acs = await AcsService.open({
    accessKey,
    resourceId,
    tokenIssuer: 'https://acscallautomation.communication.azure.com',
    webhookUrl: `${functions.baseUrl}/calls/answer`,
    gridSchema: 'EventGridSchema',
    ringTimeoutMs: 10_000,
    callbackTimeoutMs: 10_000,
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  emulator.mount(acs);
  await acs.start();
});
after(async () => {
  rounds.close();
  redis.disconnect();
  await acs.close();
  await emulator.close();
  await functions.close();
  await streamHost.close();
});

/** The session of a call, as soon as it is as it should be. */
async function sessionThat(callConnectionId: string, is: (session: Session) => boolean): Promise<Session> {
  for (const deadlineMs = performance.now() + 5_000; performance.now() < deadlineMs; ) {
    const session = await functions.store.findByCall(callConnectionId);
    if (session && is(session)) return session;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The session did not come to be as it should.');
}

const mediaSocket = (nth: number) =>
  streamHost.media.first(`media socket ${nth}`, (peer) => streamHost.media.entries.indexOf(peer) >= nth - 1);

test('a call is answered, survives the loss of its media socket, and is hung up through the API', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15557777');
  t.after(() => phone.unplug());
  phone.send({ type: 'dial', to: agent });
  const { callConnectionId } = await phone.event('connected');
  const first = await mediaSocket(1);
  assert.equal(first.headers['x-ms-call-connection-id'], callConnectionId);
  await sessionThat(callConnectionId, ({ status }) => status === 'connected');

  streamHost.mediaFaults.push(503, 503);
  first.socket.terminate();
  const second = await mediaSocket(2);
  assert.equal(second.headers['x-ms-call-connection-id'], callConnectionId);

  const hangup = await functions.request('POST', `calls/${callConnectionId}/hangup`);
  assert.equal(hangup.body.status, 'disconnecting');
  await phone.event('disconnected');
  const { id, endReason } = await sessionThat(callConnectionId, ({ status }) => status === 'disconnected');
  assert.equal(endReason, 'hangup-requested');
  const { body } = await functions.request('GET', `calls/${id}`);
  const types: string[] = body.events.map((event: { type: string }) => event.type);
  assert.deepEqual(
    types.filter((type) => type !== 'call.hangup-requested' && !type.includes('Participants')),
    [
      'call.incoming',
      'acs.CallConnected',
      'acs.MediaStreamingStarted',
      'acs.MediaStreamingFailed',
      'acs.MediaStreamingFailed',
      'acs.MediaStreamingFailed',
      'acs.MediaStreamingStarted',
      'acs.MediaStreamingStopped',
      'acs.CallDisconnected',
    ],
  );
  assert.equal(streamHost.media.entries.length, 2);
});

test('a call that is placed rings, connects, and ends when the phone hangs up', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15558888');
  t.after(() => phone.unplug());
  const { body } = await functions.request('POST', 'calls/initiate', { target_number: '+15558888' });
  const ringing = await phone.event('ringing');
  assert.deepEqual([ringing.from, ringing.callConnectionId], [agent, body.call_id]);
  phone.send({ type: 'answer' });
  await phone.event('connected');
  await sessionThat(body.call_id, ({ status }) => status === 'connected');
  phone.send({ type: 'hangup' });
  const session = await sessionThat(body.call_id, ({ status }) => status === 'disconnected');
  assert.equal(session.id, body.session_id);
  assert.equal(session.endReason, 'caller-ended');
  assert.match(session.endDetail ?? '', /^CallDisconnected 200/);
});

test('a call that is declined fails', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15559999');
  t.after(() => phone.unplug());
  const { body } = await functions.request('POST', 'calls/initiate', { target_number: '+15559999' });
  await phone.event('ringing');
  phone.send({ type: 'decline' });
  const session = await sessionThat(body.call_id, ({ status }) => status === 'failed');
  assert.equal(session.endReason, 'declined');
  assert.match(session.endDetail ?? '', /^CreateCallFailed/);
});
