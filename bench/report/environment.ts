import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Subject } from '../row.ts';
import { LIVEKIT_VERSION, PIPECAT_VERSION } from '../subjects/install-peer.ts';
import type { Environment } from './run-report.ts';

const ROOT = path.join(import.meta.dirname, '../..');
/** Packages whose version moves the figures. */
const PACKAGES = ['onnxruntime-node', 'onnxruntime-web', 'ws', 'microsoft-cognitiveservices-speech-sdk', 'openai'];

export interface EnvironmentOptions {
  readonly seed: number;
  readonly subjects: readonly Subject[];
  readonly startedAt: Date;
}

/** What a reader must know of the machine and the software to judge the figures, or to get them again. */
export function captureEnvironment({ seed, subjects, startedAt }: EnvironmentOptions): Environment {
  const cpus = os.cpus();
  const [loadBefore = 0] = os.loadavg();
  return {
    date: startedAt.toISOString(),
    seed,
    commit: commit(),
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryGb: Math.round((os.totalmem() / 2 ** 30) * 10) / 10,
    os: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    loadBefore: Math.round(loadBefore * 100) / 100,
    versions: { ...ownVersions(), ...peerVersions(subjects) },
  };
}

function peerVersions(subjects: readonly Subject[]): Record<string, string> {
  return {
    ...(subjects.some((subject) => subject.startsWith('livekit')) ? { '@livekit/agents': LIVEKIT_VERSION } : {}),
    ...(subjects.includes('pipecat') ? { 'pipecat-ai': PIPECAT_VERSION } : {}),
  };
}

function ownVersions(): Record<string, string> {
  const versions: Record<string, string> = { parley: versionIn(ROOT) };
  for (const name of PACKAGES) {
    const version = installedVersion(name);
    if (version !== undefined) versions[name] = version;
  }
  return versions;
}

function installedVersion(name: string): string | undefined {
  try {
    return versionIn(path.join(ROOT, 'node_modules', name));
  } catch {
    // An optional dependency that this platform does not have.
    return undefined;
  }
}

function versionIn(folder: string): string {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')).version;
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
