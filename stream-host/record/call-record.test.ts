import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { PriceTable } from '../../shared/records/price-table.ts';
import { modelUsage } from '../../shared/records/usage.ts';
import type { Session, SessionEvent } from '../../shared/sessions/session.ts';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { CallRecord, type CallRecordOptions } from './call-record.ts';
import { CallRecords } from './call-records.ts';
import { RecordBudget } from './record-budget.ts';
import { MemoryStore } from './testing/memory-store.ts';

const CALLER = '+15551239876';
const session: Session = {
  id: 'session',
  version: 3,
  channel: 'phone',
  direction: 'inbound',
  mode: 'media',
  agent: 'orders',
  status: 'connected',
  callConnectionId: 'call-1',
  from: CALLER,
  to: '+15550100',
  createdAt: VIRTUAL_EPOCH_MS - 2_000,
};
const ALL = { words: true, audio: false, numbers: false };
const prices = new PriceTable({
  currency: 'EUR',
  prices: [
    { service: 'chat-model', unit: 'input_tokens', price: 1, per: 1_000_000, date: '2026-11-01', source: 'x' },
    { service: 'chat-model', unit: 'output_tokens', price: 4, per: 1_000_000, date: '2026-11-01', source: 'x' },
    { service: 'speech-recognition', unit: 'audio_seconds', price: 1, per: 3600, date: '2026-11-01', source: 'x' },
    { service: 'line', model: 'inbound', unit: 'line_seconds', price: 0.6, per: 60, date: '2026-11-01', source: 'x' },
  ],
});

/** Lets time pass until it is done. */
async function over(clock: VirtualClock, done: Promise<void>): Promise<void> {
  let isOver = false;
  void done.then(() => {
    isOver = true;
  });
  for (let at = 0; at < 100 && !isOver; at++) await clock.advance(100);
  assert.ok(isOver, 'it never ended');
}

function rig(options: Partial<CallRecordOptions> = {}) {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const events = new SessionEvents(clock);
  const open = (more: Partial<CallRecordOptions> = {}) =>
    new CallRecord({
      store,
      prices,
      privacy: ALL,
      budget: new RecordBudget(),
      session,
      rateHz: 16_000,
      head: { agent_version: 'abc', parley_version: '1.2.3' },
      eventsAfter: async () => [],
      clock,
      log: pino({ level: 'silent' }),
      ...options,
      ...more,
    });
  const record = open();
  record.follow(events);
  const end = async (reason = 'agent-ended', which = record) => {
    await over(clock, which.close(reason, 2_000));
  };
  return { clock, store, events, record, open, end, lines: (part?: number) => store.lines('session', part) };
}

test('a record says who, when, with whom and by which versions; then what happened; and ends with its totals', async () => {
  const { clock, events, record, end, lines } = rig();
  await clock.advance(1_000);
  events.emit('callerFinal', { text: 'Where is my order?', turn: 1 });
  record.used(modelUsage('chat-model', 'local', { input: 400_000, output: 100_000 }));
  record.used({ service: 'speech-recognition', used: { audio_seconds: 0.1 } });
  events.emit('agentSpoke', { turn: 1, fullText: 'It is on its way.', heardText: 'It is', interrupted: true });
  record.used({ service: 'speech-recognition', used: { audio_seconds: 35.9 } });
  await clock.advance(59_000);
  await end();
  const [head, caller, usage, agent, ...rest] = lines();
  assert.deepEqual([head.line, head.session_id, head.agent, head.mode], ['head', 'session', 'orders', 'media']);
  assert.deepEqual([head.agent_version, head.parley_version, head.format], ['abc', '1.2.3', 1]);
  assert.equal(head.at_ms, VIRTUAL_EPOCH_MS);
  assert.deepEqual(caller, {
    at_ms: VIRTUAL_EPOCH_MS + 1_000,
    line: 'event',
    event: 'callerFinal',
    text: 'Where is my order?',
    turn: 1,
  });
  assert.deepEqual(usage.used, { requests: 1, input_tokens: 400_000, output_tokens: 100_000 });
  assert.deepEqual([agent.full_text, agent.heard_text, agent.interrupted], ['It is on its way.', 'It is', true]);
  assert.deepEqual(
    rest.map((line) => line.line),
    ['usage', 'usage', 'end'],
  );
  const last = rest.at(-1);
  assert.equal(last.end_reason, 'agent-ended');
  assert.deepEqual(last.totals, [
    {
      service: 'chat-model',
      model: 'local',
      used: { requests: 1, input_tokens: 400_000, output_tokens: 100_000 },
    },
    { service: 'speech-recognition', used: { audio_seconds: 36 } },
    { service: 'line', model: 'inbound', used: { line_seconds: 60 } },
  ]);
  assert.deepEqual([last.cost.currency, last.cost.total], ['EUR', 1.41]);
  assert.deepEqual(last.lost, { lines: 0, inputs: 0, audioMs: 0 });
});

test('what an answer used that the end broke off is in the totals, though it is told a moment later', async () => {
  const { clock, record, lines } = rig();
  const closed = record.close('caller-ended', 2_000);
  queueMicrotask(() => record.used(modelUsage('chat-model', 'local', undefined)));
  await over(clock, closed);
  const last = lines().at(-1);
  assert.deepEqual(last.totals[0].unknown, { input_tokens: 1, output_tokens: 1 });
  assert.equal(last.cost.total, null);
});

test('a host that takes a call over has a part of its own, and its totals are those of the whole call', async () => {
  const { clock, record, open, end, lines } = rig();
  record.used(modelUsage('chat-model', 'local', { input: 100, output: 10 }));
  await clock.advance(5_000);
  // The host is lost: its record is never ended.
  record.abandon();
  const next = open();
  next.used(modelUsage('chat-model', 'local', { input: 200, output: 20 }));
  await clock.advance(5_000);
  await end('caller-ended', next);
  assert.equal(lines().at(-1).line, 'usage');
  const [chat] = lines(2).at(-1).totals;
  assert.deepEqual(chat.used, { requests: 2, input_tokens: 300, output_tokens: 30 });
});

test('a record that is abandoned writes nothing more, whatever is told to it', async () => {
  const { clock, events, record, lines } = rig();
  await clock.advance(2_000);
  record.abandon();
  events.emit('callerFinal', { text: 'late', turn: 1 });
  record.used(modelUsage('chat-model', 'local', { input: 1, output: 1 }));
  record.input('model', { text: 'late' });
  await record.close('late', 1_000);
  await clock.advance(60_000);
  assert.deepEqual(
    lines().map((line) => line.line),
    ['head'],
  );
  assert.equal(clock.pending, 0);
});

test('telephone numbers are masked wherever they stand; RECORD_NUMBERS keeps them', async () => {
  for (const numbers of [false, true]) {
    const { events, end, store } = rig({ privacy: { ...ALL, numbers } });
    events.emit('toolStarted', {
      call: { callId: 'c', name: 'look_up', args: { phone: CALLER, spoken: '1 5551239876', other: '+4915123456789' } },
      turn: 1,
    });
    events.emit('transcript', {
      speaker: 'caller',
      participant: `4:${CALLER}`,
      text: 'hello',
      turn: 1,
      offsetMs: 0,
      durationMs: 1,
    });
    await end();
    const text = Buffer.concat(store.kept.get('session/record.jsonl') ?? []).toString();
    assert.equal(text.includes('5551239876'), numbers);
    assert.equal(text.includes('4915123456789'), numbers);
    assert.equal(text.includes('4:+*********76'), !numbers);
  }
});

test('without RECORD_WORDS nothing that was said, pressed, looked up or told is kept, and nothing to play it again from', async () => {
  const { events, record, end, store, lines } = rig({
    privacy: { ...ALL, words: false },
    session: { ...session, context: { secret: 'zyzzyva' } },
    eventsAfter: async (after) =>
      after === undefined
        ? [{ id: '1-0', at: VIRTUAL_EPOCH_MS, type: 'call.incoming', source: 'functions', data: { text: 'zyzzyva' } }]
        : [],
  });
  const word = 'zyzzyva';
  const call = { callId: 'c', name: 'look_up', args: { word } };
  events.emit('callerPartial', { text: word });
  events.emit('callerFinal', { text: word, turn: 1 });
  events.emit('agentSpoke', { turn: 1, fullText: word, heardText: word, interrupted: false });
  events.emit('toolEnded', { call, elapsedMs: 3, result: { word }, error: word, turn: 1 });
  events.emit('callerPressed', { tone: 'zyzzyva' });
  events.emit('waitFilled', { turn: 1, kind: 'filler', text: word });
  events.emit('historyChanged', { from: 0, items: [{ role: 'caller', text: word }] });
  events.emit('fault', { code: 'reply.failed', error: new Error(word) });
  record.input('model', { text: word });
  events.emit('ended', { reason: word });
  await end();
  const text = Buffer.concat(store.kept.get('session/record.jsonl') ?? []).toString();
  assert.ok(!text.includes(word), text);
  assert.deepEqual(lines().find((line) => line.event === 'callerFinal').text, { characters: 7 });
  assert.equal(lines().find((line) => line.event === 'toolEnded').name, 'look_up');
  assert.ok(!lines().some((line) => line.line === 'input'));
});

test('a call of hours has all that the carrier told, whichever half took it in, which Redis forgets after a thousand', async () => {
  const written: SessionEvent[] = [];
  const { clock, end, lines } = rig({
    eventsAfter: async (after) => {
      const kept = written.slice(-1000);
      const from = after === undefined ? 0 : kept.findIndex(({ id }) => id === after) + 1;
      return kept.slice(from, from + 500);
    },
  });
  for (let at = 0; at < 3_000; at++) {
    const source = at % 2 === 0 ? 'functions' : 'stream-host';
    const type = at % 3 === 0 ? 'acs.ParticipantsUpdated' : 'caller.said';
    written.push({ id: `${at}-0`, at: clock.wallMs(), type, source, data: { at } });
    await clock.advance(1_000);
  }
  await end();
  const told = lines().filter((line) => line.data !== undefined);
  assert.deepEqual(
    told.map((line) => line.data.at),
    Array.from({ length: 1000 }, (_, at) => at * 3),
  );
});

test('what the carrier told stands once in the record of a call that ends while that is being fetched (close reading 11)', async () => {
  const told: SessionEvent = { id: '1-0', at: VIRTUAL_EPOCH_MS, type: 'call.connected', source: 'functions', data: {} };
  const { clock, end, lines } = rig({
    eventsAfter: async (after) => {
      await new Promise<void>((resolve) => clock.after(300, resolve));
      return after === undefined ? [told] : [];
    },
  });
  await clock.advance(60_000);
  await end();
  assert.equal(lines().filter(({ event }) => event === 'call.connected').length, 1);
});

test('sound is kept where RECORD_AUDIO is on, and only there', async () => {
  for (const audio of [true, false]) {
    const { clock, record, store, end, lines } = rig({ privacy: { ...ALL, audio } });
    const sent: number[] = [];
    const line = record.line({
      sendAudio: (frames) => sent.push(frames.length) > 0,
      stopAudio() {},
      modeIs() {},
    });
    for (let at = 0; at < 100; at++) {
      line.sendAudio(new Uint8Array(640).fill(1));
      await clock.advance(20);
      record.heard(new Uint8Array(640).fill(2), undefined);
    }
    await end();
    assert.equal(sent.length, 100);
    assert.equal(store.audio('session').length, audio ? 2_000 * 64 : 0);
    assert.equal(
      lines().some((each) => each.event === 'audioBegan'),
      audio,
    );
  }
});

test('what cannot be written is said to be so, and the record goes on', async () => {
  const { events, end, lines } = rig();
  const result: Record<string, unknown> = {};
  result.self = result;
  events.emit('toolEnded', { call: { callId: 'c', name: 'x', args: {} }, elapsedMs: 1, result, turn: 1 });
  await end();
  assert.match(lines()[1].unwritable, /circular/i);
  assert.equal(lines().at(-1).line, 'end');
});

test('without a store what was used is counted all the same, for the page', async () => {
  const { record, end } = rig({ store: undefined });
  record.used(modelUsage('chat-model', 'local', { input: 1_000_000, output: 0 }));
  assert.equal(record.summary.cost?.total, 1);
  await end();
});

test('what the records of a host lack is counted over all of its calls', async () => {
  const clock = new VirtualClock();
  const store = new MemoryStore();
  const log = pino({ level: 'silent' });
  const records = new CallRecords({
    ...{ store, privacy: ALL, clock, version: '1.2.3', agentVersion: () => undefined, host: 'host-1' },
  });
  assert.deepEqual(records.lost, { lines: 0, inputs: 0, audioMs: 0 });
  store.isAway = true;
  const open = () => records.open({ session, resumed: false, rateHz: 16_000, eventsAfter: async () => [], log });
  for (const record of [open(), open()]) await over(clock, record.close('caller-ended', 1_000));
  const { lines } = records.lost;
  // Of each its head, its end, and the line as such.
  assert.ok(lines >= 4, `${lines}`);
});
