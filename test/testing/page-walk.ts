import { createRequire } from 'node:module';
import path from 'node:path';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { bytesOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { PROBE_SCRIPT } from './browser-probe.ts';
import type { RunningStack } from './running-stack.ts';

export interface PageWalkOptions {
  readonly stack: RunningStack;
  readonly browser: Browser;
  /** Where each state is photographed, in every look; nowhere without it, and then the first state alone is seen in every look. */
  readonly shotsFolder?: string | undefined;
}

interface Look {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly colorScheme: 'light' | 'dark';
  /** Nothing but colours is another than in a look before: the other rules of axe would find the same. */
  readonly isRecoloured?: boolean;
}

/** What was seen on the page in one of its states. */
export interface Sight {
  readonly state: string;
  /** In each look: rules of axe that are broken seriously, each with where; and a page that is wider than its window. */
  readonly faults: readonly string[];
  /** Each part of the transcript, line by line. */
  readonly parts: readonly (readonly string[])[];
  /** What each part is called. */
  readonly titles: readonly string[];
}

export interface PageWalk {
  readonly sights: readonly Sight[];
  readonly pageErrors: readonly string[];
}

const DESKTOP: Look = { name: 'desktop-light', width: 1200, height: 800, colorScheme: 'light' };
const RECOLOURED: Look = {
  name: 'desktop-dark',
  width: 1200,
  height: 800,
  colorScheme: 'dark',
  isRecoloured: true,
};
const PHONE: Look = { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' };
const NARROW: Look = { name: 'narrow-dark', width: 320, height: 640, colorScheme: 'dark' };
const LOOKS: readonly Look[] = [
  DESKTOP,
  RECOLOURED,
  PHONE,
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark', isRecoloured: true },
  NARROW,
];
/** Beside the first look a state is seen in one of these, in turn: each costs a second, and they have all but all in common. */
const IN_TURN: readonly Look[] = [RECOLOURED, PHONE, NARROW];

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Those of the above that look at colours. */
const RULES_OF_COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

const STEP_MS = 45_000;
/** How long one waits for an answer before one says it again. */
const PATIENCE_MS = 20_000;
const SPOKEN = '.line.agent:not([aria-busy])';

/**
 * Idle, talking, after a second talk, after a reload, in a phone call, and its trace: what a person sees, and what axe says of it.
 */
export async function walkPage({ stack, browser, shotsFolder }: PageWalkOptions): Promise<PageWalk> {
  const context = await browser.newContext({
    permissions: ['microphone'],
    // Colours on their way from one look to the next are nobody's.
    reducedMotion: 'reduce',
    // The policy of the page would keep axe out.
    bypassCSP: true,
  });
  try {
    return await walk(context, stack, shotsFolder);
  } finally {
    await context.close();
  }
}

async function walk(context: BrowserContext, stack: RunningStack, shotsFolder?: string): Promise<PageWalk> {
  await context.addInitScript(PROBE_SCRIPT);
  await context.addInitScript({ path: createRequire(import.meta.url).resolve('axe-core/axe.min.js') });
  const page = await context.newPage();
  const pageErrors: string[] = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  const sights: Sight[] = [];
  const see = async (state: string) => {
    // First: time goes on while the looks are tried.
    const parts = await partsOf(page);
    const titles = await page.locator('.part h2').allInnerTexts();
    const faults: string[] = [];
    const inTurn = IN_TURN[sights.length % IN_TURN.length] ?? PHONE;
    for (const look of shotsFolder || sights.length === 0 ? LOOKS : [DESKTOP, inTurn]) {
      await wear(page, look);
      const file = `${look.name}-${sights.length + 1}-${state}.png`;
      if (shotsFolder) await page.screenshot({ path: path.join(shotsFolder, file) });
      faults.push(...(await faultsOf(page, look)).map((fault) => `${look.name}: ${fault}`));
    }
    await wear(page, DESKTOP);
    sights.push({ state, faults, parts, titles });
  };
  const press = (label: string) => page.getByRole('button', { name: label, exact: true }).click();
  const type = async (words: string) => {
    await page.getByLabel('Type instead of speaking').fill(words);
    await page.keyboard.press('Enter');
  };
  const part = (n: number, selector: string) => page.locator('.part').nth(n).locator(selector);
  const spoken = (n: number, line: number) => part(n, SPOKEN).nth(line).waitFor({ timeout: STEP_MS });

  await page.goto(stack.streamHostUrl);
  await page.locator('#phone-toggle').waitFor();
  await see('idle');
  await press('Settings');
  await see('settings');
  await press('Services that the server needs');
  await page.locator('.service').first().waitFor();
  await see('services');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');

  await press('Start talking');
  await spoken(0, 0);
  await type('What is the status of order 1042?');
  await part(0, '.tool').first().waitFor({ timeout: STEP_MS });
  await page.locator('body[data-agent="speaking"]').waitFor({ timeout: STEP_MS });
  await see('talking');
  await press('Settings');
  // Names are told now that the microphone is allowed.
  await page.getByLabel('Microphone', { exact: true }).selectOption({ index: 1 }, { timeout: STEP_MS });
  await page.keyboard.press('Escape');
  await spoken(0, 1);
  await part(0, '.tool summary').first().click();
  await part(0, '.latency summary').first().click();
  await see('opened');
  await press('End talk');

  await press('Start talking');
  await spoken(1, 0);
  await see('second-talk');

  await page.reload();
  await page.getByRole('button', { name: 'Go on talking' }).waitFor();
  await see('reloaded');
  await press('Go on talking');
  await part(1, '.note').filter({ hasText: 'Connected again' }).waitFor({ timeout: STEP_MS });

  await press('Phone');
  await page.locator('#phone-call:enabled').waitFor();
  await page.locator('#phone-faults-fold summary').click();
  await page.getByLabel('For example').selectOption({ label: 'The model is slow' });
  await page.getByLabel('What fails, and when').fill('modle=slow');
  await page.getByText('is nothing that can fail here').waitFor();
  await see('wrong-fault');
  await page.getByLabel('What fails, and when').fill('telemetry=slow:1s@1s-2s');
  await page.getByText('In the next call: the telemetry is slow (1s), from 1 s to 2 s.').waitFor();
  await see('fault');
  await page.locator('#phone-faults-fold summary').click();
  await press('Call');
  await see('asked');
  await press('End the talk and call');
  await spoken(2, 0);
  const question = await stack.record('What is the status of order 1042?');
  // Where the browser gets too little of the processor the words have holes, and one says them again.
  await sayUntil(page, bytesOf(question), part(2, '.tool'));
  await part(2, '.line.caller:not(.open)').first().waitFor({ timeout: STEP_MS });
  await part(2, '.line.agent .words').nth(1).waitFor({ timeout: STEP_MS });
  await see('on-the-phone');
  await page.locator('#talk').waitFor({ state: 'hidden' });
  await type('Are you open on Sunday?');
  await part(2, '.line.caller:not(.open)').filter({ hasText: 'Sunday' }).waitFor({ timeout: STEP_MS });
  await page.evaluate(`document.getElementById('phone-keys-fold').open = true`);
  await press('5');
  await page.getByText('Keys sent: 5').waitFor({ timeout: STEP_MS });
  await press('Hang up');
  await part(2, '.note').filter({ hasText: 'Call ended' }).waitFor({ timeout: STEP_MS });
  await see('after-the-call');

  // By keyboard alone. Spans come some seconds after their end.
  await part(2, '[data-trace]').focus();
  await page.keyboard.press('Enter');
  await page.locator('#trace-rows summary').nth(2).waitFor({ timeout: STEP_MS });
  await page.locator('#trace-rows summary').first().focus();
  await page.keyboard.press('Enter');
  await see('trace');
  await page.keyboard.press('Escape');
  await tryInsecurely(context, stack.streamHostUrl);
  return { sights, pageErrors };
}

/** As at http:// and another machine's name: the button did nothing there. */
async function tryInsecurely(context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage();
  await page.addInitScript(`
    Object.defineProperty(globalThis, 'isSecureContext', { value: false });
    delete Crypto.prototype.randomUUID;
    delete BaseAudioContext.prototype.audioWorklet;`);
  await page.goto(url);
  await page.getByRole('button', { name: 'Start talking' }).click();
  await page.getByText('Microphones work on https:// pages').waitFor({ timeout: STEP_MS });
  await page.close();
}

/** Says it up to three times. @throws {Error} where it does not come */
async function sayUntil(page: Page, words: Uint8Array, comes: Locator, times = 3): Promise<void> {
  await page.evaluate((samples) => globalThis.parleySay(samples), [...toFloat32(words)]);
  try {
    await comes.first().waitFor({ timeout: PATIENCE_MS });
  } catch (error) {
    if (times === 1) throw error;
    await sayUntil(page, words, comes, times - 1);
  }
}

async function wear(page: Page, { width, height, colorScheme }: Look): Promise<void> {
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme });
}

async function faultsOf(page: Page, { isRecoloured }: Look): Promise<readonly string[]> {
  const runOnly = JSON.stringify(isRecoloured ? RULES_OF_COLOURS : RULES);
  const serious = await page.evaluate<string[]>(`
    axe.run(document, { runOnly: ${runOnly} }).then(({ violations }) =>
      violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' at ' + target.join(' ') + ': ' + failureSummary)))`);
  // The name of what is chosen must be readable (`#agent` is 24 px wide).
  for (const select of await page.locator('.masthead select:visible').all()) {
    const { width = 0 } = (await select.boundingBox()) ?? {};
    if (width < 100) serious.push(`a choice of the header is ${Math.round(width)} px wide`);
  }
  const overflowPx = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  return overflowPx > 0 ? [...serious, `${overflowPx} px too wide`] : serious;
}

async function partsOf(page: Page): Promise<string[][]> {
  const parts: string[][] = [];
  for (const part of await page.locator('.part').all()) {
    parts.push((await part.locator('.line .words, .note').allInnerTexts()).map((line) => line.replaceAll(/\s+/g, ' ')));
  }
  return parts;
}
