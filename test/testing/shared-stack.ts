import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually } from '../../shared/testing/eventually.ts';
import { METRICS_SOON } from '../telemetry/whole-traces.ts';
import { RunningStack } from './running-stack.ts';

const ORDERS = path.join(import.meta.dirname, '../../agents/orders.yaml');
/** So long a stack waits for the next file of its process. */
const NEXT_FILE_MS = 2_000;

/** What calls cost there. */
const PRICES = {
  currency: 'USD',
  prices: [
    { service: 'chat-model', unit: 'input_tokens', price: 0.75, per: 1_000_000 },
    { service: 'chat-model', unit: 'output_tokens', price: 4.5, per: 1_000_000 },
    { service: 'speech-recognition', unit: 'audio_seconds', price: 1, per: 3_600 },
    { service: 'speech-synthesis', unit: 'characters', price: 15, per: 1_000_000 },
    { service: 'speech-synthesis', unit: 'audio_seconds', price: 0 },
    { service: 'line', unit: 'line_seconds', price: 0.004, per: 60 },
  ].map((price) => ({ ...price, date: '2026-11-29', source: 'the test' })),
};

interface Shared {
  readonly stack: RunningStack;
  /** Where it keeps its records. */
  readonly records: string;
  readonly folder: string;
}

let shared: Promise<Shared> | undefined;
let closing: NodeJS.Timeout | undefined;

/**
 * One stack for test files that a process runs one after the other (`runner/processes.ts`), as each start costs some ten
 * seconds of processor: it understands by heart, tells all that it does in its log but what is said, keeps records of its
 * calls with their sound, and has the agent `orders`.
 * @param agents of this file, by their names: definitions in YAML
 */
export async function sharedStack(agents: Readonly<Record<string, string>>): Promise<RunningStack> {
  clearTimeout(closing);
  shared ??= start();
  const { stack, folder } = await shared;
  for (const [name, text] of Object.entries(agents)) await writeFile(path.join(folder, 'agents', `${name}.yaml`), text);
  await eventually(async () => {
    const { agents: known } = await stack.getJson(`${stack.streamHostUrl}/api/v1/agents`);
    return Object.keys(agents).every((name) => JSON.stringify(known).includes(`"${name}"`));
  });
  return stack;
}

/** Where the stack keeps the records of its calls. */
export async function sharedRecords(): Promise<string> {
  return (await shared)?.records ?? '';
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
  const [agents, records, prices] = [
    path.join(folder, 'agents'),
    path.join(folder, 'records'),
    path.join(folder, 'prices'),
  ];
  await mkdir(agents);
  await copyFile(ORDERS, path.join(agents, 'orders.yaml'));
  await writeFile(prices, JSON.stringify(PRICES));
  const kept = { CALL_RECORDS_DIR: records, CALL_PRICES: prices, RECORD_AUDIO: 'true' };
  const env = { SPEECH_MODEL: 'by-heart', ...METRICS_SOON, AGENTS_FOLDER: agents, LOG_LEVEL: 'debug', ...kept };
  return { stack: await RunningStack.start(env), records, folder };
}
