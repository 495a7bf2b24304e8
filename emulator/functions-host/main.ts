import { parseArgs } from 'node:util';
import { CONFIG_EXIT_CODE, ConfigError, messageOf } from '../../shared/errors.ts';
import { createLog } from '../../shared/log.ts';
import { readLocalSettings } from './app-settings.ts';
import { FunctionsHost, type HostOptions } from './host.ts';

/**
 * Runs the function app of the current folder, as `func start` does:
 *
 *     node emulator/functions-host/main.ts [entry.ts] [--port 7071] [--enable-auth]
 *
 * Settings come from the environment, then from `local.settings.json`. `--enable-auth` checks function keys against
 * FUNCTIONS_MASTER_KEY and FUNCTIONS_HOST_KEY. Ends with status 78 where a setting is bad, as the app's health tells too,
 * and with 1 where it cannot start for another reason.
 */
const root = process.cwd();
const log = createLog('functions', /^(debug|info|warn|error)$/.exec(process.env.LOG_LEVEL ?? '')?.[0] ?? 'info');

try {
  await main();
} catch (error) {
  log.fatal(isPortTaken(error) ? portTaken(error) : `The functions cannot start: ${messageOf(error)}`);
  // Whatever the app has opened while it loaded must not keep a failed start alive.
  process.exit(error instanceof ConfigError ? CONFIG_EXIT_CODE : 1);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: { type: 'string' }, 'enable-auth': { type: 'boolean', default: false } },
  });
  for (const [name, value] of Object.entries(readLocalSettings(root))) process.env[name] ??= value;
  const port = Number(values.port ?? process.env.FUNCTIONS_PORT ?? 7071);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigError(`FUNCTIONS_PORT is "${port}": 1 to 65535.`);
  const bodyLimit = bodyLimitOf(process.env.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT);
  const [entry] = positionals;
  const host = await FunctionsHost.start({
    root,
    port,
    log,
    ...(bodyLimit !== undefined && { maxBodyBytes: bodyLimit }),
    ownHosts: publicHosts(process.env.FUNCTIONS_PUBLIC_URL),
    ...(entry !== undefined && { entry }),
    ...(values['enable-auth'] && { keys: keysOf(process.env) }),
  });
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A Ctrl-C comes twice: from the terminal, and from whoever has started this.
      if (!stopping) void stop(host);
      stopping = true;
    });
  }
  await checkHealth(host);
}

/** A bad setting must not throw while the app loads (that takes every function down), so the app tells it by its health. */
async function checkHealth(host: FunctionsHost): Promise<void> {
  const response = await fetch(`${host.baseUrl}/health`, { signal: AbortSignal.timeout(5_000) });
  if (response.ok) return log.info(`functions listen on ${host.baseUrl}`);
  await response.body?.cancel();
  await host.close();
  throw new ConfigError(`${host.baseUrl}/health answered ${response.status}; the lines above say why.`);
}

async function stop(host: FunctionsHost): Promise<void> {
  log.info('functions are stopping');
  await host.close();
  process.exit(0);
}

function keysOf(env: NodeJS.ProcessEnv): NonNullable<HostOptions['keys']> {
  const { FUNCTIONS_MASTER_KEY: master, FUNCTIONS_HOST_KEY: hostKey } = env;
  if (!master || !hostKey) throw new ConfigError('--enable-auth needs FUNCTIONS_MASTER_KEY and FUNCTIONS_HOST_KEY.');
  return { master, host: hostKey };
}

function bodyLimitOf(given: string | undefined): number | undefined {
  if (!given) return undefined;
  if (/^[1-9]\d{0,9}$/.test(given)) return Number(given);
  throw new ConfigError(`FUNCTIONS_REQUEST_BODY_SIZE_LIMIT is "${given}": give a number of bytes, such as 1048576.`);
}

/** Whoever gives the functions a public address has named it; a bad one is the app's to tell. */
function publicHosts(url: string | undefined): string[] {
  return url !== undefined && URL.canParse(url) ? [new URL(url).hostname] : [];
}

type PortError = Error & { code: 'EADDRINUSE'; port: number };

function isPortTaken(error: unknown): error is PortError {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

function portTaken({ port }: PortError): string {
  return `Port ${port} is taken. Stop what listens there, or set FUNCTIONS_PORT to another one.`;
}
