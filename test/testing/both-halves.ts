import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import { pino } from 'pino';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { CALLBACK_TOKEN_SECONDS, TokenIssuer } from '../../emulator/acs/token-issuer.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { type FunctionsUnderTest, startFunctions } from '../../functions/testing/functions-under-test.ts';
import { systemClock } from '../../shared/clock.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import {
  type HostOptions,
  type HostUnderTest,
  redisForTests,
  startHost,
} from '../../stream-host/testing/host-under-test.ts';

const ACCESS_KEY = Buffer.from('a key that only this test knows').toString('base64');
const RESOURCE_ID = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const ISSUER = 'https://acscallautomation.communication.azure.com';
const silent = pino({ level: 'silent' });

export interface BothHalves {
  readonly functions: FunctionsUnderTest;
  readonly host: HostUnderTest;
  /** Of the emulator, for phones. */
  readonly emulatorPort: number;
  /** The number that callers of the application dial. */
  readonly number: string;
  /** The header of a callback, as the emulated ACS sends it. */
  authorization(): Promise<string>;
}

/**
 * The functions' app and a stream host in this process, over one Redis and the emulator's ACS; speech and model are the
 * tests'. The host's port hands the functions' routes on, as `npm start` has it. Ended after the test file.
 */
export async function startBothHalves(options: HostOptions = {}): Promise<BothHalves> {
  const number = '+15550100';
  const keyFolder = await mkdtemp(path.join(tmpdir(), 'parley-keys-'));
  const redis = await redisForTests();
  const emulator = new EmulatorServer(await loadCertificate(), silent);
  const emulatorPort = (await emulator.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
  const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
  const [port = 0] = await freePorts(1);
  const acs = { issuer: ISSUER, audience: RESOURCE_ID, jwksUrl: `${emulatorUrl}/calling/keys` };
  const host = await startHost(redis.url, { acs, functionsUrl: `http://127.0.0.1:${port}`, ...options });
  const settings = {
    REDIS_URL: redis.url,
    FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${port}`,
    STREAM_HOST_PUBLIC_URL: host.http.replace('http', 'ws'),
    STREAM_HOST_URL: host.http,
    ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${ACCESS_KEY}`,
    ACS_RESOURCE_ID: RESOURCE_ID,
    ACS_JWKS_URL: acs.jwksUrl,
    ACS_SOURCE_NUMBER: number,
  };
  const functions = await startFunctions(settings, port);
  const service = await AcsService.open({
    accessKey: ACCESS_KEY,
    resourceId: RESOURCE_ID,
    tokenIssuer: ISSUER,
    keyFolder,
    webhookUrl: `${functions.baseUrl}/calls/answer`,
    gridSchema: 'EventGridSchema',
    ringTimeoutMs: 10_000,
    callbackTimeoutMs: 10_000,
    clock: systemClock,
    log: silent,
  });
  emulator.mount(service);
  await service.start();
  after(async () => {
    await service.close();
    await emulator.close();
    await functions.close();
    await rm(keyFolder, { recursive: true });
  });
  // The emulator's own.
  const signer = TokenIssuer.create({ issuer: ISSUER, audience: RESOURCE_ID, folder: keyFolder });
  return {
    functions,
    host,
    emulatorPort,
    number,
    authorization: async () => `Bearer ${await (await signer).sign(CALLBACK_TOKEN_SECONDS)}`,
  };
}
