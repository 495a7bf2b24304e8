import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { findOnPath } from '../../test/testing/find-on-path.ts';
import { type HostUnderTest, redisForTests, startHost } from '../testing/host-under-test.ts';

const executablePath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
const skip = !executablePath && 'no Chromium';
const redis = await redisForTests();

let host: HostUnderTest;
let browser: Browser;
before(async () => {
  if (!executablePath) return;
  host = await startHost(redis.url);
  browser = await chromium.launch({
    executablePath,
    // No name is found: what the page would load from outside is missing, as without a network.
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
});
after(() => browser?.close());

/** The reference at a path, and what it asked for and complained of. */
async function open(path: string, view: { width: number; height: number; dark?: boolean }) {
  const page = await browser.newPage({
    viewport: { width: view.width, height: view.height },
    colorScheme: view.dark ? 'dark' : 'light',
  });
  const asked = new Set<string>();
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (/^https?:/.test(request.url())) asked.add(new URL(request.url()).origin);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(`${host.http}/api/v1/docs${path}`);
  return { page, asked, complaints };
}

async function picture(page: Page, name: string): Promise<void> {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

const DESK = { width: 1400, height: 900 };

test('the reference page draws every route, and asks nobody but this server', { skip }, async () => {
  const { page, asked, complaints } = await open('', DESK);
  await page.getByText('Places a call').first().waitFor();
  // The rest is drawn as it is scrolled to; the list beside it has every half.
  await page.getByText('Stream host', { exact: true }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await picture(page, 'routes-light');
  assert.deepEqual([...asked], [host.http]);
  assert.deepEqual(complaints, []);
});

test('it draws the sockets, too, in the dark on a phone (promise 6)', { skip }, async () => {
  const view = { width: 390, height: 844, dark: true };
  const { page, asked, complaints } = await open('?api=sockets', view);
  await page.getByRole('heading', { name: 'Conversation' }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await picture(page, 'sockets-dark');
  const width = Number(await page.evaluate('document.documentElement.scrollWidth'));
  assert.ok(width <= view.width, `${width} px wide`);
  assert.deepEqual([...asked], [host.http]);
  assert.deepEqual(complaints, []);
});

test('the documents of the reference are put into words once, and not for each who asks (realtime reader: openapi.json)', async (t) => {
  const telling = await startHost(redis.url);
  const inWords = t.mock.method(JSON, 'stringify');
  for (const name of ['openapi', 'asyncapi']) {
    const answers = [1, 2, 3].map(async () => (await fetch(`${telling.http}/api/v1/${name}.json`)).text());
    const [first, ...others] = await Promise.all(answers);
    assert.ok(others.every((other) => other === first));
    const made = inWords.mock.calls.filter(({ arguments: [value] }) => Object.hasOwn(Object(value), name));
    assert.equal(made.length, 1, name);
  }
});
