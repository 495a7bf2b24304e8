import { connect, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { FRAME_BYTES, samplesOf } from '../../shared/audio/pcm.ts';
import {
  CALLER_FRAME_BYTES,
  type Command,
  command,
  copyOf,
  jsonMessage,
  MESSAGE,
  message,
  monotonicMs,
  type RecogniserCommand,
  readMessages,
  type SessionSettings,
  type SubjectEvent,
  uint16,
} from '../harness/protocol.ts';
import { AgentVoice } from './agent-voice.ts';

const LOOP_SAMPLE_MS = 5;

/** A system under test, as the link to the driver sees it. */
export interface SubjectSystem {
  readonly version: string;
  open(settings: SessionSettings, sink: SubjectSink): Promise<SubjectSession>;
}

export interface SubjectSession {
  /** One frame of the caller's audio: 640 bytes of its own memory. */
  receiveAudio(pcm: Uint8Array): void;
  hear(words: RecogniserCommand): void;
  interrupt(): void;
  close(): Promise<void>;
}

/** Where a session's doings go. Each call is stamped with the time at which it was made. */
export interface SubjectSink {
  /** One frame (20 ms) of the agent’s voice. */
  audio(frame: Uint8Array): void;
  stop(): void;
  thinking(text: string): void;
  fault(message: string): void;
}

/**
 * A subject's side of the driver's socket: the same for all that run on Node. Runs until the driver closes the socket,
 * then ends the process. Call it once, from the subject's `main.ts`.
 * @param start loads the system: its models, its threads
 */
export async function serveSubject(start: (voice: AgentVoice) => Promise<SubjectSystem>): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' } }, strict: false });
  const socket = connect({ host: '127.0.0.1', port: Number(values.port), noDelay: true });
  const link = new SubjectLink(socket);
  socket.on('error', (error) => process.stderr.write(`${error.message}\n`));
  readMessages(socket, (kind, body) => {
    if (kind === MESSAGE.callerAudio) link.deliver(body);
    else if (kind === MESSAGE.command) link.obey(command.parse(JSON.parse(body.toString())));
    else if (kind === MESSAGE.voice) {
      const textEnd = 4 + body.readUInt32LE(0);
      void link.begin(
        start(new AgentVoice(body.toString('utf8', 4, textEnd), samplesOf(copyOf(body.subarray(textEnd))))),
      );
    }
  });
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  process.exit(0);
}

class SubjectLink {
  readonly #socket: Socket;
  readonly #sessions = new Map<number, SubjectSession>();
  readonly #loopDelay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  #system: SubjectSystem | undefined;
  /** What this turn of the event loop has to say: written to the socket once, in order. */
  #outgoing: Buffer[] = [];
  #frames: Uint8Array[] = [];
  #flushing = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#loopDelay.enable();
  }

  async begin(starting: Promise<SubjectSystem>): Promise<void> {
    try {
      this.#system = await starting;
      this.#tell({ type: 'ready', version: this.#system.version });
    } catch (error) {
      this.#tell({ type: 'fault', message: describe(error) });
    }
  }

  deliver(body: Buffer): void {
    for (let at = 2; at < body.length; at += CALLER_FRAME_BYTES) {
      this.#sessions.get(body.readUInt16LE(at))?.receiveAudio(copyOf(body.subarray(at + 2, at + CALLER_FRAME_BYTES)));
    }
  }

  obey(order: Command): void {
    if (order.type === 'usage') this.#tellUsage(order.id, order.collect);
    else if (order.type === 'recogniser') this.#sessions.get(order.session)?.hear(order);
    else if (order.type === 'interrupt') this.#sessions.get(order.session)?.interrupt();
    else {
      this.#openOrClose(order).catch((error: unknown) => {
        this.#tell({ type: 'fault', session: order.session, message: describe(error) });
      });
    }
  }

  async #openOrClose(order: Extract<Command, { type: 'open' | 'close' }>): Promise<void> {
    const { session } = order;
    if (order.type === 'open') {
      if (!this.#system) throw new Error('the system has not started');
      this.#sessions.set(session, await this.#system.open(order.settings, this.#sinkOf(session)));
      this.#tell({ type: 'opened', session });
    } else {
      await this.#sessions.get(session)?.close();
      this.#sessions.delete(session);
      this.#tell({ type: 'closed', session });
    }
  }

  #sinkOf(session: number): SubjectSink {
    return {
      audio: (pcm) => {
        if (pcm.length !== FRAME_BYTES) throw new RangeError(`A frame has ${FRAME_BYTES} bytes, not ${pcm.length}.`);
        const atMs = Buffer.alloc(8);
        atMs.writeDoubleLE(monotonicMs());
        this.#frames.push(uint16(session), atMs, pcm);
        this.#flushSoon();
      },
      stop: () => this.#tell({ type: 'stop', session, atMs: monotonicMs() }),
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
      ...{ type: 'usage', id, atMs: monotonicMs() },
      ...{ cpuUs: user + system, rssBytes: rss, heapUsedBytes: heapUsed + external },
      ...{ loopDelayP99Ms: late(this.#loopDelay.percentile(99)), loopDelayMaxMs: late(this.#loopDelay.max) },
    });
    this.#loopDelay.reset();
  }

  #tell(event: SubjectEvent): void {
    this.#packFrames();
    this.#outgoing.push(jsonMessage(MESSAGE.event, event));
    this.#flushSoon();
  }

  #packFrames(): void {
    if (this.#frames.length === 0) return;
    this.#outgoing.push(message(MESSAGE.agentAudio, uint16(this.#frames.length / 3), ...this.#frames));
    this.#frames = [];
  }

  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      this.#packFrames();
      this.#socket.write(Buffer.concat(this.#outgoing));
      this.#outgoing = [];
    });
  }
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
