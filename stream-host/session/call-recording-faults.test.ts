import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationPorts } from '../../shared/calls/operations/operate.ts';
import { ParleyError } from '../../shared/errors.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ledger, NOTICE, PLAN, recorded } from './testing/recording-rig.ts';

const away = async (): Promise<never> => Promise.reject(new ParleyError('redis.unavailable', 'Redis is away.'));

/** As the host has it; Redis is away for it while `isAway`. */
class HostsLedger implements Pick<OperationPorts, 'ledger'> {
  isAway = false;
  readonly ledger: OperationPorts['ledger'] = {
    begin: (operation) => (this.isAway ? away() : ledger.begin(operation)),
    accepted: (id, context) => (this.isAway ? away() : ledger.accepted(id, context)),
    settle: (id, settlement) => (this.isAway ? away() : ledger.settle(id, settlement)),
    get: (id, context) => (this.isAway ? away() : ledger.get(id, context)),
    list: (id) => (this.isAway ? away() : ledger.list(id)),
    lookSoon: (id, context, deadlineMs) => (this.isAway ? away() : ledger.lookSoon(id, context, deadlineMs)),
  };
}

test('a recording that runs and cannot be noted is no refusal: nobody is told that there is none, and it can be stopped (close reader 3)', async () => {
  const host = new HostsLedger();
  const call = recorded({ fromStart: false, notice: NOTICE, lost: 'It is not recorded after all.' }, PLAN, {
    hostsLedger: host.ledger,
  });
  await call.ask('asked-1');
  call.carrier.onAsked = (what) => {
    if (what === 'record') host.isAway = true;
  };
  call.news[0]?.onSpoken?.(true);
  await eventually(() => host.isAway);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([call.failures, call.news.length], [[], 1]);
  host.isAway = false;
  assert.equal(await call.change('stop', 'stopped'), 'asked-1');
  call.recording.ended('asked-1', false, 'stop');
  await eventually(() => call.carrier.asked.includes('stop recording-1'));
});
