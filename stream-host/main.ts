import { type Config, loadConfig } from '../shared/config.ts';
import { CONFIG_EXIT_CODE, ConfigError, messageOf, ParleyError } from '../shared/errors.ts';
import { createLog, type Logger } from '../shared/log.ts';
import { startStreamHost } from './compose.ts';

/** How long sockets have to close, and sessions to be written, once the process is asked to end. */
const DRAIN_MS = 5000;
/** A stop that takes longer than this is cut short. */
const STOP_MS = 7000;

await main();

async function main(): Promise<void> {
  let log = createLog('stream-host', 'info');
  try {
    const config = loadConfig(process.env);
    log = createLog('stream-host', config.LOG_LEVEL);
    await run(config, log);
  } catch (error) {
    const isConfig = error instanceof ConfigError;
    if (isConfig) log.fatal(error.message);
    else log.fatal({ err: error }, 'the stream host could not start');
    process.exit(isConfig ? CONFIG_EXIT_CODE : 1);
  }
}

async function run(config: Config, log: Logger): Promise<void> {
  surviveStrayErrors(log);
  const host = await startStreamHost(config, log);
  log.info({ maxSessions: config.MAX_SESSIONS }, `ready on http://localhost:${host.port}`);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A Ctrl-C comes twice: from the terminal, and from whoever has started this.
      if (stopping) return;
      stopping = true;
      log.info({ signal }, 'draining: sockets are told to connect elsewhere');
      setTimeout(() => process.exit(1), STOP_MS).unref();
      void host.close('This server is being restarted. Connect again to go on.', DRAIN_MS).then(() => {
        log.info('stopped');
        process.exit(0);
      });
    });
  }
}

/** An error that nobody caught belongs to one call at most; ending the process would end all of them. */
function surviveStrayErrors(log: Logger): void {
  const report = (what: string) => (error: unknown) => {
    const code = error instanceof ParleyError ? error.code : 'unexpected';
    log.error({ code, reason: messageOf(error), stack: error instanceof Error ? error.stack : undefined }, what);
  };
  process.on('uncaughtException', report('an error was not caught'));
  process.on('unhandledRejection', report('a rejection was not handled'));
}
