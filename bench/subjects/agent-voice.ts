import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import { markPosition } from '../harness/position-mark.ts';

const FRAME_SAMPLES = FRAME_BYTES / 2;
const PIECE_SAMPLES = 5 * FRAME_SAMPLES;

/** What the fake synthesiser speaks with: one text and its recording, which every session reads from the start. */
export class AgentVoice {
  readonly #samples: Int16Array;
  readonly #samplesPerChar: number;

  constructor(text: string, samples: Int16Array) {
    this.#samples = samples;
    this.#samplesPerChar = samples.length / Math.max(1, text.length);
  }

  /** @param turn the turn's number in its session, from 1 */
  turn(turn: number): TurnVoice {
    return new TurnVoice(this.#samples, this.#samplesPerChar, turn);
  }
}

/** The voice of one turn: each text goes on where the last one ended. */
export class TurnVoice {
  readonly #source: Int16Array;
  readonly #samplesPerChar: number;
  readonly #turn: number;
  #chars = 0;
  #spokenSamples = 0;

  constructor(source: Int16Array, samplesPerChar: number, turn: number) {
    this.#source = source;
    this.#samplesPerChar = samplesPerChar;
    this.#turn = turn;
  }

  /** The audio of the next `text`: pieces of 100 ms (the last may be shorter), whole frames, each with its mark. */
  *speak(text: string): Generator<Int16Array<ArrayBuffer>> {
    this.#chars += text.length;
    const endSample = Math.round((this.#chars * this.#samplesPerChar) / FRAME_SAMPLES) * FRAME_SAMPLES;
    while (this.#spokenSamples < endSample) {
      const piece = new Int16Array(Math.min(PIECE_SAMPLES, endSample - this.#spokenSamples));
      this.#copy(piece);
      markPosition(piece, this.#turn, this.#spokenSamples);
      this.#spokenSamples += piece.length;
      yield piece;
    }
  }

  #copy(piece: Int16Array): void {
    for (let filled = 0; filled < piece.length; ) {
      const from = (this.#spokenSamples + filled) % this.#source.length;
      const part = this.#source.subarray(from, from + piece.length - filled);
      piece.set(part, filled);
      filled += part.length;
    }
  }
}
