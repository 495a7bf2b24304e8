import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pino } from 'pino';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { TestApplication } from '../../emulator/acs/testing/application.ts';
import { TestPhone } from '../../emulator/acs/testing/phone.ts';
import { AccessTokens } from '../../emulator/identity/access-tokens.ts';
import { ApiTokens } from '../../emulator/identity/api-tokens.ts';
import { CallerRequests } from '../../emulator/phone/caller-requests.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { EMULATED_TENANT } from '../../emulator/settings.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { systemClock } from '../../shared/clock.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** The functions ask for tokens of Entra at each door, and the emulator, whose Entra it is, has them. */

const log = pino({ level: 'silent' });
const accessKey = Buffer.from('a key that only this test knows').toString('base64');
const resourceId = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const audience = 'api://parley';
let functions: FunctionsUnderTest;
let emulator: EmulatorServer;
let acs: AcsService;
let streamHost: TestApplication;
let emulatorPort: number;

before(async () => {
  streamHost = await TestApplication.listen();
  emulator = new EmulatorServer(await loadCertificate(), log);
  emulatorPort = (await emulator.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
  const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
  const [port = 0] = await freePorts(1);
  const settings = {
    FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${streamHost.port}`,
    ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${accessKey}`,
    ACS_RESOURCE_ID: resourceId,
    ACS_JWKS_URL: `${emulatorUrl}/calling/keys`,
    API_AUTH: 'entra',
    EVENT_GRID_AUTH: 'entra',
    API_TENANT_ID: EMULATED_TENANT,
    API_AUDIENCE: audience,
    API_JWKS_URL: `${emulatorUrl}/discovery/v2.0/keys`,
    EVENT_GRID_AUDIENCE: audience,
  };
  functions = await startFunctions(settings, port);
  await functions.announce({ sessions: 0, maxSessions: 100 });
  const tokens = await AccessTokens.open(systemClock);
  const apiTokens = new ApiTokens({ tokens, audience });
  acs = await AcsService.open({
    accessKey,
    resourceId,
    tokenIssuer: 'https://acscallautomation.communication.azure.com',
    webhookUrl: `${functions.baseUrl}/calls/answer`,
    gridSchema: 'EventGridSchema',
    gridToken: () => apiTokens.forDelivery(audience),
    apiToken: () => apiTokens.forApi(),
    ringTimeoutMs: 10_000,
    callbackTimeoutMs: 10_000,
    clock: systemClock,
    log,
  });
  emulator.mount(apiTokens, acs);
  await acs.start();
});
after(async () => {
  await acs.close();
  await emulator.close();
  await functions.close();
  await streamHost.close();
});

test('a call comes in by a delivery that has a token, and is answered', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15557777');
  t.after(() => phone.unplug());
  phone.send({ type: 'dial', to: '+15550100' });
  await phone.event('connected');
  phone.send({ type: 'hangup' });
});

test('npm run call has a call placed, and reads its record, with a token of the emulator', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15558888');
  t.after(() => phone.unplug());
  const requests = new CallerRequests({
    emulatorUrl: `http://127.0.0.1:${emulatorPort}`,
    functionsUrl: new URL(functions.baseUrl).origin,
    streamHostUrl: 'http://127.0.0.1:9',
  });
  await requests.placeCall('+15558888');
  const { callConnectionId } = await phone.event('ringing');
  assert.equal((await requests.record(callConnectionId))?.agent, 'orders');
  phone.send({ type: 'decline' });
  // What the functions refuse behind their door is told as ever.
  await assert.rejects(requests.placeCall('+19002345678'), { code: 'call.refused', message: /outbound\.number-type/ });
});
