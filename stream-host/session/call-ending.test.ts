import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { CallEnding } from './call-ending.ts';

const log = pino({ level: 'silent' });
const SESSION = { id: 's1', callConnectionId: 'c1' } as Session;
const refused = () => new CarrierError('unavailable', 'acs.unavailable', 'ACS answered 503.');

const ours = async () => true;

function ending(answers: (Error | undefined)[], found: Partial<Session> = {}) {
  const clock = new VirtualClock();
  const asked: { readonly atMs: number; readonly call: string }[] = [];
  const calls = new CallEnding({
    clock,
    find: async () => ({ ...SESSION, ...found }),
    hangUp: async (call) => {
      asked.push({ atMs: clock.now(), call });
      const answer = answers[asked.length - 1];
      if (answer) throw answer;
    },
  });
  return { clock, asked, calls };
}

test('a hang-up that ACS refuses five times is asked for a sixth time, and the call ends (review 4.2)', async () => {
  const { clock, asked, calls } = ending([refused(), refused(), refused(), refused(), refused()]);
  let over = false;
  void calls.end(SESSION, log, ours).then(() => {
    over = true;
  });
  await clock.advance(60_000);
  assert.equal(asked.length, 6);
  assert.ok(over);
  const [first, ...later] = asked.map(({ atMs }) => atMs);
  assert.equal(first, 0);
  assert.ok(later.every((atMs, at) => atMs > (at === 0 ? 0 : (later[at - 1] ?? 0))));
  assert.equal(clock.pending, 0);
});

test('a call that another host has taken over is not ended, neither at once nor after a refusal (two hosts)', async () => {
  const lost = ending([]);
  await lost.calls.end(SESSION, log, async () => false);
  assert.equal(lost.asked.length, 0);

  const later = ending([refused(), refused()]);
  const answers = [true, true, false];
  void later.calls.end(SESSION, log, async () => answers.shift() ?? assert.fail('it is not asked again'));
  await later.clock.advance(60_000);
  assert.equal(later.asked.length, 2);
});

test('a call that is gone needs no end', async () => {
  const gone = new CarrierError('gone', 'acs.call-gone', 'ACS does not know it.');
  const { asked, calls } = ending([gone]);
  await calls.end(SESSION, log, ours);
  assert.equal(asked.length, 1);
});

test('a call whose connection was not known at its pick-up is looked up when it must end (review 4.2)', async () => {
  const { asked, calls } = ending([], { callConnectionId: 'learned-later' });
  await calls.end({ id: 's1' } as Session, log, ours);
  assert.deepEqual(
    asked.map(({ call }) => call),
    ['learned-later'],
  );
});

test('a host that closes stops trying at once, and one that is always refused stops some time', async () => {
  const closing = ending(Array.from({ length: 1000 }, refused));
  const closed = closing.calls.end(SESSION, log, ours);
  await closing.clock.advance(1000);
  closing.calls.close();
  await closed;
  assert.equal(closing.clock.pending, 0);

  const refusing = ending(Array.from({ length: 1000 }, refused));
  let over = false;
  void refusing.calls.end(SESSION, log, ours).then(() => {
    over = true;
  });
  await refusing.clock.advance(400_000);
  assert.ok(over);
  assert.ok(refusing.asked.length < 50);
});
