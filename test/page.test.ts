import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { findOnPath } from './testing/find-on-path.ts';
import { type Look, walkPage } from './testing/page-walk.ts';
import { RunningStack } from './testing/running-stack.ts';

const chromiumPath = findOnPath(['chromium', 'chromium-browser', 'google-chrome']);
/** `PAGE_SHOTS=folder node --test test/page.test.ts` photographs each state. */
const shotsFolder = process.env.PAGE_SHOTS;

const LOOKS: readonly Look[] = [
  { name: 'desktop-light', width: 1200, height: 800, colorScheme: 'light' },
  { name: 'phone-dark', width: 390, height: 844, colorScheme: 'dark' },
  { name: 'narrow-light', width: 320, height: 640, colorScheme: 'light' },
];

if (chromiumPath === undefined) {
  test('no Chromium is on the path', (t) => t.diagnostic('the page was not looked at'));
} else {
  let stack: RunningStack;
  before(async () => {
    if (shotsFolder) await mkdir(shotsFolder, { recursive: true });
    stack = await RunningStack.start();
  });
  after(() => stack.close());

  for (const look of LOOKS) {
    test(`the page tells the truth in each of its states, and axe finds nothing serious: ${look.name}`, async () => {
      const { sights, pageErrors } = await walkPage({ stack, chromiumPath, shotsFolder }, look);
      assert.deepEqual(pageErrors, []);
      for (const { state, serious, overflowPx } of sights) {
        assert.deepEqual(serious, [], state);
        assert.ok(overflowPx <= 0, `${state}: ${overflowPx} px too wide`);
      }
      const parts = (state: string) => sights.find((sight) => sight.state === state)?.parts ?? [];
      const first = parts('opened')[0] ?? [];
      assert.match(first.join('\n'), /What is the status of order 1042\?\n.*Order ten forty-two/);
      // Neither a second talk nor a reload changes what was said before (5.2-1, 5.2-11).
      for (const state of ['second-talk', 'reloaded', 'on-the-phone', 'after-the-call']) {
        assert.deepEqual(parts(state)[0]?.slice(0, first.length), first, state);
      }
      const second = parts('second-talk')[1] ?? [];
      assert.deepEqual(parts('after-the-call')[1]?.slice(0, second.length), second);
      assert.match(parts('reloaded')[1]?.at(-1) ?? '', /loaded again/);
      // The words of a phone call stand beside them (5.2-7).
      assert.match(parts('on-the-phone')[2]?.join('\n') ?? '', /order.*\n.*Order ten forty-two/is);
      assert.match(parts('after-the-call')[2]?.join('\n') ?? '', /Call ended/);
    });
  }
}
