import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pino } from 'pino';
import type { OperationPorts } from '../../shared/calls/operations/operate.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import { ParleyError } from '../../shared/errors.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ledger, NOTICE, PLAN, recorded } from './testing/recording-rig.ts';

const away = async (): Promise<never> => Promise.reject(new ParleyError('redis.unavailable', 'Redis is away.'));

/** As the host has it; Redis is away for it while `isAway`. */
class HostsLedger implements Pick<OperationPorts, 'ledger'> {
  isAway = false;
  /** Happens while the host waits for what the ledger has. */
  onList: () => Promise<void> = async () => {};
  readonly ledger: OperationPorts['ledger'] = {
    begin: (operation) => (this.isAway ? away() : ledger.begin(operation)),
    accepted: (id, context) => (this.isAway ? away() : ledger.accepted(id, context)),
    settle: (id, settlement) => (this.isAway ? away() : ledger.settle(id, settlement)),
    get: (id, context) => (this.isAway ? away() : ledger.get(id, context)),
    list: async (id) => {
      if (this.isAway) return away();
      const found = await ledger.list(id);
      await this.onList();
      return found;
    },
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

test('a host that took a call over in mid-request records it when it is asked again and nobody knows what came of the first (close reader 6)', async () => {
  const first = recorded({ fromStart: false, notice: NOTICE });
  await first.ask('asked-1');
  await ledger.accepted(first.sessionId, 'asked-1');
  first.recording.close(false);
  const host = new HostsLedger();
  const { sessionId } = first;
  const second = recorded({ fromStart: false, notice: NOTICE }, PLAN, { sessionId, hostsLedger: host.ledger });
  second.recording.begin('from-start', false);
  await new Promise((resolve) => setTimeout(resolve, 30));
  await ledger.settle(sessionId, { operationContext: 'asked-1', state: 'unknown' });
  // What cannot be looked up is refused, and does not stay open.
  host.isAway = true;
  await second.ask('asked-2');
  host.isAway = false;
  await eventually(async () => (await second.state('asked-2'))[0] === 'failed');
  await second.ask('asked-3');
  await eventually(() => second.news.length === 1);
  second.news[0]?.onSpoken?.(true);
  await eventually(second.isRunning);
  assert.deepEqual(second.carrier.asked, ['record']);
});

test('a recording that comes to nothing while Redis is away is told of when it is back, and else by the ledger alone (left 16-3)', async () => {
  const host = new HostsLedger();
  const call = recorded({ fromStart: false, notice: NOTICE }, PLAN, { hostsLedger: host.ledger });
  await call.ask('asked-1');
  for (let said = 0; said < 3; said += 1) call.news[said]?.onSpoken?.(false);
  await eventually(async () => (await call.state('asked-1'))[0] === 'failed');
  await call.ask('asked-2');
  host.isAway = true;
  for (let said = 3; said < 6; said += 1) call.news[said]?.onSpoken?.(false);
  await eventually(() => call.unnoted.length > 0);
  assert.deepEqual(call.unnoted, ['asked-2 recording.notice-unheard']);
  assert.equal(call.failures.length, 2);
});

test('a host that is asked for a recording while it finds out that there is one says no notice, and knows when that one is lost (left 16-9)', async () => {
  const first = recorded({ fromStart: false, notice: NOTICE });
  await first.ask('asked-1');
  first.news[0]?.onSpoken?.(true);
  await eventually(first.isRunning);
  const { sessionId } = first;
  const second = recorded({ fromStart: false, notice: NOTICE, lost: 'It is lost.' }, PLAN, { sessionId });
  const data = { action: 'start', askedBy: 'api' };
  await ledger.begin({ sessionId, operationContext: 'asked-2', kind: 'recording', deadlineMs: 60_000, data });
  second.recording.begin('from-start', false);
  second.recording.start('asked-2');
  await eventually(async () => (await second.state('asked-2'))[1] === 'recording.running');
  assert.deepEqual(second.news, []);
  await ledger.settle(sessionId, {
    ...{ operationContext: 'asked-1', state: 'failed', overrides: true },
    result: { message: 'recording.lost', data: { recordingId: 'recording-1' } },
  });
  await second.tell('asked-1');
  await eventually(() => second.failures.length > 0);
  assert.deepEqual(second.failures, ['asked-1 recording.lost']);
  assert.deepEqual(
    second.news.map(({ speech }) => speech),
    [{ line: 'It is lost.' }],
  );
});

test('a recording that is asked for while the host is being told that the last one is lost is not refused (left 16-9)', async () => {
  const host = new HostsLedger();
  const call = recorded({ fromStart: false, notice: NOTICE }, PLAN, { hostsLedger: host.ledger });
  await call.ask('asked-1');
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
  await ledger.settle(call.sessionId, {
    ...{ operationContext: 'asked-1', state: 'failed', overrides: true },
    result: { message: 'recording.lost', data: { recordingId: 'recording-1' } },
  });
  host.onList = async () => {
    host.onList = async () => {};
    await call.tell('asked-1');
  };
  await call.ask('asked-2');
  const notices = () => call.news.filter(({ speech }) => speech !== 'none' && speech !== 'own-words');
  await eventually(() => notices().length === 2);
  notices()[1]?.onSpoken?.(true);
  await eventually(call.isRunning);
  assert.deepEqual(await call.state('asked-2'), ['succeeded', undefined]);
});

test('what a carrier says in its own words of a recording that failed is not logged: its numbers are (close reader 10)', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const call = recorded({ fromStart: false, notice: NOTICE }, PLAN, { log });
  await call.ask('asked-1');
  call.news[0]?.onSpoken?.(true);
  await eventually(call.isRunning);
  const result = { code: 403, subCode: 8, message: 'No storage for +15550001.' };
  await ledger.settle(call.sessionId, { operationContext: 'asked-1', state: 'failed', result, overrides: true });
  await call.tell('asked-1');
  assert.match(lines.join(''), /"reason":"403\/8"/);
  assert.doesNotMatch(lines.join(''), /15550001/);
});

test('one that begins after all, though it was stopped while nobody knew what came of it, is stopped (close reader 11)', async () => {
  const call = recorded({ fromStart: false, notice: NOTICE });
  await call.ask('asked-1');
  await ledger.accepted(call.sessionId, 'asked-1');
  await ledger.settle(call.sessionId, { operationContext: 'asked-1', state: 'unknown' });
  await call.change('stop', 'stopped');
  const { result } = (await ledger.get(call.sessionId, 'asked-1')) ?? {};
  // By this the carrier's event finds it; see `recording-told.test.ts`.
  assert.deepEqual(result, { message: 'recording.taken-back', data: { requested: true } });
});

/** A recorded call in which somebody who has come is being told so; the host hears of the ledger by `host`. */
async function newcomerIsTold() {
  const host = new HostsLedger();
  const call = recorded({ fromStart: false, notice: NOTICE }, PLAN, { hostsLedger: host.ledger });
  await call.ask('asked-1');
  call.news.shift()?.onSpoken?.(true);
  await eventually(call.isRunning);
  call.recording.joined('added', false);
  await eventually(() => call.news.length > 0);
  const paused = (await ledger.list(call.sessionId)).find(({ data }) => data.action === 'pause');
  await call.tell(paused?.operationContext ?? assert.fail('it is not paused'));
  /** He has heard it, and how it goes on could not be found out. */
  const heard = async () => {
    call.news.shift()?.onSpoken?.(true);
    await eventually(() => call.clock.pending > 0);
  };
  const resumed = () => call.carrier.asked.filter((what) => what.startsWith('resume')).length;
  return { ...call, host, heard, resumed };
}

test('a recording whose newcomer has heard its notice while Redis was away goes on when Redis is back, however long that takes (breaker16c 3: it stayed paused for the rest of the call)', async () => {
  const call = await newcomerIsTold();
  call.host.isAway = true;
  await call.heard();
  // Far more often than a carrier would be asked.
  await call.clock.advance(600_000);
  assert.deepEqual([(await call.now()).is, call.clock.pending], ['paused', 1]);
  call.host.isAway = false;
  await call.clock.advance(10_000);
  await eventually(call.isRunning);
  assert.deepEqual([call.resumed(), call.clock.pending], [1, 0]);
});

test('a recording that the carrier does not go on with is tried again some dozen times, and no more once nobody wants it or the session is over (breaker16c 3)', async () => {
  const refused = await newcomerIsTold();
  refused.carrier.failing.set('resume', new CarrierError('refused', 'acs.refused', 'No.'));
  await refused.heard();
  for (let tries = 1; tries < 12; tries += 1) {
    await eventually(() => refused.resumed() === tries && refused.clock.pending === 1);
    await refused.clock.advance(10_000);
  }
  await eventually(() => refused.resumed() === 12 && refused.clock.pending === 0);
  refused.carrier.failing.clear();
  await eventually(async () => {
    refused.recording.ended('other', true, '');
    return refused.isRunning();
  });

  const paused = await newcomerIsTold();
  paused.host.isAway = true;
  await paused.heard();
  paused.host.isAway = false;
  await paused.change('pause', 'p');
  await paused.clock.advance(10_000);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.deepEqual([(await paused.now()).is, paused.resumed(), paused.clock.pending], ['paused', 0, 0]);

  const over = await newcomerIsTold();
  over.host.isAway = true;
  await over.heard();
  over.recording.close(false);
  assert.equal(over.clock.pending, 0);
});

test('a recording that stays paused as the carrier does not go on with it is told of where an alarm asks for it; of a call that is over none is (left 18 e: only the log said so)', async () => {
  const stuck = await newcomerIsTold();
  stuck.carrier.failing.set('resume', new CarrierError('refused', 'acs.refused', 'No.'));
  await stuck.heard();
  for (let tries = 1; tries < 12; tries += 1) {
    await eventually(() => stuck.resumed() === tries && stuck.clock.pending === 1);
    assert.deepEqual(stuck.failures, []);
    await stuck.clock.advance(10_000);
  }
  await eventually(() => stuck.failures.length > 0);
  assert.deepEqual(stuck.failures, ['asked-1 recording.stuck']);
  const alarm = readFileSync(new URL('../../infra/queries/recordings-failing.kql', import.meta.url), 'utf8');
  assert.match(alarm, /'parley\.faults'(?:.|\n)*'recording\.stuck'/);

  const over = await newcomerIsTold();
  over.carrier.state = async () => 'gone';
  over.carrier.failing.set('resume', new CarrierError('gone', 'acs.call-gone', 'It does not know this call.'));
  over.news.shift()?.onSpoken?.(true);
  await eventually(() => over.resumed() === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual([over.failures, over.clock.pending], [[], 0]);
});

test('a recording whose newcomer has heard its notice just after Redis lost what it was paused for goes on once that is noted again (breaker16c 3)', async () => {
  const call = await newcomerIsTold();
  await call.lose();
  await call.heard();
  await call.recording.noteAgain();
  await call.clock.advance(250);
  await eventually(call.isRunning);
});
