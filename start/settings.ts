import { emulatorSettings, loadSettings as loadEmulatorSettings } from '../emulator/settings.ts';
import { ConfigError } from '../shared/errors.ts';
import { functionsSettings, readFunctionsSettings } from '../shared/settings/functions-settings.ts';
import { nearMisses, nearMissText } from '../shared/settings/near-misses.ts';
import { readStreamHostSettings, streamHostSettings } from '../shared/settings/stream-host-settings.ts';
import type { Environment } from './environment.ts';

/** What each process of the stack does with its environment before anything else. Each throws a `ConfigError`. */
const READERS: readonly ((env: Environment) => unknown)[] = [
  readFunctionsSettings,
  readStreamHostSettings,
  loadEmulatorSettings,
];

/**
 * Checks the settings of all processes before one is started, so that everything that is wrong is told once and at
 * once, and no process is started again and again with settings that it cannot use.
 *
 * @param env what the processes will get
 * @param alsoWrong what is known to be wrong already, a sentence each that begins with the name of the setting
 * @throws {ConfigError} that names each bad setting, what it was given and what is allowed
 */
export function requireGoodSettings(env: Environment, alsoWrong: readonly string[] = []): void {
  const problems = new Map<string, string>();
  for (const problem of [...alsoWrong, ...READERS.flatMap((read) => problemsOf(read, env))]) {
    const [name = problem] = problem.split(' ', 1);
    // Settings that several processes have are told once.
    if (!problems.has(name)) problems.set(name, problem);
  }
  const [first, ...more] = problems.values();
  if (first === undefined) return;
  if (more.length === 0) throw new ConfigError(first);
  const lines = [first, ...more].map((problem) => `  ${problem}`).join('\n');
  throw new ConfigError(`These settings need to be mended before Parley can start:\n${lines}`);
}

/** One text for each setting. The readers put a heading over them, and each on an indented line. */
function problemsOf(read: (env: Environment) => unknown, env: Environment): string[] {
  try {
    read(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const lines = error.message.split('\n');
    const named = lines.filter((line) => line.startsWith('  ')).map((line) => line.trim());
    return named.length > 0 ? named : lines;
  }
}

/** What the user may have mistyped, a text for each. The stream host tells of its own settings itself. */
export function mistypedSettings(given: Environment): string[] {
  const known = { ...functionsSettings.shape, ...streamHostSettings.shape, ...emulatorSettings.shape };
  return nearMisses(given, Object.keys(known))
    .filter(({ meant }) => !Object.hasOwn(streamHostSettings.shape, meant))
    .map(nearMissText);
}

/** What the user has set that has no effect without something else, a text for each. */
export function idleSettings(given: Environment): string[] {
  if (!given.OPENAI_MODEL || given.OPENAI_BASE_URL) return [];
  return [
    'OPENAI_MODEL is set and has no effect: OPENAI_BASE_URL, the server that has the model, is not set. The scripted dialogue answers.',
  ];
}
