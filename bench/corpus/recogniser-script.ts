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

export interface RecogniserTiming {
  /** From a word's end to the partial that has it. */
  readonly partialMs: number;
  /** Silence of this length ends a phrase. */
  readonly silenceMs: number;
  /** From then to the phrase's final. */
  readonly finalMs: number;
}

export const RECOGNISER_TIMING: RecogniserTiming = { partialMs: 250, silenceMs: 500, finalMs: 200 };

/**
 * What a good streaming recogniser makes of a scene: every word right, none invented, without punctuation and capitals,
 * as those would tell where a sentence is complete. Single noises are called wordless at the time of a final. The same
 * for every subject; echo is not in it, as it depends on what the agent says.
 */
export function recogniserScript(scene: Scene, timing: Partial<RecogniserTiming> = {}): RecogniserEvent[] {
  const { partialMs, silenceMs, finalMs } = { ...RECOGNISER_TIMING, ...timing };
  const phrases = scene.utterances.flatMap((utterance) => phrasesOf(utterance, silenceMs));
  const spoken = phrases.flatMap((words): RecogniserEvent[] => {
    const offsetMs = words[0]?.startMs ?? 0;
    const endMs = words.at(-1)?.endMs ?? 0;
    const text = (count: number) => words.slice(0, count).map(plainWord).join(' ');
    const partials = words.map((word, index): RecogniserEvent => {
      return { atMs: word.endMs + partialMs, type: 'partial', text: text(index + 1), offsetMs, endMs: word.endMs };
    });
    const finalAtMs = Math.max(endMs + silenceMs + finalMs, partials.at(-1)?.atMs ?? 0);
    return [...partials, { atMs: finalAtMs, type: 'final', text: text(words.length), offsetMs, endMs }];
  });
  const unspoken = scene.noises
    .filter(({ startMs, endMs }) => !scene.utterances.some((said) => said.startMs < endMs && startMs < said.endMs))
    .map(({ startMs, endMs }): RecogniserEvent => {
      return { atMs: endMs + silenceMs + finalMs, type: 'no-words', text: '', offsetMs: startMs, endMs };
    });
  return [...spoken, ...unspoken].toSorted((a, b) => a.atMs - b.atMs);
}

/** The words of an utterance, parted where it is silent for so long. */
function phrasesOf({ words, pauses }: Utterance, silenceMs: number): Word[][] {
  const phrases: Word[][] = [[]];
  for (const [index, word] of words.entries()) {
    const before = words[index - 1];
    const parted = pauses.some(
      ({ startMs, endMs }) =>
        endMs - startMs >= silenceMs &&
        before &&
        startMs >= before.startMs &&
        endMs <= word.endMs &&
        word.endMs > endMs,
    );
    if (parted) phrases.push([]);
    phrases.at(-1)?.push(word);
  }
  return phrases.filter((phrase) => phrase.length > 0);
}

const plainWord = ({ text }: Word): string => text.toLowerCase().replace(/[^\p{L}\p{N}'-]/gu, '');
