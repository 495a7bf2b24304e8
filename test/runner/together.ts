import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';

interface Limits {
  /** Of a file. What hangs is ended, and named with the test that was under way. */
  readonly longestMs: number;
  /** Of all files, as whoever has started the process ends it a minute later without a name (`test/main.ts`). */
  readonly withinMs: number;
  /** How long something may stay open behind the last file: what ends a moment after its test, a connection that is kept alive. */
  readonly lingersMs: number;
}
const LIMITS: Limits = { longestMs: 600_000, withinMs: 840_000, lingersMs: 60_000 };
/** The report has to get out before its process ends. */
const REPORT_MS = 500;

/**
 * Runs test files in this process, one after the other, each as a test with its name. A file's hooks are those of its test:
 * they run before and after its own tests. Whoever leaves something open is named, as the process would never end.
 * @param files by the names under which they are reported
 * @param atOnce so many tests of a file at the same time
 */
export async function runTogether(
  files: Readonly<Record<string, string>>,
  atOnce = 1,
  limits: Partial<Limits> = {},
): Promise<void> {
  const { longestMs, withinMs, lingersMs } = { ...LIMITS, ...limits };
  const suspects: string[] = [];
  const endsAtMs = performance.now() + withinMs;
  const left = Object.keys(files);
  // Nobody knows which test it belongs to, and one may wait for ever for what does not come now.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error) => {
      process.stderr.write(`Thrown beside the tests of ${left[0] ?? 'the last file'}: ${inspect(error)}\n`);
      setTimeout(() => process.exit(1), REPORT_MS);
    });
  }
  // One that ends the process in its middle would have the files after it pass unseen.
  process.once('exit', () => {
    const [current, ...unseen] = left;
    if (current === undefined) return;
    process.exitCode = 1;
    process.stderr.write(`The process ended while ${current} ran. Not run: ${unseen.join(', ') || 'none'}\n`);
  });
  for (const [name, file] of Object.entries(files)) {
    const before = openThings();
    const leftMs = endsAtMs - performance.now();
    const timeout = leftMs > 0 ? Math.min(longestMs, leftMs) : longestMs;
    await test(name, { timeout, concurrency: atOnce }, async () => {
      assert.ok(leftMs > 0, `Not run: the files before it have taken the ${withinMs / 1000} s that they all had.`);
      await import(pathToFileURL(file).href);
    });
    left.shift();
    if (openThings().length > before.length) suspects.push(name);
  }
  // It alone keeps no process alive.
  setTimeout(async () => {
    await test('nothing is left open', () => {
      assert.fail(`Still there: ${openThings().join(', ')}. Perhaps one of these left it: ${suspects.join(', ')}`);
    });
    setTimeout(() => process.exit(1), REPORT_MS);
  }, lingersMs).unref();
}

/** What may keep this process alive. */
const openThings = (): string[] => process.getActiveResourcesInfo();
