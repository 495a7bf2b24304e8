import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_MS } from '../../shared/audio/pcm.ts';
import { quantileAt } from '../statistics.ts';
import { Call } from './call.ts';
import {
  AGENT_FRAME_BYTES,
  type Command,
  jsonMessage,
  MESSAGE,
  message,
  monotonicMs,
  readMessages,
  type SessionSettings,
  type SubjectEvent,
  subjectEvent,
  type Usage,
  uint16,
} from './protocol.ts';
import { agentClip, type VoiceClip } from './spoken.ts';

const START_TIMEOUT_MS = 60_000;
/** A process under load takes its time to open a session; one that takes longer than this is of no use. */
const ANSWER_TIMEOUT_MS = 30_000;
const END_TIMEOUT_MS = 5000;
const KEPT_OUTPUT_CHARS = 4000;
/** A beat later than this is worth telling: the load is then not what it should be. */
const LATE_P99_MS = 5;
const LATE_MAX_MS = 100;
const OVERLOADED_P99_MS = 50;

/** How a subject is started. `--port=<n>` is added to the arguments. */
export interface SubjectCommand {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * The load generator for one subject: starts its process, opens sessions in it, sends all of them their audio 50 times a
 * second and keeps what comes back. It runs in the bench's own process, so that its work is in no subject's figures.
 */
export class Driver {
  readonly #child: ChildProcess;
  readonly #socket: Socket;
  readonly #calls = new Map<number, Call>();
  readonly #waiting = new Set<(event: SubjectEvent) => void>();
  #lastId = 0;
  #nextBeatMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #latenessMs: number[] = [];

  private constructor(child: ChildProcess, socket: Socket) {
    this.#child = child;
    this.#socket = socket;
    socket.on('error', () => {});
    readMessages(socket, (kind, body) => {
      if (kind === MESSAGE.agentAudio) this.#hear(body);
      else this.#take(subjectEvent.parse(JSON.parse(body.toString())));
    });
  }

  /** Starts the process and waits until its models are loaded. Throws with the end of its output when it does not. */
  static async start(command: SubjectCommand, voice: VoiceClip, signal: AbortSignal): Promise<Driver> {
    const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const port = `--port=${(server.address() as AddressInfo).port}`;
    const child = spawn(command.program, [...command.args, port], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const keep = (text: Buffer) => {
      output = (output + text.toString()).slice(-KEPT_OUTPUT_CHARS);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const ended = once(child, 'close').then(([code]) => Promise.reject(new Error(`exit code ${code}`)));
    const limit = AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
    try {
      const [socket] = await Promise.race([once(server, 'connection', { signal: limit }), ended]);
      const driver = new Driver(child, socket);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(Buffer.byteLength(voice.text));
      const isUp = ({ type }: SubjectEvent) => type === 'ready' || type === 'fault';
      const said = driver.#answer(isUp, START_TIMEOUT_MS);
      socket.write(message(MESSAGE.voice, length, Buffer.from(voice.text), bytesOf(voice.samples)));
      const event = await Promise.race([said, ended]);
      if (event.type === 'fault') throw new Error(event.message);
      driver.#arm();
      return driver;
    } catch (error) {
      child.kill('SIGKILL');
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${command.name} did not start: ${reason}\n${output}`);
    } finally {
      ended.catch(() => {});
      server.close();
    }
  }

  /** Starts the process with the agent's voice, and ends it when the work is done. */
  static async use<Found>(
    command: SubjectCommand,
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
    const session = this.#lastId++;
    const call = new Call(session, settings, (command) => this.#send(command));
    this.#calls.set(session, call);
    await this.#ask(
      { type: 'open', session, settings },
      (event) => event.type === 'opened' && event.session === session,
    );
    return call;
  }

  async end({ session }: Call): Promise<void> {
    await this.#ask({ type: 'close', session }, (event) => event.type === 'closed' && event.session === session);
    this.#calls.delete(session);
  }

  async usage(collect = false): Promise<Usage> {
    const id = this.#lastId++;
    const event = await this.#ask({ type: 'usage', id, collect }, (told) => told.type === 'usage' && told.id === id);
    if (event.type !== 'usage') throw new Error('the subject did not tell what it uses');
    return event;
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
    const late =
      `The driver itself was late while ${name} ran (${figures(p99Ms, maxMs)}): the machine was busy, and delays are ` +
      'that much too long.';
    const overload =
      `${name} had more to do than its process could (event loop ${figures(loopDelayP99Ms, loopDelayMaxMs)} late): its ` +
      'delays are those of an overload.';
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
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#socket.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
    await once(this.#child, 'exit');
    clearTimeout(timer);
  }

  #send(command: Command): void {
    this.#socket.write(jsonMessage(MESSAGE.command, command));
  }

  #ask(command: Command, isAnswer: (event: SubjectEvent) => boolean): Promise<SubjectEvent> {
    const answered = this.#answer(isAnswer, ANSWER_TIMEOUT_MS);
    this.#send(command);
    return answered;
  }

  #answer(fits: (event: SubjectEvent) => boolean, timeoutMs: number): Promise<SubjectEvent> {
    const { promise, resolve, reject } = Promise.withResolvers<SubjectEvent>();
    const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    const waiter = (event: SubjectEvent) => {
      if (fits(event)) resolve(event);
    };
    this.#waiting.add(waiter);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(waiter);
    });
  }

  #take(event: SubjectEvent): void {
    for (const waiter of this.#waiting) waiter(event);
    if ('session' in event && event.session !== undefined) this.#calls.get(event.session)?.take(event);
  }

  #hear(body: Buffer): void {
    for (let at = 2; at < body.length; at += AGENT_FRAME_BYTES) {
      const farEnd = this.#calls.get(body.readUInt16LE(at))?.farEnd;
      farEnd?.receive(body.readDoubleLE(at + 2), body.subarray(at + 10, at + AGENT_FRAME_BYTES));
    }
  }

  /** Every 20 ms on an absolute schedule, so that an error does not add up; a beat that is overdue is made up for at once. */
  #arm(): void {
    this.#nextBeatMs ||= monotonicMs() + FRAME_MS;
    this.#timer = setTimeout(
      () => {
        const nowMs = monotonicMs();
        for (; this.#nextBeatMs <= nowMs; this.#nextBeatMs += FRAME_MS) {
          this.#latenessMs.push(nowMs - this.#nextBeatMs);
          this.#beat(this.#nextBeatMs);
        }
        if (this.#timer) this.#arm();
      },
      Math.max(0, this.#nextBeatMs - monotonicMs()),
    );
  }

  #beat(dueMs: number): void {
    const due = this.calls.flatMap((call) => {
      const frame = call.frameDue(dueMs);
      return frame ? [uint16(call.session), bytesOf(frame)] : [];
    });
    if (due.length > 0) this.#socket.write(message(MESSAGE.callerAudio, uint16(due.length / 2), ...due));
  }
}
