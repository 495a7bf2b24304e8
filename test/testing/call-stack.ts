import type { TestContext } from 'node:test';
import { pino } from 'pino';
import { AcsService } from '../../emulator/acs/acs-service.ts';
import { TestPhone } from '../../emulator/acs/testing/phone.ts';
import { Faults } from '../../emulator/faults.ts';
import { EmulatorServer } from '../../emulator/server.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { type FunctionsUnderTest, startFunctions } from '../../functions/testing/functions-under-test.ts';
import { rmsOf } from '../../shared/audio/pcm.ts';
import type { CallWish } from '../../shared/calls/call-wish.ts';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { defaultPhrases } from '../../stream-host/agent/phrases.ts';
import type { AgentRecording, ReplyPiece, Responder } from '../../stream-host/contract/agent.ts';
import type { Modes } from '../../stream-host/contract/mode.ts';
import { type HostUnderTest, LOUD, startHost } from '../../stream-host/testing/host-under-test.ts';

const accessKey = Buffer.from('a key that only this test knows').toString('base64');
const resourceId = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const issuer = 'https://acscallautomation.communication.azure.com';
const AGENT = '+15550100';
export const NOTICE = 'This call is recorded.';

export const isLoud = (frame: Buffer) => rmsOf(frame) > 0.1;
/** The agent's voice in these tests is a soft tone. */
export const isAgent = (frame: Buffer) => rmsOf(frame) > 0.02 && !isLoud(frame);

/** Something that the caller says, as long as the detector of these tests wants it. */
export function speak(phone: TestPhone): void {
  phone.speak(Buffer.concat(Array.from({ length: 25 }, () => LOUD)));
}

export const answering = (phone: TestPhone) => void phone.event('ringing').then(() => phone.send({ type: 'answer' }));

/** The two hear one another, without us. */
export async function talksWith(one: TestPhone, other: TestPhone): Promise<void> {
  one.heard.entries.length = 0;
  other.heard.entries.length = 0;
  speak(one);
  await other.heard.first('the one', isLoud);
  speak(other);
  await one.heard.first('the other', isLoud);
}

export interface ShownOperation {
  readonly operation_id: string;
  readonly kind: string;
  readonly action: string | null;
  readonly state: string;
  readonly result: { readonly message?: string; readonly data?: Readonly<Record<string, unknown>> } | null;
}

/**
 * What can be done with a call, through all of it: the functions' API, the real SDK, the emulator's ACS with its phones, Redis,
 * and a stream host that talks. Only the model and the speech are the tests' own.
 */
export class CallStack {
  readonly functions: FunctionsUnderTest;
  readonly carrier: AcsCarrier;
  /** What the emulator does wrong. */
  readonly faults: Faults;
  /** What the model of these tests does. */
  readonly agent: {
    /** What it wants done with the call once the caller has spoken; undefined: it only answers. */
    wish?: CallWish | undefined;
    answer: string;
    /** How calls are recorded, by its definition. */
    recording?: AgentRecording | undefined;
  } = { answer: 'Very well, so be it.' };
  readonly #close: () => Promise<void>;
  readonly #emulatorPort: number;
  #numbers = 0;

  private constructor(
    functions: FunctionsUnderTest,
    carrier: AcsCarrier,
    faults: Faults,
    emulatorPort: number,
    close: () => Promise<void>,
  ) {
    this.functions = functions;
    this.carrier = carrier;
    this.faults = faults;
    this.#emulatorPort = emulatorPort;
    this.#close = close;
  }

  /** @param modes beside MEDIA */
  static async start(modes: Modes = {}): Promise<CallStack> {
    const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
    const emulator = new EmulatorServer(await loadCertificate(), log);
    const emulatorPort = (await emulator.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
    const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
    const [functionsPort = 0, hostPort = 0] = await freePorts(2);
    const connectionString = `endpoint=${emulatorUrl}/;accesskey=${accessKey}`;
    const functionsUrl = `http://127.0.0.1:${functionsPort}`;
    const functions = await startFunctions(
      {
        FUNCTIONS_PUBLIC_URL: functionsUrl,
        STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${hostPort}`,
        ACS_CONNECTION_STRING: connectionString,
        ACS_RESOURCE_ID: resourceId,
        ACS_JWKS_URL: `${emulatorUrl}/calling/keys`,
        ACS_SOURCE_NUMBER: AGENT,
      },
      functionsPort,
    );
    const carrier = new AcsCarrier({
      access: { connectionString },
      callbackBase: `${functionsUrl}/api/v1`,
      mediaBase: `ws://127.0.0.1:${hostPort}/api/v1`,
    });
    let stack: CallStack | undefined;
    const host: HostUnderTest = await startHost(process.env.REDIS_URL ?? '', {
      log,
      port: hostPort,
      acs: { jwksUrl: `${emulatorUrl}/calling/keys`, issuer, audience: resourceId },
      calls: carrier,
      modes,
      callDesk: {
        carrier,
        recording: { wish: { channels: 'mixed', format: 'wav' } },
        waits: { beforeSummaryMs: 50, afterRingingMs: 2000, lookMs: 100 },
      },
      openResponder: (_, __, { recorded }) => {
        if (!stack) throw new Error('Nobody can call before all of it stands.');
        return stack.#responder(recorded);
      },
    });
    const faults = new Faults(log);
    const acs = await AcsService.open({
      faults,
      accessKey,
      resourceId,
      tokenIssuer: issuer,
      webhookUrl: `${functions.baseUrl}/calls/answer`,
      gridSchema: 'EventGridSchema',
      ringTimeoutMs: 5_000,
      callbackTimeoutMs: 10_000,
      clock: systemClock,
      log,
    });
    emulator.mount(acs);
    await acs.start();
    stack = new CallStack(functions, carrier, faults, emulatorPort, async () => {
      await acs.close();
      await emulator.close();
      await host.close();
      await functions.close();
    });
    return stack;
  }

  close(): Promise<void> {
    return this.#close();
  }

  async plugIn(context: TestContext): Promise<{ readonly phone: TestPhone; readonly number: string }> {
    this.#numbers += 1;
    const number = `+1555020${String(this.#numbers).padStart(4, '0')}`;
    const phone = await TestPhone.plugIn(this.#emulatorPort, number);
    context.after(() => phone.unplug());
    return { phone, number };
  }

  async sessionThat(callConnectionId: string, is: (session: Session) => boolean): Promise<Session> {
    return inTime('The session did not come to be as it should.', async () => {
      const session = await this.functions.store.findByCall(callConnectionId);
      return session && is(session) ? session : undefined;
    });
  }

  /** A call in which the agent has greeted. */
  async inCall(context: TestContext) {
    const { phone, number } = await this.plugIn(context);
    phone.send({ type: 'dial', to: AGENT });
    const { callConnectionId } = await phone.event('connected');
    await phone.heard.first('the greeting', isAgent);
    const session = await this.sessionThat(callConnectionId, ({ status }) => status === 'connected');
    await this.said(session.id, 1);
    return { phone, number, callConnectionId, id: session.id };
  }

  /** Waits until the agent has said so much to its end, or has been cut off. */
  async said(sessionId: string, count: number): Promise<string[]> {
    return inTime(`The agent did not say ${count} things.`, async () => {
      const history = await this.functions.store.history(sessionId);
      const lines = history.flatMap((item) => (item.role === 'agent' ? [item.text] : []));
      return lines.length >= count ? lines : undefined;
    });
  }

  async operationsOf(id: string): Promise<ShownOperation[]> {
    return (await this.functions.request('GET', `calls/${id}`)).body.operations;
  }

  async settled(id: string, operationId: string): Promise<ShownOperation> {
    return inTime('The operation was not settled.', async () => {
      const found = (await this.operationsOf(id)).find(({ operation_id }) => operation_id === operationId);
      return found === undefined || found.state === 'asked' || found.state === 'accepted' ? undefined : found;
    });
  }

  /** Puts the caller through where the test wants it, and speaks of whatever it is told. */
  #responder(recorded: boolean | undefined): Responder {
    const { agent } = this;
    const numbers = () => this.#numbers;
    return {
      locale: 'en-US',
      voice: 'test',
      phrases: defaultPhrases('en-US', recorded ? `${NOTICE} Hello.` : 'Hello.'),
      recording: recorded ? { fromStart: true, notice: NOTICE } : agent.recording,
      async *respond(history): AsyncGenerator<ReplyPiece> {
        const last = history.at(-1);
        if (last?.role === 'tool') {
          const { status } = last.result as { status?: string };
          yield { type: 'text', text: `So it is ${status}, and I am with you.` };
          return;
        }
        const { wish } = agent;
        yield { type: 'text', text: wish ? 'I put you through, one moment please.' : agent.answer };
        const call = { callId: `call-${history.length}`, name: 'transfer_call', args: {} };
        if (wish) yield { type: 'call-action', action: { call, key: `key-${history.length}-${numbers()}`, wish } };
      },
    };
  }
}

async function inTime<Result>(failure: string, look: () => Promise<Result | undefined>): Promise<Result> {
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; ) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(failure);
}
