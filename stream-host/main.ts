import { systemClock } from '../shared/clock.ts';
import { CONFIG_EXIT_CODE, ConfigError } from '../shared/errors.ts';
import { createLog, type Logger } from '../shared/log.ts';
import { functionsSettings } from '../shared/settings/functions-settings.ts';
import { nearMisses, nearMissText } from '../shared/settings/near-misses.ts';
import {
  drainMsOf,
  readStreamHostSettings,
  type StreamHostSettings,
  streamHostSettings,
} from '../shared/settings/stream-host-settings.ts';
import { startStreamHost } from './compose.ts';
import { Shutdown } from './host/shutdown.ts';

await main();

async function main(): Promise<void> {
  let log = createLog('stream-host', 'info');
  try {
    const config = readStreamHostSettings(process.env);
    log = createLog('stream-host', config.LOG_LEVEL);
    warnOfTypos(log);
    await run(config, log);
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    if (isConfig) tell(error, log);
    else log.fatal({ err: error }, 'the stream host could not start');
    process.exit(isConfig ? CONFIG_EXIT_CODE : 1);
  }
}

/** A person who starts this by hand reads a list; a collector of logs gets its line. */
function tell(error: ConfigError, log: Logger): void {
  if (process.stderr.isTTY) process.stderr.write(`${error.message}\n`);
  if (!process.stdout.isTTY) log.fatal(error.message);
}

function warnOfTypos(log: Logger): void {
  const known = Object.keys({ ...functionsSettings.shape, ...streamHostSettings.shape });
  const own = nearMisses(process.env, known).filter(({ meant }) => Object.hasOwn(streamHostSettings.shape, meant));
  for (const miss of own) log.warn(nearMissText(miss));
}

async function run(config: StreamHostSettings, log: Logger): Promise<void> {
  const exit = (code: number) => process.exit(code);
  const shutdown = new Shutdown({ drainMs: drainMsOf(config), exit, clock: systemClock, log });
  process.on('uncaughtException', (error) => shutdown.exception(error));
  process.on('unhandledRejection', (error) => shutdown.rejection(error));
  const host = await startStreamHost(config, log, {
    onUnexpected: (error) => shutdown.unexpected(error),
    onBroken: (error) => shutdown.exception(error),
  });
  shutdown.watch(host);
  log.info({ maxSessions: config.MAX_SESSIONS }, `ready on http://localhost:${host.port}`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => shutdown.asked(signal));
}
