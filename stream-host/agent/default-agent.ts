import { ConfigError } from '../../shared/errors.ts';

/** @throws {ConfigError} where DEFAULT_AGENT names none of the agents */
export function requireDefaultAgent(names: Iterable<string>, given: string): void {
  const known = [...names];
  if (known.includes(given)) return;
  throw new ConfigError(`DEFAULT_AGENT is "${given}": it takes one of those in AGENTS_FOLDER: ${known.join(', ')}.`);
}
