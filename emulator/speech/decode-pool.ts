import { Worker } from 'node:worker_threads';
import { endWorker } from '../../shared/audio/end-worker.ts';
import { disableOnnxTelemetry } from '../../shared/audio/onnx-telemetry.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { DependencyError, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { siblingModule } from '../../shared/sibling-module.ts';
import type { DecodeReply, DecodeRequest, DecodeWorkerData } from './decode.worker.ts';
import { type DecodeKind, DecodeQueue } from './decode-queue.ts';
import type { MoonshineSize, Transcript } from './moonshine.ts';
import { workerReady } from './worker-ready.ts';

export interface DecodeJob {
  /** `undefined` where it was cancelled or displaced. Rejects with `speech.decode` where the model failed. */
  readonly transcript: Promise<Transcript | undefined>;
  /** Moves an early decode up among the finals. */
  promote(): void;
  /** Nobody wants the answer: it leaves the queue, or the model is stopped at its next word. */
  cancel(): void;
}

interface Task {
  readonly stream: object;
  kind: DecodeKind;
  readonly pcm: Uint8Array;
  readonly draft: readonly number[];
  readonly settle: (transcript: Transcript | undefined) => void;
  readonly fail: (error: Error) => void;
}

interface Decoder {
  readonly worker: Worker;
  readonly unwanted: Int32Array;
  running: { readonly id: number; readonly task: Task; readonly startedMs: number } | undefined;
  /** No partial is begun before this time. */
  partialsFromMs: number;
}

export interface DecodePoolOptions {
  readonly log: Logger;
  readonly clock: Clock;
  readonly size: MoonshineSize;
  readonly workers: number;
}

/**
 * Decodes audio in worker threads, finals first (see {@link DecodeQueue}). A final that finds every worker busy stops a
 * partial which is being decoded, at its next word. Partials get at most half of a worker's time: the rest of the
 * machine has work to do as well.
 */
export class DecodePool {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #queue = new DecodeQueue<Task>();
  readonly #decoders: readonly Decoder[];
  #nextId = 1;
  #wakeUp: Cancel | undefined;
  #failure: Error | undefined;

  private constructor({ log, clock }: DecodePoolOptions, decoders: readonly Decoder[]) {
    this.#log = log;
    this.#clock = clock;
    this.#decoders = decoders;
    for (const decoder of decoders) {
      decoder.worker.on('message', (reply: DecodeReply) => this.#take(decoder, reply));
      decoder.worker.on('error', (error) => {
        this.#log.error({ err: error }, 'speech recognition broke down; restart the emulator');
        const message = 'Speech recognition broke down: restart the emulator.';
        this.#fail(new DependencyError('speech.decoder-down', message, error));
      });
    }
  }

  /** Loads one model for each worker, and warms it up: 1 to 3 s. */
  static async start(options: DecodePoolOptions): Promise<DecodePool> {
    disableOnnxTelemetry();
    const decoders = Array.from({ length: options.workers }, (): Decoder => {
      const unwanted = new SharedArrayBuffer(4);
      const workerData: DecodeWorkerData = { size: options.size, unwanted };
      const worker = new Worker(siblingModule('./decode.worker', import.meta.url), { workerData });
      return { worker, unwanted: new Int32Array(unwanted), running: undefined, partialsFromMs: 0 };
    });
    try {
      await Promise.all(decoders.map(({ worker }) => workerReady(worker, 'Speech recognition')));
    } catch (error) {
      for (const { worker } of decoders) void endWorker(worker);
      throw error;
    }
    return new DecodePool(options, decoders);
  }

  /**
   * @param pcm PCM16 mono at 16 kHz; it is handed over and must not be used again
   * @param draft the tokens of what was made of the beginning of this audio
   */
  decode(stream: object, kind: DecodeKind, pcm: Uint8Array, draft: readonly number[] = []): DecodeJob {
    const { promise, resolve, reject } = Promise.withResolvers<Transcript | undefined>();
    promise.catch(() => {}); // a phrase that waits behind another is not awaited yet when the pool fails
    const task: Task = { stream, kind, pcm, draft, settle: resolve, fail: reject };
    if (this.#failure === undefined) this.#enqueue(task);
    else reject(this.#failure);
    return {
      transcript: promise,
      promote: () => {
        task.kind = 'final';
        this.#runNext();
      },
      cancel: () => this.#cancel(task),
    };
  }

  /** Pieces of audio that wait for a worker. */
  get waiting(): number {
    return this.#queue.length;
  }

  async close(): Promise<void> {
    for (const { unwanted, running } of this.#decoders) if (running) Atomics.store(unwanted, 0, running.id);
    this.#fail(new ParleyError('speech.closed', 'Speech recognition is closed.'));
    this.#wakeUp?.();
    await Promise.all(this.#decoders.map(({ worker }) => endWorker(worker)));
  }

  #enqueue(task: Task): void {
    this.#queue.push(task)?.settle(undefined);
    this.#runNext();
  }

  #runNext(): void {
    const now = this.#clock.now();
    this.#wakeUp?.();
    this.#wakeUp = undefined;
    for (const decoder of this.#decoders) {
      if (decoder.running !== undefined) continue;
      const task = this.#queue.take(now < decoder.partialsFromMs ? 'partial' : undefined);
      if (task === undefined) continue;
      const id = this.#nextId++;
      decoder.running = { id, task, startedMs: now };
      const request: DecodeRequest = { id, pcm: task.pcm, careful: task.kind !== 'partial', draft: task.draft };
      decoder.worker.postMessage(request, [task.pcm.buffer as ArrayBuffer]);
    }
    if (this.#queue.length === 0) return;
    if (this.#queue.hasBefore('partial')) this.#interruptPartial();
    const resting = this.#decoders.filter(({ running }) => running === undefined);
    if (resting.length === 0) return;
    const restsUntilMs = Math.min(...resting.map(({ partialsFromMs }) => partialsFromMs));
    this.#wakeUp = this.#clock.after(restsUntilMs - now, () => this.#runNext());
  }

  #interruptPartial(): void {
    const busy = this.#decoders.find(({ running }) => running?.task.kind === 'partial');
    if (busy?.running !== undefined) Atomics.store(busy.unwanted, 0, busy.running.id);
  }

  #cancel(task: Task): void {
    this.#queue.remove(task);
    const decoder = this.#decoders.find(({ running }) => running?.task === task);
    if (decoder?.running !== undefined) Atomics.store(decoder.unwanted, 0, decoder.running.id);
    task.settle(undefined);
  }

  #take(decoder: Decoder, reply: DecodeReply): void {
    if (reply.type === 'ready' || decoder.running?.id !== reply.id) return;
    const { task, startedMs } = decoder.running;
    decoder.running = undefined;
    const now = this.#clock.now();
    if (task.kind === 'partial') decoder.partialsFromMs = now + (now - startedMs);
    if (reply.type === 'done') task.settle(reply.transcript);
    else task.fail(new ParleyError('speech.decode', `The speech model failed: ${reply.reason}`));
    this.#runNext();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    const running = this.#decoders.flatMap((decoder) => decoder.running?.task ?? []);
    for (const decoder of this.#decoders) decoder.running = undefined;
    for (const task of [...running, ...this.#queue.drain()]) task.fail(error);
  }
}
