import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { RunnableTool, ToolCallContext } from '../../shared/agents/tool.ts';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import { describeIssues, parseDefinition } from './definition-issues.ts';

type Run<Services> = (
  args: Readonly<Record<string, unknown>>,
  context: ToolCallContext & { readonly services: Services },
) => unknown;

const parameters = z
  .unknown()
  .optional()
  .transform((given, context): z.ZodObject => {
    if (given === undefined) return z.object({});
    if (given instanceof z.ZodObject) return given;
    let problem = '';
    try {
      const schema = z.fromJSONSchema(z.record(z.string(), z.json()).parse(given));
      if (schema instanceof z.ZodObject) return schema;
    } catch (error) {
      if (!(error instanceof z.ZodError)) problem = ` (${messageOf(error)})`;
    }
    context.addIssue(`must be a z.object(…), or a JSON schema whose type is object${problem}`);
    return z.NEVER;
  });

/** What a tool's file exports, as far as it can be seen from outside, with what follows where it says nothing. */
const exported = <Services>() =>
  z.object({
    default: z.object({
      name: z.string().optional(),
      description: z.string().min(1),
      parameters,
      timeoutMs: z.number().int().min(1).max(60_000).default(10_000),
      // A call that changes something and is broken off is worse than one that only reads and is not.
      sideEffects: z.boolean().default(true),
      run: z.custom<Run<Services>>((value) => typeof value === 'function', 'must be a function'),
    }),
  });

/** A file may await something as it is loaded, a connection for instance; one that waits for ever must not hold all up. */
const LOAD_MS = 10_000;

export interface LoadToolOptions<Services> {
  readonly folder: URL;
  readonly services: Services;
  /** The file may change and be loaded again. A process keeps each version for good, so this is for development. */
  readonly reloadable: boolean;
  /** What an error begins with. */
  readonly where: string;
  /** How long a file may take to load; {@link LOAD_MS} unless given. */
  readonly loadMs?: number;
}

export interface LoadedTool {
  readonly tool: RunnableTool;
  /** Differs where the file does. */
  readonly version: string;
}

/**
 * Loads the file of a tool and gives it what tools work with: `look_up_order` is `look-up-order.ts` of the folder, or of
 * a build, `look-up-order.js`.
 * @throws {ConfigError} that names the file and what is wrong in it
 */
export async function loadTool<Services>(name: string, options: LoadToolOptions<Services>): Promise<LoadedTool> {
  const { folder, services, reloadable, where } = options;
  const stem = name.replaceAll('_', '-');
  const found = await firstReadable([new URL(`${stem}.ts`, folder), new URL(`${stem}.js`, folder)]);
  if (!found) {
    const file = fileURLToPath(new URL(`${stem}.ts`, folder));
    throw new ConfigError(`${where}: there is no tool "${name}": ${file} does not exist.`);
  }
  const file = fileURLToPath(found.url);
  const version = createHash('sha256').update(found.source).digest('hex').slice(0, 16);
  // Node keeps a module for as long as the process lives, by its address.
  const address = reloadable ? `${found.url.href}?version=${version}` : found.url.href;
  const module = await imported(address, options.loadMs ?? LOAD_MS).catch((cause: unknown) => {
    throw new ConfigError(`${where}: ${file} cannot be loaded: ${messageOf(cause)}`);
  });
  const parsed = parseDefinition(exported<Services>(), module);
  if (!parsed.success) throw new ConfigError(describeIssues(`${where}: ${file}`, parsed.error));
  const { run, ...tool } = parsed.data.default;
  if (tool.name !== undefined && tool.name !== name) {
    throw new ConfigError(`${where}: ${file} exports a tool named "${tool.name}", not "${name}".`);
  }
  return { tool: { ...tool, name, run: async (args, context) => run(args, { ...context, services }) }, version };
}

async function imported(address: string, loadMs: number): Promise<unknown> {
  const loaded = new AbortController();
  const late = sleep(loadMs, undefined, { signal: loaded.signal }).then(() => {
    throw new Error(`what it awaits has not come within ${loadMs} ms`);
  });
  try {
    return await Promise.race([import(address), late]);
  } finally {
    loaded.abort();
    late.catch(() => undefined);
  }
}

async function firstReadable(
  urls: readonly URL[],
): Promise<{ readonly url: URL; readonly source: Buffer } | undefined> {
  for (const url of urls) {
    const source = await readFile(url).catch(() => undefined);
    if (source) return { url, source };
  }
  return undefined;
}
