import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { encodeServiceAudio, encodeServiceMetadata } from '../shared/carrier/acs/media-frames.ts';
import { type Client, LOUD, phoneSession, QUIET, redisForTests, startHost } from './testing/host-under-test.ts';

const redis = await redisForTests();
const host = await startHost(redis.url, { waits: { pickUpMs: 300, firstAudioMs: 300, browserFirstAudioMs: 400 } });

/** A call that has done nothing wrong: it must not notice any of what follows. */
let bystander: Client;
before(async () => {
  await host.store.create(phoneSession('bystander'));
  bystander = await host.phone('bystander-call', 'bystander');
  bystander.startCall();
  await bystander.untilKind('AudioData');
});

let calls = 0;
async function newCall(): Promise<Client> {
  calls += 1;
  await host.store.create(phoneSession(`bad-${calls}`));
  return host.phone(`bad-call-${calls}`, `bad-${calls}`);
}

const audio = encodeServiceAudio(QUIET, new Date(), '4:+15550001111', true);

interface BadCall {
  readonly name: string;
  readonly send: (client: Client) => void;
  readonly code: number;
  readonly reason: RegExp;
}

const rate = (sampleRate: number, channels = 1, encoding = 'PCM') =>
  JSON.stringify({ kind: 'AudioMetadata', audioMetadata: { encoding, sampleRate, channels } });

const badCalls: readonly BadCall[] = [
  { name: 'a wrong sample rate', send: (c) => c.socket.send(rate(44_100)), code: 4415, reason: /44100 Hz/ },
  { name: 'two channels', send: (c) => c.socket.send(rate(16_000, 2)), code: 4415, reason: /2 channel/ },
  { name: 'another encoding', send: (c) => c.socket.send(rate(16_000, 1, 'OPUS')), code: 4415, reason: /OPUS/ },
  {
    name: 'metadata without a rate',
    send: (c) => c.socket.send('{"kind":"AudioMetadata","audioMetadata":{}}'),
    code: 4415,
    reason: /no encoding/,
  },
  { name: 'no frame at all', send: () => {}, code: 4408, reason: /The format of the audio did not come/ },
  {
    name: 'metadata and then no audio',
    send: (c) => c.socket.send(encodeServiceMetadata('s', 16_000)),
    code: 4408,
    reason: /No audio came/,
  },
  {
    name: 'audio without metadata',
    send: (c) => c.socket.send(audio),
    code: 4408,
    reason: /The format of the audio did not come/,
  },
  {
    name: 'an oversized frame',
    send: (c) => c.socket.send(`{"kind":"x","pad":"${'x'.repeat(20_000)}"}`),
    code: 4413,
    reason: /20\d\d\d characters/,
  },
  {
    name: 'a message that no memory should hold',
    send: (c) => c.socket.send('x'.repeat(300_000)),
    code: 1009,
    reason: /^/,
  },
  {
    name: 'malformed frames again and again',
    send: (c) => repeat(6, () => c.socket.send('{"kind":')),
    code: 4400,
    reason: /no JSON/,
  },
  {
    name: 'binary frames again and again',
    send: (c) => repeat(6, () => c.socket.send(LOUD)),
    code: 4400,
    reason: /binary/,
  },
  {
    name: 'text that is no UTF-8',
    send: (c) => c.socket.send(Buffer.from([0xc3, 0x28]), { binary: false }),
    code: 1007,
    reason: /^/,
  },
];

function repeat(times: number, action: () => void): void {
  for (let i = 0; i < times; i += 1) action();
}

for (const { name, send, code, reason } of badCalls) {
  test(`a call with ${name} is closed with ${code} and a reason`, async () => {
    const client = await newCall();
    send(client);
    const closed = await client.closed;
    assert.equal(closed.code, code);
    assert.match(closed.reason, reason);
  });
}

test('foreign, a few malformed and out-of-order frames are counted and the call goes on', async () => {
  const client = await newCall();
  const sessionId = `bad-${calls}`;
  client.socket.send(audio);
  client.startCall();
  await client.untilKind('AudioData');
  client.socket.send('{"kind":"TranscriptionData","transcriptionData":{"text":"hello"}}');
  client.socket.send(encodeServiceMetadata('again', 16_000));
  client.socket.send(encodeServiceAudio(QUIET, new Date(0), '4:+15550001111', true));
  repeat(4, () => client.socket.send('nonsense'));
  client.socket.send('{"kind":"AudioData","audioData":{"data":"AAAA"}}');
  client.socket.send('{"kind":"DtmfData","dtmfData":{"data":"5"}}');
  assert.deepEqual(await eventOf(sessionId, 'caller.pressed'), { tone: '5' });
  client.socket.close(1000);
  await client.closed;
  // How much more comes too early depends on how long the session takes to open.
  const { early, ...counted } = (await eventOf(sessionId, 'media.disconnected')) ?? {};
  assert.deepEqual(counted, { code: 1000, reason: '', malformed: 5, foreign: 1, excess: 0, dropped: 0 });
  assert.ok(Number(early) >= 1);
});

test('a call that nobody knows is closed with 4404', async () => {
  const stranger = await host.phone('nobody', 'no-session');
  const { code, reason } = await stranger.closed;
  assert.equal(code, 4404);
  assert.match(reason, /call\.unknown/);
  const nameless = await host.phone(undefined);
  assert.equal((await nameless.closed).code, 4404);
});

test('a second socket for one call is closed with 4409 and the first one goes on', async () => {
  const second = await host.phone('bystander-call', 'bystander');
  const { code, reason } = await second.closed;
  assert.equal(code, 4409);
  assert.match(reason, /session\.held/);
});

test('a call that names the session of another call is closed with 4404', async () => {
  const swapped = await host.phone('other-call', 'bystander');
  const { code, reason } = await swapped.closed;
  assert.equal(code, 4404);
  assert.match(reason, /call\.mismatch/);
  assert.equal(await host.store.findByCall('other-call'), undefined);
});

test('a browser may not enter a phone call', async () => {
  const intruder = await host.browser('?session_id=bystander');
  assert.equal((await intruder.closed).code, 4400);
});

test('a browser that sends half samples or too much at once is closed with a reason', async () => {
  const halves = await host.browser();
  repeat(6, () => halves.socket.send(new Uint8Array(3)));
  assert.equal((await halves.closed).code, 4400);
  const flood = await host.browser();
  flood.socket.send(new Uint8Array(70_000));
  assert.equal((await flood.closed).code, 4413);
});

test('a browser that stays without a microphone is told so', async () => {
  const mute = await host.browser();
  const { code, reason } = await mute.closed;
  assert.equal(code, 4408);
  assert.match(reason, /microphone/);
});

test('texts that are no command are ignored, as they always were', async () => {
  const client = await host.browser();
  await client.untilType('session_ready');
  client.socket.send('{"type":"dance"}');
  client.socket.send('{"type":"text"}');
  client.socket.send('{"type":');
  client.talk((frame) => frame);
  await client.untilType('assistant_spoken');
  client.socket.send('{"type":"end"}');
  await client.untilType('session_end');
  assert.equal((await client.closed).code, 1000);
});

test('the call beside all this has heard nothing of it', async () => {
  const before = bystander.messages.length;
  assert.equal(bystander.socket.readyState, bystander.socket.OPEN);
  bystander.socket.close(1000);
  await bystander.closed;
  const { malformed, foreign } = (await eventOf('bystander', 'media.disconnected')) ?? {};
  assert.deepEqual({ malformed, foreign }, { malformed: 0, foreign: 0 });
  assert.ok(before > 0);
});

/** The data of a session's event, which is written a moment after it happened. */
async function eventOf(sessionId: string, type: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  for (let attempt = 0; attempt < 1500; attempt += 1) {
    const events = await host.store.events(sessionId);
    const found = events.find((event) => event.type === type);
    if (found) return found.data;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}
