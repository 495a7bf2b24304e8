import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AccessTokens, AUDIENCES } from '../../emulator/identity/access-tokens.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { cacheFolder } from '../../infra/check/cache.ts';
import { systemClock } from '../../shared/clock.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const PINNED = path.join(ROOT, 'test/azurite');
const INSTALL_MS = 240_000;
const START_MS = 60_000;

/** It cannot be had on this machine: why. */
export class NoAzurite extends Error {}

/** Where it must be there: a test that is left out proves nothing. */
export const mustHaveAzurite = (): boolean => Boolean(process.env.CI);

/** Microsoft's emulator of Azure Storage, with the sign-in of identities over TLS: what a container of Azure asks for. */
export interface Azurite {
  /** `https://127.0.0.1:<port>/devstoreaccount1`. */
  readonly url: string;
  /** PEM, for whoever shall trust it. */
  readonly certificate: string;
  readonly credential: { getToken(): Promise<{ readonly token: string; readonly expiresOnTimestamp: number }> };
  /** The folder in which it keeps all it has. */
  readonly folder: string;
  close(): Promise<void>;
}

/** @throws {NoAzurite} it is not installed, and cannot be */
export async function startAzurite(): Promise<Azurite> {
  const program = await installed();
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-azurite-'));
  const { cert, key } = await loadCertificate();
  await Promise.all([
    writeFile(path.join(folder, 'cert.pem'), cert),
    writeFile(path.join(folder, 'key.pem'), key, { mode: 0o600 }),
  ]);
  const [port = 0] = await freePorts(1);
  const data = path.join(folder, 'data');
  const args = ['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', data, '--silent'];
  const doors = ['--oauth', 'basic', '--cert', path.join(folder, 'cert.pem'), '--key', path.join(folder, 'key.pem')];
  const child = spawn(process.execPath, [program, ...args, ...doors, '--disableTelemetry', '--skipApiVersionCheck'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  for (const output of [child.stdout, child.stderr]) output?.on('data', (text: Buffer) => said.push(String(text)));
  const close = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listens(port, child, said);
  } catch (error) {
    await close();
    throw error;
  }
  const tokens = await AccessTokens.open(systemClock);
  const [audience] = AUDIENCES.storage;
  return {
    url: `https://127.0.0.1:${port}/devstoreaccount1`,
    certificate: cert,
    folder: data,
    credential: {
      async getToken() {
        const { token, expiresOn } = tokens.issue(audience, randomUUID(), 3600);
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      },
    },
    close,
  };
}

/** Installs what `test/azurite` pins, once for all clones of this project. @returns the program's path */
async function installed(): Promise<string> {
  const lock = await readFile(path.join(PINNED, 'package-lock.json'));
  const version = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const cache = cacheFolder(process.env);
  const home = path.join(cache, `azurite-${version}`);
  const program = path.join(home, 'node_modules/azurite/dist/src/blob/main.js');
  if (await isThere(program)) return program;
  const making = path.join(cache, `azurite-${randomUUID()}`);
  try {
    await mkdir(making, { recursive: true });
    await cp(PINNED, making, { recursive: true });
    const npm = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=dev'];
    await promisify(execFile)('npm', npm, { cwd: making, timeout: INSTALL_MS });
    // Another test may have been quicker.
    await rename(making, home).catch(() => {});
  } catch (error) {
    throw new NoAzurite(`npm could not install it: ${String(error).split('\n')[0]}`);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return program;
}

async function listens(port: number, child: ChildProcess, said: readonly string[]): Promise<void> {
  for (const giveUpAt = Date.now() + START_MS; Date.now() < giveUpAt; await sleep(100)) {
    if (child.exitCode !== null) break;
    if (/listening|listens/i.test(said.join(''))) return;
    // `--silent` may leave the line out: whoever answers at all listens.
    if (await answers(port)) return;
  }
  throw new Error(`Azurite did not start: ${said.join('').slice(-2000)}`);
}

async function answers(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await Promise.race([over, sleep(5_000).then(() => child.kill('SIGKILL'))]);
  await over;
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
