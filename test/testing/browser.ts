import { type Browser, chromium } from 'playwright-core';
import { findOnPath } from './find-on-path.ts';

const executablePath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
export const hasBrowser = executablePath !== undefined;

let browser: Promise<Browser> | undefined;

/** One for all of a process who look at the page, each in a context of its own: each start costs seconds of processor. */
export function sharedBrowser(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('No Chromium is on the path.');
  browser ??= chromium.launch({ executablePath, args: ['--use-fake-device-for-media-stream'] });
  return browser;
}

export async function closeSharedBrowser(): Promise<void> {
  await (await browser)?.close();
}
