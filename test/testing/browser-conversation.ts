import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { bytesOf, toFloat32 } from '../../shared/audio/pcm.ts';
import { audibleMs, type Cut, cutOf, PROBE_SCRIPT } from './browser-probe.ts';
import type { RunningStack } from './running-stack.ts';

export interface BrowserConversationOptions {
  readonly stack: RunningStack;
  readonly browser: Browser;
  readonly question: string;
  readonly interruption: string;
  /** The mode that the person chooses on the page; without it, none. */
  readonly mode?: string;
  /** Where the page is photographed after the dialogue. */
  readonly screenshotPath: string;
}

/** What a person would have seen and heard. */
export interface Findings {
  /** How the talk is called on the page. */
  readonly title: string;
  /** The mode that the page shows to be on, as its choice says it. */
  readonly modeShown: string;
  readonly callerWords: readonly string[];
  readonly agentWords: readonly string[];
  /** What is shown as not heard of the answer that was cut off. */
  readonly cutOffWords: string;
  readonly toolChips: readonly string[];
  readonly latencyLines: readonly string[];
  /** Sound of the loudspeaker: of the greeting, and of the answer until it was cut off. */
  readonly greetingAudibleMs: number;
  readonly answerAudibleMs: number;
  /** How playback stopped when the caller cut in. */
  readonly cut: Cut | undefined;
  /** Whether the second answer went on to its end, though the caller coughed into it. */
  readonly isCoughedThrough: boolean;
  /** What went wrong in the page's own scripts. */
  readonly pageErrors: readonly string[];
}

/** How much of the answer is heard before the caller cuts in. */
const INTO_THE_ANSWER_MS = 1_500;
const STEP_MS = 45_000;
/** As a cough has it: a third of a second of noise that dies away. */
const COUGH = Int16Array.from({ length: 5_600 }, (_, i) => 9_000 * Math.exp(-i / 1_400) * Math.sin(i * i * 12.9898));

/**
 * A conversation in a real browser: a question, another one that cuts into the answer, and a cough into the next answer.
 * @throws {Error} that names the step which did not come to pass in time
 */
export async function runBrowserConversation(options: BrowserConversationOptions): Promise<Findings> {
  const { stack, browser, question, interruption, mode, screenshotPath } = options;
  const context = await browser.newContext({
    permissions: ['microphone'],
    viewport: { width: 1200, height: 800 },
    // What moves all the time is drawn all the time, without a graphics card by the processor that the others need.
    reducedMotion: 'reduce',
  });
  try {
    await context.addInitScript(PROBE_SCRIPT);
    const page = await context.newPage();
    const pageErrors: string[] = [];
    page.on('pageerror', (error) => pageErrors.push(error.message));
    const [questionSound, interruptionSound] = await Promise.all([stack.record(question), stack.record(interruption)]);

    await page.goto(stack.streamHostUrl);
    if (mode !== undefined) await page.getByLabel('Mode').selectOption(mode);
    await page.getByRole('button', { name: 'Start talking' }).click();
    await step(page, 'the greeting', '.line.agent:not([aria-busy])');
    await say(page, questionSound);
    await step(page, 'the question, recognised', '.line.caller:not(.open)');
    await step(page, 'an answer', '.line.agent[aria-busy] .words');
    await sleep(INTO_THE_ANSWER_MS);
    await say(page, interruptionSound);
    await step(page, 'an answer that is cut off', '.line.agent .cut-off');
    await step(page, 'the second question, recognised', SECOND_QUESTION);
    await step(page, 'a second answer', `${SECOND_QUESTION} ~ .line.agent[aria-busy] .words`);
    await sleep(INTO_THE_ANSWER_MS / 2);
    await say(page, COUGH);
    await step(page, 'the second answer, spoken to its end', `${SECOND_QUESTION} ~ .line.agent:not([aria-busy])`);
    await page.screenshot({ path: screenshotPath });
    return await collect(page, pageErrors);
  } finally {
    await context.close();
  }
}

const SECOND_QUESTION = '.line.caller:not(.open) ~ .line.caller:not(.open)';

function say(page: Page, samples: Int16Array): Promise<void> {
  return page.evaluate((spoken) => globalThis.parleySay(spoken), [...toFloat32(bytesOf(samples))]);
}

async function step(page: Page, what: string, selector: string): Promise<void> {
  try {
    await page.locator(selector).first().waitFor({ timeout: STEP_MS });
  } catch (error) {
    const shown = await page.locator('body').innerText();
    throw new Error(`The page did not show ${what} within ${STEP_MS / 1000} s. It shows:\n${shown}`, { cause: error });
  }
}

async function collect(page: Page, pageErrors: readonly string[]): Promise<Findings> {
  const probe = await page.evaluate(() => globalThis.parleyProbe);
  const texts = (selector: string) => page.locator(selector).allInnerTexts();
  // Words of one turn may come twice, when more of them follow.
  const finals = probe.messages.flatMap(({ type, atMs }) => (type === 'user_final' ? [atMs] : []));
  const [questionMs = Number.NaN] = finals;
  return {
    title: (await texts('.part h2')).join(' '),
    modeShown: await page.locator('#mode').inputValue(),
    callerWords: await texts('.line.caller:not(.open) .words'),
    agentWords: await texts('.line.agent .words'),
    cutOffWords: (await texts('.line.agent s')).join(' ').replaceAll('Not heard:', '').trim(),
    toolChips: await texts('.tool'),
    latencyLines: await texts('.latency'),
    greetingAudibleMs: audibleMs(probe, 0, questionMs),
    answerAudibleMs: audibleMs(probe, questionMs, finals.at(-1)),
    cut: cutOf(probe),
    isCoughedThrough: (await texts(`${SECOND_QUESTION} ~ .line.agent .cut-off`)).length === 0,
    pageErrors,
  };
}
