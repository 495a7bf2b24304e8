import { toPcm16 } from '../shared/audio/pcm.ts';
import { loudnessOf } from './loudness.ts';
import { PlaybackBuffer, type PlaybackReport } from './playback-buffer.ts';

const REPORT_EVERY_MS = 40;

/** Plays what is posted to it (Float32Array at the context's rate), stops at once on `'clear'`, and reports. */
class PlaybackProcessor extends AudioWorkletProcessor {
  readonly #buffer = new PlaybackBuffer(sampleRate);
  readonly #played = new Float32Array(Math.round((REPORT_EVERY_MS * sampleRate) / 1000));
  #filled = 0;

  constructor() {
    super();
    this.port.onmessage = ({ data }: MessageEvent<Float32Array | 'clear'>) => {
      if (data === 'clear') this.#buffer.clear();
      else this.#buffer.push(data);
    };
  }

  override process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const block = outputs[0]?.[0];
    if (block === undefined) return true;
    this.#buffer.pull(block);
    this.#played.set(block.subarray(0, this.#played.length - this.#filled), this.#filled);
    this.#filled += block.length;
    if (this.#filled >= this.#played.length) this.#report();
    return true;
  }

  #report(): void {
    const { playing, bufferedMs, underruns, droppedMs } = this.#buffer;
    const report: PlaybackReport = {
      level: loudnessOf(toPcm16(this.#played)),
      playing,
      bufferedMs,
      underruns,
      droppedMs,
    };
    this.port.postMessage(report);
    this.#filled = 0;
  }
}

registerProcessor('playback', PlaybackProcessor);
