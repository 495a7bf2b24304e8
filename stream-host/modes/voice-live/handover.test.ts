import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryItem, ToolItem } from '../../../shared/sessions/history.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { ModeHost, ModeKind } from '../../contract/mode.ts';
import { LiveRig } from './testing/live-rig.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';
const LINE = 'This call is recorded from now on, and kept for thirty days.';

/** The mode that takes a call over: what it was given, and what it writes of it. */
class Successor implements ModeKind {
  readonly answers = true;
  readonly rateHz = 16_000;
  readonly hosts: ModeHost[] = [];
  readonly told: CallNews[] = [];
  readonly attended: string[] = [];

  open(host: ModeHost) {
    this.hosts.push(host);
    return {
      start: () => {
        const items: HistoryItem[] = [{ role: 'agent', text: 'Let me see again.', heard: true }];
        host.events.emit('historyChanged', { from: host.history.length, items });
      },
      audio() {},
      pressed() {},
      interrupt() {},
      told: (news: CallNews) => void this.told.push(news),
      attend: (to: string) => void this.attended.push(to),
      close: (reason: string) => host.events.emit('ended', { reason }),
    };
  }
}

const news = (status: string): ToolItem => ({
  role: 'tool',
  call: { callId: 'news-1', name: 'transfer_call', args: {} },
  result: { status },
});

test('a tool that ends after another mode has taken the call over takes nothing away of what that mode has written (close reader 1)', async () => {
  const fallback = new Successor();
  const rig = await new LiveRig({ fallback, toolMs: 3000 }).started();
  rig.service.brain = () => [{ tool: 'look_up' }];
  await rig.says([0x20]);
  while (rig.tools.length === 0) await rig.pass(32);
  rig.service.session?.end('realtime.unauthorised');
  assert.equal(fallback.hosts.length, 1);
  const written = rig.history;
  assert.partialDeepStrictEqual(written.at(-1), { text: 'Let me see again.' });
  await rig.pass(5000);
  assert.deepEqual(rig.history, written);
  assert.equal(rig.of('toolEnded').length, 1, 'it has an end on record');
});

test('what the caller was to be told when the service was lost for good is told by the mode that goes on (close reader 3)', async () => {
  const fallback = new Successor();
  const rig = await new LiveRig({ fallback }).started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  while (rig.of('turnLatency').length === 0) await rig.pass(32);
  const heard: boolean[] = [];
  rig.call.told?.({ item: news('failed'), speech: 'own-words' });
  rig.call.told?.({ speech: { line: LINE }, onSpoken: (isHeard) => heard.push(isHeard) });
  rig.service.session?.end('realtime.unauthorised');
  assert.deepEqual(
    fallback.told.map(({ speech, item }) => [speech, item]),
    [
      ['own-words', undefined],
      [{ line: LINE }, undefined],
    ],
  );
  assert.deepEqual(fallback.hosts[0]?.history.at(-1), news('failed'), 'which the history has already');
  assert.deepEqual(heard, []);
});

test('a line that the loss of the service cuts off is said by the mode that goes on (close reader 3)', async () => {
  const fallback = new Successor();
  const rig = await new LiveRig({ fallback }).started();
  const heard: boolean[] = [];
  rig.call.told?.({ speech: { line: LINE }, onSpoken: (isHeard) => heard.push(isHeard) });
  while (rig.of('agentText').length === 0) await rig.pass(32);
  rig.service.session?.end('realtime.unauthorised');
  assert.deepEqual(
    fallback.told.map(({ speech }) => speech),
    [{ line: LINE }],
  );
  assert.deepEqual(heard, []);
});

test('what is to be said aside is told once the mode that goes on knows that the caller is on hold (close reader 3)', async () => {
  const fallback = new Successor();
  const rig = await new LiveRig({ fallback }).started();
  rig.call.attend?.('nobody');
  rig.service.lines = () => [];
  rig.call.told?.({ speech: { line: LINE }, aside: true });
  await rig.pass(96);
  rig.service.session?.end('realtime.unauthorised');
  assert.deepEqual(fallback.attended, ['nobody']);
  assert.equal(fallback.told[0]?.aside, true);
});

for (const isBack of [false, true]) {
  test(`a caller who is put on hold over the last answer of a lost service ${isBack ? 'and comes back ' : ''}is with the mode that goes on (close reader 7)`, async () => {
    const fallback = new Successor();
    const rig = await new LiveRig({ fallback }).started();
    rig.service.brain = () => [{ say: LONG }];
    await rig.says([0x20]);
    await rig.pass(2500);
    rig.service.session?.end('realtime.unauthorised');
    assert.equal(fallback.hosts.length, 0, 'all of the answer is there, and is heard to its end');
    rig.call.attend?.('nobody');
    if (isBack) rig.call.attend?.('caller');
    assert.equal(fallback.hosts.length, 1);
    assert.deepEqual(fallback.attended, isBack ? ['nobody', 'caller'] : ['nobody']);
  });
}

test('a caller on hold who has something open is told once that his service is lost, where no other mode goes on (close reader 7)', async () => {
  const rig = await new LiveRig().started();
  rig.call.attend?.('nobody');
  rig.call.typed?.('Are you back?');
  rig.service.session?.end('realtime.unauthorised');
  await rig.pass(12_000);
  assert.deepEqual(
    rig.of('ended').map(({ reason }) => reason),
    ['service-lost'],
  );
  assert.equal(rig.of('agentSpoke').length, 1);
});
