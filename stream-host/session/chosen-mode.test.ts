import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { samplesOf } from '../../shared/audio/pcm.ts';
import { errorBody } from '../../shared/http/error-body.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';
import { parrotAt } from '../testing/parrot/parrot-mode.ts';

const redis = await redisForTests();
const host = await startHost(redis.url, {
  modes: { voice_live: parrotAt(24_000) },
  agents: () => [
    { name: 'orders', description: 'Answers.', languages: ['en-US'] },
    { name: 'chef', description: 'Repeats.', languages: ['en-US'], mode: 'voice_live' },
  ],
});

async function modeOf(query: string): Promise<unknown> {
  const browser = await host.browser(query);
  const { mode, session_id: id } = await browser.untilType('session_ready');
  assert.equal((await host.store.get(String(id)))?.mode, mode);
  browser.socket.close(1000);
  await browser.closed;
  await eventually(async () => (await host.store.owner(String(id))) === undefined);
  return mode;
}

const modesOf = async (id: string): Promise<unknown[]> =>
  (await host.store.events(id)).filter(({ type }) => type === 'media.connected').map(({ data }) => data.mode);

/** How much sound the frames hold, in milliseconds at that rate. */
const soundMs = (frames: readonly Uint8Array[], rateHz: number): number =>
  (samplesOf(Buffer.concat(frames)).filter((sample) => Math.abs(sample) > 2000).length / rateHz) * 1000;

suite('the mode of a session', { concurrency: true }, () => {
  test('is the one in the socket’s address, or its agent’s own, or the deployment’s', async () => {
    assert.equal(await modeOf('?agent=orders'), 'media');
    assert.equal(await modeOf('?agent=chef'), 'voice_live');
    assert.equal(await modeOf('?streaming_mode=Voice_Live'), 'voice_live');
    assert.equal(await modeOf('?agent=chef&streaming_mode=realtime'), 'media');
  });

  test('is refused at the door where this deployment does not have it, by name and with what there is', async () => {
    await assert.rejects(
      host.browser('?session_id=refused&streaming_mode=transcription'),
      ({ status, body }: { status: number; body: unknown }) => {
        const { code, message } = errorBody.parse(body).error;
        assert.deepEqual([status, code], [400, 'mode.not-configured']);
        assert.match(message, /transcription.*It has: media, voice_live\./);
        return true;
      },
    );
    assert.equal(await host.store.get('refused'), undefined);
  });

  test('is kept when a browser comes back, whatever it asks for then', async () => {
    assert.equal(await modeOf('?session_id=back&streaming_mode=voice_live'), 'voice_live');
    assert.equal(await modeOf('?session_id=back&streaming_mode=media'), 'voice_live');
  });

  test('is kept when a call is picked up again', async () => {
    await host.store.create({ ...phoneSession('again'), mode: 'voice_live' });
    for (const attempt of [1, 2]) {
      const phone = await host.phone('again-call', 'again');
      phone.startCall(24_000);
      await eventually(async () => (await modesOf('again')).length === attempt);
      phone.socket.close(1000);
      await eventually(async () => (await host.store.owner('again')) === undefined);
    }
    assert.deepEqual(await modesOf('again'), ['voice_live', 'voice_live']);
  });

  test('is listed for whoever wants to choose one, and agents say theirs', async () => {
    assert.deepEqual(await (await fetch(`${host.http}/api/v1/modes`)).json(), {
      modes: [
        { name: 'media', title: 'Recogniser, model and voice', default: true, answers: true, audio_rate: 16_000 },
        { name: 'voice_live', title: 'Speech to speech', default: false, answers: true, audio_rate: 24_000 },
      ],
    });
    const { agents } = (await (await fetch(`${host.http}/api/v1/agents`)).json()) as { agents: { mode: string }[] };
    assert.deepEqual(
      agents.map(({ mode }) => mode),
      ['media', 'voice_live'],
    );
  });
});

suite('a mode at 24 kHz', { concurrency: true }, () => {
  for (const lineHz of [8_000, 16_000, 24_000] as const) {
    test(`hears and speaks in its own rate on a phone line of ${lineHz} Hz`, async () => {
      const id = `line-${lineHz}`;
      await host.store.create({ ...phoneSession(id), mode: 'voice_live' });
      const phone = await host.phone(`${id}-call`, id);
      const talking = phone.startCall(lineHz);
      // What is said before the session is open, nobody hears.
      await eventually(async () => (await modesOf(id)).length === 1);
      talking.say(600);
      await eventually(async () => (await host.store.history(id)).length === 2);
      // The filter's end makes a frame more of it loud.
      assert.match(JSON.stringify((await host.store.history(id))[0]), /6[02]0 ms of sound/);
      const frames = phone.messages.flatMap(({ kind, audioData }) =>
        kind === 'AudioData' ? [Buffer.from((audioData as { data: string }).data, 'base64')] : [],
      );
      assert.ok(
        frames.every(({ length }) => length % (lineHz / 25) === 0),
        'whole frames',
      );
      const ms = soundMs(frames, lineHz);
      assert.ok(ms > 570 && ms < 610, `${ms} ms of sound`);
      phone.socket.close(1000);
    });
  }

  test('hears and speaks in its own rate in a browser', async () => {
    const browser = await host.browser('?session_id=page&streaming_mode=voice_live&sample_rate=48000');
    await browser.untilType('session_ready');
    browser.talk((frame) => frame).say(600);
    await browser.untilType('assistant_spoken');
    const frames = browser.messages.flatMap(({ type, data }) =>
      type === 'audio_data' ? [Buffer.from(String(data), 'base64')] : [],
    );
    assert.ok(frames.every(({ length }) => length === 48_000 / 25));
    const ms = soundMs(frames, 48_000);
    assert.ok(ms > 570 && ms < 610, `${ms} ms of sound`);
    browser.socket.close(1000);
  });
});
