import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Random } from '../../bench/random.ts';
import type { Clock } from '../../shared/clock.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { CallNews } from '../../stream-host/contract/call-news.ts';
import type { InputSink } from '../../stream-host/contract/inputs.ts';
import { BeatClock } from '../../stream-host/playout/beat-clock.ts';
import { readRuns } from '../../stream-host/replay/recorded-run.ts';
import { newsItem } from '../../stream-host/session/call-news.ts';
import { type CallReport, SoakCall, type SoakCallOptions } from './call.ts';
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

/** What comes of things that are done with calls, as their agent is told of it. */
const NEWS: readonly (readonly [string, object, CallNews['speech']])[] = [
  ['hold_call', { status: 'caller_is_back', held_s: 4 }, 'own-words'],
  ['transfer_call', { status: 'failed', reason: 'declined' }, 'own-words'],
  ['collect_keys', { status: 'right', attempts: 2 }, { line: 'Thank you.' }],
  ['add-participant', { status: 'done' }, 'none'],
  ['record_call', { status: 'failed' }, 'none'],
];
const MOST_OPERATIONS = 6;

/** Does something with a call now and then: its caller is on hold, put through or entering keys, and comes back. */
function operations(seed: number, clock: Clock): NonNullable<SoakCallOptions['operate']> {
  const random = new Random(`operations ${seed}`);
  return (conversation) => {
    const begin = (count: number) => {
      if (conversation.state === 'closed') return;
      const [name, result, speech] = random.pick(NEWS);
      if (random.chance(0.3)) conversation.interrupt();
      conversation.attend(random.chance(0.5) ? 'nobody' : 'waiting');
      clock.after(random.between(200, 4000), () => {
        if (conversation.state === 'closed') return;
        conversation.attend('caller');
        conversation.told({ item: newsItem(`operation-${count}`, name, result), speech, topic: name });
        if (count < MOST_OPERATIONS) later(count + 1);
      });
    };
    const later = (count: number) => void clock.after(random.between(1000, 15_000), () => begin(count));
    later(1);
  };
}

/**
 * One call of the soak, in which something is done with the call now and then, with all that reached the engine. On a clock
 * that is given, the agent's frames go by beats, too.
 */
export async function recordCall(seed: number, given?: SteppedClock): Promise<RecordedCall> {
  const inputs = new InputLines();
  const clock = given ?? new VirtualClock();
  const operate = operations(seed, clock);
  if (!given) {
    return { report: await new SoakCall(seed, undefined, { inputs, clock, operate }).run(), text: inputs.text };
  }
  const playoutClock = new BeatClock({
    clock,
    onTaskError: (error) => {
      throw error;
    },
  });
  const report = await new SoakCall(seed, undefined, { inputs, clock, playoutClock, operate }).run();
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
