import { PhraseTable } from '../conversation/language/phrase-table.ts';
import { wordsOf } from '../conversation/language/words.ts';
import type { CueLists } from './cue-lists.ts';
import { de } from './phrases/de.ts';
import { en } from './phrases/en.ts';
import { es } from './phrases/es.ts';
import { fr } from './phrases/fr.ts';
import { it } from './phrases/it.ts';
import { nl } from './phrases/nl.ts';
import { pt } from './phrases/pt.ts';

/** What a turn of phrase says of its speaker: the first three settle it, the others weigh. */
export type Cue = keyof CueLists;

/** The turns of phrase of a language, and of English, ready to be looked for. */
export interface Cues {
  in(text: string): ReadonlySet<Cue>;
}

const KINDS = ['voicemail', 'unavailable', 'menu', 'recorded', 'formal', 'person'] as const satisfies readonly Cue[];
const LISTS: Readonly<Record<string, CueLists>> = { de, en, es, fr, it, nl, pt };
const compiled = new Map<string, Cues>();

/** For a locale such as `de-DE`. In a language that is not known, English alone is looked for. */
export function cuesFor(locale: string): Cues {
  const code = locale.toLowerCase().split(/[-_]/)[0] ?? '';
  const known = compiled.get(code);
  if (known) return known;
  const cues = compile([LISTS[code] ?? en, en]);
  compiled.set(code, cues);
  return cues;
}

function compile(lists: readonly CueLists[]): Cues {
  // One table for each, as the same words may be two: "thank you for calling" of a shop is both.
  const tables = KINDS.map((kind) => {
    const table = new PhraseTable<Cue>();
    for (const list of lists) table.add(plain(list[kind]), kind);
    return { kind, table };
  });
  return {
    in(text) {
      const words = wordsOf(plain(text));
      const found = new Set<Cue>();
      for (let end = 1; end <= words.length; end++) {
        const heard = words.slice(0, end);
        for (const { kind, table } of tables) if (!found.has(kind) && table.endingOf(heard)) found.add(kind);
      }
      return found;
    },
  };
}

/** Recognisers write "voice-mail", "can't" and "cannot" as they like, and umlauts now and then without their dots. */
const plain = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/\bcan not\b|\bcan't\b|\bcant\b/g, 'cannot')
    .replace(/\byou've\b/g, 'you have')
    .replace(/\bwe're\b/g, 'we are')
    .replace(/\bi'm\b/g, 'i am')
    .replace(/\bi'll\b/g, 'i will')
    .replace(/\bisn't\b/g, 'is not')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
