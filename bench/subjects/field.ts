import path from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import type { ChildCommand } from '../child.ts';
import { Driver } from '../harness/driver.ts';
import type { ReportedLine, Result, Subject } from '../report/run-report.ts';
import type { RowContext } from '../row.ts';
import { installLiveKit, LIVEKIT_VERSION } from './install-peer.ts';

/** A subject as it is started and set for a row. */
export interface Contender {
  readonly subject: Subject;
  readonly command: ChildCommand;
  readonly policy: Readonly<Record<string, unknown>>;
}
export type Found<Figures> = readonly (readonly [Contender, Figures])[];
/** A line of a table: its figure of each subject, and what Parley wants to reach. */
export type LineMaker<Figures> = (
  label: string,
  unit: string,
  value: (figures: Figures) => Result,
  target?: string,
) => ReportedLine;

function node(name: string, flags: readonly string[], ...args: readonly string[]): ChildCommand {
  const main = path.join(import.meta.dirname, name, 'main.ts');
  return { name, args: [...flags, '--expose-gc', '--disable-warning=ExperimentalWarning', main, ...args] };
}
/** Started as the stream host is. */
export const parleyCommand = (): ChildCommand => node('parley', STREAM_HOST_FLAGS);

async function commandOf(subject: Subject, { signal, progress }: RowContext): Promise<ChildCommand> {
  if (subject === 'parley') return parleyCommand();
  progress(`${subject}: looking for it, or installing it`);
  return node('livekit', [], `--folder=${await installLiveKit(signal)}`);
}

/** Each subject's settings in a row that does not choose its own. */
const USUAL = {
  parley: {},
  'livekit-default': {},
  'livekit-best': { turnHandling: { interruption: { mode: 'vad', minDuration: 200 } } },
} as const;

/** Whom a row measures, and what a reader must know of them. */
export class Field {
  readonly contenders: Contender[] = [];
  readonly notes: string[] = [];
  readonly #context: RowContext;
  /** Peers that could not be had, or broke down, and why. */
  readonly #absent: (readonly [Subject, Result])[] = [];

  private constructor(context: RowContext) {
    this.#context = context;
  }

  /** The subjects that the row was asked for and that can be had, installing peers on demand. */
  static async gather(context: RowContext): Promise<Field> {
    const field = new Field(context);
    for (const subject of context.subjects) {
      const command = await field.#orAbsent(subject, () => commandOf(subject, context));
      if (command) field.contenders.push({ subject, command, policy: USUAL[subject] });
    }
    if (field.contenders.some(({ subject }) => subject !== 'parley')) field.notes.push(LIVEKIT_NOTE);
    return field;
  }

  /** The contenders of these subjects, each with its other settings. */
  with(policies: Readonly<Partial<Record<Subject, Contender['policy']>>>): Contender[] {
    return this.contenders.flatMap((one) => {
      const policy = policies[one.subject];
      return policy ? [{ ...one, policy }] : [];
    });
  }

  /** Measures contenders, each in a process of its own: those of a round at the same time. */
  async measure<Figures>(
    rounds: readonly (readonly Contender[])[],
    work: (driver: Driver, contender: Contender) => Promise<Figures>,
  ): Promise<Found<Figures>> {
    const { progress, signal } = this.#context;
    const found: (readonly [Contender, Figures])[] = [];
    const one = async (contender: Contender) => {
      const { subject, command } = contender;
      await this.#orAbsent(subject, () =>
        Driver.use(command, signal, async (driver) => {
          found.push([contender, await work(driver, contender)]);
          this.notes.push(...driver.notes(subject));
        }),
      );
    };
    for (const round of rounds) {
      progress(round.map(({ subject }) => subject).join(' and '));
      await Promise.all(round.map(one));
    }
    return found;
  }

  /** Makes lines of a table from what was found of each subject; those that could not be had say why. */
  lines<Figures>(found: Found<Figures>): LineMaker<Figures> {
    return (label, unit, value, target) => ({
      ...{ label, unit, ...(target !== undefined && { target }) },
      results: Object.fromEntries([...this.#absent, ...found.map(([{ subject }, one]) => [subject, value(one)])]),
    });
  }

  /** A peer that cannot be had or breaks down is absent from the row, with its reason; without Parley there is no row. */
  async #orAbsent<Made>(subject: Subject, make: () => Promise<Made>): Promise<Made | undefined> {
    const { signal, progress } = this.#context;
    try {
      return await make();
    } catch (error) {
      if (subject === 'parley' || signal.aborted) throw error;
      const reason = messageOf(error).split('\n')[0] ?? '';
      progress(`${subject} is left out: ${reason}`);
      this.#absent.push([subject, { none: reason }]);
      return undefined;
    }
  }
}

const LIVEKIT_NOTE =
  `LiveKit Agents JS ${LIVEKIT_VERSION}, headless, one process, with its bundled voice activity. "Default" is what it does on a ` +
  'server of one’s own when nothing is set: local end-of-turn model v1-mini (its real verdict; the model runs in the ' +
  'same process, without LiveKit’s hop to an inference process), endpointing 300/2500 ms, minDuration 500 ms, ' +
  'preemptive generation on, false interruptions resumed after 2 s. "Best" differs in minDuration 200 ms. Changed in both: ' +
  'aecWarmupDuration null (else audio cannot interrupt in the agent’s first 3 s), userAwayTimeout null. Its ' +
  'cloud-only models (turn-detector-v1, adaptive interruption) are not in these figures. Its sink here has the 200 ms queue of ' +
  'its own room output, which a pause drops.';
