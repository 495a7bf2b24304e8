import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Disturbances } from './disturbances.ts';

const log = pino({ level: 'silent' });

function start(unavailable?: (dependency: string) => string | undefined) {
  const clock = new VirtualClock();
  const disturbances = new Disturbances({ clock, log, ...(unavailable && { unavailable }) });
  const told: string[] = [];
  const phone = (name: string) =>
    disturbances.forPhone(({ fault, state, felt }: Extract<PhoneEvent, { type: 'fault' }>) =>
      told.push(`${name} ${fault} ${state} ${felt} at ${clock.now()}`),
    );
  const inForce = () => disturbances.status.map(({ dependency, fault }) => `${dependency}=${fault}`);
  return { clock, disturbances, told, phone, inForce };
}

test('a fault is in force from before the call, or for its time of it, and ends with the call', async () => {
  const { clock, disturbances, told, phone, inForce } = start();
  const line = phone('a');
  assert.equal(line.want('model=slow:7s,redis=down@10s-20s,voice=silent@30s'), undefined);
  assert.deepEqual(inForce(), ['model=slow']);
  assert.equal(disturbances.at('model')?.amountMs, 7_000);
  await clock.advance(5_000);
  line.answered();
  await clock.advance(10_000);
  assert.deepEqual(inForce(), ['model=slow', 'redis=down']);
  await clock.advance(10_000);
  assert.deepEqual(inForce(), ['model=slow']);
  await clock.advance(10_000);
  assert.deepEqual(inForce(), ['model=slow', 'voice=silent']);
  line.over();
  line.over();
  assert.deepEqual([inForce(), clock.pending], [[], 0]);
  assert.deepEqual(told, [
    'a model=slow:7s on null at 0',
    'a redis=down on null at 15000',
    'a redis=down off 0 at 25000',
    'a voice=silent on null at 35000',
    'a model=slow:7s off 0 at 35000',
    'a voice=silent off 0 at 35000',
  ]);
});

test('times count anew in the next call of the same telephone, and an unanswered one has none', async () => {
  const { clock, phone, inForce } = start();
  const line = phone('a');
  line.want('model=down@10s');
  await clock.advance(60_000);
  line.over();
  line.want('model=down@10s');
  line.answered();
  await clock.advance(9_999);
  assert.deepEqual(inForce(), []);
  await clock.advance(1);
  assert.deepEqual(inForce(), ['model=down']);
});

test('what is wanted in the middle of a call counts from its answer, takes the place of what was, and nothing takes all off', async () => {
  const { clock, phone, inForce } = start();
  const line = phone('a');
  line.want('model=slow');
  line.answered();
  await clock.advance(20_000);
  assert.equal(line.want('voice=down@10s,acs=down@5s-15s,blob=slow@25s'), undefined);
  await clock.advance(0);
  assert.deepEqual(inForce(), ['voice=down']);
  await clock.advance(5_000);
  assert.deepEqual(inForce(), ['voice=down', 'blob=slow']);
  assert.equal(line.want(' '), undefined);
  assert.deepEqual([inForce(), clock.pending], [[], 0]);
});

test('two calls have faults of their own: the later counts, and the end of one leaves the other’s', () => {
  const { disturbances, phone, told } = start();
  const [one, other] = [phone('a'), phone('b')];
  one.want('model=slow:1s');
  other.want('model=down');
  assert.equal(disturbances.at('model')?.fault, 'down');
  const felt = disturbances.at('model');
  if (felt) felt.count.felt += 3;
  other.over();
  assert.equal(disturbances.at('model')?.fault, 'slow');
  one.over();
  assert.equal(disturbances.at('model'), undefined);
  assert.deepEqual(told.at(-2), 'b model=down off 3 at 0');
});

test('what cannot be is refused by name, and what was wanted before stays', () => {
  const { phone, inForce } = start((dependency) => (dependency === 'redis' ? 'it is nobody’s here.' : undefined));
  const line = phone('a');
  line.want('model=down');
  assert.equal(line.want('voice=down,redis=down'), 'redis cannot be made to fail: it is nobody’s here.');
  assert.match(line.want('modle=down') ?? '', /^"modle" is nothing that can fail here; there are: model, /);
  assert.deepEqual(inForce(), ['model=down']);
});

test('what several calls want alike is felt in each of them', () => {
  const { disturbances, phone, told } = start();
  const [one, other] = [phone('a'), phone('b')];
  const feel = () => {
    const fault = disturbances.at('model');
    if (fault) fault.count.felt += 1;
  };
  one.want('model=slow:3s');
  feel();
  other.want('model=slow:3s');
  feel();
  other.over();
  feel();
  one.over();
  assert.deepEqual(told.slice(-2), ['b model=slow:3s off 1 at 0', 'a model=slow:3s off 3 at 0']);
});

test('one that is in force from the ringing on ends so long after it was wanted, whether the call was answered or not (stranger17 13)', async () => {
  const { clock, phone, inForce } = start();
  const line = phone('a');
  line.want('redis=down@ringing-5s,model=slow@ringing');
  assert.deepEqual(inForce(), ['redis=down', 'model=slow']);
  await clock.advance(4_999);
  line.answered();
  assert.deepEqual(inForce(), ['redis=down', 'model=slow']);
  await clock.advance(1);
  assert.deepEqual(inForce(), ['model=slow']);
  line.over();
  assert.deepEqual([inForce(), clock.pending], [[], 0]);
});
