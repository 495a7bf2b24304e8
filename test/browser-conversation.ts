import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { SAMPLE_RATE } from '../shared/audio/pcm.ts';
import { encodeWav, mixToMono, parseWav } from '../shared/audio/wav.ts';
import { audibleMs, type Cut, firstCut, PROBE_SCRIPT } from './browser-probe.ts';

export interface BrowserConversationOptions {
  /** Of a running stack. */
  readonly pageUrl: string;
  readonly emulatorUrl: string;
  readonly chromiumPath: string;
  /** Where the page is photographed after the dialogue. */
  readonly screenshotPath: string;
}

/** What a person would have seen and heard. */
export interface Findings {
  readonly callerWords: readonly string[];
  readonly agentWords: readonly string[];
  /** Whether an answer is shown as cut off, with words that were not heard. */
  readonly cutOffWords: string;
  readonly toolChips: readonly string[];
  readonly latencyLines: readonly string[];
  /** Sound of the loudspeaker: of the greeting, and of the answer until it was cut off. */
  readonly greetingAudibleMs: number;
  readonly answerAudibleMs: number;
  /** How playback stopped when the caller cut in. */
  readonly cut: Cut | undefined;
  /** What went wrong in the page's own scripts. */
  readonly pageErrors: readonly string[];
}

const CALLER_VOICE = 'awb';
const QUESTION = 'What is the status of order ten forty two?';
const INTERRUPTION = 'Can you deliver it on Friday instead?';
/** The greeting takes five seconds; the microphone waits for it. */
const BEFORE_QUESTION_MS = 8_000;
/** The answer begins after a second or two and takes nine: this is in the middle of it. */
const BEFORE_INTERRUPTION_MS = 5_000;
const AFTER_MS = 60_000;
/** Nobody is as loud at a microphone as a synthesiser: the browser's gain control would clip the first words. */
const MICROPHONE_GAIN = 0.35;
const STEP_MS = 30_000;

/**
 * A conversation in a real browser whose microphone is a WAV file: a question, and another one that cuts into the answer.
 * @throws {Error} that names the step which did not come to pass in time
 */
export async function runBrowserConversation(options: BrowserConversationOptions): Promise<Findings> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-browser-'));
  try {
    const microphone = path.join(folder, 'microphone.wav');
    await writeFile(microphone, await recordCaller(options.emulatorUrl));
    return await converse(options, microphone);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function converse(options: BrowserConversationOptions, microphone: string): Promise<Findings> {
  const browser = await chromium.launch({
    executablePath: options.chromiumPath,
    headless: true,
    args: ['--use-fake-device-for-media-stream', `--use-file-for-fake-audio-capture=${microphone}%noloop`],
  });
  try {
    const context = await browser.newContext({ permissions: ['microphone'], viewport: { width: 1200, height: 800 } });
    await context.addInitScript(PROBE_SCRIPT);
    const page = await context.newPage();
    const pageErrors: string[] = [];
    page.on('pageerror', (error) => pageErrors.push(error.message));
    await page.goto(options.pageUrl);
    await page.getByRole('button', { name: 'Start talking' }).click();
    await step(page, 'the greeting', '.line.agent:not([aria-busy])');
    await step(page, 'the question, recognised', '.line.caller:not(.open)');
    await step(page, 'an answer that is cut off', '.line.agent .cut-off');
    const second = '.line.caller:not(.open):has-text("Friday")';
    await step(page, 'the second question, recognised', second);
    await step(page, 'the second answer, spoken to its end', `${second} ~ .line.agent:not([aria-busy])`);
    await page.screenshot({ path: options.screenshotPath });
    return await collect(page, pageErrors);
  } finally {
    await browser.close();
  }
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
  const questionMs = probe.messages.find(({ type }) => type === 'user_final')?.atMs ?? Number.NaN;
  const cancelMs = probe.messages.find(({ type, atMs }) => type === 'tts_cancelled' && atMs > questionMs)?.atMs;
  return {
    callerWords: await texts('.line.caller:not(.open) .words'),
    agentWords: await texts('.line.agent .words'),
    cutOffWords: (await texts('.line.agent s')).join(' ').replaceAll('Not heard:', '').trim(),
    toolChips: await texts('.tool'),
    latencyLines: await texts('.latency'),
    greetingAudibleMs: audibleMs(probe, 0, questionMs),
    answerAudibleMs: audibleMs(probe, questionMs, cancelMs),
    cut: firstCut(probe),
    pageErrors,
  };
}

/** What the fake microphone plays, from the moment of its opening. */
async function recordCaller(emulatorUrl: string): Promise<Buffer> {
  const parts = [
    silence(BEFORE_QUESTION_MS),
    await say(emulatorUrl, QUESTION),
    silence(BEFORE_INTERRUPTION_MS),
    await say(emulatorUrl, INTERRUPTION),
    silence(AFTER_MS),
  ];
  const samples = new Int16Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return encodeWav([samples], SAMPLE_RATE);
}

function silence(ms: number): Int16Array {
  return new Int16Array((ms * SAMPLE_RATE) / 1000);
}

async function say(emulatorUrl: string, text: string): Promise<Int16Array> {
  const response = await fetch(new URL('/emulator/say', emulatorUrl), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text, voice: CALLER_VOICE }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`The emulator would not speak: ${response.status} ${await response.text()}`);
  const samples = mixToMono(parseWav(new Uint8Array(await response.arrayBuffer())));
  return samples.map((sample) => Math.round(sample * MICROPHONE_GAIN));
}
