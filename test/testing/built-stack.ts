import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeArtefacts } from '../../build/deploy.ts';
import { containerRoot } from './container-root.ts';

/** Of whoever makes it in another process, on however busy a machine. */
const PATIENCE_MS = 150_000;

export interface BuiltStack {
  /** The folder of both halves. */
  readonly built: string;
  /** What `npm start` is told to run them, the stream host in a root of its own where that can be had. */
  readonly args: readonly string[];
}

/** Both halves as they are deployed, see {@link builtIn}, and how they are run. */
export async function builtStack(folder: string): Promise<BuiltStack> {
  const [root, built] = await Promise.all([containerRoot(), builtIn(folder)]);
  return { built, args: ['--built', built, ...('folder' in root ? ['--root', root.folder] : [])] };
}

/**
 * Makes both halves as they are deployed; in a run of all tests once for all of them (`test/main.ts`), so nobody may change them.
 * @param folder where they are made; not below the project's, whose packages must not be found
 * @returns where they are
 */
export async function builtIn(folder: string): Promise<string> {
  const ofRun = process.env.PARLEY_BUILT;
  if (ofRun === undefined) {
    await makeArtefacts(folder);
    return folder;
  }
  const [making, failure] = [`${ofRun}-making`, `${ofRun}-failed`];
  // It stays: whoever comes when it is built has not to build it again.
  const isMine = await mkdir(`${ofRun}-claim`).then(
    () => true,
    () => false,
  );
  if (isMine) {
    try {
      await makeArtefacts(making);
      // It is there all at once.
      await rename(making, ofRun);
    } catch (error) {
      await writeFile(failure, '');
      throw error;
    }
  }
  for (const giveUpAt = performance.now() + PATIENCE_MS; !existsSync(ofRun); await sleep(100)) {
    if (existsSync(failure) || performance.now() > giveUpAt)
      throw new Error('Another test was to build it, and has not.');
  }
  return ofRun;
}
