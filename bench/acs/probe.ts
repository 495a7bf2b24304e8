import { readFileSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { WebSocket } from 'ws';
import { SpeechDetector } from '../../stream-host/conversation/ear/speech-detector.ts';
import { Histogram } from './histogram.ts';
import type { FromProbe, ProbeReport, SentStop, ToProbe } from './messages.ts';
import { monotonicMs } from './monotonic.ts';

/**
 * Loaded into the stream host ahead of its own code (`node --import`): takes the time of stop commands, and reads what
 * the process uses. The product knows nothing of it. On the frame path it adds one comparison to each send, and the time
 * to each message and to each verdict of voice activity.
 *
 * A stop's decision is dated to when the speech lane's message with the deciding probabilities reached the main thread,
 * which is before the engine has looked at them: it contains the engine's own work, for the calls ahead of it in the
 * same batch too.
 */
const SAMPLE_MS = 10;
const STOP_LENGTH = 200;

let laneMessageMs: number | undefined;
let stops: SentStop[] = [];

const emit = Worker.prototype.emit;
Worker.prototype.emit = function timed(this: Worker, ...args: Parameters<typeof emit>): boolean {
  if (args[0] !== 'message') return emit.apply(this, args);
  laneMessageMs = monotonicMs();
  try {
    return emit.apply(this, args);
  } finally {
    laneMessageMs = undefined;
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

/** When the newest messages of the process's sockets came; more than come in a second. */
const messagesMs = new Float64Array(16_384);
let messages = 0;
let verdict = new Histogram();

const emitMessage = WebSocket.prototype.emit as (this: WebSocket, ...args: unknown[]) => boolean;
WebSocket.prototype.emit = function timed(this: WebSocket, ...args: unknown[]): boolean {
  if (args[0] === 'message') messagesMs[messages++ % messagesMs.length] = performance.now();
  return emitMessage.apply(this, args);
};

const frame = SpeechDetector.prototype.frame;
SpeechDetector.prototype.frame = function timed(...args: Parameters<typeof frame>) {
  verdict.add(performance.now() - messageBefore(args[0].atMs));
  return frame.apply(this, args);
};

/** One message is read after the other: the last one that came before a frame was whole is the one that made it so. */
function messageBefore(atMs: number): number {
  const oldest = Math.max(0, messages - messagesMs.length);
  for (let at = messages - 1; at >= oldest; at -= 1) {
    const cameMs = messagesMs[at % messagesMs.length] ?? 0;
    if (cameMs <= atMs) return cameMs;
  }
  return messagesMs[oldest % messagesMs.length] ?? 0;
}

const delays = monitorEventLoopDelay({ resolution: SAMPLE_MS });
let began = { atMs: 0, cpu: process.cpuUsage(), main: process.threadCpuUsage(), waitedMs: 0 };
let profiler: { readonly session: Session; readonly file: string } | undefined;

function measure(profileTo: string | undefined): void {
  stops = [];
  verdict = new Histogram();
  delays.enable();
  delays.reset();
  if (profileTo !== undefined) {
    profiler = { session: new Session(), file: profileTo };
    profiler.session.connect();
    profiler.session.post('Profiler.enable');
    profiler.session.post('Profiler.setSamplingInterval', { interval: 500 });
    profiler.session.post('Profiler.start');
  }
  began = { atMs: monotonicMs(), cpu: process.cpuUsage(), main: process.threadCpuUsage(), waitedMs: waitedForCpuMs() };
}

/** How long the main thread was ready to run and had no core, since its start. Linux tells; elsewhere NaN. */
function waitedForCpuMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return Number.NaN;
  }
}

function report(): ProbeReport {
  const cpu = process.cpuUsage(began.cpu);
  const main = process.threadCpuUsage(began.main);
  const { rss, heapUsed } = process.memoryUsage();
  const delayMs = (ns: number) => Math.max(0, ns / 1e6 - SAMPLE_MS);
  const result: ProbeReport = {
    stops,
    elapsedMs: monotonicMs() - began.atMs,
    cpuMs: (cpu.user + cpu.system) / 1000,
    mainThreadCpuMs: (main.user + main.system) / 1000,
    waitedForCpuMs: waitedForCpuMs() - began.waitedMs,
    rssMb: rss / 1e6,
    heapMb: heapUsed / 1e6,
    verdict: verdict.toJson(),
    loopDelayMs: {
      p50: delayMs(delays.percentile(50)),
      p99: delayMs(delays.percentile(99)),
      max: delayMs(delays.max),
    },
  };
  delays.disable();
  stopProfile();
  return result;
}

function stopProfile(): void {
  if (!profiler) return;
  const { session, file } = profiler;
  profiler = undefined;
  session.post('Profiler.stop', (error, result) => {
    if (!error) writeFileSync(file, JSON.stringify(result.profile));
    session.disconnect();
  });
}

function collect(): number {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  gc();
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

const tell = (message: FromProbe) => process.send?.(message);

process.on('message', (message: ToProbe) => {
  if (message.type === 'measure') {
    measure(message.profileTo);
    tell({ type: 'measuring' });
  } else if (message.type === 'collect') tell({ type: 'collected', liveMb: collect() });
  else tell({ type: 'report', report: report() });
});
// The host lives as long as its own code says; and ends with whoever measures it.
process.channel?.unref();
process.once('disconnect', () => process.exit(0));
