import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Environment, Machine, Subject } from './report/run-report.ts';
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

/** What the kernel has counted since the machine's start: ticks of all cores together, and microseconds. */
export type Counted = Readonly<Record<'totalTicks' | 'idleTicks' | 'stolenTicks' | 'waitedUs' | 'atUs', number>>;

/** What the machine did between two moments, with all that ran on it. */
export function machineBetween(before: Counted | undefined, after: Counted | undefined): Machine | undefined {
  if (!before || !after) return undefined;
  const passed = (key: keyof Counted) => after[key] - before[key];
  const [ticks, us] = [passed('totalTicks'), passed('atUs')];
  if (ticks <= 0 || us <= 0) return undefined;
  // The kernel's clocks are read one after the other: a share may come out a little above the whole.
  const percent = (part: number, whole: number) => Math.min(100, Math.max(0, Math.round((1000 * part) / whole) / 10));
  return {
    busyPercent: percent(ticks - passed('idleTicks'), ticks),
    stolenPercent: percent(passed('stolenTicks'), ticks),
    waitedPercent: percent(passed('waitedUs'), us),
  };
}

/** What the kernel has counted by now; undefined where the system does not tell (only Linux does). */
export function readMachine(): Counted | undefined {
  try {
    const pressure = readFileSync('/proc/pressure/cpu', 'utf8');
    return countedIn(readFileSync('/proc/stat', 'utf8'), pressure, performance.now());
  } catch {
    return undefined;
  }
}

/** @param stat of `/proc/stat`, @param pressure of `/proc/pressure/cpu` */
export function countedIn(stat: string, pressure: string, atMs: number): Counted | undefined {
  // user nice system idle iowait irq softirq steal; guests are in the first two already
  const ticks = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const [, , , idle = Number.NaN, iowait = Number.NaN, , , stolenTicks = Number.NaN] = ticks;
  const totalTicks = ticks.reduce((sum, one) => sum + one, 0);
  const waitedUs = Number(/^some .*total=(\d+)$/m.exec(pressure)?.[1]);
  const counts = { totalTicks, idleTicks: idle + iowait, stolenTicks, waitedUs, atUs: 1000 * atMs };
  return Object.values(counts).every(Number.isFinite) ? counts : undefined;
}
