import { Worker } from 'node:worker_threads';
import { endWorker } from '../../shared/audio/end-worker.ts';
import { disableOnnxTelemetry } from '../../shared/audio/onnx-telemetry.ts';
import { DependencyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { siblingModule } from '../../shared/sibling-module.ts';
import type { DetectorReply, DetectorRequest } from './voice-detector.worker.ts';
import { workerReady } from './worker-ready.ts';

export interface DetectorListener {
  /** The probability of speech in the stream's next frame of 512 samples. */
  onFrame(probability: number): void;
  onFailure(error: Error): void;
}

export interface DetectorStream {
  /** Takes PCM16 mono at 16 kHz of any length. */
  write(pcm: Uint8Array): void;
  close(): void;
}

/** Finds speech in many streams of audio: Silero in a worker thread of its own, so that decoding never delays it. */
export class VoiceDetector {
  readonly #worker: Worker;
  readonly #listeners = new Map<number, DetectorListener>();
  #nextId = 1;
  #failure: Error | undefined;

  private constructor(worker: Worker, log: Logger) {
    this.#worker = worker;
    worker.on('message', (reply: DetectorReply) => this.#take(reply));
    worker.on('error', (error) => {
      log.error({ err: error }, 'speech detection broke down; restart the emulator');
      const message = 'Speech detection broke down: restart the emulator.';
      this.#failure = new DependencyError('speech.detector-down', message, error);
      for (const listener of this.#listeners.values()) listener.onFailure(this.#failure);
    });
  }

  static async start(log: Logger): Promise<VoiceDetector> {
    disableOnnxTelemetry();
    const worker = new Worker(siblingModule('./voice-detector.worker', import.meta.url));
    await workerReady(worker, 'Speech detection');
    return new VoiceDetector(worker, log);
  }

  open(listener: DetectorListener): DetectorStream {
    const stream = this.#nextId++;
    this.#listeners.set(stream, listener);
    return {
      write: (pcm) => {
        if (this.#failure !== undefined) listener.onFailure(this.#failure);
        else this.#worker.postMessage({ type: 'audio', stream, pcm } satisfies DetectorRequest);
      },
      close: () => {
        this.#listeners.delete(stream);
        this.#worker.postMessage({ type: 'close', stream } satisfies DetectorRequest);
      },
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    await endWorker(this.#worker);
  }

  #take(reply: DetectorReply): void {
    if (reply.type === 'ready') return;
    for (const [index, stream] of reply.streams.entries()) {
      this.#listeners.get(stream)?.onFrame(reply.probabilities[index] ?? 0);
    }
  }
}
