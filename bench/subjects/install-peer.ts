import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../shared/errors.ts';

const INSTALL_TIMEOUT_MS = 180_000;
export const LIVEKIT_VERSION = '1.9.0';
const PACKAGES = ['@livekit/agents', '@livekit/agents-plugin-openai'].map((name) => `${name}@${LIVEKIT_VERSION}`);

/**
 * Installs LiveKit Agents JS, at one exact version, into a folder under the system's temporary one, with the npm that is
 * on the path. Kept there between runs; never a dependency of Parley's.
 * @returns the folder that holds `node_modules`
 * @throws when npm or the registry cannot be reached
 */
export async function installLiveKit(signal: AbortSignal): Promise<string> {
  const name = `parley-bench-livekit-${LIVEKIT_VERSION}-openai-${process.platform}-${process.arch}`;
  const folder = path.join(os.tmpdir(), name);
  if (existsSync(path.join(folder, 'node_modules', '@livekit', 'agents', 'package.json'))) return folder;
  // A whole folder or none: an install that was cut short must not be found by the next run.
  const building = `${folder}-${process.pid}`;
  const args = ['install', '--prefix', building, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES];
  try {
    const options = { timeout: INSTALL_TIMEOUT_MS, signal, shell: process.platform === 'win32' };
    await promisify(execFile)('npm', args, options);
    await rename(building, folder);
    return folder;
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw new Error(`LiveKit Agents ${LIVEKIT_VERSION} could not be installed: ${messageOf(error).split('\n')[0]}`);
  }
}
