import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { browserMessage } from '../../shared/protocol/browser.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import {
  ANSWER,
  type Client,
  call,
  GREETING,
  HEARD,
  QUIET,
  redisForTests,
  responder,
  startHost,
} from '../testing/host-under-test.ts';

const redis = await redisForTests();
const host = await startHost(redis.url);
/** Long enough to be cut in on, however busy the machine is. */
const LONG_ANSWER = 'It is on its way. '.repeat(100).trim();
const talkative = await startHost(redis.url, {
  openResponder: () => ({
    ...responder(),
    async *respond() {
      yield { type: 'text', text: LONG_ANSWER };
    },
  }),
});

const isEnvelope = (type: string, sender: string) => (message: Record<string, unknown>) =>
  message.type === type && message.sender === sender;

/** Starts a client's microphone once the greeting is over. */
async function greeted(client: Client) {
  const talking = client.talk((frame) => frame);
  await client.untilType('assistant_spoken');
  return talking;
}

suite('the socket of the browser', { concurrency: true }, () => {
  test('a client of the old server gets what it knows, in the order that it knows', async () => {
    const client = await host.browser('?session_id=session_1700000000000_abc123');
    const talking = await greeted(client);
    const sinceGreeting = client.messages.length;
    talking.say(400);
    await client.until((m) => m.type === 'status' && m.sender === 'orders');
    client.socket.send('{"type":"end"}');
    assert.deepEqual(await client.closed, { code: 1000, reason: 'caller-ended' });

    for (const message of client.messages) browserMessage.parse(message);
    const known = new Set([
      'audio_data',
      'event',
      'status',
      'assistant_streaming',
      'assistant_final',
      'tool_start',
      'tool_end',
      'session_end',
    ]);
    const order = client.messages.filter(({ type }) => known.has(String(type))).map(({ type }) => type);
    const withoutRepeats = order.filter((type, i) => type !== order[i - 1]);
    assert.deepEqual(withoutRepeats, [
      'status',
      'audio_data',
      'event',
      'tool_start',
      'tool_end',
      'assistant_streaming',
      'audio_data',
      'assistant_final',
      'status',
      'session_end',
    ]);

    const [greeting] = client.messages.filter(({ type }) => type === 'status');
    const named = (turn: number) => ({
      turn_id: `session_1700000000000_abc123:${turn}`,
      response_id: `session_1700000000000_abc123:${turn}`,
    });
    assert.deepEqual(greeting?.payload, { message: GREETING, ...named(1) });
    assert.equal(greeting?.sender, 'System');
    assert.equal(greeting?.session_id, 'session_1700000000000_abc123');
    const turn = client.messages.slice(sinceGreeting);
    assert.deepEqual(turn.find(isEnvelope('event', 'User'))?.payload, { sender: 'User', message: HEARD });
    // A client that knows answers by sender and turn shows one bubble: the streaming one, which its end closes.
    assert.deepEqual(turn.find(isEnvelope('assistant_streaming', 'orders'))?.payload, {
      content: ANSWER,
      streaming: true,
      ...named(2),
    });
    assert.deepEqual(turn.find(isEnvelope('status', 'orders'))?.payload, { message: ANSWER, ...named(2) });
    const final = turn.find(({ type }) => type === 'assistant_final');
    const { turn_id } = named(2);
    assert.deepEqual(final, { type: 'assistant_final', content: ANSWER, speaker: 'assistant', turn: 2, turn_id });
    const [start, end] = ['tool_start', 'tool_end'].map((wanted) => turn.find(({ type }) => type === wanted));
    assert.deepEqual([start?.callId, start?.tool, start?.args], [call.callId, call.name, call.args]);
    assert.deepEqual([end?.status, end?.elapsedMs, end?.result], ['success', 3, { status: 'shipped' }]);
    assert.deepEqual([start?.turn, end?.turn_id], [2, turn_id]);
  });

  test('audio is 20 ms frames at 48 kHz, counted in each answer, and the last one says so', async () => {
    const client = await host.browser();
    await greeted(client);
    const frames = client.messages.filter(({ type }) => type === 'audio_data');
    assert.ok(frames.length >= 4, 'sixty milliseconds of greeting and the end');
    assert.deepEqual(
      frames.map((frame) => frame.frame_index),
      frames.map((_, i) => i),
    );
    for (const frame of frames) {
      assert.equal(frame.sample_rate, 48_000);
      assert.equal(frame.total_frames, -1);
      assert.equal(Buffer.from(String(frame.data), 'base64').length, 1920);
    }
    assert.deepEqual(
      frames.map((frame) => frame.is_final),
      frames.map((_, i) => i === frames.length - 1),
    );
    client.socket.terminate();
  });

  test('a client may ask for 16 kHz and gets the frames as they are', async () => {
    const client = await host.browser('?sample_rate=16000');
    const ready = await client.untilType('session_ready');
    assert.equal(ready.sample_rate, 16_000);
    assert.equal(ready.scripted, true);
    const frame = await client.untilType('audio_data');
    assert.deepEqual(Buffer.from(String(frame.data), 'base64'), Buffer.alloc(640, 7));
    client.socket.terminate();
  });

  test('session_ready comes first; partials, finals, what was heard and the delays come beside the old messages', async () => {
    const client = await host.browser('?session_id=delays');
    const talking = await greeted(client);
    talking.say(400);
    const heard = await client.until((m) => m.type === 'assistant_spoken' && m.turn === 2);
    const named = { turn: 2, turn_id: 'delays:2' };
    assert.deepEqual(heard, { type: 'assistant_spoken', full: ANSWER, heard: ANSWER, interrupted: false, ...named });
    assert.equal(client.messages[0]?.type, 'session_ready');
    assert.deepEqual(await client.untilType('user_partial'), { type: 'user_partial', content: 'where is' });
    assert.deepEqual(await client.untilType('user_final'), { type: 'user_final', content: HEARD, ...named });
    const { words_ms, recognised_ms, first_token_ms, first_voice_ms, first_audio_ms, ...rest } =
      await client.untilType('turn_latency');
    assert.deepEqual(rest, { type: 'turn_latency', ...named });
    const inOrder = [0, words_ms, recognised_ms, first_audio_ms].map(Number);
    assert.deepEqual(
      inOrder,
      inOrder.toSorted((a, b) => a - b),
    );
    assert.ok(Number(first_token_ms) <= Number(first_voice_ms) && Number(first_voice_ms) <= Number(first_audio_ms));
    client.socket.terminate();
  });

  test('a caller who cuts in gets tts_cancelled, and no frame of the old answer after it', async () => {
    const client = await talkative.browser();
    const talking = await greeted(client);
    talking.say(400);
    await client.untilType('assistant_streaming');
    await client.until((m) => m.type === 'audio_data', client.messages.length);
    talking.say(300);
    const control = await client.untilType('control');
    assert.deepEqual([control.action, control.reason, control.at], ['tts_cancelled', 'barge_in', 'voice']);
    const after = client.messages.length;
    const spoken = await client.until((m) => m.type === 'assistant_spoken' && m.interrupted === true);
    assert.ok(String(spoken.heard).length < LONG_ANSWER.length);
    await client.untilType('user_final', after);
    const until = client.messages.findIndex((m, i) => i >= after && m.type === 'user_final');
    assert.deepEqual(
      client.messages.slice(after, until).filter(({ type }) => type === 'audio_data'),
      [],
    );
    client.socket.terminate();
  });

  test('the interrupt command silences the agent and is named as the cause', async () => {
    const client = await talkative.browser();
    const talking = await greeted(client);
    talking.say(400);
    await client.until((m) => m.type === 'audio_data', client.messages.length);
    client.socket.send('{"type":"interrupt"}');
    const control = await client.untilType('control');
    assert.equal(control.at, 'command');
    client.socket.terminate();
  });

  test('a session is taken up again where it was left, with an excuse instead of the greeting', async () => {
    const first = await host.browser('?session_id=resumed');
    const talking = await greeted(first);
    talking.say(400);
    await first.until((m) => m.type === 'assistant_spoken' && m.turn === 2);
    first.socket.terminate();

    const second = await host.browser('?session_id=resumed');
    const ready = await second.untilType('session_ready');
    assert.equal(ready.resumed, true);
    second.talk(() => QUIET);
    const excuse = await second.untilType('assistant_spoken');
    assert.match(String(excuse.full), /cut off/);
    assert.deepEqual([excuse.turn, excuse.turn_id], [3, 'resumed:3'], 'turns are counted on (newcomer 5.2-1)');
    assert.deepEqual(
      (await host.store.history('resumed')).slice(0, 4).map((item) => item.role),
      ['agent', 'caller', 'tool', 'agent'],
    );
    second.socket.terminate();
  });

  test('a second socket for a living session is closed with 4409; one for a dead socket takes its place', async () => {
    const first = await host.browser('?session_id=twice');
    await first.untilType('session_ready');
    const second = await host.browser('?session_id=twice');
    assert.equal((await second.closed).code, 4409);

    // A connection that is still open but whose far side has gone: nothing answers.
    first.socket.pause();
    const third = await host.browser('?session_id=twice');
    await third.untilType('session_ready');
    third.socket.terminate();
    first.socket.terminate();
  });

  test('a second host counts turns on, where the first has told a turn that it did not finish (newcomer 5.2-1)', async () => {
    const other = await startHost(redis.url);
    const first = await other.browser('?session_id=moved');
    const talking = await greeted(first);
    talking.say(400);
    await first.until((m) => m.type === 'user_final' && m.turn === 2);
    await other.close('This host goes away.');

    const second = await host.browser('?session_id=moved');
    second.talk(() => QUIET);
    const spoken = await second.untilType('assistant_spoken');
    assert.deepEqual([spoken.turn, spoken.turn_id], [3, 'moved:3']);
    second.socket.terminate();
  });

  test('a session that was ended stays ended: whoever names it gets a new one, and is told so (newcomer 5.2-6)', async () => {
    const first = await host.browser('?session_id=ended');
    await greeted(first);
    first.socket.send('{"type":"end"}');
    await first.closed;
    // At once, as pages do that connect again whatever happens.
    const second = await host.browser('?session_id=ended');
    const ready = await second.untilType('session_ready');
    assert.equal(ready.replaces, 'ended');
    assert.notEqual(ready.session_id, 'ended');
    assert.equal(ready.resumed, false);
    second.talk(() => QUIET);
    assert.equal((await second.untilType('assistant_spoken')).full, GREETING);
    const old = await host.store.get('ended');
    assert.deepEqual([old?.status, old?.endReason], ['disconnected', 'caller-ended']);
    // What was heard of the first greeting may still be on its way there when its socket has closed; nothing else may come.
    await eventually(async () => (await host.store.history('ended')).length > 0);
    const roles = (await host.store.history('ended')).map(({ role }) => role);
    assert.deepEqual(roles, ['agent']);
    assert.equal((await host.store.get(String(ready.session_id)))?.status, 'connected');
    second.socket.terminate();
  });

  test('typed text is the caller’s words: it cuts the agent off and is answered by voice (jun 2.3-3)', async () => {
    const client = await talkative.browser('?session_id=typing');
    const talking = await greeted(client);
    talking.say(400);
    await client.until((m) => m.type === 'assistant_streaming');
    await client.until((m) => m.type === 'audio_data', client.messages.length);
    const from = client.messages.length;
    client.socket.send('Can it come on\tFriday\u202E?');
    const control = await client.untilType('control', from);
    assert.deepEqual([control.reason, control.at], ['barge_in', 'command']);
    const words = await client.untilType('user_final', from);
    assert.equal(words.content, 'Can it come on Friday?');
    const answeredFrom = client.messages.indexOf(await client.untilType('assistant_streaming', from));
    await client.untilType('audio_data', answeredFrom);
    // Any sooner would be too soon for a text.
    await new Promise((resolve) => setTimeout(resolve, 310));
    client.socket.send('{"type":"text","text":"Thank you."}');
    assert.equal((await client.until((m) => m.type === 'user_final' && m.content === 'Thank you.')).turn, 4);
    client.socket.terminate();
  });

  test('brackets that somebody types are words, as no JSON object is (a typed [] was swallowed)', async () => {
    const client = await host.browser();
    await greeted(client);
    for (const typed of ['[]', '{', '[1, 2]', '{"type":"text"', '"quoted"']) {
      const from = client.messages.length;
      client.socket.send(typed);
      assert.equal((await client.untilType('user_final', from)).content, typed);
      await new Promise((resolve) => setTimeout(resolve, 310));
    }
    const from = client.messages.length;
    client.socket.send('{"type":"text","text":"[]"}');
    assert.equal((await client.untilType('user_final', from)).content, '[]');
    client.socket.terminate();
  });

  test('text that cannot be taken is refused by name, and the talk goes on, however long it is (known faults)', async () => {
    const client = await host.browser();
    await greeted(client);
    const refused = async (text: string) => {
      const from = client.messages.length;
      client.socket.send(text);
      return (await client.untilType('notice', from)).code;
    };
    assert.equal(await refused('  \n '), 'text.empty');
    assert.equal(await refused('x'.repeat(2001)), 'text.too-long');
    assert.equal(await refused('x'.repeat(20_000)), 'text.too-long');
    assert.equal(await refused(JSON.stringify({ type: 'text', text: 'x'.repeat(20_000) })), 'text.too-long');
    client.socket.send('Where is it?');
    assert.equal(await refused('Where is it?'), 'text.too-fast');
    await client.untilType('user_final');
    client.socket.terminate();
  });
});
