import { mkdir, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Measured, withLoadTest } from '../../bench/acs/load-test.ts';
import { cpuOf, stretchesOf } from '../../bench/acs/talk-figures.ts';
import type { RowContext } from '../../bench/row.ts';
import { momentsOf, quantileOf } from '../../bench/statistics.ts';

/** What is seen of a host whose calls talk, while its telemetry goes somewhere or nowhere. */
export interface TalkFigures {
  readonly loopDelayMs: number;
  readonly jitterMs: number;
  /** From the end of a caller's speech to the first sound of the answer: the median, and 95 of 100. */
  readonly firstSoundMs: number;
  readonly firstSoundLateMs: number;
  readonly cpuPercent: number;
  readonly rssMb: number;
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort(new Error('ended by the user')));
const workFolder = path.join(os.tmpdir(), 'parley-telemetry-load');

/** A host with so many calls that talk as on real lines, its providers scripted. */
export async function talking<Found>(
  name: string,
  calls: number,
  settings: Readonly<Record<string, string>>,
  work: (measure: (seconds: number, blocks?: number) => Promise<TalkFigures>) => Promise<Found>,
): Promise<Found> {
  await mkdir(workFolder, { recursive: true });
  const progress = (text: string) => void process.stderr.write(`${name}: ${text}\n`);
  const context: RowContext = { seed: 1, subjects: [], workFolder, signal: controller.signal, progress };
  const talk = { hosts: 1, habits: 'ordinary', mode: 'media', maxSessions: calls + 20 } as const;
  return withLoadTest({ name, ...talk, settings }, context, async (test) => {
    progress(`${await test.connect(calls)} calls talk`);
    const log = path.join(workFolder, name, 'host-1.log');
    return work(async (seconds, blocks = 4) => {
      const from = (await readFile(log, 'utf8')).length;
      const [measured] = await test.measure(1, seconds, blocks);
      if (measured === undefined) throw new Error('Nothing was measured.');
      return figuresOf(measured, (await readFile(log, 'utf8')).slice(from));
    });
  });
}

function figuresOf(measured: Measured, log: string): TalkFigures {
  const firstSounds = [...log.matchAll(/"firstAudioMs":(\d+)/g)].map(([, ms]) => Number(ms));
  const jitters = stretchesOf(measured).flatMap(({ jitterMs }) => jitterMs);
  return {
    loopDelayMs: measured.host.loopDelayP99Ms,
    jitterMs: quantileOf(jitters, 0.99),
    firstSoundMs: quantileOf(firstSounds, 0.5),
    firstSoundLateMs: quantileOf(firstSounds, 0.95),
    cpuPercent: cpuOf(measured),
    rssMb: measured.host.rssMb,
  };
}

/** A line of a table. */
export const line = (...cells: readonly (string | number)[]) => void process.stdout.write(`| ${cells.join(' | ')} |\n`);
export const headOf = (...cells: readonly string[]) => {
  line(...cells);
  line(...cells.map(() => '---'));
};

/** The mean of some readings, and how far they lie apart. In one of a few seconds nobody may have been answered. */
export function withSpread(readings: readonly number[], digits = 1): string {
  const values = readings.filter(Number.isFinite);
  if (values.length === 0) return 'nothing was seen';
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits));
  return `${momentsOf(values).mean.toFixed(digits)} (${least} – ${most})`;
}
