import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';

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
