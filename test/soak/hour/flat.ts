import type { ProcessReading, Reading } from './reading.ts';

/** By how much a figure at rest may be more after the run than before it: a share of it or so many, whichever is more. */
interface MayGrow {
  readonly share: number;
  readonly by: number;
}
const MAY_GROW: Readonly<Record<keyof ProcessReading, MayGrow>> = {
  // An allocator does not give back all that was in use at the busiest moment.
  rssMb: { share: 0.4, by: 80 },
  heapMb: { share: 0.2, by: 10 },
  // Voices that are kept, up to a bound.
  externalMb: { share: 0.3, by: 20 },
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
const KEYS_A_CALL = 6;
const MORE_CLIENTS = 4;
/** The second quarter of a long run against its last one: what grows by itself grows in every minute. */
export const SLOPE_MINUTES = 20;
const MAY_CLIMB: Readonly<Partial<Record<keyof ProcessReading, MayGrow>>> = {
  heapMb: { share: 0.1, by: 5 },
  externalMb: { share: 0.2, by: 15 },
  rssMb: { share: 0.2, by: 60 },
};

/** Of anything else a process, and Redis, has some. */
const MAY_BE_NONE: ReadonlySet<string> = new Set(['timers', 'sockets', 'forEver', 'short', 'long']);

export interface Readings {
  /** At rest, warm. */
  readonly before: Reading;
  /** At rest, when all that is short-lived has expired. */
  readonly after: Reading;
  readonly minutes: readonly Reading[];
  /** How many were made between: each is known for a day. */
  readonly calls: number;
}

/** What is not flat, a line each: at rest before and after, and memory from half to half of a long run. */
export function notFlat({ before, after, minutes, calls }: Readings): string[] {
  const found = [...unread(before), ...unread(after), ...minutes.flatMap(unread)].slice(0, 5);
  for (const [name, was] of Object.entries(before.processes)) {
    const is = after.processes[name as keyof Reading['processes']];
    for (const [figure, { share, by }] of Object.entries(MAY_GROW)) {
      const [from, to] = [was[figure as keyof ProcessReading], is[figure as keyof ProcessReading]];
      if (to - from > Math.max(from * share, by)) found.push(`${name}: ${figure} ${round(from)} → ${round(to)}`);
    }
    if (minutes.length < SLOPE_MINUTES) continue;
    for (const [figure, { share, by }] of Object.entries(MAY_CLIMB)) {
      const values = minutes.map(
        ({ processes }) => processes[name as keyof Reading['processes']][figure as keyof ProcessReading],
      );
      // The first quarter is still warming up.
      const middle = medianOf(values.slice(values.length / 4, values.length / 2));
      const end = medianOf(values.slice((3 * values.length) / 4));
      if (end - middle > Math.max(middle * share, by)) {
        found.push(`${name}: ${figure} climbs all the time, ${round(middle)} → ${round(end)}`);
      }
    }
  }
  const { redis: was } = before;
  const { redis: is } = after;
  if (is.forEver > was.forEver) found.push(`Redis: ${is.forEver - was.forEver} keys without an end`);
  if (is.short - was.short > MORE_KEYS) found.push(`Redis: keys that should have expired ${was.short} → ${is.short}`);
  if (is.mb - was.mb > MORE_REDIS_MB + is.long * MB_A_KEY) found.push(`Redis: MB ${round(was.mb)} → ${round(is.mb)}`);
  if (is.clients - was.clients > MORE_CLIENTS) found.push(`Redis: clients ${was.clients} → ${is.clients}`);
  const mayBeKept = was.long + calls * KEYS_A_CALL;
  if (is.long > mayBeKept) found.push(`Redis: keys for a day ${was.long} → ${is.long}, of ${calls} calls`);
  if (is.runId !== was.runId) found.push('Redis was started again');
  return found;
}

/** No figure that was not read is flat. */
function unread({ processes, redis }: Reading): string[] {
  const figures = [...Object.entries(processes), ['Redis', redis] as const].flatMap(([name, read]) =>
    Object.entries(read).map(([figure, value]) => [name, figure, value] as const),
  );
  return figures
    .filter(
      ([, figure, value]) =>
        value === '' || (typeof value === 'number' && !(value > 0 || (value === 0 && MAY_BE_NONE.has(figure)))),
    )
    .map(([name, figure]) => `${name}: ${figure} was not read`);
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const round = (value: number): number => Math.round(value * 10) / 10;
