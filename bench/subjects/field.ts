import path from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import type { ChildCommand } from '../child.ts';
import { Driver } from '../harness/driver.ts';
import type { ReportedLine, Result, Subject } from '../report/run-report.ts';
import type { RowContext } from '../row.ts';
import { installLiveKit, LIVEKIT_VERSION, PeerUnavailable } from './install-peer.ts';

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

const inFolder = (file: string): string => path.join(import.meta.dirname, file);
const node = (name: string, flags: readonly string[], ...args: readonly string[]): ChildCommand => ({
  name,
  args: [...flags, '--expose-gc', '--disable-warning=ExperimentalWarning', inFolder(`${name}/main.ts`), ...args],
});
/** Started as the stream host is. */
export const parleyCommand = (): ChildCommand => node('parley', STREAM_HOST_FLAGS);
export const emptyCommand = (): ChildCommand => node('empty', []);

async function commandOf(subject: Subject, { signal, progress }: RowContext): Promise<ChildCommand> {
  if (subject === 'parley') return parleyCommand();
  progress(`${subject}: looking for it, or installing it`);
  return node('livekit', [], `--folder=${await installLiveKit(signal)}`);
}

/** Each subject's settings in a row that does not choose its own. */
const USUAL = { parley: {}, 'livekit-default': {}, 'livekit-best': { minDurationMs: 200 } } as const;

/** Whom a row measures, and what a reader must know of them. */
export class Field {
  readonly contenders: readonly Contender[];
  readonly notes: string[] = [];
  readonly #context: RowContext;
  /** Subjects that could not be had, or broke down, and why. */
  readonly #absent: (readonly [Subject, Result])[] = [];

  private constructor(context: RowContext, contenders: readonly Contender[], absent: readonly [Subject, Result][]) {
    this.#context = context;
    this.contenders = contenders;
    this.#absent.push(...absent);
    if (contenders.some(({ subject }) => subject !== 'parley')) this.notes.push(LIVEKIT_NOTE);
  }

  /** The subjects that the row was asked for and that can be had, installing peers on demand. */
  static async gather(context: RowContext): Promise<Field> {
    const contenders: Contender[] = [];
    const absent: [Subject, Result][] = [];
    for (const subject of context.subjects) {
      try {
        contenders.push({ subject, command: await commandOf(subject, context), policy: USUAL[subject] });
      } catch (error) {
        if (!(error instanceof PeerUnavailable)) throw error;
        absent.push([subject, { none: error.message }]);
      }
    }
    return new Field(context, contenders, absent);
  }

  /** The contenders of these subjects, each with its other settings. */
  with(policies: Readonly<Partial<Record<Subject, Contender['policy']>>>): Contender[] {
    return this.contenders.flatMap((one) => {
      const policy = policies[one.subject];
      return policy ? [{ ...one, policy }] : [];
    });
  }

  /**
   * Measures contenders, each in a process of its own: those of a round at the same time. A peer that breaks down is absent
   * from the row with its reason, and the others go on; when Parley breaks down, so does the row.
   */
  async measure<Figures>(
    rounds: readonly (readonly Contender[])[],
    work: (driver: Driver, contender: Contender) => Promise<Figures>,
  ): Promise<Found<Figures>> {
    const { progress } = this.#context;
    const found: (readonly [Contender, Figures])[] = [];
    for (const round of rounds) {
      progress(round.map(({ subject }) => subject).join(' and '));
      found.push(...(await Promise.all(round.map((one) => this.#orAbsent(one, work)))).flat());
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

  async #orAbsent<Figures>(
    contender: Contender,
    work: (driver: Driver, contender: Contender) => Promise<Figures>,
  ): Promise<(readonly [Contender, Figures])[]> {
    const { subject, command } = contender;
    const { signal, progress } = this.#context;
    try {
      return await Driver.use(command, signal, async (driver) => {
        const figures = await work(driver, contender);
        this.notes.push(...(await driver.notes(subject)));
        return [[contender, figures]];
      });
    } catch (error) {
      if (subject === 'parley' || signal.aborted) throw error;
      const reason = messageOf(error).split('\n')[0] ?? '';
      progress(`${subject} broke down: ${reason}`);
      this.#absent.push([subject, { none: `broke down: ${reason}` }]);
      return [];
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
