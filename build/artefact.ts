import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { chmod, readFile, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { deflateRawSync } from 'node:zlib';

/** Before this an archive cannot say when a file was made. */
const EARLIEST_S = Date.UTC(1980, 0, 1) / 1000;

export interface Measures {
  readonly files: number;
  readonly bytes: number;
  /** Of the files' names, modes and contents: the same sources and packages give the same. */
  readonly digest: string;
}

/**
 * Gives every file the same owner's rights and the same time wherever it was made, SOURCE_DATE_EPOCH or 1980: an image
 * made anew from the same sources has the same layer.
 */
export async function settle(folder: string, epochS: string | undefined): Promise<Measures> {
  const timeS = epochS ? Number(epochS) : EARLIEST_S;
  if (!Number.isInteger(timeS) || timeS < EARLIEST_S) {
    throw new Error(`SOURCE_DATE_EPOCH is "${epochS}": give seconds since 1970, of 1980 or later.`);
  }
  const digest = createHash('sha256');
  let [files, bytes] = [0, 0];
  // Deepest first: what changes in a folder changes its time.
  for (const place of namesIn(folder).reverse()) {
    const file = path.join(folder, place);
    const found = await stat(file);
    const mode = found.isDirectory() || place === 'bin/node' ? 0o755 : 0o644;
    await chmod(file, mode);
    await utimes(file, timeS, timeS);
    if (found.isDirectory()) continue;
    digest.update(`${place} ${mode} ${found.size}\n`).update(await readFile(file));
    files += 1;
    bytes += found.size;
  }
  return { files, bytes, digest: digest.digest('hex') };
}

/** How long a zip of a folder is: its files, compressed, and what a zip says of each. */
export async function zippedBytes(folder: string): Promise<number> {
  let bytes = 22;
  for (const place of namesIn(folder)) {
    const file = path.join(folder, place);
    bytes += 76 + 2 * Buffer.byteLength(place);
    if ((await stat(file)).isFile()) bytes += deflateRawSync(await readFile(file)).length;
  }
  return bytes;
}

const namesIn = (folder: string): string[] =>
  globSync('**/*', { cwd: folder })
    .map((name) => name.replaceAll(path.sep, '/'))
    .sort();
