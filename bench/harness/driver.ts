import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Cancel } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import { Child, type ChildCommand } from '../child.ts';
import { quantileOf } from '../statistics.ts';
import { everyBeat, monotonicMs } from '../time.ts';
import { Call } from './call.ts';
import type { SessionSettings, SubjectApi, SubjectEvent, Usage } from './protocol.ts';
import { agentClip, type VoiceClip } from './spoken.ts';

/** A beat later than this is worth telling: the load is then not what it should be. */
const LATE_P99_MS = 5;
const LATE_MAX_MS = 100;

/**
 * The load generator for one subject: starts its process, opens sessions in it, sends all of them their audio 50 times a
 * second and keeps what comes back. It runs in the bench's own process, so that its work is in no subject's figures.
 */
export class Driver {
  readonly #child: Child<SubjectApi>;
  readonly #calls = new Map<number, Call>();
  #lastSession = 0;
  #stopBeat: Cancel = () => {};
  readonly #latenessMs: number[] = [];

  private constructor(command: ChildCommand) {
    this.#child = new Child(command, (events) => {
      for (const event of events as SubjectEvent[]) this.#take(event);
    });
  }

  /**
   * Starts the process, waits until its models are loaded, and ends it when the work is done, or when the signal says so.
   * @param voice of the agents, where it is not the usual one
   * @throws with the end of the process's output when it does not start
   */
  static async use<Found>(
    command: ChildCommand,
    signal: AbortSignal,
    work: (driver: Driver) => Promise<Found>,
    voice?: VoiceClip,
  ): Promise<Found> {
    const { text, samples } = voice ?? (await agentClip());
    const driver = new Driver(command);
    const close = () => driver.#child.close();
    signal.addEventListener('abort', close, { once: true });
    try {
      await driver.#child.call('start', { text, pcm: bytesOf(samples) }).catch((error: unknown) => {
        throw new Error(`${command.name} did not start: ${messageOf(error)}`);
      });
      driver.#stopBeat = everyBeat(FRAME_MS, (dueMs, lateMs) => driver.#beat(dueMs, lateMs));
      return await work(driver);
    } finally {
      signal.removeEventListener('abort', close);
      driver.#stopBeat();
      await close();
    }
  }

  /** The sessions that are open. */
  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Opens a session and waits until it takes audio. */
  async open(settings: SessionSettings): Promise<Call> {
    const session = this.#lastSession++;
    const call = new Call(session, settings, (words) => this.#child.tell('hear', session, words));
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

  /** What a reader must know: the load generator was not in time itself. */
  notes(name: string): string[] {
    const [p99Ms = 0, maxMs = 0] = [0.99, 1].map((share) => quantileOf(this.#latenessMs, share));
    if (p99Ms <= LATE_P99_MS && maxMs <= LATE_MAX_MS) return [];
    const figures = `p99 ${p99Ms.toFixed(1)} ms, longest ${maxMs.toFixed(0)} ms`;
    return [`The driver itself was late while ${name} ran (${figures}): so are its delays.`];
  }

  /** Waits until the agent is heard in a call; false when that does not come. */
  async untilAudible(call: Call, timeoutMs: number): Promise<boolean> {
    for (const endMs = monotonicMs() + timeoutMs; monotonicMs() < endMs; await sleep(20)) {
      if (call.farEnd.quietMsAt(monotonicMs()) === 0) return true;
    }
    return false;
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

  #beat(dueMs: number, lateMs: number): void {
    this.#latenessMs.push(lateMs);
    if (this.#calls.size === 0) return;
    const frames = this.calls.map((call) => bytesOf(call.frameDue(dueMs)));
    this.#child.tell('audio', [...this.#calls.keys()], Buffer.concat(frames));
  }
}
