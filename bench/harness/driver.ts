import { setTimeout as sleep } from 'node:timers/promises';
import { Call } from './call.ts';
import { message } from './message-stream.ts';
import {
  AGENT_FRAME_BYTES,
  CALLER_FRAME_BYTES,
  MESSAGE,
  monotonicMs,
  type SessionSettings,
  type Usage,
} from './protocol.ts';
import { type SubjectCommand, SubjectProcess, type VoiceClip } from './subject-process.ts';
import { type Lateness, TickSchedule } from './tick-schedule.ts';

/**
 * The load generator for one subject: starts its process, opens sessions in it, sends all of them their audio 50 times a
 * second and keeps what comes back. It runs in the bench's own process, so that its work is in no subject's figures.
 */
export class Driver {
  readonly #process: SubjectProcess;
  readonly #ticks: TickSchedule;
  readonly #calls: Map<number, Call>;
  #nextSession = 0;

  private constructor(process: SubjectProcess, calls: Map<number, Call>) {
    this.#process = process;
    this.#calls = calls;
    this.#ticks = new TickSchedule((dueMs) => this.#tick(dueMs));
    this.#ticks.start();
  }

  static async start(command: SubjectCommand, voice: VoiceClip, signal: AbortSignal): Promise<Driver> {
    const calls = new Map<number, Call>();
    const started = await SubjectProcess.start({
      command,
      voice,
      signal,
      onEvent: (event) => {
        if ('session' in event && event.session !== undefined) calls.get(event.session)?.take(event);
      },
      onAgentAudio: (body) => {
        const count = body.readUInt16LE(0);
        for (let i = 0, at = 2; i < count; i += 1, at += AGENT_FRAME_BYTES) {
          const farEnd = calls.get(body.readUInt16LE(at))?.farEnd;
          farEnd?.receive(body.readDoubleLE(at + 2), body.subarray(at + 10, at + AGENT_FRAME_BYTES));
        }
      },
    });
    return new Driver(started, calls);
  }

  get version(): string {
    return this.#process.version;
  }

  /** The sessions that are open. */
  get calls(): readonly Call[] {
    return [...this.#calls.values()];
  }

  /** Opens a session and waits until it takes audio. */
  async open(settings: SessionSettings): Promise<Call> {
    const session = this.#nextSession;
    this.#nextSession += 1;
    const call = new Call(session, settings, (command) => this.#process.send(command));
    this.#calls.set(session, call);
    await this.#process.ask({ type: 'open', session, settings }, 'opened', (event) => event.session === session);
    return call;
  }

  async end(call: Call): Promise<void> {
    const { session } = call;
    await this.#process.ask({ type: 'close', session }, 'closed', (event) => event.session === session);
    this.#calls.delete(session);
  }

  usage(collect = false): Promise<Usage> {
    return this.#process.usage(collect);
  }

  /** How late the driver was since the last call of this. */
  takeLateness(): Lateness {
    return this.#ticks.takeLateness();
  }

  /** Waits until the agent is heard in a call; false when that does not come. */
  async untilAudible(call: Call, timeoutMs: number): Promise<boolean> {
    for (const endMs = monotonicMs() + timeoutMs; monotonicMs() < endMs; await sleep(20)) {
      if (call.farEnd.isAudibleAt(monotonicMs())) return true;
    }
    return false;
  }

  /** Idempotent. Ends the subject and all sessions in it. */
  async close(): Promise<void> {
    this.#ticks.close();
    await this.#process.close();
  }

  #tick(dueMs: number): void {
    const due: { readonly session: number; readonly frame: Int16Array }[] = [];
    for (const call of this.#calls.values()) {
      const frame = call.frameDue(dueMs);
      if (frame) due.push({ session: call.session, frame });
    }
    if (due.length === 0) return;
    const packed = message(MESSAGE.callerAudio, 2 + due.length * CALLER_FRAME_BYTES, (body) => {
      body.writeUInt16LE(due.length, 0);
      let at = 2;
      for (const { session, frame } of due) {
        body.writeUInt16LE(session, at);
        body.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength), at + 2);
        at += CALLER_FRAME_BYTES;
      }
    });
    this.#process.write(packed);
  }
}
