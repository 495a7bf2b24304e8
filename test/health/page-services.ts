import path from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { findOnPath } from '../testing/find-on-path.ts';

const LOOKS = [
  { name: 'desktop-light', width: 1200, height: 800, colorScheme: 'light' },
  { name: 'desktop-dark', width: 1200, height: 800, colorScheme: 'dark' },
  { name: 'phone-light', width: 390, height: 844, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
] as const;

/** What the page shows of the services: title and word of each. */
export class PageServices {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** @returns undefined where there is no browser */
  static async open(): Promise<PageServices | undefined> {
    const executablePath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
    if (executablePath === undefined) return undefined;
    return new PageServices(await chromium.launch({ executablePath, headless: true }));
  }

  /** @param shots where each look is photographed, and under what name */
  async read(url: string, shots?: { readonly folder: string; readonly name: string }): Promise<Record<string, string>> {
    const page = await this.#browser.newPage({ viewport: LOOKS[0] });
    try {
      await page.goto(url);
      // By keyboard alone.
      await page.getByRole('button', { name: 'Settings' }).focus();
      await page.keyboard.press('Enter');
      await page.locator('#services-button').waitFor();
      await page.locator('#services-button').focus();
      await page.keyboard.press('Enter');
      await page.locator('.service').first().waitFor();
      const lines = await page.locator('.service').all();
      const words = await Promise.all(
        lines.map(async (line) => [
          await line.locator('.service-name').innerText(),
          await line.locator('.service-state').innerText(),
        ]),
      );
      for (const { name, width, height, colorScheme } of shots ? LOOKS : []) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: path.join(shots?.folder ?? '.', `${shots?.name}-${name}.png`) });
      }
      return Object.fromEntries(words);
    } finally {
      await page.close();
    }
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
