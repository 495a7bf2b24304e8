import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 180_000;
/** Half a gigabyte of packages. */
const PYTHON_INSTALL_TIMEOUT_MS = 280_000;
const ASK_TIMEOUT_MS = 20_000;
const OLDEST_PYTHON = [3, 11] as const;

export const LIVEKIT_VERSION = '1.9.0';
export const PIPECAT_VERSION = '1.14.0';

/** A peer that could not be had: the reason, for the table. */
export class PeerUnavailable extends Error {}

/**
 * Installs LiveKit Agents JS, at one exact version, into a folder under the system's temporary one, with the npm that is
 * on the path. Kept there between runs; never a dependency of Parley's.
 * @returns the folder that holds `node_modules`
 * @throws {PeerUnavailable} when npm or the registry cannot be reached
 */
export async function installLiveKit(signal: AbortSignal): Promise<string> {
  const folder = peerFolder('livekit', LIVEKIT_VERSION);
  if (existsSync(path.join(folder, 'node_modules', '@livekit', 'agents', 'package.json'))) return folder;
  await build(folder, `LiveKit Agents ${LIVEKIT_VERSION}`, async (building) => {
    const manifest = { private: true, dependencies: { '@livekit/agents': LIVEKIT_VERSION } };
    await writeFile(path.join(building, 'package.json'), JSON.stringify(manifest));
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
    const shell = process.platform === 'win32';
    await run('npm', args, { cwd: building, timeout: INSTALL_TIMEOUT_MS, signal, shell });
  });
  return folder;
}

/**
 * Installs Pipecat, at one exact version, into a virtual environment under the system's temporary folder, with the Python
 * that is on the path. Its Silero and Smart Turn models and what they need come with it. What it depends on is as new as
 * its own ranges allow.
 * @returns the environment's Python
 * @throws {PeerUnavailable} when there is no Python that is new enough, or the registry cannot be reached
 */
export async function installPipecat(signal: AbortSignal): Promise<string> {
  const isWindows = process.platform === 'win32';
  const folder = peerFolder('pipecat', PIPECAT_VERSION);
  const inFolder = isWindows ? ['Scripts', 'python.exe'] : ['bin', 'python'];
  const python = path.join(folder, ...inFolder);
  if (existsSync(python)) return python;
  const outside = isWindows ? 'python' : 'python3';
  await expectPython(outside, signal);
  await build(folder, `Pipecat ${PIPECAT_VERSION}`, async (building) => {
    const options = { timeout: PYTHON_INSTALL_TIMEOUT_MS, signal };
    await run(outside, ['-m', 'venv', building], options);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--prefer-binary'];
    await run(path.join(building, ...inFolder), [...pip, `pipecat-ai==${PIPECAT_VERSION}`], options);
  });
  return python;
}

async function expectPython(program: string, signal: AbortSignal): Promise<void> {
  const ask = ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'];
  const found = await run(program, ask, { timeout: ASK_TIMEOUT_MS, signal }).catch(() => undefined);
  const [major = 0, minor = 0] = found?.stdout.trim().split('.').map(Number) ?? [];
  const [oldestMajor, oldestMinor] = OLDEST_PYTHON;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  const have = found ? `${program} is ${found.stdout.trim()}` : `there is no ${program} on the path`;
  throw new PeerUnavailable(`Pipecat needs Python ${OLDEST_PYTHON.join('.')} or newer: ${have}`);
}

const peerFolder = (name: string, version: string): string =>
  path.join(os.tmpdir(), `parley-bench-${name}-${version}-${process.platform}-${process.arch}`);

/** A whole folder or none: an install that was cut short must not be found by the next run. */
async function build(folder: string, what: string, install: (building: string) => Promise<void>): Promise<void> {
  const building = `${folder}-${process.pid}`;
  await mkdir(building, { recursive: true });
  try {
    await install(building);
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new PeerUnavailable(`${what} could not be installed: ${reason}`);
  }
}
