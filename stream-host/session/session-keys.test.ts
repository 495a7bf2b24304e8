import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import { countedIds } from '../../shared/ids.ts';
import type { CallAction, Responder } from '../contract/agent.ts';
import { Rig, text } from '../conversation/testing/rig.ts';
import { Attentions } from './attentions.ts';
import { newsItem } from './call-news.ts';
import { SessionKeys } from './session-keys.ts';

const PIN: CollectKeysWish = {
  kind: 'collect-keys',
  name: 'pin',
  least: 4,
  most: 4,
  terminators: '#',
  attempts: 3,
  firstKeyMs: 10_000,
  betweenKeysMs: 4000,
  secret: true,
  retry: 'That is not right. Please try again.',
  oneOf: ['4711'],
};

const PROMPT = 'Please enter your four digit PIN now, and take all the time that you need for it.';

/** A conversation whose agent asks for keys in its first answer. */
class Call {
  readonly rig: Rig;
  readonly keys: SessionKeys;

  constructor(wish: Partial<CollectKeysWish> = {}, checkKeys?: Responder['checkKeys']) {
    const action: CallAction = {
      call: { callId: 'c1', name: 'collect_keys', args: { input: 'pin' } },
      key: 'k1',
      wish: { kind: 'collect-input', input: 'pin' },
    };
    this.rig = new Rig({ act: (each) => this.keys.act(each) });
    this.rig.script = (prompt) =>
      prompt === 1 ? [text(PROMPT), { type: 'call-action', action }] : [text('Thank you, you are in.')];
    this.keys = new SessionKeys({
      events: this.rig.events,
      mode: this.rig.conversation,
      attend: (to) => this.rig.conversation.attend(to),
      agent: { keyInput: () => ({ ...PIN, ...wish }), ...(checkKeys && { checkKeys }) },
      clock: this.rig.clock,
      newId: countedIds(),
    });
  }

  async asked(): Promise<this> {
    await this.rig.started();
    await this.rig.says('I want to see my balance.');
    return this;
  }

  async press(keys: string): Promise<void> {
    for (const key of keys) {
      this.keys.press(key, 'line');
      await this.rig.clock.advance(300);
    }
  }

  get results(): unknown[] {
    return this.rig.conversation.history.flatMap((item) => (item.role === 'tool' ? [item.result] : []));
  }

  get all(): string {
    const log = this.rig.log.filter(({ type }) => type !== 'frame');
    return JSON.stringify([log, this.rig.prompts, this.rig.spoken, this.rig.conversation.history]);
  }
}

test('a PIN wrong twice and right the third time: the first key silences the prompt, the caller is asked again, and the model is told only that it was right', async () => {
  const call = await new Call().asked();
  assert.equal(call.rig.conversation.state, 'speaking');
  await call.press('1');
  assert.deepEqual(
    call.rig.of('bargeIn').map(({ by }) => by),
    ['command'],
  );
  await call.press('234');
  await call.rig.clock.advance(4000);
  await call.press('9999');
  await call.rig.clock.advance(4000);
  assert.equal(call.rig.prompts.length, 1, 'the model has no part in it');
  await call.press('4711');
  await call.rig.clock.advance(4000);

  assert.deepEqual(
    call.rig.spoken.map((words) => words.trim()).filter((words) => words.startsWith('Please try')).length,
    2,
  );
  const [begun, done] = call.results as Record<string, unknown>[];
  assert.equal(begun?.status, 'begun');
  assert.deepEqual(done, { status: 'right', attempts: 3, handle: 'keys-id-1' });
  assert.equal(call.rig.prompts.length, 2);
  assert.equal(call.rig.spoken.at(-1)?.trim(), 'Thank you, you are in.');
  assert.deepEqual(
    call.rig.of('keysAttempted').map(({ attemptsLeft }) => attemptsLeft),
    [2, 1],
  );
  for (const digits of ['4711', '1234', '9999', 'callerPressed', '[pressed']) {
    assert.ok(!call.all.includes(digits), `${digits} is in ${call.all}`);
  }
  assert.equal(call.keys.reveal('keys-id-1'), '4711');
});

test('of keys that others take the place of nothing more is said: their prompt was said to its end before the new one (left 16)', async () => {
  const call = new Call();
  await call.rig.started();
  const [first, second, third] = ['op-1', 'op-2', 'op-3'].map((id) => {
    const prompt = `${PROMPT} It is for ${id}.`;
    return () => void call.keys.wish({ ...PIN, prompt }, id);
  });
  first?.();
  await call.rig.clock.advance(1500);
  assert.equal(call.rig.conversation.state, 'speaking');
  // One that was not begun yet is not said at all.
  second?.();
  third?.();
  await call.rig.clock.advance(15_000);
  const commands = call.rig.of('bargeIn').filter(({ by }) => by === 'command');
  assert.equal(commands.length, 1);
  const said = JSON.stringify(call.rig.conversation.history.filter(({ role }) => role === 'agent'));
  for (const [id, isSaid] of [
    ['op-1', false],
    ['op-2', false],
    ['op-3', true],
  ] as const) {
    assert.equal(said.includes(`for ${id}.`), isSaid, said);
  }
});

test('keys that are no secret reach the model, and the events', async () => {
  const call = await new Call({ secret: false, oneOf: undefined, name: 'order' }).asked();
  await call.press('1042');
  await call.rig.clock.advance(4000);
  assert.deepEqual(call.results[1], { status: 'right', attempts: 1, keys: '1042' });
  assert.deepEqual(
    call.rig.of('callerPressed').map(({ tone }) => tone),
    ['1', '0', '4', '2'],
  );
});

test('a tool of the agent’s says what is right, and what else the agent shall know', async () => {
  const asked: string[] = [];
  const call = await new Call({ oneOf: undefined, check: 'check_pin' }, async (tool, keys) => {
    asked.push(`${tool} ${keys}`);
    return { right: keys === '4711', data: { customer: 'Anna' } };
  }).asked();
  await call.press('4711');
  await call.rig.clock.advance(4000);
  assert.deepEqual(asked, ['check_pin 4711']);
  assert.deepEqual(call.results[1], { customer: 'Anna', status: 'right', attempts: 1, handle: 'keys-id-1' });
});

test('too few keys, and some that do not match, are not right', async () => {
  const call = await new Call({ least: 4, most: 6, attempts: 2, oneOf: undefined, pattern: '1\\d+' }).asked();
  await call.press('111#');
  await call.press('2222#');
  await call.rig.clock.advance(4000);
  assert.deepEqual(call.results[1], { status: 'not_right', attempts: 2 });
});

test('a caller who presses nothing is asked again, counted from when the prompt was heard, and then the model is told', async () => {
  const call = await new Call({ attempts: 2, firstKeyMs: 6000 }).asked();
  await call.rig.clock.advance(9000);
  assert.deepEqual(call.rig.of('keysAttempted'), [] as never[]);
  await call.rig.clock.advance(4000);
  assert.equal(call.rig.of('keysAttempted').length, 1);
  await call.rig.clock.advance(20_000);
  assert.deepEqual(call.results[1], { status: 'nothing', attempts: 2 });
});

test('a key by whatever name is one, and outside of a collection it is a word', async () => {
  const call = new Call();
  await call.rig.started();
  call.keys.press('five', 'line');
  call.keys.press('pound', 'line');
  call.keys.press('5', 'carrier');
  await call.rig.clock.advance(3000);
  assert.equal(call.rig.callerWords, '[pressed 5#]');
});

test('the end of the call ends a collection, and nobody is told', async () => {
  const call = await new Call().asked();
  await call.press('47');
  call.keys.close();
  await call.rig.clock.advance(10_000);
  assert.equal(call.rig.prompts.length, 1);
  assert.deepEqual(
    call.rig.of('keysCollected').map(({ status }) => status),
    ['call_over'],
  );
});

/** Collects what the API wants, and presses `keys` once it was asked for. */
async function askedByApi(call: Call, changes: Partial<CollectKeysWish>, keys: string) {
  await call.rig.started();
  const outcome = call.keys.wish({ ...PIN, attempts: 1, prompt: 'Your PIN, please.', ...changes }, 'op-1');
  await call.rig.clock.advance(3000);
  assert.equal(call.rig.spoken.at(-1)?.trim(), 'Your PIN, please.');
  await call.press(keys);
  await call.rig.clock.advance(6000);
  return outcome;
}

test('of what the API wanted the agent is told, and speaks of it: nobody is left in silence after his PIN (stranger 9)', async () => {
  const call = new Call();
  call.rig.script = () => [text('Thank you, you are in.')];
  const outcome = await askedByApi(call, {}, '4711');
  assert.deepEqual(outcome, { name: 'pin', status: 'right', attempts: 1, handle: 'keys-id-1' });
  assert.deepEqual(call.results, [{ status: 'right', attempts: 1, handle: 'keys-id-1' }]);
  assert.equal(call.rig.prompts.length, 1);
  assert.equal(call.rig.spoken.at(-1)?.trim(), 'Thank you, you are in.');
});

test('the API may give the words for what comes of it, and the model has no part in it (stranger 9)', async () => {
  const words = { right: 'That is right.', wrong: 'That is wrong.' };
  for (const [keys, line] of [
    ['4711', words.right],
    ['1234', words.wrong],
  ] as const) {
    const call = new Call();
    await askedByApi(call, { ...words, secret: false }, keys);
    assert.equal(call.rig.spoken.at(-1)?.trim(), line);
    assert.equal(call.rig.prompts.length, 0);
  }
});

test('a command that comes twice is one, and an input that the agent does not know is told as that', async () => {
  const call = new Call();
  await call.rig.started();
  void call.keys.wish(PIN, 'op-1');
  assert.equal(await call.keys.wish(PIN, 'op-1'), undefined);
  const rig = new Rig();
  const agent = { keyInput: () => undefined };
  const { events, conversation: mode, clock } = rig;
  const keys = new SessionKeys({ events, mode, attend: () => {}, agent, clock, newId: countedIds() });
  assert.deepEqual(await keys.wish({ kind: 'collect-input', input: 'pin' }, 'op-1'), { status: 'no_such_input' });
});

test('a PIN that is typed where there is no telephone is entered, whole, and is no word (breaker: a browser has no keys)', async () => {
  const call = await new Call({ most: 8 }).asked();
  // Whatever else is typed meanwhile is what it says.
  assert.equal(call.keys.type('I have lost it'), false);
  assert.equal(call.keys.type('bad'), false);
  assert.equal(call.keys.type('12 34'), true);
  await call.rig.clock.advance(4000);
  assert.deepEqual(
    call.rig.of('keysAttempted').map(({ attemptsLeft }) => attemptsLeft),
    [2],
  );
  assert.equal(call.keys.type('4711#'), true);
  await call.rig.clock.advance(4000);
  assert.deepEqual(call.results[1], { status: 'right', attempts: 2, handle: 'keys-id-1' });
  assert.equal(call.keys.type('4711'), true, 'it may be typed once more out of habit');
  await call.rig.clock.advance(6000);
  for (const digits of ['4711', '1234', '12 34', 'callerPressed', '[pressed'])
    assert.ok(!call.all.includes(digits), digits);
  assert.equal(call.keys.type('1042'), false, 'nobody wants keys');
});

test('a hold stops the time for keys, what is pressed meanwhile is nobody’s, and the prompt that it cut is said again (stranger 1)', async () => {
  const call = new Call();
  await call.rig.started();
  const over: unknown[] = [];
  const wish = { ...PIN, attempts: 1, firstKeyMs: 5000, prompt: PROMPT };
  void call.keys.wish(wish, 'op-1').then((outcome) => over.push(outcome));
  await call.rig.clock.advance(1000);
  const attentions = new Attentions((to) => {
    call.keys.hold(to === 'nobody');
    call.rig.conversation.attend(to);
  });
  attentions.attend('keys', 'waiting');
  attentions.attend('call', 'nobody');
  const said = call.rig.spoken.length;
  await call.press('99');
  await call.rig.clock.advance(30_000);
  assert.deepEqual([over, call.rig.spoken.length], [[], said]);
  attentions.attend('call', 'caller');
  await call.rig.clock.advance(6000);
  assert.equal(call.rig.spoken.slice(said).join(' ').replaceAll(/\s+/g, ' ').trim(), PROMPT);
  await call.press('4711');
  await call.rig.clock.advance(100);
  assert.partialDeepStrictEqual(over, [{ status: 'right', attempts: 1 }]);
});

const SORRY = 'I am sorry, I could not put you through: nobody is there to take your call. What else can I do for you?';

test('what was being entered as a transfer began is asked for anew once the caller was told that it failed, and no time counts before (breaker16c n5)', async () => {
  const call = new Call();
  await call.rig.started();
  call.rig.script = () => [text(SORRY)];
  const over: unknown[] = [];
  void call.keys.wish({ ...PIN, prompt: PROMPT }, 'op-1').then((outcome) => over.push(outcome));
  await call.rig.clock.advance(8000);
  await call.press('47');
  const attentions = new Attentions((to) => {
    call.keys.hold(to === 'nobody');
    call.rig.conversation.attend(to);
  });
  attentions.attend('keys', 'waiting');
  attentions.attend('call', 'nobody');
  await call.rig.clock.advance(20_000);
  const said = call.rig.spoken.length;
  const item = newsItem('transfer-failed', 'transfer_call', { status: 'failed', reason: 'declined' });
  call.rig.conversation.told({ item, speech: 'own-words' });
  attentions.attend('call', 'caller');
  await call.rig.clock.advance(18_000);
  assert.deepEqual([call.rig.of('keysAttempted'), over], [[], []]);
  assert.equal(call.rig.spoken.slice(said).join(' ').replaceAll(/\s+/g, ' ').trim(), `${SORRY} ${PROMPT}`);
  await call.press('4711');
  await call.rig.clock.advance(100);
  assert.partialDeepStrictEqual(over, [{ status: 'right', attempts: 1 }]);
});

test('while a caller is put through without a hold he is not asked for keys, and no time counts; then the agent asks in its own words where there is no prompt (breaker16c n5)', async () => {
  const call = await new Call().asked();
  await call.rig.clock.advance(9000);
  call.keys.wait(true);
  await call.rig.clock.advance(60_000);
  call.keys.wait(false);
  await call.rig.clock.advance(5000);
  assert.deepEqual(call.rig.of('keysAttempted'), []);
  assert.partialDeepStrictEqual(call.results, [{ status: 'begun' }, { status: 'waiting' }]);
  assert.equal(call.rig.prompts.length, 2);
  await call.rig.clock.advance(12_000);
  assert.equal(call.rig.of('keysAttempted').length, 1, 'his time has begun');
  call.keys.wait(true);
  call.keys.wait(false);
  await call.press('4711');
  await call.rig.clock.advance(1000);
  assert.partialDeepStrictEqual(call.results.at(-1), { status: 'right', attempts: 2 });
});

test('a prompt longer than the time for the first key does not use that time up (breaker 1)', async () => {
  const call = new Call();
  await call.rig.started();
  const over: unknown[] = [];
  void call.keys
    .wish({ ...PIN, firstKeyMs: 1_000, attempts: 1, prompt: PROMPT }, 'op-2')
    .then((outcome) => over.push(outcome));
  await call.rig.clock.advance(2_500);
  assert.equal(call.rig.conversation.state, 'speaking');
  assert.deepEqual(over, []);
});

test('the carrier tells of keys, too, while what is collected is no secret', async () => {
  const told: boolean[] = [];
  const keysOf = (secret: boolean) => {
    const rig = new Rig();
    const keys = new SessionKeys({
      events: rig.events,
      mode: rig.conversation,
      attend: (to) => rig.conversation.attend(to),
      agent: {},
      clock: rig.clock,
      newId: countedIds(),
      listen: (on) => told.push(on),
    });
    void keys.collect({ ...PIN, secret });
    return keys;
  };
  keysOf(true);
  assert.deepEqual(told, []);
  keysOf(false).close();
  assert.deepEqual(told, [true, false]);
});

test('the carrier is not asked for keys while they may be the rest of a secret that was replaced (breaker16b A)', async () => {
  const told: boolean[] = [];
  const { events, conversation: mode, clock } = new Rig();
  const listen = (on: boolean) => void told.push(on);
  const keys = new SessionKeys({ events, mode, attend: () => {}, agent: {}, clock, newId: countedIds(), listen });
  void keys.collect(PIN);
  for (const key of '47') keys.press(key, 'line');
  void keys.collect({ ...PIN, name: 'number', secret: false });
  for (const key of '11') keys.press(key, 'line');
  assert.deepEqual(told, []);
  await clock.advance(5000);
  assert.deepEqual(told, [true]);
  keys.close();
});
