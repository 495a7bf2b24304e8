import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { ROOT } from './bundle.ts';

const manifest = z.object({ name: z.string(), version: z.string(), license: z.string() });

/**
 * Writes `LICENSES.txt`: which packages are in an artefact, under which licence, and the text of each licence once.
 * @param packages their folders, from the project's folder
 * @throws where a package does not name its licence
 */
export async function writeLicences(folder: string, packages: readonly string[]): Promise<void> {
  const texts = new Map<string, string[]>();
  for (const name of packages) {
    const place = path.join(ROOT, name);
    const parsed = manifest.safeParse(JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8')));
    if (!parsed.success)
      throw new Error(`${name} does not name its licence: see what it is under before it is shipped.`);
    const { name: called, version, license } = parsed.data;
    const found = globSync('{LICEN[SC]E,licen[sc]e,NOTICE}*', { cwd: place, withFileTypes: true });
    const files = found.flatMap((entry) => (entry.isFile() ? [entry.name] : [])).sort();
    const own = files.map((file) => readFileSync(path.join(place, file), 'utf8').trim()).join('\n\n');
    const text = own === '' ? 'The package brings no text of its licence along.' : own;
    texts.set(text, [...(texts.get(text) ?? []), `${called} ${version} (${license})`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join('\n')}\n\n${text}\n`);
  await writeFile(path.join(folder, 'LICENSES.txt'), parts.join(`\n${'-'.repeat(80)}\n\n`));
}
