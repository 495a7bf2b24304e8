import type { SubjectCommand } from '../harness/subject-process.ts';
import type { RowContext, Subject } from '../row.ts';
import { livekitCommand, parleyCommand, pipecatCommand } from './commands.ts';
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

/**
 * Measures one contender. A peer that breaks down is absent from the row with its reason, and the others go on; when
 * Parley breaks down, so does the row.
 */
export async function orAbsent<Result>(
  field: Field,
  subject: Subject,
  { signal, progress }: RowContext,
  work: () => Promise<Result>,
): Promise<Result[]> {
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

/** Each subject's settings in a row that does not choose its own. */
const USUAL_POLICIES = {
  parley: {},
  'livekit-default': {},
  'livekit-best': { minDurationMs: 200 },
  pipecat: {},
} as const;

/** A talking session takes an eighth of a core or so, and a Python process has one core. */
const PIPECAT_AT_ONCE = 6;

/** What every row that runs LiveKit must say of it. */
export const LIVEKIT_NOTE =
  `LiveKit Agents JS ${LIVEKIT_VERSION}, headless, one process, with its bundled voice activity. "Default" is what it does on a ` +
  'server of one’s own when nothing is set: local end-of-turn model v1-mini (its real verdict; the model runs in the ' +
  'same process, without LiveKit’s hop to an inference process), endpointing 300/2500 ms, minDuration 500 ms, ' +
  'preemptive generation on, false interruptions resumed after 2 s. "Best" differs in minDuration 200 ms. Changed in both: ' +
  'aecWarmupDuration null (else audio cannot interrupt in the agent’s first 3 s), userAwayTimeout null. Its ' +
  'cloud-only models (turn-detector-v1, adaptive interruption) are not in these figures. Its sink here has the 200 ms queue of ' +
  'its own room output, which a pause drops.';

/** What a row that runs Pipecat must say of it. */
const PIPECAT_NOTE =
  `Pipecat ${PIPECAT_VERSION} at its defaults, in Python: local Silero voice activity (confidence 0.7, start 0.2 s, stop 0.2 s), ` +
  'turns begun by voice or words and ended by the local Smart Turn v3. It cannot resume: to an interruption without words ' +
  'it asks the model anew. Its synthesiser is given whole sentences. It hands over 40 ms at a time, one chunk ahead. ' +
  'Recognised finals are marked as final for it, as its own Azure recogniser does. Set: 16 kHz out, no idle timeout, no ' +
  `RTVI messages. ${PIPECAT_AT_ONCE} sessions at once, not more, in its one process: more would be an overload (its makers start a ` +
  'process for each call).';

/** What a reader must know of the peers that take part. */
export function peerNotes({ contenders }: Field): string[] {
  const has = (name: string) => contenders.some(({ subject }) => subject.startsWith(name));
  return [...(has('livekit') ? [LIVEKIT_NOTE] : []), ...(has('pipecat') ? [PIPECAT_NOTE] : [])];
}

/**
 * The subjects that the row was asked for and that can be had, installing peers on demand.
 * @param options `pipecat`: whether the row can measure it, by heeding `mostAtOnce`; else it is left out
 */
export async function gatherField(
  { subjects, signal, progress }: RowContext,
  options: { readonly pipecat: boolean } = { pipecat: false },
): Promise<Field> {
  const contenders: Contender[] = [];
  const absent: { subject: Subject; reason: string }[] = [];
  for (const subject of subjects) {
    if (subject === 'pipecat' && !options.pipecat) continue;
    try {
      const command = await commandOf(subject, signal, progress);
      const most = subject === 'pipecat' ? { mostAtOnce: PIPECAT_AT_ONCE } : {};
      contenders.push({ subject, command, policy: USUAL_POLICIES[subject], ...most });
    } catch (error) {
      if (!(error instanceof PeerUnavailable)) throw error;
      absent.push({ subject, reason: error.message });
    }
  }
  return { contenders, absent };
}

async function commandOf(
  subject: Subject,
  signal: AbortSignal,
  progress: RowContext['progress'],
): Promise<SubjectCommand> {
  if (subject === 'parley') return parleyCommand();
  progress(`${subject}: looking for it, or installing it`);
  return subject === 'pipecat'
    ? pipecatCommand(await installPipecat(signal))
    : livekitCommand(await installLiveKit(signal));
}
