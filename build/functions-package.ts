import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { bundle, ROOT } from './bundle.ts';
import { writeLicences } from './licences.ts';

/** Who answers which number. */
const NUMBERS = 'agents/numbers.yaml';

const manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  main: z.string(),
});
/** What Azure Functions runs it on (`infra/apps/functions.bicep`), which is not the Node of the rest. */
const ENGINES = { node: '>=22.18' };

/** Makes the functions' package: what Azure Functions runs as it is, without installing anything. */
export async function makeFunctionsPackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // The worker has this module, which the library of the programming model asks for.
  const external = ['@azure/functions-core'];
  const packages = await bundle({ entries: ['functions/app.ts'], folder, external, compact: true });
  await writeLicences(folder, packages);
  // Where there is one, OUTBOUND_PRICES names the list of prices.
  for (const file of ['host.json', 'LICENSE', 'prices.json', NUMBERS].filter((name) =>
    existsSync(path.join(ROOT, name)),
  )) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await copyFile(path.join(ROOT, file), path.join(folder, file));
  }
  await writeManifest(folder);
}

/** `package.json` without what is bundled: the version is read from it, and the host reads which module to load. */
export async function writeManifest(folder: string): Promise<void> {
  const all = manifest.parse(JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')));
  const trimmed = { ...all, engines: ENGINES, private: true, type: 'module' };
  await writeFile(path.join(folder, 'package.json'), `${JSON.stringify(trimmed, null, 2)}\n`);
}
