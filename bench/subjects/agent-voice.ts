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

  /**
   * The voice of one turn: each text goes on where the last one ended, in pieces of 100 ms (the last may be shorter),
   * whole frames, each with its mark.
   * @param turn the turn's number in its session, from 1
   */
  turn(turn: number): (text: string) => Generator<Int16Array<ArrayBuffer>> {
    const source = this.#samples;
    const samplesPerChar = this.#samplesPerChar;
    let chars = 0;
    let spoken = 0;
    return function* speak(text) {
      chars += text.length;
      const end = Math.round((chars * samplesPerChar) / FRAME_SAMPLES) * FRAME_SAMPLES;
      while (spoken < end) {
        const length = Math.min(PIECE_SAMPLES, end - spoken);
        const piece = new Int16Array(length);
        for (let i = 0; i < length; i += 1) piece[i] = source[(spoken + i) % source.length] ?? 0;
        markPosition(piece, turn, spoken);
        spoken += length;
        yield piece;
      }
    };
  }
}
export type TurnVoice = ReturnType<AgentVoice['turn']>;
