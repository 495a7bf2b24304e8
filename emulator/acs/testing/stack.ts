import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type CallAutomationClient, CallAutomationClient as Client } from '@azure/communication-call-automation';
import { pino } from 'pino';
import { FRAME_BYTES, rmsOf } from '../../../shared/audio/pcm.ts';
import { systemClock } from '../../../shared/clock.ts';
import { Faults } from '../../faults.ts';
import { AccessTokens } from '../../identity/access-tokens.ts';
import { EmulatorServer } from '../../server.ts';
import { loadCertificate } from '../../tls/certificates.ts';
import { AcsService, type AcsServiceOptions } from '../acs-service.ts';
import { TokenIssuer } from '../token-issuer.ts';
import { TestApplication } from './application.ts';
import { TestPhone } from './phone.ts';

export const ACCESS_KEY = Buffer.from('a key that only the tests know').toString('base64');
export const RESOURCE_ID = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
export const ISSUER = 'https://acscallautomation.communication.azure.com';
/** One signing key for all tests of a process: RSA keys take long to make. */
const keyFolder = mkdtempSync(join(tmpdir(), 'parley-keys-'));
process.once('exit', () => rmSync(keyFolder, { recursive: true }));

export const CALLER = '+15550001111';
export const AGENT = '+15550002222';

export interface Stack {
  readonly service: AcsService;
  readonly application: TestApplication;
  readonly ports: { readonly plain: number; readonly tls: number };
  readonly client: CallAutomationClient;
  readonly log: Record<string, unknown>[];
  /** The emulator's own signer. */
  readonly tokens: () => Promise<TokenIssuer>;
  /** Those of identities. */
  readonly accessTokens: AccessTokens;
}

/** The emulator's ACS and an application, on real sockets, for one test. */
export async function startStack(context: TestContext, options: Partial<AcsServiceOptions> = {}): Promise<Stack> {
  const application = await TestApplication.listen();
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(JSON.parse(line)) });
  const faults = new Faults(logger);
  const accessTokens = await AccessTokens.open(systemClock, keyFolder);
  const service = await AcsService.open({
    accessTokens,
    accessKey: ACCESS_KEY,
    resourceId: RESOURCE_ID,
    tokenIssuer: ISSUER,
    keyFolder,
    webhookUrl: `http://127.0.0.1:${application.port}/api/v1/calls/answer`,
    gridSchema: 'EventGridSchema',
    ringTimeoutMs: 10_000,
    callbackTimeoutMs: 10_000,
    clock: systemClock,
    faults,
    log: logger,
    ...options,
  });
  const server = new EmulatorServer(await loadCertificate(keyFolder), logger);
  server.mount(faults, service);
  const ports = await server.listen('127.0.0.1', { plain: 0, tls: 0 });
  context.after(async () => {
    await service.close();
    await server.close();
    await application.close();
  });
  await service.start();
  const tokens = () => TokenIssuer.create({ issuer: ISSUER, audience: RESOURCE_ID, folder: keyFolder });
  return { service, application, ports, client: clientFor(ports.plain, ACCESS_KEY), log, tokens, accessTokens };
}

export const clientFor = (port: number, accessKey: string): CallAutomationClient =>
  new Client(`endpoint=http://127.0.0.1:${port}/;accesskey=${accessKey}`, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 1, retryDelayInMs: 10 },
  });

/** A phone that has dialled the agent, and the context under which its call is offered. */
export async function dial({ ports, application }: Stack, to = AGENT): Promise<{ phone: TestPhone; context: string }> {
  const phone = await TestPhone.plugIn(ports.plain, CALLER);
  phone.send({ type: 'dial', to });
  const { data } = await application.incoming.first('IncomingCall');
  return { phone, context: data.incomingCallContext ?? '' };
}

/** A connected inbound call with its media socket open. */
export async function connectInbound(stack: Stack, to = AGENT) {
  const { phone, context } = await dial(stack, to);
  const { application, client } = stack;
  const answer = await client.answerCall(context, application.callbackUri, {
    operationContext: 'greet',
    mediaStreamingOptions: application.mediaStreamingOptions,
  });
  await phone.event('connected');
  return { phone, answer, call: answer.callConnection, media: await application.media.first('the media socket') };
}

/** How loud what the emulator says is in these tests, and how long: five frames a text. */
export const SPOKEN_LEVEL = 2000;
export const speak = async () => ({ pcm: framesOf(SPOKEN_LEVEL, 5) });

/** PCM16 at 16 kHz of one level. */
export const framesOf = (level: number, frames = 1): Uint8Array =>
  new Uint8Array(new Int16Array((FRAME_BYTES / 2) * frames).fill(level).buffer);

export const levelOf = (frame: Uint8Array): number => Math.round(rmsOf(frame) * 32_768);

/** An event by its type and the operation that it is about. */
export async function eventOf({ application }: Stack, type: string, operationContext?: string) {
  const { event } = await application.callbacks.first(
    `${type} ${operationContext ?? ''}`,
    ({ event: { type: known, data } }) =>
      known === `Microsoft.Communication.${type}` &&
      (operationContext === undefined || data.operationContext === operationContext),
  );
  return event.data as Record<string, unknown> & {
    readonly resultInformation: { readonly code: number; readonly subCode: number };
  };
}

export const codesOf = ({ resultInformation: { code, subCode } }: Awaited<ReturnType<typeof eventOf>>) => [
  code,
  subCode,
];

/** What tests may ask of the emulator and no service offers. */
export async function order({ ports }: Stack, path: string, body: unknown) {
  const address = `http://127.0.0.1:${ports.plain}/emulator/${path}`;
  const response = await fetch(address, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
