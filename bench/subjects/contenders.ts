import type { SubjectCommand } from '../harness/subject-process.ts';
import type { RowContext, Subject } from '../row.ts';
import { livekitCommand, parleyCommand } from './commands.ts';
import { installLiveKit, LIVEKIT_VERSION, PeerUnavailable } from './install-peer.ts';

/** A subject as it is started and set for a row. */
export interface Contender {
  readonly subject: Subject;
  readonly command: SubjectCommand;
  readonly policy: Readonly<Record<string, unknown>>;
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
} as const;

/** What every row that runs LiveKit must say of it. */
export const LIVEKIT_NOTE =
  `LiveKit Agents JS ${LIVEKIT_VERSION}, headless, one process, with its bundled voice activity. "Default" is what it does on a ` +
  'server of one’s own when nothing is set: local end-of-turn model v1-mini (its real verdict; the model runs in the ' +
  'same process, without LiveKit’s hop to an inference process), endpointing 300/2500 ms, minDuration 500 ms, ' +
  'preemptive generation on, false interruptions resumed after 2 s. "Best" differs in minDuration 200 ms. Changed in both: ' +
  'aecWarmupDuration null (else audio cannot interrupt in the agent’s first 3 s), userAwayTimeout null. Its ' +
  'cloud-only models (turn-detector-v1, adaptive interruption) are not in these figures. Its sink here has the 200 ms queue of ' +
  'its own room output, which a pause drops.';

/** The subjects that the row was asked for and that can be had, installing peers on demand. */
export async function gatherField({ subjects, signal, progress }: RowContext): Promise<Field> {
  const contenders: Contender[] = [];
  const absent: { subject: Subject; reason: string }[] = [];
  for (const subject of subjects) {
    if (subject === 'pipecat') continue;
    try {
      const command = subject === 'parley' ? parleyCommand() : livekitCommand(await installOnce(signal, progress));
      contenders.push({ subject, command, policy: USUAL_POLICIES[subject] });
    } catch (error) {
      if (!(error instanceof PeerUnavailable)) throw error;
      absent.push({ subject, reason: error.message });
    }
  }
  return { contenders, absent };
}

async function installOnce(signal: AbortSignal, progress: RowContext['progress']): Promise<string> {
  progress('LiveKit Agents: looking for it, or installing it');
  return installLiveKit(signal);
}
