import { createServices } from '../agents/services.ts';
import { ConfigError } from '../shared/errors.ts';
import { NumberTable } from '../shared/numbers/number-table.ts';
import { readStreamHostSettings } from '../shared/settings/stream-host-settings.ts';
import { loadAgents } from '../stream-host/agent/agent-definition.ts';
import { requireDefaultAgent } from '../stream-host/agent/default-agent.ts';
import type { Environment } from './environment.ts';

/**
 * Loads the agents and their tools as the stream host will, so that a mistake in them is told before the speech models
 * are loaded, and not half a minute later among the lines of three processes.
 * @throws {ConfigError} that names the file and the field
 */
export async function requireGoodAgents(env: Environment): Promise<void> {
  const { AGENTS_FOLDER, DEFAULT_AGENT, SPEECH_LANGUAGE } = readStreamHostSettings(env);
  const agents = await loadAgents(AGENTS_FOLDER, { services: createServices(), hostLanguage: SPEECH_LANGUAGE });
  requireDefaultAgent(agents.keys(), DEFAULT_AGENT);
  const [problem] = NumberTable.read(AGENTS_FOLDER).problems([...agents.values()]);
  if (problem !== undefined) throw new ConfigError(problem);
}
