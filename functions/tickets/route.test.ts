import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { randomSecrets } from '../../shared/ids.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { Tickets } from '../../shared/tickets/tickets.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
before(async () => {
  functions = await startFunctions({}, 0, { master: 'master', host: 'host' });
});
after(() => functions.close());

const make = (body: unknown, key = 'host') => functions.request('POST', 'tickets', body, { 'x-functions-key': key });

test('a server that may use the API makes a ticket for its page, which opens one socket of that page', async (t) => {
  const { status, body } = await make({ kind: 'browser', origin: 'https://app.example' });
  assert.equal(status, 200);
  const redis = patientRedis();
  t.after(() => redis.disconnect());
  const tickets = new Tickets({ redis, clock: systemClock, newSecret: randomSecrets, sessionTtlSeconds: 60 });
  const grant = await tickets.take(body.ticket, { kind: 'browser', origin: 'https://app.example' });
  assert.equal(grant.sessionId, body.session_id);
  const dashboard = await make({ kind: 'dashboard', call_connection_id: 'call-1' });
  assert.deepEqual([dashboard.status, dashboard.body.session_id], [200, null]);
});

test('without the key, or with fields that are none, there is no ticket', async () => {
  const keyless = await fetch(`${functions.baseUrl}/tickets`, { method: 'POST', body: '{"kind":"browser"}' });
  assert.equal(keyless.status, 401);
  for (const [wrong, code] of [
    [{}, 'request.invalid'],
    [{ kind: 'media' }, 'request.invalid'],
    [{ kind: 'browser', session: 'x' }, 'request.invalid'],
    [{ kind: 'browser', session_id: 'a b' }, 'session.id-invalid'],
    [{ kind: 'browser', call_connection_id: 'c' }, 'request.invalid'],
    [{ kind: 'browser', origin: 'app.example' }, 'request.invalid'],
    [{ kind: 'browser', origin: 'https://app.example/path' }, 'request.invalid'],
    [{ kind: 'browser', session_id: 'x'.repeat(5000) }, 'request.too-large'],
  ] as const) {
    assert.equal((await make(wrong)).body.error.code, code, JSON.stringify(wrong).slice(0, 80));
  }
});
