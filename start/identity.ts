import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { writePrivateFile } from '../emulator/tls/private-file.ts';
import { ConfigError } from '../shared/errors.ts';
import type { Environment, LocalPorts } from './environment.ts';

/** What a local stack needs to run without a key. */
export interface LocalIdentity {
  /** What the programs show to the endpoint that gives them tokens. */
  readonly header: string;
  /** Of the Redis that asks for tokens. */
  readonly redisPort: number;
  /** Certificates that the processes trust besides those of Node: tokens go over TLS. */
  readonly trusted: string;
}

/** Keys of services, none of which any process shall have. */
const KEYS = [
  'ACS_CONNECTION_STRING',
  'SPEECH_KEY',
  'AZURE_OPENAI_API_KEY',
  'AZURE_VOICE_LIVE_API_KEY',
  'AZURE_OPENAI_REALTIME_API_KEY',
  'EMULATOR_ACCESS_KEY',
  'EMULATOR_SPEECH_KEY',
  'EMULATOR_OPENAI_KEY',
] as const;

/**
 * Makes the certificate that the emulator will have, as a process reads whom it trusts only when it starts.
 * @param root the folder in which the processes run
 * @throws {ConfigError} where the user has set a key
 */
export async function prepareIdentity(given: Environment, root: string, redisPort: number): Promise<LocalIdentity> {
  const set = KEYS.filter((name) => given[name]);
  if (set.length > 0)
    throw new ConfigError(`--identity runs without any key: unset ${set.join(', ')}, or leave it out.`);
  if (given.REDIS_URL && !/^redis:\/\/[^@]+$/.test(given.REDIS_URL)) {
    throw new ConfigError(
      '--identity puts a door before a Redis that has none: REDIS_URL takes redis://host:port, or unset it.',
    );
  }
  const folder = path.resolve(root, given.EMULATOR_CA_FOLDER || '.parley');
  // Loaded by whoever needs it: it costs a start a tenth of a second.
  const { loadCertificate } = await import('../emulator/tls/certificates.ts');
  const { cert } = await loadCertificate(folder);
  const others = given.NODE_EXTRA_CA_CERTS ? await readFile(given.NODE_EXTRA_CA_CERTS, 'utf8') : '';
  const trusted = path.join(folder, 'trusted.pem');
  await writePrivateFile(trusted, `${others}\n${cert}`);
  return { header: randomBytes(16).toString('hex'), redisPort, trusted };
}

/** The settings of a local stack in which nobody has a key, made of those of one with keys. */
export function withoutKeys(
  env: Readonly<Record<string, string>>,
  { header, redisPort, trusted }: LocalIdentity,
  ports: LocalPorts,
): Record<string, string> {
  const { pathname } = new URL(env.REDIS_URL ?? '');
  const kept = Object.entries(env).filter(([name]) => !(KEYS as readonly string[]).includes(name));
  const emulator = `http://127.0.0.1:${ports.emulator}/`;
  const insights = env.APPLICATIONINSIGHTS_CONNECTION_STRING ?? '';
  return {
    ...Object.fromEntries(kept),
    IDENTITY_ENDPOINT: `http://127.0.0.1:${ports.emulator}/msi/token`,
    IDENTITY_HEADER: header,
    NODE_EXTRA_CA_CERTS: trusted,
    ACS_ENDPOINT: `https://localhost:${ports.emulatorTls}`,
    EMULATOR_REDIS_URL: env.REDIS_URL ?? '',
    EMULATOR_REDIS_PORT: String(redisPort),
    REDIS_URL: `rediss://localhost:${redisPort}${pathname}`,
    REDIS_IDENTITY: 'true',
    // Tokens go over TLS alone.
    ...(insights.includes(emulator) && {
      APPLICATIONINSIGHTS_CONNECTION_STRING: insights.replaceAll(emulator, `https://localhost:${ports.emulatorTls}/`),
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD',
    }),
    // Only an identity opens it.
    CALL_RECORDS_URL: `http://127.0.0.1:${ports.emulator}/devstoreaccount1/call-records`,
  };
}

/** Each half has an identity of its own, as in Azure. */
export const clientIdOf = (process: string): string => `local-${process}`;
