import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

/** What hangs is ended, and named. */
const LONGEST_MS = 600_000;
/** For what ends a moment after its test: a connection that is kept alive, a timer. */
const LINGERS_MS = 60_000;

/**
 * Runs test files in this process, one after the other, each as a test with its name. A file's hooks are those of its test:
 * they run before and after its own tests. Whoever leaves something open is named, as the process would never end.
 * @param files by the names under which they are reported
 * @param atOnce so many tests of a file at the same time
 * @param lingersMs how long something may stay open behind the last file
 */
export async function runTogether(
  files: Readonly<Record<string, string>>,
  atOnce = 1,
  lingersMs = LINGERS_MS,
): Promise<void> {
  const suspects: string[] = [];
  let done = 0;
  // One that ends the process in its middle would have the files after it pass unseen.
  process.once('exit', () => {
    if (done < Object.keys(files).length) process.exitCode = 1;
  });
  for (const [name, file] of Object.entries(files)) {
    const before = openThings();
    await test(name, { timeout: LONGEST_MS, concurrency: atOnce }, () => import(pathToFileURL(file).href));
    done += 1;
    if (openThings().length > before.length) suspects.push(name);
  }
  // It alone keeps no process alive.
  setTimeout(async () => {
    await test('nothing is left open', () => {
      assert.fail(`Still there: ${openThings().join(', ')}. Perhaps one of these left it: ${suspects.join(', ')}`);
    });
    // The report has to get out.
    setTimeout(() => process.exit(1), 500);
  }, lingersMs).unref();
}

/** What may keep this process alive. */
const openThings = (): string[] => process.getActiveResourcesInfo();
