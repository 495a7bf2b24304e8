import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../errors.ts';
import { askRedis, readRedis } from './session-errors.ts';

test('a mistake in code is no outage of Redis, so that nobody tries it again for ever (review 4.3)', async () => {
  const mistakes = [
    () => JSON.stringify({ rowId: 12n }),
    () => 'x'.repeat(-1),
    () => JSON.parse('{'),
    () => Reflect.get(Object(undefined), 'x').y,
  ];
  for (const mistake of mistakes) {
    await assert.rejects(
      askRedis(async () => mistake()),
      { code: 'internal', status: 500 },
    );
  }
});

test('what the client says of a connection is an outage, and what we raised ourselves stays as it is', async () => {
  for (const said of ['Command timed out', 'Connection is closed.', 'connect ECONNREFUSED 127.0.0.1:6379']) {
    await assert.rejects(
      askRedis(() => Promise.reject(new Error(said))),
      { code: 'redis.unavailable', status: 503 },
    );
  }
  const ours = new RequestError('session.not-storable', 'no JSON');
  await assert.rejects(
    askRedis(() => Promise.reject(ours)),
    ours,
  );
});

test('only a change that got no answer may or may not have been made; a read was none', async () => {
  const lost = () => Promise.reject(new Error('Command timed out'));
  await assert.rejects(askRedis(lost), /may or may not have been made/);
  await assert.rejects(readRedis(lost), ({ message }: Error) => {
    assert.doesNotMatch(message, /may or may not/);
    assert.match(message, /Redis did not answer \(Command timed out\)\. Check/);
    return true;
  });
});
