import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runBrowserConversation } from './browser-conversation.ts';

/** A running stack's page: `PARLEY_STACK_URL=http://localhost:8080 node --test test/browser.test.ts`. */
const pageUrl = process.env.PARLEY_STACK_URL;

test('a person talks with the agent in a browser, cuts in, and sees and hears it', async (t) => {
  const chromiumPath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
  if (pageUrl === undefined || chromiumPath === undefined) {
    const missing = pageUrl === undefined ? 'PARLEY_STACK_URL names no running stack' : 'no Chromium is on the path';
    t.skip(`the browser part did not run: ${missing}`);
    return;
  }
  const settings = await fetch(new URL('/api/v1/realtime/settings', pageUrl));
  const { emulatorUrl } = (await settings.json()) as { emulatorUrl: string };
  const screenshotPath = path.join(tmpdir(), 'parley-page.png');
  const findings = await runBrowserConversation({ pageUrl, emulatorUrl, chromiumPath, screenshotPath });
  t.diagnostic(JSON.stringify({ screenshotPath, ...findings }, null, 2));

  assert.deepEqual(findings.pageErrors, []);
  const callerWords = findings.callerWords.join(' ');
  assert.match(callerWords, /what is the status of order (10:?42|ten[ -]forty[ -]two)/i);
  assert.match(callerWords, /can you deliver it on friday/i);
  assert.ok(findings.greetingAudibleMs > 2000);
  assert.ok(findings.answerAudibleMs > 500);
  assert.notEqual(findings.cutOffWords, '');
  assert.ok(findings.cut);
  assert.equal(findings.cut.staleAudioMessages, 0);
  assert.ok(findings.toolChips.length >= 2);
  assert.ok(findings.latencyLines.length >= 2);
});

function findOnPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return names.flatMap((name) => folders.map((folder) => path.join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
