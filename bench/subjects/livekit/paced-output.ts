import { setTimeout as sleep } from 'node:timers/promises';
import { bytesOf, FRAME_BYTES, FRAME_SAMPLES, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import type { SubjectSink } from '../serve-subject.ts';
import type { AudioFrame, AudioOutput, LiveKit } from './livekit.ts';

/** What LiveKit's own room output keeps ahead of the listener (`queueSizeMs` in `voice/room_io/room_io.ts`). */
const QUEUE_MS = 200;

/**
 * A sink with a queue of 200 ms that can pause, with the ways of LiveKit's `ParticipantAudioOutput`: a pause drops what
 * is queued, and what follows goes on after it. (Theirs drops when the next frame comes, this one at once.)
 */
export function createPacedOutput({ agents }: LiveKit, sink: SubjectSink): AudioOutput {
  class PacedOutput extends agents.voice.AudioOutput {
    #playedOutAtMs = 0;
    #pushedMs = 0;
    #droppedMs = 0;
    #started = false;
    /** Counts the clearings: whoever waited across one belongs to a speech that is over. */
    #cleared = 0;
    #paused: PromiseWithResolvers<void> | undefined;

    constructor() {
      super(SAMPLE_RATE, undefined, { pause: true });
    }

    override async captureFrame(frame: AudioFrame): Promise<void> {
      const cleared = this.#cleared;
      await super.captureFrame(frame);
      const frameMs = (frame.samplesPerChannel / frame.sampleRate) * 1000;
      const isOver = () => cleared !== this.#cleared;
      while (!isOver() && (this.#paused || this.#aheadMs + frameMs > QUEUE_MS)) {
        if (this.#paused) await this.#paused.promise;
        else await sleep(this.#aheadMs + frameMs - QUEUE_MS);
      }
      if (isOver()) return;
      if (!this.#started) {
        this.#started = true;
        this.onPlaybackStarted(Date.now());
      }
      this.#playedOutAtMs = Math.max(this.#playedOutAtMs, performance.now()) + frameMs;
      this.#pushedMs += frameMs;
      for (let at = 0; at < frame.data.length; at += FRAME_SAMPLES) sink.audio(frameAt(frame.data, at));
    }

    override flush(): void {
      super.flush();
      if (this.#pushedMs === 0) return;
      const cleared = this.#cleared;
      setTimeout(() => {
        if (cleared === this.#cleared && this.#started) this.#finish(false);
      }, this.#aheadMs);
    }

    clearBuffer(): void {
      sink.stop();
      if (this.#pushedMs > 0 || this.pendingPlayoutSegments > 0) this.#finish(true);
      else this.#cleared += 1;
      this.resume();
    }

    pause(): void {
      if (this.#paused) return;
      this.#paused = Promise.withResolvers();
      this.#droppedMs += this.#aheadMs;
      this.#playedOutAtMs = 0;
      sink.stop();
    }

    resume(): void {
      if (!this.#paused) return;
      this.#paused.resolve();
      this.#paused = undefined;
    }

    get #aheadMs(): number {
      return Math.max(0, this.#playedOutAtMs - performance.now());
    }

    #finish(interrupted: boolean): void {
      const playedMs = this.#pushedMs - this.#droppedMs - (interrupted ? this.#aheadMs : 0);
      this.#pushedMs = 0;
      this.#droppedMs = 0;
      this.#playedOutAtMs = 0;
      this.#started = false;
      this.#cleared += 1;
      this.onPlaybackFinished({ playbackPosition: Math.max(0, playedMs) / 1000, interrupted });
    }
  }
  return new PacedOutput();
}

/** 20 ms as bytes; a last frame that is shorter is filled up with silence. */
function frameAt(samples: Int16Array, at: number): Uint8Array {
  const frame = new Uint8Array(FRAME_BYTES);
  frame.set(bytesOf(samples.subarray(at, at + FRAME_SAMPLES)));
  return frame;
}
