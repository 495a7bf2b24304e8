import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestPhone } from '../../emulator/acs/testing/phone.ts';
import { ANSWER, GREETING } from '../../stream-host/testing/host-under-test.ts';
import { startBothHalves } from '../../test/testing/both-halves.ts';
import { eventually } from '../testing/eventually.ts';
import { ParleyClient, type RelayMessage } from './client.ts';

const { host, emulatorPort, functions } = await startBothHalves();
const client = new ParleyClient({ baseUrl: host.http });

/** What the client does not let one write. Never run. */
export async function wrong(): Promise<void> {
  // @ts-expect-error there is no such path
  await client.api.POST('/api/v1/calls/initiat', { body: { target_number: '+15551230000' } });
  // @ts-expect-error the number is missing
  await client.api.POST('/api/v1/calls/initiate', { body: {} });
  // @ts-expect-error there is no such mode
  await client.api.POST('/api/v1/calls/initiate', { body: { target_number: '+1', streaming_mode: 'video' } });
  // @ts-expect-error there is no such status
  await client.api.GET('/api/v1/calls', { params: { query: { status: 'gone' } } });
  // @ts-expect-error a call is read by its id
  await client.api.GET('/api/v1/calls/{id}', {});
}

test('the client places a call, watches what is said in it, and hangs it up (issue 16, reference)', async (t) => {
  const phone = await TestPhone.plugIn(emulatorPort, '+15558888');
  t.after(() => phone.unplug());
  const messages: RelayMessage[] = [];
  const watching = Promise.withResolvers<void>();
  const watch = client.watch({
    session_id: 'a-page-of-ours',
    onWatching: watching.resolve,
    onMessage: (message) => messages.push(message),
  });
  t.after(() => watch.close());
  await watching.promise;
  const came = (wanted: (message: RelayMessage) => boolean) => eventually(async () => messages.some(wanted));

  const placed = await client.api.POST('/api/v1/calls/initiate', {
    body: { target_number: '+15558888', context: { browser_session_id: 'a-page-of-ours' } },
  });
  assert.ok(placed.data, JSON.stringify(placed.error));
  assert.equal(placed.data.status, 'initiating');
  await phone.event('ringing');
  phone.send({ type: 'answer' });
  await phone.event('connected');
  await came((message) => message.type === 'session_ready' && message.call_id === placed.data.call_id);
  await came((message) => message.type === 'status' && message.payload.message === GREETING);

  const params = { path: { id: placed.data.session_id } };
  await eventually(async () => (await client.api.GET('/api/v1/calls/{id}', { params })).data?.status === 'connected');
  const list = await client.api.GET('/api/v1/calls', { params: { query: { status: 'connected', limit: 5 } } });
  assert.deepEqual(
    list.data?.calls.map(({ session_id }) => session_id),
    [placed.data.session_id],
  );

  const ended = await client.api.POST('/api/v1/calls/{id}/hangup', { params });
  assert.equal(ended.data?.status, 'disconnecting');
  await phone.event('disconnected');
  await came((message) => message.type === 'session_end');
  assert.ok(messages.every(({ session_id }) => session_id === placed.data.session_id));
  assert.ok(!messages.some((message) => message.type === 'assistant_streaming' && message.payload.content === ANSWER));
});

test('what is refused is told by its code, and nobody at all by an error', async () => {
  const { data, error, response } = await client.api.GET('/api/v1/calls/{id}', { params: { path: { id: 'nobody' } } });
  assert.deepEqual([data, error?.error.code, response.status], [undefined, 'calls.not-found', 404]);
  const nowhere = new ParleyClient({ baseUrl: 'http://127.0.0.1:1' });
  await assert.rejects(nowhere.api.GET('/api/v1/agents'), TypeError);
});

test('a key and a token travel with each request', async () => {
  const seen: (string | null)[][] = [];
  const spy = new ParleyClient({
    baseUrl: functions.baseUrl.replace(/\/api\/v1$/, ''),
    key: 'k',
    token: async () => 't',
  });
  spy.api.use({
    onRequest: ({ request }) => {
      seen.push([request.headers.get('x-functions-key'), request.headers.get('authorization')]);
      return undefined;
    },
  });
  assert.equal((await spy.api.GET('/api/v1/places')).response.status, 200);
  assert.deepEqual(seen, [['k', 'Bearer t']]);
});
