import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ConfigError } from '../shared/errors.ts';
import { API_PREFIX } from '../shared/http/route.ts';
import { DEFAULT_PORTS, type Environment, PORT_VARIABLES } from './environment.ts';

export const TOKEN_HELP = `npm run token -- KIND [options]

Prints what a program needs to get in:
  browser     a ticket for one conversation's socket: wscat -c "ws://…/api/v1/realtime/conversation?ticket=…"
  dashboard   a ticket for one socket of the dashboard relay
  media       a token as ACS sends it with a media socket: the header "Authorization: Bearer …"; of the emulator
  api         a token for the API, where API_AUTH is entra; of the emulator

Options:
  --session ID          the session that the ticket is for; a new one without it
  --origin ORIGIN       the page that brings the ticket; a program without it
  --stream-host URL     who makes tickets (http://127.0.0.1:8080)
  --functions URL       makes them instead, with --key; for a stream host that is not of this machine
  --key KEY             a function key
  --emulator URL        who signs tokens (http://127.0.0.1:8090)
`;

/** What is to be asked for, and of whom. */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, string>>;
  /** The field of the answer that is printed. */
  readonly field: 'ticket' | 'token';
}

const OPTIONS = {
  session: { type: 'string' },
  origin: { type: 'string' },
  'stream-host': { type: 'string' },
  functions: { type: 'string' },
  key: { type: 'string' },
  emulator: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** What the emulator calls what it signs. */
const SIGNED = { media: 'socket', api: 'api' } as const;

/**
 * @returns undefined where help is asked for
 * @throws {ConfigError} that names the option which is wrong
 */
export function tokenRequestOf(given: readonly string[], env: Environment): TokenRequest | undefined {
  const { values, positionals } = parse(given);
  if (values.help) return undefined;
  const [kind, ...more] = positionals;
  if (more.length > 0) throw new ConfigError(`One kind at a time; "${more.join(' ')}" is too much.`);
  const portOf = (name: keyof typeof PORT_VARIABLES) => env[PORT_VARIABLES[name]] || DEFAULT_PORTS[name];
  const headers = { 'content-type': 'application/json' };
  switch (kind) {
    case 'media':
    case 'api': {
      const { emulator = `http://127.0.0.1:${portOf('emulator')}` } = values;
      return {
        url: `${baseOf('emulator', emulator)}/emulator/token`,
        headers,
        body: { kind: SIGNED[kind] },
        field: 'token',
      };
    }
    case 'browser':
    case 'dashboard': {
      const { functions, key, session, origin, 'stream-host': streamHost } = values;
      if (key !== undefined && functions === undefined) throw new ConfigError('--key goes with --functions.');
      const base =
        functions === undefined
          ? baseOf('stream-host', streamHost ?? `http://127.0.0.1:${portOf('streamHost')}`)
          : baseOf('functions', functions);
      const body = { kind, ...(session && { session_id: session }), ...(origin && { origin }) };
      const url = `${base}${API_PREFIX}/tickets`;
      return { url, headers: { ...headers, ...(key && { 'x-functions-key': key }) }, body, field: 'ticket' };
    }
    default:
      throw new ConfigError(
        `${kind === undefined ? 'No kind' : `"${kind}"`} was given: browser, dashboard, media or api.`,
      );
  }
}

function parse(given: readonly string[]) {
  try {
    return parseArgs({ args: [...given], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error));
  }
}

function baseOf(option: string, given: string): string {
  if (z.url({ protocol: /^https?$/ }).safeParse(given).success) return given.replace(/\/+$/, '');
  throw new ConfigError(`--${option} is "${given}": it takes an http(s) address.`);
}
