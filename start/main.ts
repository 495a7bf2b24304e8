import { parseArgs } from 'node:util';
import { ConfigError, messageOf } from '../shared/errors.ts';
import { createLog } from '../shared/log.ts';
import { builtForms, SOURCES } from './forms.ts';
import { LocalStack, toldRefusals } from './local-stack.ts';
import { createLogView } from './log-lines.ts';

/**
 * `npm start`: the whole of Parley on this machine. Three processes as in production (functions, stream-host, and the
 * emulator in place of Azure), a Redis, one log. Ctrl-C ends them all.
 *
 * `--identity` runs it without a key anywhere: the emulator gives tokens of a managed identity, which
 * all services ask for, Redis too.
 *
 * `--built deploy` runs what `npm run build:deploy` has made in that folder instead of the sources; `--root folder` runs
 * its stream host as in its container, with that folder as its root file system (`test/testing/container-root.ts`).
 */
const view = createLogView((line) => process.stdout.write(line), process.stdout.isTTY);
// A level that does not exist is told with all the other settings.
const level = /^(debug|info|warn|error)$/.exec(process.env.LOG_LEVEL ?? '')?.[0] ?? 'info';
const log = createLog('start', level, { write: (line) => view.show('start', line) });

function optionsGiven() {
  const folder = { type: 'string' } as const;
  try {
    return parseArgs({ options: { built: folder, root: folder, identity: { type: 'boolean', default: false } } })
      .values;
  } catch (error) {
    const wrong = messageOf(error).replace(/ To specify a positional argument.*/, '');
    throw new ConfigError(`${wrong.replace(/\.?$/, '.')} There are: --identity, --built <folder>, --root <folder>.`);
  }
}

let stack: LocalStack | undefined;
let closing = false;

async function close(exitCode: number): Promise<void> {
  if (closing) return;
  closing = true;
  // What is still being started ends with us.
  await stack?.close();
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (!closing) log.info(`${signal}: ending all processes`);
    void close(0);
  });
}

// npm passes a signal on to a shell, which dies of it and leaves us behind.
const parent = process.ppid;
if (process.env.npm_lifecycle_event === 'start') {
  setInterval(() => {
    if (process.ppid === parent) return;
    if (!closing) log.info('npm is gone: ending all processes');
    void close(0);
  }, 500).unref();
}

try {
  const { built, root, identity } = optionsGiven();
  if (root !== undefined && built === undefined)
    throw new ConfigError('--root is for what was built: give --built, too.');
  const forms = built === undefined ? SOURCES : builtForms(built, root);
  stack = await LocalStack.start(process.env, { log, view, onHopeless: () => void close(1), forms, identity });
  const refusals = await stack.ready();
  if (refusals.length > 0) log.error(toldRefusals(refusals, stack.pageUrl));
  else log.info(`ready. Talk with the agent: ${stack.pageUrl}`);
  log.info(`Or call it by phone: ${stack.callCommand}`);
} catch (error) {
  // What fails because it is being ended is no news.
  if (!closing) log.fatal(error instanceof ConfigError ? {} : { err: error }, messageOf(error));
  await close(1);
}
