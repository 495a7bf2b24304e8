import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 180_000;

export const LIVEKIT_VERSION = '1.9.0';

/** A peer that could not be had: the reason, for the table. */
export class PeerUnavailable extends Error {}

/**
 * Installs LiveKit Agents JS, at one exact version, into a folder under the system's temporary one, with the npm that is
 * on the path. Kept there between runs; never a dependency of Parley's.
 * @returns the folder that holds `node_modules`
 * @throws {PeerUnavailable} when npm or the registry cannot be reached
 */
export async function installLiveKit(signal: AbortSignal): Promise<string> {
  const folder = path.join(os.tmpdir(), `parley-bench-livekit-${LIVEKIT_VERSION}-${process.platform}-${process.arch}`);
  if (existsSync(path.join(folder, 'node_modules', '@livekit', 'agents', 'package.json'))) return folder;
  const building = `${folder}-${process.pid}`;
  await mkdir(building, { recursive: true });
  const manifest = { private: true, dependencies: { '@livekit/agents': LIVEKIT_VERSION } };
  await writeFile(path.join(building, 'package.json'), JSON.stringify(manifest));
  try {
    const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
    const shell = process.platform === 'win32';
    await run('npm', args, { cwd: building, timeout: INSTALL_TIMEOUT_MS, signal, shell });
    // A whole folder or none: an install that was cut short must not be found by the next run.
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new PeerUnavailable(`LiveKit Agents ${LIVEKIT_VERSION} could not be installed: ${reason}`);
  }
  return folder;
}
