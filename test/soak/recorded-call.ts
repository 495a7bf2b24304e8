import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InputSink } from '../../stream-host/contract/inputs.ts';
import { BeatClock } from '../../stream-host/playout/beat-clock.ts';
import { readRuns } from '../../stream-host/replay/recorded-run.ts';
import { type CallReport, SoakCall } from './call.ts';
import type { SteppedClock } from './call-clock.ts';

/** A record of inputs alone, in memory. */
export class InputLines implements InputSink {
  readonly keepsWords = true;
  readonly mask: (text: string) => string;
  lines: string[] = [];

  constructor(mask: (text: string) => string = (text) => text) {
    this.mask = mask;
  }

  get text(): string {
    return this.lines.map((line) => `${line}\n`).join('');
  }

  input(kind: string, fields: Readonly<Record<string, unknown>>): void {
    this.lines.push(JSON.stringify({ at_ms: 0, line: 'input', kind, ...fields }));
  }
}

export interface RecordedCall {
  readonly report: CallReport;
  readonly text: string;
}

/** One call of the soak, with all that reached the engine. On a clock that is given, the agent's frames go by beats, too. */
export async function recordCall(seed: number, clock?: SteppedClock): Promise<RecordedCall> {
  const inputs = new InputLines();
  if (clock === undefined) return { report: await new SoakCall(seed, undefined, { inputs }).run(), text: inputs.text };
  const playoutClock = new BeatClock({
    clock,
    onTaskError: (error) => {
      throw error;
    },
  });
  const report = await new SoakCall(seed, undefined, { inputs, clock, playoutClock }).run();
  playoutClock.close();
  return { report, text: inputs.text };
}

/** The runs of a record, by way of a file as `npm run replay` reads it. */
export async function runsOf(text: string) {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-replay-'));
  try {
    const file = path.join(folder, 'record.jsonl');
    await writeFile(file, text);
    return await readRuns(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}
