import { connect, type Socket } from 'node:net';
import { type ELDHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { copyOf, jsonMessage, message, readMessages } from '../harness/message-stream.ts';
import {
  AGENT_FRAME_BYTES,
  CALLER_FRAME_BYTES,
  type Command,
  command,
  MESSAGE,
  monotonicMs,
  type SubjectEvent,
} from '../harness/protocol.ts';
import { AgentVoice } from './agent-voice.ts';
import type { StartSystem, SubjectSession, SubjectSink, SubjectSystem } from './subject-system.ts';

const LOOP_SAMPLE_MS = 5;

/**
 * A subject's side of the driver's socket: the same for all that run on Node. Runs until the driver closes the socket,
 * then ends the process. Call it once, from the subject's `main.ts`.
 */
export async function serveSubject(start: StartSystem): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' } }, strict: false });
  const socket = connect({ host: '127.0.0.1', port: Number(values.port), noDelay: true });
  const link = new SubjectLink(socket, start);
  await link.ended;
  process.exit(0);
}

interface Frame {
  readonly session: number;
  readonly atMs: number;
  readonly pcm: Uint8Array;
}

class SubjectLink {
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #start: StartSystem;
  readonly #sessions = new Map<number, SubjectSession>();
  readonly #loopDelay: ELDHistogram = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  #system: SubjectSystem | undefined;
  /** What this turn of the event loop has to say: written to the socket once, in order. */
  #outgoing: Buffer[] = [];
  #frames: Frame[] = [];
  #flushing = false;

  constructor(socket: Socket, start: StartSystem) {
    this.#socket = socket;
    this.#start = start;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    socket.on('close', () => resolve());
    socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
    readMessages(socket, (kind, body) => this.#receive(kind, body));
    this.#loopDelay.enable();
  }

  #receive(kind: number, body: Buffer): void {
    if (kind === MESSAGE.callerAudio) this.#deliver(body);
    else if (kind === MESSAGE.command) this.#obey(command.parse(JSON.parse(body.toString())));
    else if (kind === MESSAGE.voice) void this.#begin(body);
  }

  #deliver(body: Buffer): void {
    const count = body.readUInt16LE(0);
    for (let i = 0, at = 2; i < count; i += 1, at += CALLER_FRAME_BYTES) {
      this.#sessions.get(body.readUInt16LE(at))?.receiveAudio(copyOf(body.subarray(at + 2, at + CALLER_FRAME_BYTES)));
    }
  }

  async #begin(body: Buffer): Promise<void> {
    const textBytes = body.readUInt32LE(0);
    const text = body.subarray(4, 4 + textBytes).toString();
    try {
      this.#system = await this.#start(
        new AgentVoice(text, new Int16Array(copyOf(body.subarray(4 + textBytes)).buffer)),
      );
      this.#tell({ type: 'ready', version: this.#system.version });
    } catch (error) {
      this.#tell({ type: 'fault', message: describe(error) });
    }
  }

  #obey(order: Command): void {
    switch (order.type) {
      case 'open':
        void this.#guard(order.session, () => this.#open(order));
        return;
      case 'close':
        void this.#guard(order.session, () => this.#close(order.session));
        return;
      case 'recogniser':
        this.#sessions.get(order.session)?.hear(order);
        return;
      case 'interrupt':
        this.#sessions.get(order.session)?.interrupt();
        return;
      case 'usage':
        this.#tellUsage(order.id, order.collect);
    }
  }

  async #guard(session: number, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#tell({ type: 'fault', session, message: describe(error) });
    }
  }

  async #open({ session, settings }: Extract<Command, { type: 'open' }>): Promise<void> {
    if (!this.#system) throw new Error('the system has not started');
    this.#sessions.set(session, await this.#system.open(settings, this.#sinkOf(session)));
    this.#tell({ type: 'opened', session });
  }

  async #close(session: number): Promise<void> {
    await this.#sessions.get(session)?.close();
    this.#sessions.delete(session);
    this.#tell({ type: 'closed', session });
  }

  #sinkOf(session: number): SubjectSink {
    return {
      audio: (pcm) => {
        if (pcm.length !== FRAME_BYTES) throw new RangeError(`A frame has ${FRAME_BYTES} bytes, not ${pcm.length}.`);
        this.#frames.push({ session, atMs: monotonicMs(), pcm });
        this.#flushSoon();
      },
      stop: () => this.#tell({ type: 'stop', session, atMs: monotonicMs() }),
      resume: () => this.#tell({ type: 'resume', session, atMs: monotonicMs() }),
      thinking: (text) => this.#tell({ type: 'thinking', session, atMs: monotonicMs(), text }),
      fault: (text) => this.#tell({ type: 'fault', session, message: text }),
    };
  }

  #tellUsage(id: number, collect: boolean): void {
    if (collect) globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, external } = process.memoryUsage();
    const late = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / 1e6 - LOOP_SAMPLE_MS) : 0);
    this.#tell({
      type: 'usage',
      id,
      atMs: monotonicMs(),
      cpuUserUs: user,
      cpuSystemUs: system,
      rssBytes: rss,
      heapUsedBytes: heapUsed + external,
      loopDelayP50Ms: late(this.#loopDelay.percentile(50)),
      loopDelayP99Ms: late(this.#loopDelay.percentile(99)),
      loopDelayMaxMs: late(this.#loopDelay.max),
    });
    this.#loopDelay.reset();
  }

  #tell(event: SubjectEvent): void {
    this.#packFrames();
    this.#outgoing.push(jsonMessage(MESSAGE.event, event));
    this.#flushSoon();
  }

  #packFrames(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    this.#frames = [];
    const packed = message(MESSAGE.agentAudio, 2 + frames.length * AGENT_FRAME_BYTES, (body) => {
      body.writeUInt16LE(frames.length, 0);
      let at = 2;
      for (const { session, atMs, pcm } of frames) {
        body.writeUInt16LE(session, at);
        body.writeDoubleLE(atMs, at + 2);
        body.set(pcm.length === FRAME_BYTES ? pcm : pcm.subarray(0, FRAME_BYTES), at + 10);
        at += AGENT_FRAME_BYTES;
      }
    });
    this.#outgoing.push(packed);
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#packFrames();
      const outgoing = this.#outgoing;
      this.#outgoing = [];
      this.#socket.cork();
      for (const bytes of outgoing) this.#socket.write(bytes);
      this.#socket.uncork();
    });
  }
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
