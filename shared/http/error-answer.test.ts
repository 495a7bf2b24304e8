import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { redisFailure } from '../sessions/session-errors.ts';
import { errorAnswer } from './error-answer.ts';

test('the words of a dependency that failed go into the log, and to nobody who asks (Lesser: open health)', () => {
  const lines: string[] = [];
  const log = pino({}, { write: (line) => void lines.push(line) });
  const { status, body } = errorAnswer(redisFailure(new Error('connect ECONNREFUSED 10.0.0.5:6379')), 'trace-1', log);
  assert.equal(status, 503);
  assert.equal(body.error.code, 'redis.unavailable');
  assert.match(body.error.message, /^Redis did not answer.*REDIS_URL/);
  assert.doesNotMatch(JSON.stringify(body), /10\.0\.0\.5/);
  assert.match(lines.join(), /10\.0\.0\.5:6379.*trace-1|trace-1.*10\.0\.0\.5:6379/);
});
