import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';

/** Of the results that were used last: a few states of the sources, with a handful of results each. */
const MOST_KEPT = 60;

/**
 * What a slow program made of files, kept by the content of every file that it may have read: whatever is changed, named
 * otherwise, added or taken away is another key. A result that can't be read is made again.
 */
export class KeptResults {
  readonly #folder: string;

  /** @param folder in which they are kept, and nothing else */
  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** @param make tells, too, whether it is the whole answer: one that broke off for a reason of the machine is not kept */
  async get<T>(
    key: string,
    shape: z.ZodType<T>,
    make: () => Promise<{ readonly result: T; readonly isWhole: boolean }>,
  ): Promise<T> {
    const file = path.join(this.#folder, `${key}.json`);
    const kept = shape.safeParse(jsonOf(textOf(file)));
    if (kept.success) return kept.data;
    const { result, isWhole } = await make();
    if (isWhole) this.#keep(file, result);
    return result;
  }

  #keep(file: string, result: unknown): void {
    // Beside its place first: another process may read it now.
    const made = `${file}.${process.pid}`;
    writeFileSync(made, JSON.stringify(result));
    renameSync(made, file);
    const all = readdirSync(this.#folder).map((name) => path.join(this.#folder, name));
    const oldest = all.map((each) => ({ each, atMs: madeAtMs(each) })).sort((one, other) => other.atMs - one.atMs);
    for (const { each } of oldest.slice(MOST_KEPT)) rmSync(each, { force: true });
  }
}

/** Of texts, and of each file of a folder: its place and its content. */
export function keyOf(folder: string, ...texts: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(texts));
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort();
  for (const file of files) {
    const content = readFileSync(path.join(folder, file));
    digest.update(`\n${JSON.stringify(file)} ${content.length}\n`).update(content);
  }
  return digest.digest('hex');
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function madeAtMs(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
