import type { Operation } from '../../shared/calls/operation-ledger.ts';
import { mayBeDone, type OperationOf, type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import { changeRecording } from '../../shared/calls/operations/recording.ts';
import type { RecordingHappening, RecordingState } from '../../shared/calls/operations/recording-state.ts';
import type { Logger } from '../../shared/log.ts';
import type { Mode } from '../contract/mode.ts';

interface NewcomersOptions {
  readonly ports: OperationPorts;
  readonly sessionId: string;
  /** @throws {Error} the call is not known yet */
  readonly of: (operationContext: string) => Promise<OperationOf>;
  /** What they are told by the agent; false: nothing. */
  readonly notice: string | false;
  /** Has the carrier play the notice, where it does that; {@link Newcomers.played} tells how it went. */
  readonly play: ((by: string) => void) | undefined;
  readonly mostNotices: number;
  readonly mode: Mode;
  readonly state: () => RecordingState;
  readonly move: (happening: RecordingHappening) => void;
  readonly log: Logger;
}

interface Untold {
  /** The operation that brought him in. */
  readonly by: string;
  /** He alone hears the agent. */
  aside: boolean;
  isBeingTold: boolean;
  pauses: number;
}

/**
 * Whoever comes into a call that is recorded: the recording pauses, the notice is said again, and once it was heard the
 * recording goes on. Where nobody hears it, the recording stays paused.
 */
export class Newcomers {
  readonly #options: NewcomersOptions;
  /** The last who has come and was not told. A notice is heard by all who are there. */
  #untold: Untold | undefined;

  constructor(options: NewcomersOptions) {
    this.#options = options;
  }

  /** @param aside the caller does not hear what the agent says to him */
  joined(by: string, aside: boolean): void {
    const { state, notice, play } = this.#options;
    const { is } = state();
    if (is === 'off' || is === 'stopping' || (notice === false && !play)) return;
    this.#untold = { by, aside, isBeingTold: false, pauses: 0 };
    this.moved();
  }

  /** The recording stands otherwise now. */
  moved(): void {
    const untold = this.#untold;
    const { is } = this.#options.state();
    if (!untold) return;
    if (is === 'off' || is === 'stopping') this.#untold = undefined;
    else if (is === 'running') void this.#pause(untold);
    else if (is === 'paused') this.#tell(untold);
  }

  /** The host before may have died while somebody was told. */
  resume(operations: readonly Operation[]): void {
    const last = lastChange(operations);
    if (last && isOurs(last) && this.#options.state().is === 'paused') this.joined(last.operationContext, false);
  }

  /** The carrier's notice has ended. @returns whether it was one for somebody who has come */
  played(by: string | undefined, succeeded: boolean): boolean {
    const untold = this.#untold;
    if (!untold || untold.by !== by) return false;
    if (succeeded) void this.#told(untold);
    return true;
  }

  /** Never rejects. */
  async #pause(untold: Untold): Promise<void> {
    untold.pauses += 1;
    // He is told, whatever becomes of it.
    await this.#change('pause', `${untold.by}.pause-${untold.pauses}`);
    if (this.#untold === untold) this.#tell(untold);
  }

  #tell(untold: Untold, attempt = 1): void {
    if (untold.isBeingTold) return;
    const { play, mode, notice, mostNotices, log } = this.#options;
    untold.isBeingTold = true;
    if (play || notice === false) {
      play?.(untold.by);
      return;
    }
    if (!mode.told || attempt > mostNotices) {
      log.warn('somebody has come into the call who was not told that it is recorded: the recording stays paused');
      return;
    }
    const onSpoken = (heard: boolean) => {
      if (this.#untold !== untold) return;
      if (heard) return void this.#told(untold);
      // By now he and the caller may hear the same.
      untold.aside = false;
      untold.isBeingTold = false;
      this.#tell(untold, attempt + 1);
    };
    mode.told({ speech: { line: notice }, aside: untold.aside, onSpoken });
  }

  /** Everybody knows. What others have paused stays so. Never rejects. */
  async #told(untold: Untold): Promise<void> {
    const { ports, sessionId, log } = this.#options;
    this.#untold = undefined;
    try {
      const last = lastChange(await ports.ledger.list(sessionId));
      if (last && isOurs(last) && this.#untold === undefined) await this.#change('resume', `${untold.by}.resume`);
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, 'the recording stays paused');
    }
  }

  async #change(action: 'pause' | 'resume', operationContext: string): Promise<void> {
    const { ports, of, state, move, log } = this.#options;
    try {
      await changeRecording(ports, await of(operationContext), action);
      const now = state();
      if (!('recordingId' in now) || now.recordingId === undefined) return;
      move({ what: action === 'pause' ? 'paused' : 'resumed', of: now.recordingId });
    } catch (error) {
      const reason = reasonOf(error);
      log.warn({ reason, mayBeDone: mayBeDone(error) }, `the recording could not be changed: ${action}`);
    }
  }
}

/** The last pause, or its end, that the carrier has taken, or may have. */
const lastChange = (operations: readonly Operation[]): Operation | undefined =>
  operations.findLast(
    ({ kind, state, data }) =>
      kind === 'recording' && state !== 'failed' && (data.action === 'pause' || data.action === 'resume'),
  );

const isOurs = ({ data }: Operation): boolean => data.action === 'pause' && data.askedBy === 'engine';
