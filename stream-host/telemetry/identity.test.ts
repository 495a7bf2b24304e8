import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import type { Telemetry } from './telemetry.ts';
import { Intake } from './testing/intake.ts';
import { spanOf, startForTest } from './testing/start.ts';

let intake: Intake;
let telemetry: Telemetry;
const scopes: unknown[] = [];

before(async () => {
  // Of a certificate that signs itself.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  intake = await Intake.open(await loadCertificate());
  const config = {
    APPLICATIONINSIGHTS_CONNECTION_STRING: intake.connectionString,
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
  };
  const getToken = async (scope: unknown) => {
    scopes.push(scope);
    return { token: 'ours', expiresOnTimestamp: Date.now() + 3_600_000 };
  };
  ({ telemetry } = await startForTest(config, { getToken }));
});

after(async () => {
  await telemetry.close();
  intake.close();
});

test('where Application Insights takes no keys, what is sent has a token of the process’s identity, for Azure Monitor', async () => {
  const span = spanOf('a-session');
  telemetry.spans.record(span);
  await telemetry.warmUp();
  assert.ok(intake.spans().some(({ data }) => data.baseData.id === span.spanId));
  assert.deepEqual([...new Set(intake.authorizations)], ['Bearer ours']);
  assert.deepEqual([...new Set(scopes.flat())], ['https://monitor.azure.com/.default']);
});
