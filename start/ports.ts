import { once } from 'node:events';
import { createServer } from 'node:net';
import { z } from 'zod';
import { ConfigError } from '../shared/errors.ts';
import { DEFAULT_PORTS, type Environment, type LocalPorts, PORT_VARIABLES } from './environment.ts';

const port = z.coerce.number().int().min(1).max(65_535);
const NAMES = Object.keys(DEFAULT_PORTS) as (keyof LocalPorts)[];
/** What listens there, for a person. */
const WHO: Readonly<Record<keyof LocalPorts, string>> = {
  functions: 'the functions',
  streamHost: 'the stream host',
  emulator: 'the emulator',
  emulatorTls: 'the emulator’s TLS',
};

/** The ports that the user asked for, or the defaults. In place of one that cannot be, its default: see {@link portProblems}. */
export function readPorts(env: Environment): LocalPorts {
  const read = (name: keyof LocalPorts) => port.safeParse(env[PORT_VARIABLES[name]] || DEFAULT_PORTS[name]).data;
  const { functions, streamHost, emulator, emulatorTls } = DEFAULT_PORTS;
  return {
    functions: read('functions') ?? functions,
    streamHost: read('streamHost') ?? streamHost,
    emulator: read('emulator') ?? emulator,
    emulatorTls: read('emulatorTls') ?? emulatorTls,
  };
}

/** What is wrong with the ports that the user asked for, a sentence each: no port number, or the same as another. */
export function portProblems(env: Environment): string[] {
  const ports = readPorts(env);
  return NAMES.flatMap((name, index) => {
    const given = env[PORT_VARIABLES[name]];
    if (given && !port.safeParse(given).success) {
      return [`${PORT_VARIABLES[name]} is "${given}": give a port number from 1 to 65535.`];
    }
    const other = NAMES.slice(index + 1).find((later) => ports[later] === ports[name]);
    if (other === undefined) return [];
    const both = `${PORT_VARIABLES[name]} and ${PORT_VARIABLES[other]} are both ${ports[name]}`;
    return [`${both}: each takes a port of its own.`];
  });
}

/** @throws {ConfigError} that names each port that somebody else listens on, and the variable that moves it */
export async function requireFreePorts(ports: LocalPorts): Promise<void> {
  const states = await Promise.all(NAMES.map(async (name) => ({ name, free: await isFree(ports[name]) })));
  const taken = states.filter(({ free }) => !free);
  if (taken.length === 0) return;
  const lines = taken.map(
    ({ name }) => `  ${ports[name]} (${WHO[name]}): end what listens there, or set ${PORT_VARIABLES[name]}`,
  );
  throw new ConfigError(`These ports are taken:\n${lines.join('\n')}`);
}

/**
 * A port of this machine that nobody listens on at the moment.
 * @param given the one that the user wants, where it is one
 */
export async function findFreePort(given?: string): Promise<number> {
  const wanted = port.safeParse(given || undefined);
  if (wanted.success) return wanted.data;
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return typeof address === 'object' && address ? address.port : 0;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
