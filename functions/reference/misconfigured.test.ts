import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { toldStatus } from '../../shared/http/route.ts';
import { nameOf, ROUTES } from '../testing/attacks.ts';
import { startFunctions } from '../testing/functions-under-test.ts';
import { sendExample } from '../testing/good-requests.ts';

const functions = await startFunctions({ SESSION_TTL_SECONDS: 'never' });
after(() => functions.close());

test('with a bad setting every route says that it is not configured and tells nobody which', async () => {
  for (const route of ROUTES) {
    const { status, body } = await sendExample(functions, route, { id: 'a-call', callConnectionId: 'a-connection' });
    assert.deepEqual([status, body.error.code], [toldStatus(route, 503), 'config.invalid'], nameOf(route));
    assert.doesNotMatch(body.error.message, /SESSION_TTL|never/);
  }
});
