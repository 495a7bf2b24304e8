import { wait } from '../../emulator/wait.ts';
import { FRAME_BYTES } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { markPosition } from '../harness/position-mark.ts';
import type { SessionSettings } from '../harness/protocol.ts';

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
        const piece = new Int16Array(Math.min(PIECE_SAMPLES, end - spoken));
        for (let i = 0; i < piece.length; i += 1) piece[i] = source[(spoken + i) % source.length] ?? 0;
        markPosition(piece, turn, spoken);
        spoken += piece.length;
        yield piece;
      }
    };
  }
}
export type TurnVoice = ReturnType<AgentVoice['turn']>;

/** Word boundaries as Azure reports them: each word as long as its share of the letters. */
export function wordsOf(text: string, durationMs: number) {
  const msPerChar = durationMs / text.length;
  return [...text.matchAll(/\S+/g)].map(({ 0: word, index }) => {
    return { text: word, startMs: index * msPerChar, durationMs: word.length * msPerChar };
  });
}

/** What the scripted model answers: each word with its trailing space, when it comes. Ends early when aborted. */
export async function* answerTokens({ llm, answer }: SessionSettings, clock: Clock, signal: AbortSignal) {
  await wait(clock, llm.firstTokenMs, signal);
  for (const token of answer.match(/\S+\s*/g) ?? []) {
    if (signal.aborted) return;
    yield token;
    if (llm.tokenMs > 0) await wait(clock, llm.tokenMs, signal);
  }
}
