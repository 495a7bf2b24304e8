import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const AGENT = `name: bench
description: Answers at length.
greeting: Hello, this is the order desk. How can I help you today?
voice: en-US-AvaMultilingualNeural
prompt: Answer.
tools: []
`;

/** Writes the agent whom scripted services answer for. @returns the settings that name it */
export async function writeBenchAgent(folder: string): Promise<{ AGENTS_FOLDER: string; DEFAULT_AGENT: string }> {
  const agents = join(folder, 'agents');
  await mkdir(agents, { recursive: true });
  await writeFile(join(agents, 'bench.yaml'), AGENT);
  return { AGENTS_FOLDER: agents, DEFAULT_AGENT: 'bench' };
}
