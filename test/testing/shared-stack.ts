import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../../shared/testing/eventually.ts';
import { METRICS_SOON } from '../telemetry/whole-traces.ts';
import { RunningStack } from './running-stack.ts';

const ORDERS = path.join(import.meta.dirname, '../../agents/orders.yaml');
/** So long a stack waits for the next file of its process. */
const NEXT_FILE_MS = 2_000;

interface Shared {
  readonly stack: RunningStack;
  readonly folder: string;
}

let shared: Promise<Shared> | undefined;
let closing: NodeJS.Timeout | undefined;

/**
 * One stack for test files that a process runs one after the other (`runner/processes.ts`), as each start costs some ten
 * seconds of processor: it understands by heart, tells all that it does in its log but what is said, and has the agent `orders`.
 * @param agents of this file, by their names: definitions in YAML
 */
export async function sharedStack(agents: Readonly<Record<string, string>>): Promise<RunningStack> {
  clearTimeout(closing);
  shared ??= start();
  const { stack, folder } = await shared;
  for (const [name, text] of Object.entries(agents)) await writeFile(path.join(folder, `${name}.yaml`), text);
  await eventually(async () => {
    const { agents: known } = await stack.getJson(`${stack.streamHostUrl}/api/v1/agents`);
    return Object.keys(agents).every((name) => JSON.stringify(known).includes(`"${name}"`));
  });
  return stack;
}

/** Ends it soon, but for the next file. To be called when a file is over. */
export function leaveSharedStack(): void {
  closing = setTimeout(async () => {
    const left = shared;
    shared = undefined;
    const { stack, folder } = (await left) ?? {};
    await stack?.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  }, NEXT_FILE_MS);
}

async function start(): Promise<Shared> {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-shared-stack-'));
  await copyFile(ORDERS, path.join(folder, 'orders.yaml'));
  const env = { SPEECH_MODEL: 'by-heart', ...METRICS_SOON, AGENTS_FOLDER: folder, LOG_LEVEL: 'debug' };
  return { stack: await RunningStack.start(env), folder };
}
