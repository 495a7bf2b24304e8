import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { connectInbound, dial, ISSUER, RESOURCE_ID, startStack } from './testing/stack.ts';
import { TokenIssuer } from './token-issuer.ts';

test('callbacks and media sockets carry tokens that the published keys verify', async (context) => {
  const stack = await startStack(context);
  const { media } = await connectInbound(stack);
  const origin = `http://127.0.0.1:${stack.ports.plain}`;
  const discovery = await fetch(`${origin}/calling/.well-known/acsopenidconfiguration`);
  const { issuer, jwks_uri } = (await discovery.json()) as Record<string, string>;
  assert.equal(issuer, ISSUER);
  const keys = createRemoteJWKSet(new URL(jwks_uri ?? ''));
  const verify = async (authorization: string | undefined) => {
    const token = (authorization ?? '').replace(/^Bearer /, '');
    const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: RESOURCE_ID, algorithms: ['RS256'] });
    return (payload.exp ?? 0) - (payload.iat ?? 0);
  };
  await stack.application.event('CallConnected');
  const [callback] = stack.application.callbacks.entries;
  assert.equal(await verify(callback?.headers.authorization), 300);
  assert.equal(await verify(media.headers.authorization), 24 * 3600);
});

test('callbacks that are not taken come again, in their order, each under its one id', async (context) => {
  const stack = await startStack(context);
  stack.application.callbackFaults.push(503, 500);
  const { phone } = await connectInbound(stack);
  phone.send({ type: 'hangup' });
  await stack.application.event('CallDisconnected');
  assert.deepEqual(stack.application.eventTypes, [
    'CallConnected',
    'ParticipantsUpdated',
    'MediaStreamingStarted',
    'MediaStreamingStopped',
    'CallDisconnected',
  ]);
  const ids = stack.application.callbacks.entries.map(({ event }) => event.id);
  assert.equal(new Set(ids).size, ids.length);
});

test('a callback that is refused for good is dropped with a line in the log, and the next one goes', async (context) => {
  const stack = await startStack(context);
  stack.application.callbackFaults.push(401);
  await connectInbound(stack);
  await stack.application.event('ParticipantsUpdated');
  assert.ok(!stack.application.eventTypes.includes('CallConnected'));
  assert.ok(stack.log.some(({ msg, event }) => msg === 'callback dropped' && event === 'CallConnected'));
});

test('callbacks that nobody takes do not hold up the call', async (context) => {
  const stack = await startStack(context, { callbackTimeoutMs: 300 });
  stack.application.callbackFaults.push(...Array.from({ length: 50 }, () => 503));
  const { phone, context: incoming } = await dial(stack);
  const { callConnection } = await stack.client.answerCall(incoming, stack.application.callbackUri, {
    mediaStreamingOptions: stack.application.mediaStreamingOptions,
  });
  const media = await stack.application.media.first('the media socket');
  await media.frames.first('audio', ({ kind }) => kind === 'audio');
  await callConnection.hangUp(true);
  assert.equal((await phone.event('disconnected')).code, 200);
});

test('when the emulator stops, both sides are told that the call is over', async (context) => {
  const stack = await startStack(context);
  const { phone } = await connectInbound(stack);
  await stack.service.close();
  const { data } = await stack.application.event('CallDisconnected');
  assert.equal((data.resultInformation as { code: number }).code, 503);
  assert.equal((await phone.event('disconnected')).code, 503);
});

test('the signing key outlives a restart, so that tokens stay good for those who know it', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-'));
  context.after(() => rm(folder, { recursive: true }));
  const options = { issuer: ISSUER, audience: RESOURCE_ID, folder };
  const [before, after] = [await TokenIssuer.create(options), await TokenIssuer.create(options)];
  assert.deepEqual(after.jwks, before.jwks);
  assert.ok(!('d' in (before.jwks.keys[0] ?? {})), 'the private key is published');
});
