import { wait } from '../../emulator/wait.ts';
import { FRAME_SAMPLES } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { markPosition } from '../harness/position-mark.ts';
import type { SessionSettings } from '../harness/protocol.ts';
import type { VoiceClip } from '../harness/spoken.ts';

const PIECE_SAMPLES = 5 * FRAME_SAMPLES;

/**
 * What the fake synthesiser speaks with: one text and its recording, which every session reads from the start.
 * @returns the voice of one turn, by its number in its session, from 1: each text goes on where the last one ended, in
 * pieces of 100 ms (the last may be shorter), whole frames, each with its mark
 */
export function agentVoice({ text, samples }: VoiceClip) {
  const samplesPerChar = samples.length / Math.max(1, text.length);
  return (turn: number) => {
    let chars = 0;
    let spoken = 0;
    return function* speak(more: string) {
      chars += more.length;
      const end = Math.round((chars * samplesPerChar) / FRAME_SAMPLES) * FRAME_SAMPLES;
      while (spoken < end) {
        const piece = new Int16Array(Math.min(PIECE_SAMPLES, end - spoken));
        for (let i = 0; i < piece.length; i += 1) piece[i] = samples[(spoken + i) % samples.length] ?? 0;
        markPosition(piece, turn, spoken);
        spoken += piece.length;
        yield piece;
      }
    };
  };
}
export type AgentVoice = ReturnType<typeof agentVoice>;
export type TurnVoice = ReturnType<AgentVoice>;

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
