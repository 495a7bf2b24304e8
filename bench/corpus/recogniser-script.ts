import { toHypothesis } from '../../emulator/speech/transcript-text.ts';
import type { Scene, Utterance, Word } from './scene.ts';

/** What the recogniser says, and when. Times are from the scene's start. */
export interface RecogniserEvent {
  readonly atMs: number;
  readonly type: 'partial' | 'final' | 'no-words';
  readonly text: string;
  /** The stretch of the caller's line that it is about. */
  readonly offsetMs: number;
  readonly endMs: number;
}

/** From a word's end to the partial that has it. */
const PARTIAL_MS = 250;
/** Silence of this length ends a phrase; from then to the phrase's final. */
const SILENCE_MS = 500;
const FINAL_MS = 200;

/**
 * What a good streaming recogniser makes of a scene: every word right, none invented, without punctuation and capitals,
 * as those would tell where a sentence is complete. Single noises are called wordless at the time of a final. The same
 * for every subject; echo is not in it, as it depends on what the agent says.
 */
export function recogniserScript({ utterances, noises }: Scene): RecogniserEvent[] {
  const spoken = utterances.flatMap(phrasesOf).flatMap((words): RecogniserEvent[] => {
    const offsetMs = words[0]?.startMs ?? 0;
    const told = (type: 'partial' | 'final', count: number, atMs: number): RecogniserEvent => {
      const said = words.slice(0, count).map(({ text }) => text);
      return { atMs, type, text: toHypothesis(said.join(' ')), offsetMs, endMs: words[count - 1]?.endMs ?? 0 };
    };
    const partials = words.map(({ endMs }, index) => told('partial', index + 1, endMs + PARTIAL_MS));
    const finalAtMs = (words.at(-1)?.endMs ?? 0) + SILENCE_MS + FINAL_MS;
    return [...partials, told('final', words.length, Math.max(finalAtMs, partials.at(-1)?.atMs ?? 0))];
  });
  const unspoken = noises
    .filter(({ startMs, endMs }) => !utterances.some((said) => said.startMs < endMs && startMs < said.endMs))
    .map(({ startMs, endMs }): RecogniserEvent => {
      return { atMs: endMs + SILENCE_MS + FINAL_MS, type: 'no-words', text: '', offsetMs: startMs, endMs };
    });
  return [...spoken, ...unspoken].toSorted((a, b) => a.atMs - b.atMs);
}

/** The words of an utterance, parted where it is silent for so long. */
function phrasesOf({ words, pauses }: Utterance): Word[][] {
  const phrases: Word[][] = [[]];
  for (const [index, word] of words.entries()) {
    const before = words[index - 1];
    const isBetween = (pause: Utterance['pauses'][number]) =>
      before !== undefined && pause.startMs >= before.startMs && pause.endMs <= word.endMs && word.endMs > pause.endMs;
    if (pauses.some((pause) => pause.endMs - pause.startMs >= SILENCE_MS && isBetween(pause))) phrases.push([]);
    phrases.at(-1)?.push(word);
  }
  return phrases.filter((phrase) => phrase.length > 0);
}
