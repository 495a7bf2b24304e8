import { readFileSync } from 'node:fs';
import type { Machine } from './run-report.ts';

/** What the kernel has counted since the machine's start. */
interface Counted {
  /** Of all cores together, in ticks. */
  readonly totalTicks: number;
  readonly idleTicks: number;
  readonly stolenTicks: number;
  /** How long at least one thread was ready to run and had no core. */
  readonly waitedUs: number;
  readonly atMs: number;
}

/**
 * Watches the whole machine from now on, with all that runs on it.
 * @returns what was seen up to the moment of asking; undefined where the system does not tell (only Linux does)
 */
export function watchMachine(): () => Machine | undefined {
  const before = counted();
  return () => {
    const after = counted();
    return before && after && between(before, after);
  };
}

function between(before: Counted, after: Counted): Machine | undefined {
  const ticks = after.totalTicks - before.totalTicks;
  const us = 1000 * (after.atMs - before.atMs);
  if (ticks <= 0 || us <= 0) return undefined;
  const percent = (part: number, whole: number) => Math.round((1000 * part) / whole) / 10;
  return {
    busyPercent: percent(ticks - (after.idleTicks - before.idleTicks), ticks),
    stolenPercent: percent(after.stolenTicks - before.stolenTicks, ticks),
    waitedPercent: percent(after.waitedUs - before.waitedUs, us),
  };
}

function counted(): Counted | undefined {
  try {
    // user nice system idle iowait irq softirq steal; guests are in the first two already
    const [, ...fields] = (/^cpu .*$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[0] ?? '').split(/\s+/);
    const ticks = fields.slice(0, 8).map(Number);
    const waited = /^some .*total=(\d+)$/m.exec(readFileSync('/proc/pressure/cpu', 'utf8'))?.[1];
    const counts: Counted = {
      totalTicks: ticks.reduce((sum, one) => sum + one, 0),
      idleTicks: (ticks[3] ?? 0) + (ticks[4] ?? 0),
      stolenTicks: ticks[7] ?? 0,
      waitedUs: Number(waited),
      atMs: performance.now(),
    };
    return Object.values(counts).every(Number.isFinite) ? counts : undefined;
  } catch {
    return undefined;
  }
}
