import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { eventually } from '../../../shared/testing/eventually.ts';
import type { TurnTools } from '../../contract/agent.ts';
import { phoneSession, redisForTests, responder, startHost } from '../host-under-test.ts';
import { parrotMode } from './parrot-mode.ts';

const redis = await redisForTests();
/** What the agent's tool gave, for this mode as for MEDIA. */
const tools: TurnTools = {
  use: ({ callId, name }) => {
    const call = { callId, name, args: {} };
    return { call, outcome: Promise.resolve({ call, elapsedMs: 1, result: { found: true } }) };
  },
};
const host = await startHost(redis.url, {
  modes: { parrot: parrotMode },
  openResponder: () => ({ ...responder(), openTools: () => tools }),
});

async function parrot(id: string) {
  await host.store.create({ ...phoneSession(id), channel: 'browser', mode: 'parrot' });
  const browser = await host.browser(`?session_id=${id}&sample_rate=16000`);
  await browser.untilType('session_ready');
  return { browser, talking: browser.talk((frame) => frame) };
}

const loudMs = (messages: readonly Record<string, unknown>[]): number =>
  messages.filter(
    ({ type, data }) => type === 'audio_data' && Buffer.from(String(data), 'base64').some((byte) => byte !== 0),
  ).length * 20;

suite('a mode that is one folder (a parrot)', { concurrency: true }, () => {
  test('gives back what the caller says, through the playout, the record and the messages that MEDIA has', async () => {
    const { browser, talking } = await parrot('parrot-1');
    talking.say(600);
    const spoken = await browser.untilType('assistant_spoken');
    assert.equal(spoken.heard, 'awk awk awk awk awk awk');
    assert.equal(spoken.interrupted, false);
    assert.equal(loudMs(browser.messages), 600);
    const kinds = browser.messages.map(({ type }) => type);
    assert.ok(kinds.indexOf('user_final') < kinds.indexOf('audio_data'), 'the words go ahead of the sound');
    await eventually(async () => (await host.store.history('parrot-1')).length === 2);
    assert.deepEqual(await host.store.history('parrot-1'), [
      { role: 'caller', text: '600 ms of sound' },
      { role: 'agent', text: 'awk awk awk awk awk awk', heard: true },
    ]);
    const events = await host.store.events('parrot-1');
    assert.ok(events.some(({ type }) => type === 'agent.said'));
    browser.socket.close(1000);
  });

  test('goes on after a cough with what was not heard, and lets itself be cut off by more', async () => {
    const { browser, talking } = await parrot('parrot-2');
    talking.say(2000);
    await browser.untilType('audio_data');
    await new Promise((resolve) => setTimeout(resolve, 400));
    talking.say(100);
    const spoken = await browser.untilType('assistant_spoken');
    assert.equal(spoken.interrupted, false, 'a cough is no interruption');
    assert.ok(
      browser.messages.some(({ type }) => type === 'control'),
      'but it was silent meanwhile',
    );

    const from = browser.messages.length;
    talking.say(2000);
    await browser.untilType('audio_data', from);
    await new Promise((resolve) => setTimeout(resolve, 400));
    talking.say(800);
    const cut = await browser.untilType('assistant_spoken', from);
    assert.equal(cut.interrupted, true);
    assert.ok(String(cut.heard).length < String(cut.full).length);
    await eventually(async () =>
      (await host.store.history('parrot-2')).some((item) => item.role === 'agent' && !item.heard),
    );
    browser.socket.close(1000);
  });

  test('uses the agent’s tools, and their results stand in the record', async () => {
    const { browser, talking } = await parrot('parrot-tools');
    talking.say(1200);
    await browser.untilType('tool_start');
    const ended = await browser.untilType('tool_end');
    assert.deepEqual(ended.result, { found: true });
    await browser.untilType('assistant_spoken');
    await eventually(async () => (await host.store.history('parrot-tools')).length === 3);
    const roles = (await host.store.history('parrot-tools')).map(({ role }) => role);
    assert.deepEqual(roles, ['caller', 'agent', 'tool']);
    browser.socket.close(1000);
  });

  test('takes no text, and whoever types is told so', async () => {
    const { browser } = await parrot('parrot-text');
    browser.socket.send('Hello?');
    assert.equal((await browser.untilType('notice')).code, 'text.unsupported');
    browser.socket.close(1000);
  });

  test('is ended like any session, and says so last', async () => {
    const { browser } = await parrot('parrot-3');
    browser.socket.send(JSON.stringify({ type: 'end' }));
    await browser.untilType('session_end');
    await eventually(async () => (await host.store.get('parrot-3'))?.endReason === 'caller-ended');
    // The session's end and the event of it are two writes.
    const endings = async () =>
      (await host.store.events('parrot-3')).filter(({ type }) => type === 'conversation.ended').length;
    await eventually(async () => (await endings()) > 0);
    assert.equal(await endings(), 1);
  });

  test('a mode that this host does not have is refused by name', async () => {
    await host.store.create({ ...phoneSession('cuckoo-1'), channel: 'browser', mode: 'cuckoo' });
    const browser = await host.browser('?session_id=cuckoo-1');
    const { reason } = await browser.closed;
    assert.match(reason, /session\.mode-unknown.*cuckoo.*media, parrot/);
  });
});
