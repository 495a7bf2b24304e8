import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';
import { traceIdOf } from './telemetry/call-trace.ts';

test('what is private is blotted out however deep it stands in what is logged (review 4.17)', () => {
  const lines: string[] = [];
  const log = createLog('functions', 'info', { write: (line) => lines.push(line) });
  log.info({
    a: { text: 'secret words', b: { phoneNumber: '+1555', c: [{ apiKey: 'k' }], d: { e: { text: 'deep' } } } },
  });
  const [line = ''] = lines;
  assert.doesNotMatch(line, /secret words|\+1555|"k"|"deep"/);
  assert.equal(JSON.parse(line).a.b.phoneNumber, '…');
});

test('what is logged of a session has the id of its trace, however its line came by the session', () => {
  const lines: string[] = [];
  const log = createLog('functions', 'info', { write: (line) => lines.push(line) });
  const session = 'a-session';
  log.child({ session }).child({ call: 'a-call' }).info({ more: 1 }, 'by its logger');
  log.info({ session }, 'by itself');
  log.child({ session }).info({ session: 'another' }, 'by the nearer one');
  log.child({ session }).warn({ traceId: 'its own' }, 'of a request');
  log.info('of none');
  const traceIds = lines.map((line) => JSON.parse(line).traceId);
  assert.deepEqual(traceIds, [traceIdOf(session), traceIdOf(session), traceIdOf('another'), 'its own', undefined]);
});

test('a line has nothing of the line before it (fields that stayed in the object of a mixin)', () => {
  const lines: string[] = [];
  const log = createLog('functions', 'info', { write: (line) => lines.push(line) });
  const child = log.child({ session: 'a-session' });
  for (const logger of [log, child]) {
    logger.info({ code: 'of the first line', session: 'another' }, 'first');
    logger.info('second');
  }
  const [, ofNone, , ofChild] = lines.map((line) => JSON.parse(line));
  assert.deepEqual([ofNone.code, ofNone.session, ofNone.traceId], [undefined, undefined, undefined]);
  assert.deepEqual([ofChild.code, ofChild.session, ofChild.traceId], [undefined, 'a-session', traceIdOf('a-session')]);
});
