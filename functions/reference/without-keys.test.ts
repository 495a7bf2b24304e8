import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { AUDIENCE, EntraDouble } from '../../shared/auth/testing/entra-double.ts';
import { toldStatus } from '../../shared/http/route.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ask, CLOSED, nameOf } from '../testing/attacks.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

/** Nobody can say who sends a token while the keys that sign them are out of reach. */

const NOWHERE = 'http://127.0.0.1:1/keys';
let functions: FunctionsUnderTest;
let entra: EntraDouble;
before(async () => {
  entra = await EntraDouble.start();
  functions = await startFunctions({
    ...entra.settings,
    API_AUTH: 'entra',
    API_AUDIENCE: `api://${AUDIENCE}`,
    EVENT_GRID_AUTH: 'entra',
    EVENT_GRID_AUDIENCE: `api://${AUDIENCE}`,
    API_JWKS_URL: NOWHERE,
    ACS_JWKS_URL: NOWHERE,
  });
});
after(async () => {
  await functions.close();
  entra.close();
});

test('with the signing keys out of reach no closed route lets anybody in, and each says that it is not his fault', async () => {
  const ofEntra = `Bearer ${await entra.token()}`;
  const ofAcs = await functions.acs.authorization();
  for (const route of CLOSED) {
    const authorization = route.access === 'acs-token' ? ofAcs : ofEntra;
    const { status, code } = await ask(functions, route, { authorization });
    assert.deepEqual([status, code], [toldStatus(route, 503), 'auth.keys-unavailable'], nameOf(route));
  }
});

test('and the functions are not ready, as no call could be taken', async () => {
  await eventually(async () => (await functions.request('GET', 'readiness')).body.status === 'unhealthy');
  assert.equal((await functions.request('GET', 'readiness')).status, 503);
});
