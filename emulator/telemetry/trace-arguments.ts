import { parseArgs } from 'node:util';
import { ConfigError, messageOf } from '../../shared/errors.ts';

export const HELP = `Prints the trace of a call: what was done for it, by which half, when, and how long each took.

  npm run trace                  of the newest call or talk
  npm run trace -- SESSION       of this one: its session's id, or the trace's own

The page shows the id in the head of each call ("session …"), and npm run call at its beginning.

  --list            the newest traces, a line each, and nothing else
  --map             who called whom, of all that has come
  --json            as JSON, as the emulator tells it
  --emulator URL    (http://127.0.0.1:8090, or the port that EMULATOR_PORT names)
  --help            this text

The first column is the time from the start of the trace, the second how long it took. A span
comes some seconds after its end, so what is still going on is not there yet.

Ends with 0 where there is something to print, and with 1 where nothing has come of it or the
emulator does not answer; with 2 for wrong options.
`;

export interface TraceArguments {
  readonly help: boolean;
  readonly what: 'trace' | 'list' | 'map';
  /** Of a session or a trace; without it, the newest. */
  readonly id: string | undefined;
  readonly json: boolean;
  readonly emulatorUrl: string;
}

const OPTIONS = {
  list: { type: 'boolean', default: false },
  map: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  emulator: { type: 'string' },
} as const;

/** @throws {ConfigError} that names the wrong option or variable and what it takes */
export function parseTraceArguments(
  given: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): TraceArguments {
  const { values, positionals } = parse(given);
  const [id, ...more] = positionals;
  if (more.length > 0) throw new ConfigError(`One session at a time: ${more.join(' ')} is too much.`);
  if (values.list && values.map) throw new ConfigError('--list and --map are two things; leave one of them out.');
  if (values.list && id !== undefined) throw new ConfigError('--list shows all; leave the session out.');
  return {
    help: values.help,
    what: values.list ? 'list' : values.map ? 'map' : 'trace',
    id,
    json: values.json,
    emulatorUrl: emulatorUrl(values.emulator, env.EMULATOR_PORT),
  };
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], options: OPTIONS, strict: true, allowPositionals: true });
  } catch (error) {
    throw new ConfigError(`${messageOf(error)}: see npm run trace -- --help`);
  }
}

function emulatorUrl(given: string | undefined, port: string | undefined): string {
  if (given === undefined) {
    if (!port) return 'http://127.0.0.1:8090';
    if (/^\d+$/.test(port) && Number(port) <= 65_535) return `http://127.0.0.1:${port}`;
    throw new ConfigError(`EMULATOR_PORT is "${port}"; it takes the number of a port.`);
  }
  if (URL.canParse(given) && /^https?:/.test(given)) return given.replace(/\/+$/, '');
  throw new ConfigError(`--emulator is "${given}"; it takes an address such as http://127.0.0.1:8090.`);
}
