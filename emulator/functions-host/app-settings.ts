import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.ts';

const hostJson = z.object({
  version: z.literal('2.0'),
  extensions: z.object({ http: z.object({ routePrefix: z.string().default('api') }).optional() }).optional(),
});
const packageJson = z.object({ main: z.string().min(1) });
const localSettings = z.object({ Values: z.record(z.string(), z.string()).default({}) });

export interface AppSettings {
  readonly routePrefix: string;
  /** The modules that register functions, as absolute paths. */
  readonly entries: readonly string[];
}

/**
 * What the host reads from the app's root: the route prefix of `host.json` and the entry files that the `main` of
 * `package.json` (a path or a glob) stands for. The real host runs `dist/x.js`; where its source `x.ts` is there, this one
 * runs that, so that a build of yesterday is never run by mistake.
 *
 * @param entry names the entry file instead
 * @throws {Error} that names the file and what is wrong with it
 */
export function readAppSettings(root: string, entry?: string): AppSettings {
  const host = readJson(join(root, 'host.json'), hostJson);
  const routePrefix = host.extensions?.http?.routePrefix ?? 'api';
  if (entry !== undefined) return { routePrefix, entries: [join(root, entry)] };
  const { main } = readJson(join(root, 'package.json'), packageJson);
  const sources = globSync(main.replace(/^dist\//, '').replace(/\.js$/, '.ts'), { cwd: root });
  const found = sources.length > 0 ? sources : globSync(main, { cwd: root });
  if (found.length === 0) throw new Error(`The "main" of package.json, "${main}", names no file, source or built.`);
  return { routePrefix, entries: found.sort().map((file) => join(root, file)) };
}

/** The `Values` of `local.settings.json`, where there is one: `func start` sets them as environment variables. */
export function readLocalSettings(root: string): Readonly<Record<string, string>> {
  try {
    return readJson(join(root, 'local.settings.json'), localSettings).Values;
  } catch (error) {
    if (error instanceof MissingFileError) return {};
    throw error;
  }
}

class MissingFileError extends Error {}

function readJson<Value>(path: string, schema: z.ZodType<Value>): Value {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new MissingFileError(`${path} cannot be read: ${messageOf(error)}`);
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new Error(`${path} is not as the host needs it: ${messageOf(error)}`);
  }
}
