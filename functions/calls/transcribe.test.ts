import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { lineMediaOf } from '../../shared/modes/line-media.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { AcsDouble } from '../testing/acs-double.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions({ TRANSCRIPTION_SOURCE: 'acs', AZURE_SPEECH_ENDPOINT: 'https://speech.example' });
});
after(() => functions.close());
beforeEach(() => {
  functions.acs.nextTest();
  functions.acs.streaming = true;
});

const transcribe = (id: string) => functions.request('POST', `calls/${id}/transcription`);

async function callInProgress(fields: Partial<Session> = {}): Promise<Session> {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: `connection-${randomUUID()}`,
    ...fields,
  });
  if (session.callConnectionId) await functions.store.bind(session.id, { callConnectionId: session.callConnectionId });
  return session;
}

test('a call that goes on is taken up again to be written down, and ACS is asked for its words', async () => {
  const { id, callConnectionId } = await callInProgress();
  const { status, body } = await transcribe(callConnectionId ?? '');
  assert.equal(status, 200);
  assert.deepEqual(body, {
    call_id: callConnectionId,
    session_id: id,
    status: 'transcribing',
    streaming_mode: 'transcription',
    message: 'The call is written down from now on',
  });
  assert.equal((await functions.store.get(id))?.mode, 'transcription');
  const asked = functions.acs.operations.filter((operation) => /Media|Transcription/.test(operation));
  assert.deepEqual(asked, ['stopMediaStreaming', 'startMediaStreaming', 'startTranscription']);
  const events = await functions.store.events(id);
  assert.ok(events.some(({ type }) => type === 'transcription.requested'));
});

test('asked once more it is as good as once, and what ACS does already is no failure', async () => {
  const { id } = await callInProgress({ mode: 'transcription' });
  functions.acs.failing = { path: ':start', failure: { status: 400, code: 'MediaStreamingActive' } };
  const { status } = await transcribe(id);
  assert.equal(status, 200);
  const asked = functions.acs.operations.filter((operation) => /Media|Transcription/.test(operation));
  assert.deepEqual(asked, ['startMediaStreaming', 'startTranscription'], 'the line is not broken for it');
});

test('a call whose media is down has it opened', async () => {
  functions.acs.streaming = false;
  const { id } = await callInProgress();
  assert.equal((await transcribe(id)).status, 200);
  assert.ok(functions.acs.operations.includes('startMediaStreaming'));
});

test('what is no call that goes on is refused by name', async () => {
  const over = await callInProgress({ status: 'disconnected' });
  const ringing = await callInProgress({ status: 'ringing' });
  const browser = await callInProgress({ channel: 'browser' });
  for (const [id, status, code] of [
    [over.id, 404, 'call.ended'],
    [ringing.id, 409, 'calls.not-established'],
    [browser.id, 409, 'calls.no-phone-call'],
    [randomUUID(), 404, 'calls.not-found'],
  ] as const) {
    const answer = await transcribe(id);
    assert.deepEqual([answer.status, answer.body.error.code], [status, code]);
  }
  assert.equal((await functions.store.get(browser.id))?.mode, 'media');
});

test('where no host has the mode, the call stays as it is', async () => {
  const { id } = await callInProgress();
  await functions.store.hosts.announce(
    'host-without',
    { sessions: 0, maxSessions: 9, agents: ['orders'], modes: [{ name: 'media', rateHz: 16_000 }] },
    60_000,
  );
  try {
    const { status, body } = await transcribe(id);
    assert.deepEqual([status, body.error.code], [400, 'mode.not-configured']);
    assert.equal((await functions.store.get(id))?.mode, 'media');
  } finally {
    await functions.store.hosts.announce('host-without', { sessions: 0, maxSessions: 9 }, 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test('ACS is told where its words go when the call begins, and by which resource it hears', async () => {
  const acs = await AcsDouble.start();
  const calls = new AcsCarrier({
    access: { connectionString: acs.connectionString },
    callbackBase: 'http://f',
    mediaBase: 'ws://m/api/v1',
    speechEndpoint: 'https://speech.example',
  });
  await calls.answer('context', 's-1', lineMediaOf('transcription', 16_000, 'de-DE'));
  await calls.answer('context', 's-2', lineMediaOf('media', 16_000));
  const [written, other] = acs.requests.map(({ body }) => body);
  assert.deepEqual(written?.transcriptionOptions, {
    transportType: 'websocket',
    transportUrl: 'ws://m/api/v1/media/transcription?session_id=s-1',
    locale: 'de-DE',
    startTranscription: true,
    enableIntermediateResults: true,
  });
  assert.deepEqual(written?.callIntelligenceOptions, { cognitiveServicesEndpoint: 'https://speech.example' });
  assert.equal(other?.transcriptionOptions, undefined);
  acs.close();
});
