import { access } from 'node:fs/promises';
import { z } from 'zod';
import type { RunnableTool, ToolCallContext, ToolOf } from '../../shared/agents/tool.ts';
import { ConfigError, messageOf } from '../../shared/errors.ts';
import { describeIssues } from './definition-issues.ts';

type ToolWith<Services> = ToolOf<ToolCallContext & { readonly services: Services }>;

/** Checks what a tool's file exports, as far as it can be seen from outside. */
const exported = <Services>() =>
  z.object({
    default: z.object({
      name: z.string(),
      description: z.string().min(1),
      parameters: z.custom<z.ZodObject>((value) => value instanceof z.ZodObject, 'must be a z.object(…)'),
      timeoutMs: z.number().int().min(1).max(60_000),
      sideEffects: z.boolean(),
      run: z.custom<ToolWith<Services>['run']>((value) => typeof value === 'function', 'must be a function'),
    }),
  });

/**
 * Loads the file of a tool and gives it what tools work with: `look_up_order` is `look-up-order.ts` of the folder, or of
 * a build, `look-up-order.js`.
 * @throws {ConfigError} that begins with `where`
 */
export async function loadTool<Services>(
  name: string,
  folder: URL,
  services: Services,
  where: string,
): Promise<RunnableTool> {
  const stem = name.replaceAll('_', '-');
  const url = await firstThatExists([new URL(`${stem}.ts`, folder), new URL(`${stem}.js`, folder)]);
  if (!url) {
    throw new ConfigError(
      `${where}: there is no tool "${name}": ${new URL(`${stem}.ts`, folder).pathname} does not exist.`,
    );
  }
  const module: unknown = await import(url.href).catch((cause: unknown) => {
    throw new ConfigError(`${where}: ${url.pathname} cannot be loaded: ${messageOf(cause)}`);
  });
  const parsed = exported<Services>().safeParse(module);
  if (!parsed.success) throw new ConfigError(describeIssues(`${where}: ${url.pathname}`, parsed.error));
  const { run, ...tool } = parsed.data.default;
  if (tool.name !== name)
    throw new ConfigError(`${where}: ${url.pathname} exports a tool named "${tool.name}", not "${name}".`);
  return { ...tool, run: (args, context) => run(args, { ...context, services }) };
}

async function firstThatExists(urls: readonly URL[]): Promise<URL | undefined> {
  for (const url of urls) {
    const exists = await access(url).then(
      () => true,
      () => false,
    );
    if (exists) return url;
  }
  return undefined;
}
