import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { TestApplication } from '../../emulator/acs/testing/application.ts';
import { TestPhone } from '../../emulator/acs/testing/phone.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { startFunctions } from '../../functions/testing/functions-under-test.ts';
import { systemClock } from '../../shared/clock.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { useDuring } from './redis-meter.ts';

const ACCESS_KEY = Buffer.from('a key that only this program knows').toString('base64');
const RESOURCE_ID = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const AGENT = '+15550100';
const CALLS = 5;
const SETTLE_MS = 1500;

/**
 * What a call costs once, whatever its length: rung, answered, its media opened, hung up. The functions are real, the carrier is
 * the emulator's, and a bare socket stands for the stream host, so that nothing else asks Redis.
 */
export async function oneCall(): Promise<string> {
  const log = pino({ level: 'silent' });
  await using opened = new AsyncDisposableStack();
  const host = await TestApplication.listen();
  opened.defer(() => host.close());
  const emulator = new EmulatorServer(await loadCertificate(), log);
  opened.defer(() => emulator.close());
  const { plain: emulatorPort } = await emulator.listen('127.0.0.1', { plain: 0, tls: 0 });
  const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
  const [port = 0] = await freePorts(1);
  const functions = await startFunctions(
    {
      FUNCTIONS_PUBLIC_URL: `http://127.0.0.1:${port}`,
      STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${host.port}`,
      ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${ACCESS_KEY}`,
      ACS_RESOURCE_ID: RESOURCE_ID,
      ACS_JWKS_URL: `${emulatorUrl}/calling/keys`,
      ACS_SOURCE_NUMBER: AGENT,
    },
    port,
  );
  opened.defer(() => functions.close());
  await functions.announce({ sessions: 0, maxSessions: 100 });
  const acs = await AcsService.open({
    ...{ accessKey: ACCESS_KEY, resourceId: RESOURCE_ID, gridSchema: 'EventGridSchema', clock: systemClock, log },
    tokenIssuer: 'https://acscallautomation.communication.azure.com',
    webhookUrl: `${functions.baseUrl}/calls/answer`,
    ...{ ringTimeoutMs: 10_000, callbackTimeoutMs: 10_000 },
  });
  opened.defer(() => acs.close());
  emulator.mount(acs);
  await acs.start();
  const redis = new Redis(process.env.REDIS_URL ?? '');
  opened.defer(() => redis.disconnect());

  let invocations = 0;
  subscribe('http.server.request.start', (message) => {
    const { request } = message as { request: { socket: { localPort: number } } };
    if (request.socket.localPort === port) invocations += 1;
  });
  const ring = async (nth: number) => {
    const phone = await TestPhone.plugIn(emulatorPort, `+1555777700${nth}`);
    phone.send({ type: 'dial', to: AGENT });
    await phone.event('connected');
    await host.media.first(`media socket ${nth}`, (peer) => host.media.entries.indexOf(peer) >= nth);
    await sleep(SETTLE_MS);
    phone.send({ type: 'hangup' });
    await phone.event('disconnected');
    await sleep(SETTLE_MS);
    phone.unplug();
  };
  // Code is loaded, and scripts are known to Redis.
  await ring(0);
  invocations = 0;
  const use = await useDuring(redis, async () => {
    for (let nth = 1; nth <= CALLS; nth += 1) await ring(nth);
  });
  const each = (count: number) => Math.round(count / CALLS);
  const kb = (use.bytes / CALLS / 1000).toFixed(1);
  return `a call, once: ${invocations / CALLS} requests to the functions, ${each(use.commands)} Redis commands, ${kb} kB`;
}
