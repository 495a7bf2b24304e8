import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RowContext } from '../row.ts';
import { LoadTest, type Measured, type RecogniserCost } from './load-test.ts';

export interface HundredCallsResult {
  /** With few calls, after there were many: what the host needs apart from them, its code being compiled. */
  readonly few: readonly Measured[];
  /** With few calls, before there were many; read again and again. */
  readonly fewRssMb: readonly number[];
  readonly many: readonly Measured[];
  /** What the host's main thread holds after a collection, with few and with many calls; read again and again. */
  readonly liveMb: { readonly few: readonly number[]; readonly many: readonly number[] };
  readonly recogniser: RecogniserCost;
}

export const FEW_CALLS = 20;
export const MANY_CALLS = 100;
const STRETCHES = 5;
const STRETCH_SECONDS = 8;
/** Parts of each stretch, long enough to hold a burst of lateness: what they differ by is the spread. */
const BLOCKS = 4;
const FEW_STRETCHES = 4;
const MEMORY_READINGS = 4;
/** Code is compiled, buffers have grown, and every caller is in the middle of the talk. */
const WARM_MS = 12_000;
/** For sessions to end. */
const SETTLE_MS = 5000;
/** The host has been stalled, and goes on talking for so long before it is again. */
const BETWEEN_COLLECTIONS_MS = 500;
const RECOGNISERS = 50;
const RECOGNISER_SECONDS = 10;

/** About how long a run takes that nobody has told how long to measure. */
export const HUNDRED_CALLS_SECONDS = 145;

/**
 * One run with a hundred calls that several rows read: the stop on the wire, the playout's jitter and the cost of a call
 * are of the same talk. Rows that are run alone each make the run for themselves.
 */
export class HundredCalls {
  readonly #runs = new Map<string, Promise<HundredCallsResult>>();

  /** The run of this seed and length; made once. */
  async run(context: RowContext): Promise<HundredCallsResult> {
    const key = `${context.seed}/${context.seconds ?? ''}`;
    const known = this.#runs.get(key);
    if (known) {
      context.progress('reads the run with a hundred calls that another row has made');
      return known;
    }
    const made = measure(context);
    this.#runs.set(key, made);
    // What was ended by its row, or failed, says nothing to the next one.
    made.catch(() => this.#runs.delete(key));
    return made;
  }
}

async function measure({ seed, signal, workFolder, seconds, progress }: RowContext): Promise<HundredCallsResult> {
  const stretchSeconds = seconds === undefined ? STRETCH_SECONDS : Math.max(4, seconds / STRETCHES);
  const folder = join(workFolder, 'hundred-calls');
  progress('starts the stream host, callers and providers');
  const test = await LoadTest.start({ folder, seed, signal, maxSessions: 2 * MANY_CALLS });
  try {
    const recogniser = await test.recogniserAlone(RECOGNISERS, RECOGNISER_SECONDS);
    await connectAll(test, FEW_CALLS, signal);
    await sleep(WARM_MS, undefined, { signal });
    // Memory on the way up, as a process gives little back; CPU on the way down, once all code is compiled.
    const fewRssMb: number[] = [];
    for (let reading = 0; reading < MEMORY_READINGS; reading += 1) {
      fewRssMb.push((await test.measure(stretchSeconds / MEMORY_READINGS)).host.rssMb);
    }
    const fewLiveMb = await liveMemory(test, signal);
    await connectAll(test, MANY_CALLS - FEW_CALLS, signal);
    await sleep(WARM_MS, undefined, { signal });
    const many: Measured[] = [];
    for (let stretch = 0; stretch < STRETCHES; stretch += 1) {
      progress(`${MANY_CALLS} calls talk: stretch ${stretch + 1} of ${STRETCHES}`);
      many.push(await test.measure(stretchSeconds, { blocks: BLOCKS }));
    }
    const manyLiveMb = await liveMemory(test, signal);
    test.hangUp(FEW_CALLS);
    await sleep(SETTLE_MS, undefined, { signal });
    const few: Measured[] = [];
    for (let stretch = 0; stretch < FEW_STRETCHES; stretch += 1) few.push(await test.measure(stretchSeconds / 2));
    return { few, fewRssMb, many, liveMb: { few: fewLiveMb, many: manyLiveMb }, recogniser };
  } finally {
    await test.close();
  }
}

async function liveMemory(test: LoadTest, signal: AbortSignal): Promise<number[]> {
  const liveMb: number[] = [];
  for (let reading = 0; reading < MEMORY_READINGS; reading += 1) {
    await sleep(BETWEEN_COLLECTIONS_MS, undefined, { signal });
    liveMb.push(await test.liveMemoryMb());
  }
  return liveMb;
}

/** Who is refused dials again, as a phone network does, for so long. */
const REDIAL_MS = 60_000;
const REDIAL_PAUSE_MS = 3000;
const DIAL_PER_SECOND = 10;

/** @throws when they are not all let in: the figures would be of fewer calls than they say */
async function connectAll(test: LoadTest, calls: number, signal: AbortSignal): Promise<void> {
  const missing = calls - (await connect(test, calls, signal));
  if (missing === 0) return;
  const { admission } = await test.health();
  throw new Error(
    `The host refuses ${missing} of ${calls} calls (${JSON.stringify(admission)}): the machine is too busy to measure.`,
  );
}

/**
 * Connects calls; those that the host is too busy for at the moment dial again, for a minute.
 * @returns how many were let in
 */
export async function connect(test: LoadTest, calls: number, signal: AbortSignal): Promise<number> {
  let missing = calls;
  for (const giveUpAtMs = performance.now() + REDIAL_MS; ; ) {
    const outcomes = await test.dial(missing, DIAL_PER_SECOND);
    missing = outcomes.filter(({ outcome }) => outcome === 'refused').length;
    if (missing === 0 || performance.now() > giveUpAtMs) return calls - missing;
    await sleep(REDIAL_PAUSE_MS, undefined, { signal });
  }
}
