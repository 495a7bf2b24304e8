import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, suite, test } from 'node:test';
import { pino } from 'pino';
import { BYTES_PER_MS, rmsOf } from '../../../shared/audio/pcm.ts';
import { encodeServiceAudio, encodeServiceMetadata } from '../../../shared/carrier/acs/media-frames.ts';
import { encodeTranscript, encodeTranscriptMetadata } from '../../../shared/carrier/acs/transcript-frame.ts';
import { systemClock } from '../../../shared/clock.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import type { OpenRecogniser, Synthesiser } from '../../contract/speech.ts';
import {
  acsTokens,
  type Client,
  LOUD,
  phoneSession,
  QUIET,
  redisForTests,
  startHost,
} from '../../testing/host-under-test.ts';
import { transcriptionMode } from './transcription-mode.ts';
import { WebhookDelivery } from './webhook-delivery.ts';
import { WebhookOutbox } from './webhook-outbox.ts';
import { webhookPost } from './webhook-post.ts';

const redis = await redisForTests();
const CALLER = '4:+15550001111';
const OTHER = '4:+15550002222';
const NOTICE = 'Written down.';

/** Hears how long each sound was, in tenths of a second: "3." */
const openRecogniser: OpenRecogniser = (events) => {
  let loudMs = 0;
  let quietMs = 0;
  let writtenMs = 0;
  return {
    write(pcm) {
      const ms = pcm.length / BYTES_PER_MS;
      const isLoud = rmsOf(pcm) > 0.05;
      writtenMs += ms;
      loudMs += isLoud ? ms : 0;
      quietMs = isLoud ? 0 : quietMs + ms;
      if (isLoud && loudMs === 100) events.onPartial('…', writtenMs - 100, writtenMs);
      if (loudMs === 0 || quietMs < 100) return;
      events.onFinal(`${Math.round(loudMs / 100)}.`, writtenMs - loudMs - quietMs, writtenMs - quietMs, {
        confidence: 0.5,
      });
      loudMs = 0;
    },
    restart() {},
    close() {},
  };
};

const synthesiser: Synthesiser = {
  async *speak(text) {
    yield { type: 'audio', pcm: new Uint8Array(text.length * 10 * BYTES_PER_MS).fill(7) };
  },
};

/** A receiver that can be away, and drops doubles. */
const received: { readonly id: string; readonly text: string }[] = [];
let isDown = false;
const receiver = createServer(async (request, response) => {
  const body = JSON.parse((await request.toArray()).join(''));
  if (isDown) return response.writeHead(503).end();
  if (!received.some(({ id }) => id === body.id)) received.push({ id: body.id, text: body.data.text });
  response.writeHead(204).end();
});
await once(receiver.listen(0, '127.0.0.1'), 'listening');
after(() => {
  receiver.closeAllConnections();
  receiver.close();
});
const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;

const deliveries: WebhookDelivery[] = [];
after(() => {
  for (const delivery of deliveries) delivery.close();
});

async function startTranscriber({ acsHears = false } = {}) {
  let delivery: WebhookDelivery | undefined;
  const host = await startHost(redis.url, {
    modes: {
      transcription: transcriptionMode({
        openRecogniser: () => openRecogniser,
        languagesOf: () => ['en-US'],
        noticeOf: () => NOTICE,
        synthesiser,
        acsHears,
        onOpen: (id) => delivery?.attend(id),
        onFinal: (id) => delivery?.nudge(id),
      }),
    },
  });
  delivery = new WebhookDelivery({
    outbox: new WebhookOutbox(host.redis, { ttlMs: 60_000, clock: systemClock }),
    store: host.store,
    post: webhookPost({ url, secret: 'a secret of the tests', clock: systemClock }),
    holder: `host-${deliveries.length}`,
    clock: systemClock,
    random: () => 0,
    log: pino({ level: 'silent' }),
  });
  delivery.start();
  deliveries.push(delivery);
  return { ...host, delivery };
}

/** The unmixed line of a two-party call: whoever does not speak is sent as silence. */
function twoParties(client: Client) {
  const send = (participant: string, frame: Uint8Array) => {
    if (client.socket.readyState !== client.socket.OPEN) return;
    client.socket.send(encodeServiceAudio(frame, new Date(), participant, frame === QUIET));
  };
  client.socket.send(encodeServiceMetadata('sub-1', 16_000));
  const timer = setInterval(() => {
    for (const participant of [CALLER, OTHER]) send(participant, QUIET);
  }, 20);
  client.socket.on('close', () => clearInterval(timer));
  return {
    /** At once, as the network may bring it: a busy machine must not cut it in two. */
    say(participant: string, ms: number): void {
      for (let left = ms; left > 0; left -= 20) send(participant, LOUD);
    },
  };
}

const newCall = (id: string) => ({
  ...phoneSession(id),
  mode: 'transcription',
  callConnectionId: `call-of-${id}`,
  from: '+15550001111',
});

suite('a call that is written down, on a real host', { concurrency: false }, () => {
  test('both parties come to the record, the watching page and the webhook, and a killed host loses none of it', async () => {
    const first = await startTranscriber();
    await first.store.create(newCall('written-1'));
    const watcher = await first.connect('/api/v1/realtime/dashboard/relay?session_id=written-1');
    const line = await first.phone('call-of-written-1', 'written-1');
    const call = twoParties(line);
    await eventually(async () => (await first.store.history('written-1')).length === 1);
    call.say(CALLER, 300);
    const heard = await watcher.untilType('transcript_final');
    assert.deepEqual([heard.speaker, heard.content, heard.turn, heard.confidence], ['caller', '3.', 1, 0.5]);
    assert.ok(watcher.messages.some(({ type }) => type === 'transcript_partial'));
    await eventually(() => received.length === 1);

    isDown = true;
    call.say(OTHER, 500);
    await eventually(async () => (await first.store.history('written-1')).length === 3);
    // Killed: its socket is gone, and nothing was delivered meanwhile.
    first.delivery.close();
    await first.close();
    const second = await startTranscriber();
    const again = await second.phone('call-of-written-1', 'written-1');
    const callAgain = twoParties(again);
    await eventually(
      async () =>
        (await second.store.events('written-1')).filter(({ type }) => type === 'media.connected').length === 2,
    );
    callAgain.say(CALLER, 700);
    await eventually(async () => (await second.store.history('written-1')).length === 4);
    isDown = false;
    await eventually(() => received.length === 3);
    assert.deepEqual(received, [
      { id: 'written-1:1', text: '3.' },
      { id: 'written-1:2', text: '5.' },
      { id: 'written-1:3', text: '7.' },
    ]);
    assert.deepEqual(await second.store.history('written-1'), [
      { role: 'agent', text: NOTICE, heard: true },
      { role: 'caller', text: '3.', speaker: 'caller' },
      { role: 'caller', text: '5.', speaker: 'callee' },
      { role: 'caller', text: '7.', speaker: 'caller' },
    ]);
    assert.ok(!again.messages.some(({ kind }) => kind === 'AudioData'), 'the notice is not spoken twice');
    again.socket.close(1000);
    second.delivery.close();
  });

  test('ACS’s own words reach the session on whichever host it is, in order', async () => {
    const [here, there] = await Promise.all([
      startTranscriber({ acsHears: true }),
      startTranscriber({ acsHears: true }),
    ]);
    await here.store.create(newCall('written-2'));
    const line = await here.phone('call-of-written-2', 'written-2');
    twoParties(line);
    await line.untilKind('AudioData');
    const words = await there.connect('/api/v1/media/transcription?session_id=written-2', {
      authorization: `Bearer ${await acsTokens.sign(60)}`,
      'x-ms-call-connection-id': 'call-of-written-2',
    });
    const ids = { callConnectionId: 'call-of-written-2', correlationId: 'x' };
    words.socket.send(encodeTranscriptMetadata('t-1', 'en-US', ids));
    const phrase = { participant: CALLER, offsetMs: 100, durationMs: 400, words: [] };
    words.socket.send(encodeTranscript({ ...phrase, text: 'where', final: false }));
    words.socket.send(encodeTranscript({ ...phrase, text: 'Where is it?', final: true, confidence: 0.9 }));
    words.socket.send(encodeTranscript({ ...phrase, participant: OTHER, text: 'On its way.', final: true }));
    await eventually(async () => (await here.store.history('written-2')).length === 3);
    // The notice is still being spoken meanwhile.
    const said = (await here.store.history('written-2')).filter(({ role }) => role === 'caller');
    assert.deepEqual(said, [
      { role: 'caller', text: 'Where is it?', speaker: 'caller' },
      { role: 'caller', text: 'On its way.', speaker: 'callee' },
    ]);
    words.socket.send('{"kind":"AudioData"');
    words.socket.send('{}');
    assert.equal(words.socket.readyState, words.socket.OPEN);
    line.socket.close(1000);
    for (const host of [here, there]) host.delivery.close();
  });

  test('words of a call that nobody knows, or from somebody else, are turned away', async () => {
    const host = await startTranscriber({ acsHears: true });
    await assert.rejects(host.connect('/api/v1/media/transcription?session_id=written-3'), { status: 401 });
    const stray = await host.connect('/api/v1/media/transcription?session_id=unknown', {
      authorization: `Bearer ${await acsTokens.sign(60)}`,
    });
    const { code, reason } = await stray.closed;
    assert.equal(code, 4404);
    assert.match(reason, /call\.unknown/);
    host.delivery.close();
  });

  test('whoever talks in a browser is written down as the caller, and told so', async () => {
    const host = await startTranscriber();
    await host.store.create({ ...phoneSession('written-4'), channel: 'browser', mode: 'transcription' });
    const browser = await host.browser('?session_id=written-4&sample_rate=16000');
    await browser.untilType('session_ready');
    browser.talk((frame) => frame).say(400);
    const final = await browser.untilType('transcript_final');
    assert.deepEqual([final.speaker, final.content], ['caller', '4.']);
    browser.socket.send('Hello?');
    assert.equal((await browser.untilType('notice')).code, 'text.unsupported');
    browser.socket.send(JSON.stringify({ type: 'end' }));
    await browser.untilType('session_end');
    host.delivery.close();
  });
});
