import assert from 'node:assert/strict';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { CallAutomationClient } from '@azure/communication-call-automation';
import { TestPhone } from './testing/phone.ts';
import { ACCESS_KEY, CALLER, clientFor, connectInbound, dial, type Stack, startStack } from './testing/stack.ts';

interface SignedRequest {
  readonly body?: string;
  /** What is sent in place of the body that was signed. */
  readonly sentBody?: string;
  readonly date?: Date;
  readonly headers?: Record<string, string>;
}

interface Answer {
  readonly status: number;
  readonly body: { readonly error?: { readonly code: string; readonly message: string } };
}

/** A request signed as the SDK signs, with whatever a test wants to be wrong about it. */
async function signed({ ports }: Stack, path: string, request: SignedRequest): Promise<Answer> {
  const { body = '', sentBody = body, date = new Date(), headers = {} } = request;
  const host = `127.0.0.1:${ports.plain}`;
  const hash = createHash('sha256').update(body).digest('base64');
  const text = `POST\n${path}\n${date.toUTCString()};${host};${hash}`;
  const signature = createHmac('sha256', Buffer.from(ACCESS_KEY, 'base64')).update(text).digest('base64');
  const response = await fetch(`http://${host}${path}`, {
    method: 'POST',
    headers: {
      'x-ms-date': date.toUTCString(),
      'x-ms-content-sha256': hash,
      authorization: `HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=${signature}`,
      ...headers,
    },
    body: sentBody,
  });
  const answer = await response.text();
  return { status: response.status, body: answer === '' ? {} : JSON.parse(answer) };
}

const ANSWER = '/calling/callConnections:answer?api-version=2026-03-12';

test('a request signed with another key is refused, and the call can still be answered', async (context) => {
  const stack = await startStack(context);
  const { context: incoming } = await dial(stack);
  const stranger = clientFor(stack.ports.plain, Buffer.from('another key').toString('base64'));
  const refused = { statusCode: 401, code: 'Denied', message: /signature/ };
  await assert.rejects(stranger.answerCall(incoming, stack.application.callbackUri), refused);
  assert.ok(await stack.client.answerCall(incoming, stack.application.callbackUri));
});

test('a request is refused when its date is stale, its body was changed, or it is not signed at all', async (context) => {
  const stack = await startStack(context);
  const stale = await signed(stack, ANSWER, { body: '{}', date: new Date(Date.now() - 6 * 60_000) });
  assert.match(stale.body.error?.message ?? '', /five minutes/);
  const changed = await signed(stack, ANSWER, { body: '{}', sentBody: '{"a":1}' });
  assert.match(changed.body.error?.message ?? '', /hash of the body/);
  const redated = await signed(stack, ANSWER, { body: '{}', headers: { 'x-ms-date': new Date(0).toUTCString() } });
  const bearer = await signed(stack, ANSWER, { body: '{}', headers: { authorization: 'Bearer token' } });
  assert.match(bearer.body.error?.message ?? '', /TLS only/);
  const unsigned = await signed(stack, ANSWER, { body: '{}', headers: { authorization: '' } });
  assert.deepEqual(
    [stale, changed, redated, bearer, unsigned].map(({ status }) => status),
    [401, 401, 401, 401, 401],
  );
  assert.equal((await signed(stack, ANSWER, { body: '{}' })).status, 400);
});

test('of the bearer tokens over TLS only one that is made out to ACS and good now is accepted (Lesser: any bearer)', async (context) => {
  const stack = await startStack(context);
  const { context: incoming } = await dial(stack);
  const tokens = await stack.tokens();
  const issue = (audience: string, seconds = 60) => stack.accessTokens.issue(audience, undefined, seconds).token;
  const ACS = 'https://communication.azure.com/';
  // The test's server draws new certificates each time: trusting them is the business of the TLS tests.
  const options = { tlsOptions: { rejectUnauthorized: false } } as object;
  const answerWith = (token: string) => {
    const credential = { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }) };
    const client = new CallAutomationClient(`https://localhost:${stack.ports.tls}`, credential, options);
    return client.answerCall(incoming, stack.application.callbackUri);
  };
  const callbackToken = await tokens.sign(60);
  const [head, , signature] = issue(ACS).split('.');
  const forged = [head, issue(ACS, 3600).split('.')[1], signature].join('.');
  for (const token of ['a-token', callbackToken, issue(ACS, -60), issue('https://redis.azure.com'), forged]) {
    await assert.rejects(answerWith(token), { statusCode: 401, code: 'Denied' });
  }
  const { callConnectionProperties } = await answerWith(issue(ACS));
  assert.ok(callConnectionProperties.callConnectionId);
});

test('a request that is sent again under its repeatability id is answered alike and not carried out twice', async (context) => {
  const stack = await startStack(context);
  const { context: incomingCallContext } = await dial(stack);
  const body = JSON.stringify({ incomingCallContext, callbackUri: stack.application.callbackUri });
  const headers = { 'repeatability-request-id': randomUUID(), 'repeatability-first-sent': new Date().toUTCString() };
  const answers = await Promise.all([1, 2, 3].map(() => signed(stack, ANSWER, { body, headers })));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200],
  );
  assert.deepEqual(answers[1]?.body, answers[0]?.body);
  assert.deepEqual(answers[2]?.body, answers[0]?.body);
  await stack.application.event('ParticipantsUpdated');
  assert.deepEqual(stack.application.eventTypes, ['CallConnected', 'ParticipantsUpdated']);
  assert.equal((await signed(stack, ANSWER, { body })).status, 404);
});

test('a transfer that is sent again under its repeatability id rings once (retries of the SDK)', async (context) => {
  const stack = await startStack(context);
  const { call } = await connectInbound(stack);
  const human = await TestPhone.plugIn(stack.ports.plain, '+15550003333');
  const { callConnectionId } = await call.getCallConnectionProperties();
  const path = `/calling/callConnections/${callConnectionId}:transferToParticipant?api-version=2026-03-12`;
  const body = JSON.stringify({ targetParticipant: { rawId: '4:+15550003333' }, operationContext: 't1' });
  const headers = { 'repeatability-request-id': randomUUID(), 'repeatability-first-sent': new Date().toUTCString() };
  const answers = [1, 2].map(() => signed(stack, path, { body, headers }));
  assert.deepEqual(await Promise.all(answers.map(async (answer) => (await answer).status)), [202, 202]);
  await human.event('ringing');
  human.send({ type: 'decline' });
  await stack.application.event('CallTransferFailed');
  assert.equal(human.events.entries.filter(({ type }) => type === 'ringing').length, 1);
});

test('calls and contexts that nobody knows have the error codes of the service', async (context) => {
  const { client, application } = await startStack(context);
  const unknown = client.getCallConnection('nobody/knows it');
  await assert.rejects(unknown.hangUp(true), { statusCode: 404, code: '8522' });
  await assert.rejects(unknown.getCallMedia().startMediaStreaming(), { statusCode: 404, code: '8522' });
  await assert.rejects(client.answerCall('made up', application.callbackUri), { statusCode: 400, code: '8523' });
  await assert.rejects(client.rejectCall('made up'), { statusCode: 400, code: '8523' });
});

test('what the emulator cannot do yet it says, at once and without retries', async (context) => {
  const stack = await startStack(context);
  const { call } = await connectInbound(stack);
  const { serverCallId = '' } = await call.getCallConnectionProperties();
  const notYet = { statusCode: 501, code: 'NotSupportedByEmulator' };
  const locator = { kind: 'serverCallLocator', id: serverCallId } as const;
  await assert.rejects(stack.client.connectCall(locator, stack.application.callbackUri), notYet);
  const recording = stack.client.getCallRecording();
  await assert.rejects(
    recording.start({ callLocator: locator, recordingContent: 'audio', recordingFormat: 'mp3' }),
    notYet,
  );
});

test('a bad body is refused with what is wrong about it', async (context) => {
  const stack = await startStack(context);
  const { context: incomingCallContext } = await dial(stack);
  const { callbackUri, mediaStreamingOptions } = stack.application;
  const noUrl = await signed(stack, ANSWER, { body: JSON.stringify({ incomingCallContext, callbackUri: 'soon' }) });
  assert.equal(noUrl.status, 400);
  assert.match(noUrl.body.error?.message ?? '', /callbackUri/);
  assert.equal((await signed(stack, ANSWER, { body: 'not json' })).status, 400);
  assert.equal((await signed(stack, '/calling/callConnections:answer', { body: '{}' })).status, 400);
  for (const transportUrl of ['ws://', 'ws://127.0.0.1:1/media#fragment', 'http://127.0.0.1:1/media']) {
    const unusable = { ...mediaStreamingOptions, transportUrl };
    const body = JSON.stringify({ incomingCallContext, callbackUri, mediaStreamingOptions: unusable });
    assert.equal((await signed(stack, ANSWER, { body })).status, 400, transportUrl);
  }
  const sharp = { ...mediaStreamingOptions, audioFormat: 'Pcm8KMono' } as const;
  await assert.rejects(stack.client.answerCall(incomingCallContext, callbackUri, { mediaStreamingOptions: sharp }), {
    statusCode: 400,
    message: /Pcm16KMono or Pcm24KMono/,
  });
  await assert.rejects(stack.client.createCall({ targetParticipant: { phoneNumber: CALLER } }, callbackUri), {
    statusCode: 400,
    message: /sourceCallerIdNumber/,
  });
});
