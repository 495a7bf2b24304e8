import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { messageOf } from '../../shared/errors.ts';
import { findOnPath } from './find-on-path.ts';

/** What `stream-host/Dockerfile` builds on is made of these packages of Debian 12. */
const SUITE = 'bookworm';
const PACKAGES = ['base-files', 'libc6', 'libgcc-s1', 'libstdc++6'];
const CACHE = path.join(import.meta.dirname, '../../node_modules/.cache');

/**
 * A root file system in which the stream host's tree can run as in its container (`inContainer` in `start/forms.ts`):
 * unpacked from Debian's packages by mmdebstrap, once, and kept.
 * @returns the folder, or what is missing for it
 */
export async function containerRoot(): Promise<{ readonly folder: string } | { readonly missing: string }> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return { missing: 'only root on Linux may make a root' };
  for (const program of ['mmdebstrap', 'setpriv', 'unshare']) {
    if (findOnPath([program]) === undefined) return { missing: `no ${program} is on the path` };
  }
  const folder = path.join(CACHE, `image-base-${SUITE}-${process.arch}`);
  try {
    if (!existsSync(folder)) await makeRoot(folder);
  } catch (error) {
    return { missing: `mmdebstrap could not make a root: ${messageOf(error)}` };
  }
  return { folder };
}

async function makeRoot(folder: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  // Made beside its place, as another test may do the same meanwhile.
  const made = await mkdtemp(path.join(CACHE, 'image-base-'));
  try {
    const root = path.join(made, 'root');
    const args = ['--quiet', '--variant=extract', `--include=${PACKAGES.join(',')}`, SUITE, root];
    await promisify(execFile)('mmdebstrap', args, { timeout: 120_000 });
    for (const place of ['app', 'dev', 'proc', 'tmp']) await mkdir(path.join(root, place), { recursive: true });
    if (!existsSync(path.join(root, 'dev/null'))) await writeFile(path.join(root, 'dev/null'), '');
    // Container engines write it.
    await writeFile(path.join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
    if (!existsSync(folder)) await rename(root, folder);
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}
