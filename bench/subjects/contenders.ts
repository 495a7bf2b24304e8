import { fileURLToPath } from 'node:url';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';
import type { SubjectCommand } from '../harness/driver.ts';
import type { Subject } from '../report/run-report.ts';
import type { RowContext } from '../row.ts';
import { installLiveKit, installPipecat, LIVEKIT_VERSION, PeerUnavailable, PIPECAT_VERSION } from './install-peer.ts';

/** A subject as it is started and set for a row. */
export interface Contender {
  readonly subject: Subject;
  readonly command: SubjectCommand;
  readonly policy: Readonly<Record<string, unknown>>;
  /** As many sessions as its process can hold; left out, as many as a row likes. */
  readonly mostAtOnce?: number;
}

export interface Field {
  readonly contenders: readonly Contender[];
  /** Subjects that could not be had, and why. */
  readonly absent: { readonly subject: Subject; readonly reason: string }[];
}

const inFolder = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const node = (name: string, flags: readonly string[], ...args: readonly string[]): SubjectCommand => ({
  name,
  program: process.execPath,
  args: [...flags, '--expose-gc', '--disable-warning=ExperimentalWarning', inFolder(`./${name}/main.ts`), ...args],
});
/** Started as the stream host is. */
export const parleyCommand = (): SubjectCommand => node('parley', STREAM_HOST_FLAGS);
export const emptyCommand = (): SubjectCommand => node('empty', []);

async function commandOf(subject: Subject, { signal, progress }: RowContext): Promise<SubjectCommand> {
  if (subject === 'parley') return parleyCommand();
  progress(`${subject}: looking for it, or installing it`);
  if (subject !== 'pipecat') return node('livekit', [], `--folder=${await installLiveKit(signal)}`);
  // `-B`: it leaves no compiled files beside the source.
  return { name: subject, program: await installPipecat(signal), args: ['-B', inFolder('./pipecat/main.py')] };
}

/** Each subject's settings in a row that does not choose its own. */
const USUAL_POLICIES = {
  parley: {},
  'livekit-default': {},
  'livekit-best': { minDurationMs: 200 },
  pipecat: {},
} as const;

/** A talking session takes an eighth of a core or so, and a Python process has one core. */
const PIPECAT_AT_ONCE = 6;

/**
 * The subjects that the row was asked for and that can be had, installing peers on demand.
 * @param takesPipecat whether the row can measure it, by heeding `mostAtOnce`; else it is left out
 */
export async function gatherField(context: RowContext, takesPipecat = false): Promise<Field> {
  const field = { contenders: [] as Contender[], absent: [] as Field['absent'] };
  for (const subject of context.subjects) {
    if (subject === 'pipecat' && !takesPipecat) continue;
    try {
      const command = await commandOf(subject, context);
      const most = subject === 'pipecat' ? { mostAtOnce: PIPECAT_AT_ONCE } : {};
      field.contenders.push({ subject, command, policy: USUAL_POLICIES[subject], ...most });
    } catch (error) {
      if (!(error instanceof PeerUnavailable)) throw error;
      field.absent.push({ subject, reason: error.message });
    }
  }
  return field;
}

/**
 * Measures one contender. A peer that breaks down is absent from the row with its reason, and the others go on; when
 * Parley breaks down, so does the row.
 */
export async function orAbsent<Found>(
  field: Field,
  subject: Subject,
  { signal, progress }: RowContext,
  work: () => Promise<Found>,
): Promise<Found[]> {
  try {
    return [await work()];
  } catch (error) {
    if (subject === 'parley' || signal.aborted) throw error;
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    progress(`${subject} broke down: ${reason}`);
    field.absent.push({ subject, reason: `broke down: ${reason}` });
    return [];
  }
}

/** What a reader must know of the peers that take part. */
export function peerNotes({ contenders }: Field): string[] {
  const has = (name: string) => contenders.some(({ subject }) => subject.startsWith(name));
  return [...(has('livekit') ? [LIVEKIT_NOTE] : []), ...(has('pipecat') ? [PIPECAT_NOTE] : [])];
}

const LIVEKIT_NOTE =
  `LiveKit Agents JS ${LIVEKIT_VERSION}, headless, one process, with its bundled voice activity. "Default" is what it does on a ` +
  'server of one’s own when nothing is set: local end-of-turn model v1-mini (its real verdict; the model runs in the ' +
  'same process, without LiveKit’s hop to an inference process), endpointing 300/2500 ms, minDuration 500 ms, ' +
  'preemptive generation on, false interruptions resumed after 2 s. "Best" differs in minDuration 200 ms. Changed in both: ' +
  'aecWarmupDuration null (else audio cannot interrupt in the agent’s first 3 s), userAwayTimeout null. Its ' +
  'cloud-only models (turn-detector-v1, adaptive interruption) are not in these figures. Its sink here has the 200 ms queue of ' +
  'its own room output, which a pause drops.';

const PIPECAT_NOTE =
  `Pipecat ${PIPECAT_VERSION} at its defaults, in Python: local Silero voice activity (confidence 0.7, start 0.2 s, stop 0.2 s), ` +
  'turns begun by voice or words and ended by the local Smart Turn v3. It cannot resume: to an interruption without words ' +
  'it asks the model anew. Its synthesiser is given whole sentences. It hands over 40 ms at a time, one chunk ahead. ' +
  'Recognised finals are marked as final for it, as its own Azure recogniser does. Set: 16 kHz out, no idle timeout, no ' +
  `RTVI messages. ${PIPECAT_AT_ONCE} sessions at once, not more, in its one process: more would be an overload (its makers start a ` +
  'process for each call).';
