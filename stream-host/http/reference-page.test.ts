import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { findOnPath } from '../../test/testing/find-on-path.ts';
import { redisForTests, startHost } from '../testing/host-under-test.ts';

const executablePath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);

test('the reference page draws every route, and asks nobody but this server', {
  skip: !executablePath && 'no Chromium',
}, async (t) => {
  const redis = await redisForTests();
  const host = await startHost(redis.url);
  const browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    // No name is found: what the page would load from outside is missing, as without a network.
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  t.after(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const asked = new Set<string>();
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (/^https?:/.test(request.url())) asked.add(new URL(request.url()).origin);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));

  await page.goto(`${host.http}/api/v1/docs`);
  await page.getByText('Places a call').first().waitFor();
  // The rest is drawn as it is scrolled to; the list beside it has every half.
  await page.getByText('Stream host', { exact: true }).first().waitFor();
  await page.waitForLoadState('networkidle');
  if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
  assert.deepEqual([...asked], [host.http]);
  assert.deepEqual(complaints, []);
});
