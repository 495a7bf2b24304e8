import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveRig } from '../modes/voice-live/testing/live-rig.ts';
import {
  BY_API,
  CUT_OFF,
  holdsNothingOf,
  inMedia,
  KeysLine,
  NUMBER,
  PIN,
  PROMPT,
  SPOKEN,
  stored,
  writtenDown,
} from './testing/keys-line.ts';

test('a PIN that a lost line breaks off is asked for anew, as a secret, and is entered: its operation ends once, as it was entered (breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  await before.rig.started();
  void before.line.keys.wish(BY_API, 'op-1');
  await before.rig.clock.advance(6000);
  await before.line.press('739');
  before.line.keys.leave();
  await before.rig.clock.advance(30_000);
  assert.deepEqual(redis.settled, [], 'the call goes on');

  const after = inMedia(redis);
  after.rig.conversation.start();
  await after.line.press('184#');
  await after.rig.clock.advance(9000);
  const [excuse = '', ...asked] = after.rig.spoken;
  assert.match(excuse, CUT_OFF);
  assert.equal(asked.join(' ').replaceAll(/\s+/g, ' ').trim().split('? ').at(-1), PROMPT);
  await after.line.press('739184#');
  await after.rig.clock.advance(3000);
  const data = { status: 'right', attempts: 1, handle: 'keys-id-1' };
  assert.deepEqual(redis.settled, [
    { operationContext: 'op-1', state: 'succeeded', result: { message: 'right', data } },
  ]);
  assert.equal(after.line.keys.reveal('keys-id-1'), '739184');
  // It comes once more where the host before died over it.
  assert.equal(await after.line.keys.wish(BY_API, 'op-1'), undefined);
  assert.equal(after.rig.callerWords, '');
  holdsNothingOf(['739', '184'], before.line, after.line, redis);
});

test('who enters his PIN while he is told that we were cut off is not asked for it afterwards: he would enter it again, and nobody would keep it (breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  void before.line.keys.wish(BY_API, 'op-1');
  before.line.keys.leave();
  const after = inMedia(redis);
  after.rig.conversation.start();
  await after.rig.clock.advance(2500);
  await after.line.press('1111#');
  await after.rig.clock.advance(5000);
  await after.line.press('739184#');
  await after.rig.clock.advance(6000);
  assert.equal(redis.settled[0]?.state, 'succeeded');
  assert.deepEqual(
    after.rig.spoken.slice(-2).map((said) => said.trim()),
    ['Please try again.', 'All right.'],
  );
  assert.doesNotMatch(after.rig.spoken.join(' ').replaceAll(/\s+/g, ' '), /enter your PIN/);

  const redisOfLive = stored();
  void inMedia(redisOfLive).line.keys.wish(BY_API, 'op-1');
  const rig = new LiveRig({ history: SPOKEN });
  const line = new KeysLine(redisOfLive, { rig, mode: rig.call });
  rig.call.start();
  await rig.pass(2400);
  for (const key of '739184#') {
    line.keys.press(key, 'line');
    await rig.pass(192);
  }
  await rig.pass(8000);
  assert.equal(redisOfLive.settled[0]?.state, 'succeeded');
  assert.ok(!rig.of('agentSpoke').some(({ heardText }) => heardText.includes('enter your PIN')));
});

test('of the attempts those count that had ended, and an agent hears of the last one on whichever line that is (breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  await before.rig.started();
  const call = { callId: 'c1', name: 'collect_keys', args: { input: 'pin' } };
  assert.ok(before.line.keys.act({ call, key: 'k1', wish: BY_API }));
  await before.line.press('1111#');
  await before.rig.clock.advance(3000);
  await before.line.press('22');
  before.line.keys.leave();

  const after = inMedia(redis);
  after.rig.conversation.start();
  // A model that is asked anew wants the same.
  assert.ok(after.line.keys.act({ call, key: 'k1', wish: BY_API }));
  await after.rig.clock.advance(9000);
  await after.line.press('3333#');
  await after.rig.clock.advance(5000);
  await after.line.press('4444#');
  await after.rig.clock.advance(5000);
  const results = after.rig.conversation.history.flatMap((item) => (item.role === 'tool' ? [item.result] : []));
  assert.deepEqual(results.at(-1), { status: 'not_right', attempts: 3 });
  holdsNothingOf(['1111', '2222', '3333', '4444'], before.line, after.line, redis);
});

test('a speech-to-speech agent asks anew, too, as a secret (breaker 0, VOICE_LIVE)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  void before.line.keys.wish(BY_API, 'op-1');
  await before.line.press('739');
  before.line.keys.leave();
  const rig = new LiveRig({ history: SPOKEN });
  const line = new KeysLine(redis, { rig, mode: rig.call });
  rig.call.start();
  await line.press('184#');
  await rig.pass(12_000);
  const said = rig.of('agentSpoke').map(({ heardText }) => heardText);
  assert.match(said[0] ?? '', CUT_OFF);
  assert.equal(said.at(-1), PROMPT);
  for (const key of '739184#') {
    line.keys.press(key, 'line');
    await rig.pass(192);
  }
  await rig.pass(4000);
  assert.partialDeepStrictEqual(redis.settled, [{ operationContext: 'op-1', state: 'succeeded' }]);
  holdsNothingOf(['739', '184'], line, redis);
});

test('a call that is only written down by then asks nobody, and takes what is entered as the secret that it is (breaker A2)', async () => {
  for (const [pressed, state] of [
    ['184#', []],
    // Who had not begun yet enters it whole.
    ['', ['succeeded']],
  ] as const) {
    const redis = stored();
    const before = inMedia(redis);
    await before.rig.started();
    void before.line.keys.wish(BY_API, 'op-1');
    await before.line.press('739');
    before.line.keys.leave();
    const after = writtenDown(redis);
    await after.line.press(pressed);
    await after.rig.clock.advance(2000);
    if (pressed === '') await after.line.press('739184#');
    await after.rig.clock.advance(100);
    assert.deepEqual(
      redis.settled.map((each) => each.state),
      state,
    );
    await after.rig.clock.advance(60_000);
    assert.equal(redis.settled.length, 1, 'it ends, whatever nobody says');
    holdsNothingOf(['739', '184'], before.line, after.line, redis);
    await after.line.press('5');
    assert.match(after.line.all, /callerPressed/);
  }
});

test('the rest of a secret that was over when the line was lost is dropped on the next one (sister of breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis, { ...PIN, attempts: 1 });
  await before.rig.started();
  void before.line.keys.wish(BY_API, 'op-1');
  await before.line.press('739');
  await before.rig.clock.advance(4000);
  assert.equal(redis.settled[0]?.result?.message, 'not_right');
  before.line.keys.leave();
  for (const after of [inMedia(redis), writtenDown(redis)]) {
    await after.line.press('184#');
    holdsNothingOf(['184'], after.line);
    await after.rig.clock.advance(21_000);
    await after.line.press('5');
    assert.match(after.line.all, /callerPressed/);
  }
});

test('a PIN that was right just before the line was lost is no word when its caller, who is asked to say it again, enters it again (sister of breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  await before.rig.started();
  void before.line.keys.wish(BY_API, 'op-1');
  await before.rig.clock.advance(6000);
  await before.line.press('739184#');
  before.line.keys.leave();
  assert.equal(redis.settled[0]?.state, 'succeeded');
  const after = inMedia(redis);
  after.rig.conversation.start();
  await after.rig.clock.advance(7000);
  assert.match(after.rig.spoken.join(), /Could you say that again/);
  await after.line.press('739184#', 1400);
  assert.equal(after.rig.callerWords, '');
  holdsNothingOf(['739', '184'], after.line, redis);
  // What somebody collects is not held up by it, and neither is a key a while later.
  void after.line.keys.wish({ ...NUMBER, prompt: undefined }, 'op-2');
  await after.line.press('1042');
  assert.equal(redis.settled.at(-1)?.result?.data?.keys, '1042');
  await after.rig.clock.advance(6000);
  await after.line.press('5');
  assert.match(after.line.all, /"tone":"5"/);
});

test('a secret of which the next host’s agent knows nothing ends, and its rest is dropped (sister of breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  void before.line.keys.wish(BY_API, 'op-1');
  await before.line.press('739');
  before.line.keys.leave();
  const after = inMedia(redis, { ...PIN, name: 'code' });
  assert.equal(redis.settled[0]?.result?.message, 'no_such_input');
  await after.line.press('184#');
  // And on a line after that.
  after.line.keys.leave();
  const third = inMedia(redis);
  await third.line.press('184#');
  holdsNothingOf(['184'], after.line, third.line, redis);
  assert.equal(redis.settled.length, 1);
});

test('a number that is no secret is asked for anew, too: half of it is not taken for all (sister of breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis, NUMBER);
  await before.rig.started();
  void before.line.keys.wish({ kind: 'collect-input', input: 'number' }, 'op-1');
  await before.line.press('10');
  before.line.keys.leave();
  assert.deepEqual(before.line.listens, [true], 'whoever goes on wants to hear of keys still');
  const after = inMedia(redis, NUMBER);
  after.rig.conversation.start();
  await after.line.press('42#');
  await after.rig.clock.advance(9000);
  await after.line.press('1042');
  await after.rig.clock.advance(3000);
  assert.equal(redis.settled[0]?.result?.data?.keys, '1042');
  assert.deepEqual(after.line.listens, [true, false]);
});

test('what the host before had the carrier tell of keys ends with the next secret (sister of breaker 0)', async () => {
  const redis = stored();
  const before = inMedia(redis, NUMBER);
  void before.line.keys.wish({ kind: 'collect-input', input: 'number' }, 'op-1');
  before.line.keys.leave();
  const after = inMedia(redis, NUMBER);
  void after.line.keys.wish(PIN, 'op-2');
  assert.deepEqual(after.line.listens, [true, false]);
});

test('while a secret is entered, and for a minute after it, no key is written down that a carrier tells of all the same (breaker16b A)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  void before.line.keys.wish(PIN, 'op-1');
  void before.line.keys.wish(PIN, 'op-2');
  before.line.keys.leave();
  const { rig, line } = inMedia(redis);
  await rig.clock.advance(10_000);
  void line.keys.wish(NUMBER, 'op-3');
  await rig.clock.advance(4900);
  assert.deepEqual(before.line.keptOutMs, [900_000, 60_000, 900_000]);
  assert.deepEqual(line.keptOutMs, [900_000, 900_000, 60_000]);
  assert.deepEqual(line.listens, [false]);
  await rig.clock.advance(200);
  assert.deepEqual([line.keptOutMs.at(-1), line.listens], [0, [false, true]]);
});

test('a PIN that is broken off on hold is asked for when the caller is back (breaker 0, and 1 of the stranger)', async () => {
  const redis = stored();
  const before = inMedia(redis);
  await before.rig.started();
  void before.line.keys.wish({ ...PIN, firstKeyMs: 5000 }, 'op-1');
  before.line.attentions.attend('call', 'nobody');
  await before.rig.clock.advance(20_000);
  before.line.keys.leave();
  const after = inMedia(redis);
  after.rig.conversation.start();
  after.line.attentions.attend('call', 'nobody');
  await after.line.press('99');
  await after.rig.clock.advance(30_000);
  assert.deepEqual(redis.settled, []);
  after.line.attentions.attend('call', 'caller');
  await after.rig.clock.advance(9000);
  assert.match(after.rig.spoken.join(' ').replaceAll(/\s+/g, ' '), new RegExp(PROMPT));
});

test('keys at the end of the call are over, and on the end of a line alone they are not (breaker 0)', async () => {
  for (const how of ['leave', 'close'] as const) {
    const redis = stored();
    const { rig, line } = inMedia(redis);
    await rig.started();
    void line.keys.wish(BY_API, 'op-1');
    await line.press('7');
    line.keys[how]();
    line.keys.close();
    await rig.clock.advance(1);
    const messages = redis.settled.map(({ result }) => result?.message);
    assert.deepEqual(messages, how === 'close' ? ['call_over'] : []);
    assert.equal(redis.keys?.open === undefined, how === 'close');
  }
});
