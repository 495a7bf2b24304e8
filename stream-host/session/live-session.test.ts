import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { NotFoundError } from '../../shared/errors.ts';
import { modelUsage } from '../../shared/records/usage.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { endingOf } from '../agent/end-call.ts';
import { defaultPhrases } from '../agent/phrases.ts';
import type { ReplyPiece, Responder } from '../contract/agent.ts';
import { CallRecords } from '../record/call-records.ts';
import { GREETING, phoneSession, redisForTests, startHost } from '../testing/host-under-test.ts';

const redis = await redisForTests();

/** Says goodbye to whatever it hears, for a reason that quotes the caller. */
const leaving = (): Responder => ({
  locale: 'en-US',
  phrases: defaultPhrases('en-US', GREETING),
  voice: 'test',
  async *respond(): AsyncGenerator<ReplyPiece> {
    yield { type: 'text', text: 'Goodbye.' };
    yield { type: 'end-call', reason: 'the caller said where is my order' };
  },
});
const host = await startHost(redis.url, { openResponder: leaving });

suite('a session in MEDIA mode', { concurrency: true }, () => {
  test('an agent that says goodbye is heard to the end; then the call itself is hung up, with the reason written before', async () => {
    await host.store.create(phoneSession('bye-1'));
    const phone = await host.phone('bye-call', 'bye-1');
    const talking = phone.startCall();
    await phone.untilKind('AudioData');
    talking.say(400);
    assert.deepEqual(await phone.closed, { code: 1000, reason: 'agent-ended' });
    assert.deepEqual(host.hungUp, ['bye-call']);
    const session = await host.store.get('bye-1');
    assert.equal(session?.endReason, 'agent-ended');
    assert.deepEqual((await host.store.history('bye-1')).at(-1), { role: 'agent', text: 'Goodbye.', heard: true });
  });

  test('a call that ends as nobody is there any more says so in every place (stranger17 8)', async () => {
    const away = await startHost(redis.url, {
      openResponder: () => ({
        ...leaving(),
        async *respond(): AsyncGenerator<ReplyPiece> {
          yield { type: 'text', text: 'Goodbye.' };
          yield { type: 'end-call', reason: 'caller-away' };
        },
      }),
    });
    await away.store.create(phoneSession('away-1'));
    const phone = await away.phone('away-call', 'away-1');
    const talking = phone.startCall();
    await phone.untilKind('AudioData');
    talking.say(400);
    assert.deepEqual(await phone.closed, { code: 1000, reason: 'caller-away' });
    assert.equal((await away.store.get('away-1'))?.endReason, 'caller-away');
    const ended = (await away.store.events('away-1')).find(({ type }) => type === 'conversation.ended');
    assert.deepEqual(ended?.data, { reason: 'caller-away' });
  });

  test('a model that gives a word of our own list as its reason has ended the call like any other, and its words go no further than the timeline (left 16-1)', async () => {
    for (const word of ['no-answer', 'caller-away', 'voicemail-left']) {
      const argumentText = JSON.stringify({ reason: word });
      const ending = endingOf({ callId: 'c', name: 'end_call', argumentText });
      const model = await startHost(redis.url, {
        openResponder: () => ({
          ...leaving(),
          async *respond(): AsyncGenerator<ReplyPiece> {
            yield { type: 'text', text: 'Goodbye.' };
            yield { type: 'end-call', ...ending };
          },
        }),
      });
      const id = `own-${word}`;
      await model.store.create(phoneSession(id));
      const phone = await model.phone(`call-${id}`, id);
      const talking = phone.startCall();
      await phone.untilKind('AudioData');
      talking.say(400);
      assert.deepEqual(await phone.closed, { code: 1000, reason: 'agent-ended' });
      assert.equal((await model.store.get(id))?.endReason, 'agent-ended');
      const ended = (await model.store.events(id)).find(({ type }) => type === 'conversation.ended');
      assert.deepEqual(ended?.data, { reason: 'agent-ended', words: word });
    }
  });

  test('a browser is told that the session has ended, and the session says so', async () => {
    const browser = await host.browser('?session_id=bye-2');
    const talking = browser.talk((frame) => frame);
    await browser.untilType('assistant_spoken');
    talking.say(400);
    const end = await browser.untilType('session_end');
    assert.equal(end.reason, 'agent-ended');
    assert.deepEqual(await browser.closed, { code: 1000, reason: 'agent-ended' });
    // The end is written after the socket is closed, not before.
    await eventually(async () => (await host.store.get('bye-2'))?.status === 'disconnected');
    assert.equal((await host.store.get('bye-2'))?.endReason, 'agent-ended');
  });

  test('a browser’s session that goes on after its line was lost has not ended, for nobody who looks (close reading 9)', async () => {
    const now = async () => {
      const { status, endReason } = (await host.store.get('comes-back')) ?? assert.fail('there is none');
      return [status, endReason];
    };
    const browser = await host.browser('?session_id=comes-back');
    await browser.untilType('session_ready');
    browser.socket.terminate();
    await eventually(async () => (await now())[0] === 'disconnected');
    assert.equal((await now())[1], 'socket-closed-1006');
    const again = await host.browser('?session_id=comes-back');
    await again.untilType('session_ready');
    await eventually(async () => (await now())[0] === 'connected');
    assert.deepEqual(await now(), ['connected', undefined]);
    again.socket.terminate();
  });

  test('a browser that ends a talk in mid-answer is told what it has come to, the broken answer with it (stranger: a stale count)', async () => {
    const counted = await startHost(redis.url, {
      records: new CallRecords({
        privacy: { words: false, audio: false, numbers: false },
        clock: systemClock,
        version: '1.2.3',
        agentVersion: () => undefined,
        host: 'here',
      }),
      openResponder: (_agent, _log, _facts, recorder) => ({
        ...leaving(),
        async *respond(_history, signal): AsyncGenerator<ReplyPiece> {
          yield { type: 'text', text: 'It is on its way and will be with you tomorrow, '.repeat(20) };
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          // A model that was broken off tells a moment later what it has used.
          queueMicrotask(() => recorder?.used(modelUsage('chat-model', 'local', { input: 40, output: 2 })));
        },
      }),
    });
    const browser = await counted.browser('?session_id=counted');
    const talking = browser.talk((frame) => frame);
    await browser.untilType('assistant_spoken');
    talking.say(400);
    await browser.until(({ type, payload }) => type === 'assistant_streaming' && Object(payload).streaming === true);
    browser.socket.send(JSON.stringify({ type: 'end' }));
    await browser.untilType('session_end');
    const last = browser.messages.findLast(({ type }) => type === 'call_spent');
    assert.deepEqual(last?.totals, [
      { service: 'chat-model', model: 'local', used: { input_tokens: 40, output_tokens: 2, requests: 1 } },
    ]);
    assert.ok(browser.messages.indexOf(last ?? {}) < browser.messages.findIndex(({ type }) => type === 'session_end'));
  });

  test('a session for an agent that does not exist is refused, and nothing is left behind; one whose agent has gone since is told so (known faults)', async () => {
    const strict = await startHost(redis.url, {
      openResponder: (name) => {
        if (name === 'orders') return leaving();
        throw new NotFoundError('agent.unknown', `There is no agent "${name}".`);
      },
    });
    const browser = await strict.browser('?agent=nobody&session_id=no-agent');
    const { code, reason } = await browser.closed;
    assert.equal(code, 4404);
    assert.match(reason, /agent\.unknown/);
    assert.equal(await strict.store.get('no-agent'), undefined);

    await strict.store.create({ ...phoneSession('agent-gone'), channel: 'browser', agent: 'retired' });
    const back = await strict.browser('?session_id=agent-gone');
    const notice = await back.untilType('notice');
    assert.deepEqual([notice.code, notice.message], ['agent.unknown', 'There is no agent "retired".']);
    assert.equal((await back.closed).code, 4404);
  });

  test('a conversation that cannot be opened closes its own socket with 4500 and lets the session go', async () => {
    const broken = await startHost(redis.url, {
      openResponder: () => {
        throw new TypeError('a fault of ours');
      },
    });
    await broken.store.create(phoneSession('broken-1'));
    const phone = await broken.phone('broken-call', 'broken-1');
    const { code, reason } = await phone.closed;
    assert.equal(code, 4500);
    assert.doesNotMatch(reason, /a fault of ours/, 'inner errors are for the log');
    assert.equal(await broken.store.owner('broken-1'), undefined);
  });
});
