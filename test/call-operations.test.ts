import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { AcsService } from '../emulator/acs/acs-service.ts';
import { TestPhone } from '../emulator/acs/testing/phone.ts';
import { EmulatorServer } from '../emulator/server.ts';
import { loadCertificate } from '../emulator/tls/certificates.ts';
import { type FunctionsUnderTest, startFunctions } from '../functions/testing/functions-under-test.ts';
import { rmsOf } from '../shared/audio/pcm.ts';
import type { CallWish } from '../shared/calls/call-wish.ts';
import { AcsCarrier } from '../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../shared/clock.ts';
import type { Session } from '../shared/sessions/session.ts';
import { freePorts } from '../shared/testing/free-ports.ts';
import { defaultPhrases } from '../stream-host/agent/phrases.ts';
import type { AgentRecording, ReplyPiece, Responder } from '../stream-host/contract/agent.ts';
import { type HostUnderTest, LOUD, startHost } from '../stream-host/testing/host-under-test.ts';

/**
 * What can be done with a call, through all of it: the functions' API, the real SDK, the emulator's ACS with its phones, Redis,
 * and a stream host that talks in MEDIA. Only the model and the speech are the tests' own.
 */

const accessKey = Buffer.from('a key that only this test knows').toString('base64');
const resourceId = 'a46cfa6a-73ce-4b07-9cfd-c3c28496ca08';
const issuer = 'https://acscallautomation.communication.azure.com';
const AGENT = '+15550100';
const NOTICE = 'This call is recorded.';
const SUMMARY = 'I have a caller for you, about a bill.';

let functions: FunctionsUnderTest;
let host: HostUnderTest;
let emulator: EmulatorServer;
let acs: AcsService;
let emulatorPort: number;
let carrier: AcsCarrier;
let numbers = 0;

/** What the model wants done with the call once the caller has spoken; undefined: it only answers. */
let wanted: CallWish | undefined;
/** How calls are recorded, by the agent's definition. */
let recording: AgentRecording | undefined;

/** Puts the caller through where the test wants it, and speaks of whatever it is told. */
const responder = (recorded: boolean | undefined): Responder => ({
  locale: 'en-US',
  voice: 'test',
  phrases: defaultPhrases('en-US', recorded ? `${NOTICE} Hello.` : 'Hello.'),
  recording: recorded ? { fromStart: true, notice: NOTICE } : recording,
  async *respond(history): AsyncGenerator<ReplyPiece> {
    const last = history.at(-1);
    if (last?.role === 'tool') {
      const { status } = last.result as { status?: string };
      yield { type: 'text', text: `So it is ${status}, and I am with you.` };
      return;
    }
    const wish = wanted;
    yield { type: 'text', text: wish ? 'I put you through, one moment please.' : 'Very well, so be it.' };
    const call = { callId: `call-${history.length}`, name: 'transfer_call', args: {} };
    if (wish) yield { type: 'call-action', action: { call, key: `key-${history.length}-${numbers}`, wish } };
  },
});

before(async () => {
  const log = pino({ level: process.env.TEST_LOG ?? 'silent' });
  emulator = new EmulatorServer(await loadCertificate(), log);
  emulatorPort = (await emulator.listen('127.0.0.1', { plain: 0, tls: 0 })).plain;
  const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
  const [functionsPort = 0, hostPort = 0] = await freePorts(2);
  const connectionString = `endpoint=${emulatorUrl}/;accesskey=${accessKey}`;
  const functionsUrl = `http://127.0.0.1:${functionsPort}`;
  functions = await startFunctions(
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
  carrier = new AcsCarrier({
    access: { connectionString },
    callbackBase: `${functionsUrl}/api/v1`,
    mediaBase: `ws://127.0.0.1:${hostPort}/api/v1`,
  });
  host = await startHost(process.env.REDIS_URL ?? '', {
    log,
    port: hostPort,
    acs: { jwksUrl: `${emulatorUrl}/calling/keys`, issuer, audience: resourceId },
    calls: carrier,
    callDesk: {
      carrier,
      recording: { wish: { channels: 'mixed', format: 'wav' } },
      waits: { beforeSummaryMs: 50, afterRingingMs: 2000, lookMs: 100 },
    },
    openResponder: (_, __, { recorded }) => responder(recorded),
  });
  acs = await AcsService.open({
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
});
after(async () => {
  await acs.close();
  await emulator.close();
  await host.close();
  await functions.close();
});

const isLoud = (frame: Buffer) => rmsOf(frame) > 0.1;
/** The agent's voice in these tests is a soft tone. */
const isAgent = (frame: Buffer) => rmsOf(frame) > 0.02 && !isLoud(frame);

async function plugIn(context: TestContext): Promise<{ readonly phone: TestPhone; readonly number: string }> {
  const number = `+1555020${String(++numbers).padStart(4, '0')}`;
  const phone = await TestPhone.plugIn(emulatorPort, number);
  context.after(() => phone.unplug());
  return { phone, number };
}

async function sessionThat(callConnectionId: string, is: (session: Session) => boolean): Promise<Session> {
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; ) {
    const session = await functions.store.findByCall(callConnectionId);
    if (session && is(session)) return session;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The session did not come to be as it should.');
}

/** A call in which the agent has greeted. */
async function inCall(context: TestContext) {
  const { phone, number } = await plugIn(context);
  phone.send({ type: 'dial', to: AGENT });
  const { callConnectionId } = await phone.event('connected');
  await phone.heard.first('the greeting', isAgent);
  const session = await sessionThat(callConnectionId, ({ status }) => status === 'connected');
  await said(session.id, 1);
  return { phone, number, callConnectionId, id: session.id };
}

/** Something that the caller says, as long as the detector of these tests wants it. */
function speak(phone: TestPhone): void {
  phone.speak(Buffer.concat(Array.from({ length: 25 }, () => LOUD)));
}

/** Waits until the agent has said so much to its end. */
async function said(sessionId: string, count: number): Promise<string[]> {
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; ) {
    const history = await functions.store.history(sessionId);
    const lines = history.flatMap((item) => (item.role === 'agent' ? [item.text] : []));
    if (lines.length >= count) return lines;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The agent did not say ${count} things.`);
}

const answering = (phone: TestPhone) => void phone.event('ringing').then(() => phone.send({ type: 'answer' }));
const operationsOf = async (id: string) => {
  const { body } = await functions.request('GET', `calls/${id}`);
  return body.operations as { operation_id: string; kind: string; state: string }[];
};
async function settled(id: string, operationId: string): Promise<string> {
  for (const deadlineMs = performance.now() + 20_000; performance.now() < deadlineMs; ) {
    const state = (await operationsOf(id)).find(({ operation_id }) => operation_id === operationId)?.state;
    if (state !== undefined && state !== 'asked' && state !== 'accepted') return state;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('The operation was not settled.');
}
/** The two hear one another, without us. */
async function talksWith(one: TestPhone, other: TestPhone): Promise<void> {
  one.heard.entries.length = 0;
  other.heard.entries.length = 0;
  speak(one);
  await other.heard.first('the one', isLoud);
  speak(other);
  await one.heard.first('the other', isLoud);
}

test('a blind transfer that the agent wants begins when it was heard, and the two talk on without us', async (context) => {
  const caller = await inCall(context);
  const human = await plugIn(context);
  answering(human.phone);
  wanted = { kind: 'transfer', target: human.number, how: 'blind', timeoutS: 5 };
  speak(caller.phone);
  await human.phone.event('ringing');
  assert.deepEqual(await said(caller.id, 2), ['Hello.', 'I put you through, one moment please.']);
  await human.phone.event('connected');
  const { endReason } = await sessionThat(caller.callConnectionId, ({ status }) => status === 'disconnected');
  assert.equal(endReason, 'transferred');
  await talksWith(caller.phone, human.phone);
  assert.partialDeepStrictEqual(await operationsOf(caller.id), [{ kind: 'transfer', state: 'succeeded' }]);
});

test('a blind transfer to somebody who declines leaves the caller with the agent, who says so', async (context) => {
  const caller = await inCall(context);
  const human = await plugIn(context);
  void human.phone.event('ringing').then(() => human.phone.send({ type: 'decline' }));
  wanted = { kind: 'transfer', target: human.number, how: 'blind', timeoutS: 5 };
  speak(caller.phone);
  const lines = await said(caller.id, 3);
  assert.equal(lines.at(-1), 'So it is failed, and I am with you.');
  assert.equal((await functions.store.get(caller.id))?.status, 'connected');
  wanted = undefined;
  speak(caller.phone);
  assert.equal((await said(caller.id, 4)).at(-1), 'Very well, so be it.');
});

test('a warm transfer: the caller waits, the human hears the summary, then the two are left alone', async (context) => {
  const caller = await inCall(context);
  const human = await plugIn(context);
  answering(human.phone);
  wanted = { kind: 'transfer', target: human.number, how: 'warm', summary: SUMMARY, timeoutS: 5 };
  speak(caller.phone);
  await caller.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  caller.phone.heard.entries.length = 0;
  await human.phone.event('connected');
  await human.phone.heard.first('the summary', isAgent);
  assert.ok(!caller.phone.heard.entries.some(isAgent), 'the caller does not hear what is said of him');
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  await caller.phone.event('applicationLeft');
  const { endReason } = await sessionThat(caller.callConnectionId, ({ status }) => status === 'disconnected');
  assert.equal(endReason, 'transferred');
  await talksWith(caller.phone, human.phone);
  assert.ok((await said(caller.id, 3)).includes(SUMMARY));
  const operations = await operationsOf(caller.id);
  assert.deepEqual(
    operations.map(({ kind, state }) => [kind, state]),
    [
      ['transfer', 'succeeded'],
      ['hold', 'succeeded'],
      ['add-participant', 'succeeded'],
      ['hold', 'succeeded'],
    ],
  );
});

test('where nobody answers a warm transfer, the caller is taken back, and the agent says so (unanswered)', async (context) => {
  const caller = await inCall(context);
  const human = await plugIn(context);
  wanted = undefined;
  const body = { target: human.number, kind: 'warm', timeout_s: 5 };
  const { status, body: asked } = await functions.request('POST', `calls/${caller.id}/transfer`, body);
  assert.equal(status, 202);
  await human.phone.event('ringing');
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  assert.equal((await said(caller.id, 2)).at(-1), 'So it is failed, and I am with you.');
  assert.equal(await settled(caller.id, asked.operation_id), 'failed');
  speak(caller.phone);
  assert.equal((await said(caller.id, 3)).at(-1), 'Very well, so be it.');
});

test('participants are added, heard by all, told and removed; a telephone ACS does not mute, and says so', async (context) => {
  const caller = await inCall(context);
  const human = await plugIn(context);
  wanted = undefined;
  answering(human.phone);
  const add = await functions.request('POST', `calls/${caller.id}/participants`, { target: human.number });
  await human.phone.event('connected');
  assert.equal(await settled(caller.id, add.body.operation_id), 'succeeded');
  const { body: there } = await functions.request('GET', `calls/${caller.id}/participants`);
  const ids = there.participants.map(({ id }: { id: string }) => id);
  assert.ok(ids.includes(caller.number) && ids.includes(human.number));
  await talksWith(caller.phone, human.phone);
  const person = encodeURIComponent(human.number);
  const muted = await functions.request('POST', `calls/${caller.id}/participants/${person}/mute`);
  assert.deepEqual([muted.status, muted.body.error.code], [502, 'acs.refused']);
  const remove = await functions.request('DELETE', `calls/${caller.id}/participants/${person}`);
  await human.phone.event('disconnected');
  assert.equal(await settled(caller.id, remove.body.operation_id), 'succeeded');
  assert.equal((await functions.store.get(caller.id))?.status, 'connected');
});

test('a caller on hold is not heard, and is talked with again when he is back', async (context) => {
  const caller = await inCall(context);
  wanted = undefined;
  assert.equal((await functions.request('POST', `calls/${caller.id}/hold`, {})).status, 202);
  await caller.phone.events.first('hold', (event) => event.type === 'hold' && event.state === 'on');
  speak(caller.phone);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  assert.equal((await said(caller.id, 1)).length, 1, 'nobody answers what he says to nobody');
  assert.equal((await functions.request('POST', `calls/${caller.id}/unhold`, {})).status, 202);
  await caller.phone.events.first('back', (event) => event.type === 'hold' && event.state === 'off');
  speak(caller.phone);
  assert.equal((await said(caller.id, 2)).at(-1), 'Very well, so be it.');
});

test('a call that shall be recorded is, once its notice was heard; it is paused, gone on with and stopped', async (context) => {
  const callee = await plugIn(context);
  wanted = undefined;
  answering(callee.phone);
  const placed = await functions.request('POST', 'calls/initiate', { target_number: callee.number, record_call: true });
  assert.equal(placed.body.recording_enabled, true);
  const { session_id: id } = placed.body;
  await callee.phone.event('connected');
  const recordingOf = async () => {
    const operations = await operationsOf(id);
    return operations.filter(({ kind }) => kind === 'recording');
  };
  for (let tries = 0; (await recordingOf()).length === 0 && tries < 500; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const events: { type: string }[] = (await functions.request('GET', `calls/${id}`)).body.events;
  assert.match((await said(id, 1))[0] ?? '', /^This call is recorded\. Hello\.$/);
  assert.ok(events.length > 0);
  const started = (await recordingOf())[0] as unknown as { result: { data: { recordingId: string } } };
  const { recordingId } = started.result.data;
  assert.equal(await carrier.recordingState(recordingId), 'active');
  const record = (action: string) => functions.request('POST', `calls/${id}/recording`, { action });
  assert.equal((await record('pause')).status, 202);
  assert.equal(await carrier.recordingState(recordingId), 'inactive');
  assert.equal((await record('resume')).status, 202);
  assert.equal(await carrier.recordingState(recordingId), 'active');
  assert.equal((await record('stop')).status, 202);
  assert.equal((await record('stop')).body.error.code, 'recording.none');
  callee.phone.send({ type: 'hangup' });
});

test('asked for in the middle of a call, the notice is said first; an agent that has none records nothing', async (context) => {
  const caller = await inCall(context);
  wanted = undefined;
  const refused = await functions.request('POST', `calls/${caller.id}/recording`, { action: 'start' });
  assert.equal(await settled(caller.id, refused.body.operation_id), 'failed');

  recording = { fromStart: false, notice: NOTICE };
  context.after(() => {
    recording = undefined;
  });
  const other = await inCall(context);
  const asked = await functions.request('POST', `calls/${other.id}/recording`, { action: 'start' });
  assert.equal(await settled(other.id, asked.body.operation_id), 'succeeded');
  assert.equal((await said(other.id, 2)).at(-1), NOTICE);
});
