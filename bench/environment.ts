import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Environment, Subject } from './report/run-report.ts';
import { LIVEKIT_VERSION } from './subjects/install-peer.ts';

const ROOT = path.join(import.meta.dirname, '..');
/** Packages whose version moves the figures. */
const PACKAGES = ['onnxruntime-node', 'onnxruntime-web', 'ws', 'microsoft-cognitiveservices-speech-sdk', 'openai'];

/** What a reader must know of the machine and the software to judge the figures, or to get them again. */
export function captureEnvironment(seed: number, subjects: readonly Subject[], startedAt: Date): Environment {
  const own = PACKAGES.map((name) => [name, versionIn(path.join(ROOT, 'node_modules', name))] as const);
  return {
    ...{ date: startedAt.toISOString(), seed, commit: commit(), node: process.version },
    ...{ cpu: os.cpus()[0]?.model.trim() ?? 'unknown', cores: os.availableParallelism() },
    memoryGb: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    loadBefore: Math.round((os.loadavg()[0] ?? 0) * 100) / 100,
    versions: {
      parley: versionIn(ROOT) ?? '',
      ...Object.fromEntries(own.flatMap(([name, version]) => (version === undefined ? [] : [[name, version]]))),
      ...(subjects.some((subject) => subject !== 'parley') && { '@livekit/agents': LIVEKIT_VERSION }),
    },
  };
}

/** Undefined for an optional dependency that this platform does not have. */
function versionIn(folder: string): string | undefined {
  try {
    return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
}

/** The commit, marked where what ran is not exactly it. */
function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short=10', 'HEAD')}${changed ? ' with changes' : ''}`;
  } catch {
    return 'unknown (no git)';
  }
}

/** Microseconds in which somebody waited for a core, since the machine's start. NaN where the system does not tell: only Linux does. */
export function waitedForCpuUs(): number {
  try {
    return waitedIn(readFileSync('/proc/pressure/cpu', 'utf8'));
  } catch {
    return Number.NaN;
  }
}

/** @param pressure of `/proc/pressure/cpu` */
export const waitedIn = (pressure: string): number => Number(/^some .*total=(\d+)$/m.exec(pressure)?.[1]);
