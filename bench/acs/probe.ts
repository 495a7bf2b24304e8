import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { SpeechDetector } from '../../stream-host/conversation/ear/speech-detector.ts';
import { serve } from '../child.ts';
import { monotonicMs } from '../time.ts';

/**
 * Loaded into the stream host ahead of its own code (`node --import`): takes the time of stop commands, and reads what
 * the process uses. The product knows nothing of it. On the frame path it adds one comparison to each send, and the
 * time to each verdict of voice activity.
 *
 * A stop's decision is dated to when the speech lane's message with the deciding probabilities reached the main thread,
 * which is before the engine has looked at them: it contains the engine's own work, for the calls ahead of it in the
 * same batch too.
 */
const SAMPLE_MS = 10;
const STOP_LENGTH = 200;

/** A StopAudio as the host sent it, with the port of the far side's socket. */
export interface SentStop {
  readonly port: number;
  /** When the judgement that led to it had reached the host's main thread. */
  readonly decidedMs: number;
  readonly sentMs: number;
}

let laneMessageMs: number | undefined;
let stops: SentStop[] = [];
/** From the arrival of a frame's last sample to when the engine has the verdict on it. */
let verdictsMs: number[] = [];

const emit = Worker.prototype.emit;
Worker.prototype.emit = function timed(this: Worker, ...args: Parameters<typeof emit>): boolean {
  if (args[0] === 'message') laneMessageMs = monotonicMs();
  try {
    return emit.apply(this, args);
  } finally {
    if (args[0] === 'message') laneMessageMs = undefined;
  }
};

const send = WebSocket.prototype.send as (this: WebSocket, ...args: unknown[]) => void;
WebSocket.prototype.send = function watched(this: WebSocket, ...args: unknown[]): void {
  const [data] = args;
  if (typeof data === 'string' && data.length < STOP_LENGTH && data.startsWith('{"kind":"StopAudio"')) {
    const { remotePort } = (this as unknown as { _socket: { remotePort: number } })._socket;
    const sentMs = monotonicMs();
    stops.push({ port: remotePort, decidedMs: laneMessageMs ?? sentMs, sentMs });
  }
  send.apply(this, args);
};

const frame = SpeechDetector.prototype.frame;
SpeechDetector.prototype.frame = function timed(...args: Parameters<typeof frame>) {
  verdictsMs.push(performance.now() - args[0].atMs);
  return frame.apply(this, args);
};

const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
const nowUsed = () => ({ atMs: monotonicMs(), cpu: process.cpuUsage(), main: process.threadCpuUsage() });
let began = nowUsed();

const api = {
  measure(): void {
    stops = [];
    verdictsMs = [];
    delays.enable();
    delays.reset();
    began = nowUsed();
  },
  report() {
    const cpu = process.cpuUsage(began.cpu);
    const main = process.threadCpuUsage(began.main);
    const loopDelayP99Ms = Math.max(0, delays.percentile(99) / 1e6 - SAMPLE_MS);
    delays.disable();
    return {
      ...{ stops, verdictsMs, loopDelayP99Ms },
      elapsedMs: monotonicMs() - began.atMs,
      /** All threads, and the main thread's share of it. */
      cpuMs: (cpu.user + cpu.system) / 1000,
      mainThreadCpuMs: (main.user + main.system) / 1000,
      rssMb: process.memoryUsage.rss() / 1e6,
    };
  },
};
export type ProbeApi = typeof api;
serve(api);
// The host lives as long as its own code says.
process.channel?.unref();
