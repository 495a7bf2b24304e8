import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationPorts } from '../../shared/calls/operations/operate.ts';
import { DependencyError } from '../../shared/errors.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { blind, CALLER, callInProgress, HUMAN, ledger, warm } from './testing/call-at-desk.ts';

/** A ledger of which Redis does not answer the next times that it is asked for this. */
function withGaps(isMeant: (asked: string) => boolean) {
  const gaps = { left: 0 };
  const orAway = <Reply>(asked: string, ask: () => Promise<Reply>): Promise<Reply> => {
    if (!isMeant(asked) || gaps.left === 0) return ask();
    gaps.left -= 1;
    return Promise.reject(new DependencyError('redis.unavailable', 'No answer in time.'));
  };
  const hostsLedger: Partial<OperationPorts['ledger']> = {
    begin: (wanted) => orAway('begin', () => ledger.begin(wanted)),
    settle: (id, settlement) => orAway(`settle ${settlement.operationContext}`, () => ledger.settle(id, settlement)),
    list: (id) => orAway('list', () => ledger.list(id)),
  };
  return { gaps, hostsLedger };
}

const holds = (forS: number) => ({
  ...{ call: { callId: 'c', name: 'hold_call', args: {} }, key: 'hold-1' },
  wish: { kind: 'hold', forS } as const,
});

test('a caller whose time on hold is up is taken off though Redis is away: he stayed there as long as that, and after a minute for good (close reading 4)', async () => {
  const { gaps, hostsLedger } = withGaps((asked) => asked === 'begin');
  const call = await callInProgress(undefined, { hostsLedger });
  call.carrier.onAsked = () => {
    gaps.left = Number.POSITIVE_INFINITY;
  };
  call.desk.act(holds(0.02));
  await eventually(() => call.results().includes('caller_is_back'));
  assert.deepEqual(call.carrier.asked, [`hold ${CALLER}`, `unhold ${CALLER}`]);
  // The ledger has him on hold still, which is not by the application.
  call.carrier.onAsked = () => {};
  gaps.left = 0;
  call.desk.act(warm({ timeoutS: 0.05 }));
  await eventually(() => call.results().includes('failed'));
  assert.equal(call.heard.at(-1), 'caller');
  assert.equal(call.carrier.asked.at(-1), `unhold ${CALLER}`);
});

test('what came of a transfer is known though Redis does not answer at once what it was: its caller waited in silence for good (close reading 5)', async () => {
  const { gaps, hostsLedger } = withGaps((asked) => asked === 'list');
  const call = await callInProgress(undefined, { hostsLedger });
  call.desk.act(blind());
  await eventually(() => call.carrier.asked.length > 0);
  await ledger.settle(call.session.id, { operationContext: 'key-1', state: 'failed' });
  gaps.left = 2;
  call.tell('key-1', false, '480');
  await eventually(() => call.results().includes('failed'));
  assert.deepEqual(call.heard, ['waiting', 'caller']);
});

test('a host that takes a call over takes its caller off hold though Redis does not answer at once: it talked to him there (close reading 5)', async () => {
  const first = await callInProgress();
  first.desk.act(holds(60));
  await eventually(() => first.heard.includes('nobody'));
  first.desk.close();
  const { gaps, hostsLedger } = withGaps((asked) => asked === 'list');
  const second = await callInProgress(first.session, { hostsLedger });
  gaps.left = 1;
  await second.desk.resume();
  assert.deepEqual(second.carrier.asked, [`unhold ${CALLER}`]);
  assert.equal(second.heard.at(-1), 'caller');
});

test('a transfer that failed while Redis was away is on record once it is back: for minutes no other could be begun (close reading 6)', async () => {
  const { gaps, hostsLedger } = withGaps((asked) => asked === 'settle key-1');
  const call = await callInProgress(undefined, { hostsLedger });
  call.carrier.onAsked = (what, context) => {
    if (!what.startsWith('add')) return;
    gaps.left = 3;
    setImmediate(() => call.tell(context, false, '486'));
  };
  call.desk.act(warm());
  await eventually(() => call.results().includes('failed'));
  assert.notEqual(await call.state(), 'failed');
  await eventually(async () => (await call.state()) === 'failed');
  call.carrier.onAsked = () => {};
  await ledger.settle(call.session.id, { operationContext: 'key-1.add', state: 'failed' });
  call.desk.act({ ...warm({ timeoutS: 0.05 }), key: 'key-2' });
  await eventually(() => call.carrier.asked.filter((what) => what === `add ${HUMAN}`).length === 2);
  call.desk.close();
});
