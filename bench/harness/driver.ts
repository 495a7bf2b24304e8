import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Cancel } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { Child, type ChildCommand } from '../child.ts';
import { quantileAt } from '../statistics.ts';
import { everyBeat, monotonicMs } from '../time.ts';
import { Call } from './call.ts';
import type { SessionSettings, SubjectApi, SubjectEvent, Usage } from './protocol.ts';
import { agentClip, type VoiceClip } from './spoken.ts';

/** A beat later than this is worth telling: the load is then not what it should be. */
const LATE_P99_MS = 5;
const LATE_MAX_MS = 100;
const OVERLOADED_P99_MS = 50;

/**
 * The load generator for one subject: starts its process, opens sessions in it, sends all of them their audio 50 times a
 * second and keeps what comes back. It runs in the bench's own process, so that its work is in no subject's figures.
 */
export class Driver {
  readonly #child: Child<SubjectApi>;
  readonly #calls = new Map<number, Call>();
  #lastSession = 0;
  #stopBeat: Cancel = () => {};
  #latenessMs: number[] = [];

  private constructor(command: ChildCommand) {
    this.#child = new Child(command, (events) => {
      for (const event of events as SubjectEvent[]) this.#take(event);
    });
  }

  /** Starts the process and waits until its models are loaded. Throws with the end of its output when it does not. */
  static async start(command: ChildCommand, { text, samples }: VoiceClip, signal: AbortSignal): Promise<Driver> {
    const driver = new Driver(command);
    const child = driver.#child;
    const onAbort = () => void driver.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await child.call('start', { text, pcm: bytesOf(samples) });
    } catch (error) {
      await driver.close();
      throw new Error(`${command.name} did not start: ${messageOf(error)}`);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    driver.#stopBeat = everyBeat(FRAME_MS, (dueMs, lateMs) => {
      driver.#latenessMs.push(lateMs);
      driver.#beat(dueMs);
    });
    return driver;
  }

  /** Starts the process with the agent's voice, and ends it when the work is done. */
  static async use<Found>(
    command: ChildCommand,
    signal: AbortSignal,
    work: (driver: Driver) => Promise<Found>,
  ): Promise<Found> {
    const driver = await Driver.start(command, await agentClip(), signal);
    return work(driver).finally(() => driver.close());
  }

  /** The sessions that are open. */
  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Opens a session and waits until it takes audio. */
  async open(settings: SessionSettings): Promise<Call> {
    const session = this.#lastSession++;
    const call = new Call(session, settings, {
      hear: (words) => this.#child.tell('hear', session, words),
      interrupt: () => this.#child.tell('interrupt', session),
    });
    this.#calls.set(session, call);
    await this.#child.call('open', session, settings);
    return call;
  }

  async end({ session }: Call): Promise<void> {
    await this.#child.call('close', session);
    this.#calls.delete(session);
  }

  usage(collect = false): Promise<Usage> {
    return this.#child.call('usage', collect);
  }

  /** From here on the notes of {@link notes} count. */
  async beginNotes(): Promise<void> {
    this.#latenessMs = [];
    await this.usage();
  }

  /** What a reader must know: the load generator was not in time itself, or the subject had more to do than it could. */
  async notes(name: string): Promise<string[]> {
    const [p99Ms, maxMs] = [quantileAt(0.99)(this.#latenessMs), quantileAt(1)(this.#latenessMs)];
    const { loopDelayP99Ms, loopDelayMaxMs } = await this.usage();
    const figures = (p99: number, max: number) => `p99 ${p99.toFixed(1)} ms, longest ${max.toFixed(0)} ms`;
    const late = `The driver itself was late while ${name} ran (${figures(p99Ms, maxMs)}): so are its delays.`;
    const overload = `The event loop of ${name} was late (${figures(loopDelayP99Ms, loopDelayMaxMs)}): an overload.`;
    return [
      ...(p99Ms > LATE_P99_MS || maxMs > LATE_MAX_MS ? [late] : []),
      ...(loopDelayP99Ms > OVERLOADED_P99_MS ? [overload] : []),
    ];
  }

  /** Waits until the agent is heard in a call; false when that does not come. */
  async untilAudible(call: Call, timeoutMs: number): Promise<boolean> {
    for (const endMs = monotonicMs() + timeoutMs; monotonicMs() < endMs; await sleep(20)) {
      if (call.farEnd.isAudibleAt(monotonicMs())) return true;
    }
    return false;
  }

  /** Ends the subject and all sessions in it. Idempotent; waits a bounded time, then kills. */
  close(): Promise<void> {
    this.#stopBeat();
    return this.#child.close();
  }

  #take(event: SubjectEvent): void {
    if (event.type !== 'audio') {
      this.#calls.get(event.session)?.take(event);
      return;
    }
    for (const [at, session] of event.sessions.entries()) {
      const frame = event.pcm.subarray(at * FRAME_BYTES, (at + 1) * FRAME_BYTES);
      this.#calls.get(session)?.farEnd.receive(event.atMs[at] ?? 0, frame);
    }
  }

  #beat(dueMs: number): void {
    if (this.#calls.size === 0) return;
    const frames = this.calls.map((call) => bytesOf(call.frameDue(dueMs)));
    this.#child.tell('audio', [...this.#calls.keys()], Buffer.concat(frames));
  }
}
