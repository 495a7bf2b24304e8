import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { CALLER, callInProgress, HUMAN, warm } from './testing/call-at-desk.ts';

const wish = { kind: 'hold', forS: 60 } as const;
const holds = { call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1', wish };
const HELD = `hold ${CALLER}`;
const TAKEN_OFF = `unhold ${CALLER}`;
const there = (...ids: readonly string[]) => ids.map((id) => ({ id, muted: false, onHold: false }));

test('a hold that comes about as its session is let go of ends at once, and not when its time is up: by then the next host may have him there (close reading 1)', async () => {
  const clock = new VirtualClock();
  const { carrier, desk } = await callInProgress(undefined, { clock });
  carrier.onAsked = (what) => {
    if (what === HELD) desk.close();
  };
  desk.act(holds);
  await eventually(async () => {
    await clock.advance(1000);
    return carrier.asked.includes(TAKEN_OFF);
  });
  const atMs = clock.now();
  assert.ok(atMs < 60_000, `taken off after ${atMs} ms`);
  await clock.advance(120_000);
  await sleep(50);
  assert.deepEqual(carrier.asked, [HELD, TAKEN_OFF]);
});

test('a transfer that is being entered as its session is let go of is left to the next host: the one before took the human out of the call again (close reading 2)', async () => {
  const first = await callInProgress();
  first.carrier.participants = async () => {
    first.desk.close();
    return there(CALLER);
  };
  first.desk.act(warm({ timeoutS: 0.05 }));
  await eventually(async () => (await first.state()) === 'asked');
  const second = await callInProgress(first.session);
  second.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    second.carrier.inCall = [CALLER, HUMAN];
    setImmediate(() => second.tell(context, true));
  };
  await second.desk.resume();
  await eventually(() => second.over.length > 0);
  await sleep(150);
  assert.deepEqual(first.carrier.asked, []);
  assert.deepEqual(second.carrier.asked, [HELD, `add ${HUMAN}`, TAKEN_OFF]);
});

test('a caller whom the carrier refuses to put on hold is with the agent at once: for half a minute it was asked to take him off (close reading 3)', async () => {
  const { carrier, desk, heard, results } = await callInProgress();
  const denied = new CarrierError('denied', 'acs.denied', 'No.');
  for (const what of ['hold', 'unhold']) carrier.failing.set(what, denied);
  desk.act(warm());
  await eventually(() => results().includes('failed'));
  await eventually(() => heard.at(-1) === 'caller');
  assert.deepEqual(carrier.asked, [HELD]);
});

test('a caller of whom the carrier does not say whether he is on hold is talked with while it is asked to take him off (close reading 3)', async () => {
  const { carrier, desk, heard } = await callInProgress();
  const unreachable = new CarrierError('unreachable', 'acs.unreachable', 'No answer.');
  carrier.failing.set('hold', unreachable);
  carrier.unhold = async () => {
    heard.push('taken off');
    if (heard.length < 6) throw unreachable;
  };
  desk.act(warm());
  await eventually(() => heard.length === 6);
  await sleep(100);
  assert.deepEqual(heard, ['interrupted', 'nobody', 'caller', 'taken off', 'taken off', 'taken off']);
});

test('a human who may have answered is taken out of the call also where the carrier does not tell who is in it (close reading 8)', async () => {
  const { carrier, desk, tell, results } = await callInProgress();
  let isSilent = false;
  carrier.participants = async () => {
    if (isSilent) throw new CarrierError('unavailable', 'acs.unavailable', 'Later.');
    return there(CALLER);
  };
  carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    isSilent = true;
    setImmediate(() => tell(context, true));
  };
  desk.act(warm());
  await eventually(() => results().includes('failed'));
  assert.deepEqual(carrier.asked, [HELD, `add ${HUMAN}`, `remove ${HUMAN}`, TAKEN_OFF]);
});
