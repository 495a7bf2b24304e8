import { PassThrough } from 'node:stream';
import type { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';

/** A run of tests, which begins when it is called. */
type Lane = () => ReturnType<typeof run>;

/**
 * The events of several runs as those of one: what each of them counts at its end is added up and told once, behind all of them.
 * Of lanes beside each other, each tells of a file when it is over, at once: who reports takes a test that ends for the last one
 * that has begun, whichever lane it is of, and gives up where it is another.
 * @param lanes run at the same time, in each of them one run after the other
 */
export function asOneRun(lanes: readonly (readonly Lane[])[]): PassThrough {
  const events = new PassThrough({ objectMode: true });
  const beganMs = performance.now();
  const totals = new Map<string, number>();
  let left = lanes.flat().length;
  const begin = ([first, ...then]: readonly Lane[]) => {
    if (!first) return;
    const lane = first();
    const held: TestEvent[] = [];
    const tell = () => {
      for (const event of held.splice(0)) events.write(event);
    };
    lane.on('data', (event: TestEvent) => {
      const total = totalOf(event);
      if (total) totals.set(total.name, (totals.get(total.name) ?? 0) + total.count);
      else if (!isSummary(event)) held.push(event);
      if (lanes.length === 1 || isOver(event)) tell();
    });
    lane.on('end', () => {
      tell();
      left -= 1;
      if (left > 0) return void begin(then);
      totals.set('duration_ms', performance.now() - beganMs);
      for (const [name, count] of totals) {
        const data = { message: `${name} ${count}`, nesting: 0, level: 'info' };
        events.write({ type: 'test:diagnostic', data });
      }
      const counts = Object.fromEntries(totals);
      // Whoever reports names the tests that failed when this comes.
      events.write({ type: 'test:summary', data: { success: counts.fail === 0, counts } });
      events.end();
    });
  };
  lanes.forEach(begin);
  return events;
}

/** A file, or a test that stands in none. */
const isOver = ({ type, data }: TestEvent): boolean =>
  (type === 'test:pass' || type === 'test:fail') && data.nesting === 0;

const isSummary = ({ type, data }: TestEvent): boolean =>
  type === 'test:summary' && (!('file' in data) || data.file === undefined);

/** What a run says at its end of all its tests, such as "pass 12": it belongs to no file. */
function totalOf({ type, data }: TestEvent): { name: string; count: number } | undefined {
  if (type !== 'test:diagnostic' || data.file !== undefined) return undefined;
  const [, name, count] = /^(\w+) ([\d.]+)$/.exec(data.message) ?? [];
  return name === undefined ? undefined : { name, count: Number(count) };
}
