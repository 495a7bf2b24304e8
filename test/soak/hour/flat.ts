import type { ProcessReading, Reading } from './reading.ts';

/** By how much a figure at rest may be more after the run than before it: a share of it or so many, whichever is more. */
const MAY_GROW: Readonly<Record<keyof ProcessReading, { readonly share: number; readonly by: number }>> = {
  // An allocator does not give back all that was in use at the busiest moment.
  rssMb: { share: 0.4, by: 80 },
  heapMb: { share: 0.2, by: 10 },
  sockets: { share: 0, by: 6 },
  timers: { share: 0, by: 6 },
  handles: { share: 0, by: 10 },
  files: { share: 0, by: 8 },
};
/** What comes and goes all the time: probes, announcements. */
const MORE_KEYS = 10;
const MORE_REDIS_MB = 5;
/** What is known of a past call. */
const MB_A_KEY = 0.005;
/** Heaps of the second half of a long run against those of the first: what grows by itself grows in every minute. */
const SLOPE_MINUTES = 20;
const MAY_CLIMB = 0.1;
const MAY_CLIMB_MB = 5;

/** What is not flat, a line each: at rest before and after, and the heap from half to half of a long run. */
export function notFlat(before: Reading, after: Reading, minutes: readonly Reading[] = []): string[] {
  const found: string[] = [];
  for (const [name, was] of Object.entries(before.processes)) {
    const is = after.processes[name as keyof Reading['processes']];
    for (const [figure, { share, by }] of Object.entries(MAY_GROW)) {
      const [from, to] = [was[figure as keyof ProcessReading], is[figure as keyof ProcessReading]];
      if (to - from > Math.max(from * share, by)) found.push(`${name}: ${figure} ${round(from)} → ${round(to)}`);
    }
    if (minutes.length < SLOPE_MINUTES) continue;
    const heaps = minutes.map(({ processes }) => processes[name as keyof Reading['processes']].heapMb);
    // The first quarter is still warming up.
    const middle = medianOf(heaps.slice(heaps.length / 4, heaps.length / 2));
    const end = medianOf(heaps.slice((3 * heaps.length) / 4));
    if (end - middle > Math.max(middle * MAY_CLIMB, MAY_CLIMB_MB)) {
      found.push(`${name}: the heap climbs all the time, ${round(middle)} → ${round(end)} MB`);
    }
  }
  const { redis: was } = before;
  const { redis: is } = after;
  if (is.forEver > was.forEver) found.push(`Redis: ${is.forEver - was.forEver} keys without an end`);
  if (is.short - was.short > MORE_KEYS) found.push(`Redis: keys that should have expired ${was.short} → ${is.short}`);
  if (is.mb - was.mb > MORE_REDIS_MB + is.long * MB_A_KEY) found.push(`Redis: MB ${round(was.mb)} → ${round(is.mb)}`);
  return found;
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const round = (value: number): number => Math.round(value * 10) / 10;
