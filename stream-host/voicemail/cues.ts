import { PhraseTable } from '../conversation/language/phrase-table.ts';
import { wordsOf } from '../conversation/language/words.ts';
import { PHRASES } from './phrases.ts';

/** What a turn of phrase says of its speaker: the first four settle it, the others weigh. */
export type Cue = keyof typeof PHRASES;

const KINDS = [
  'voicemail',
  'unavailable',
  'keys',
  'menu',
  'recorded',
  'formal',
  'person',
] as const satisfies readonly Cue[];

// One table for each, as the same words may be two: "thank you for calling" of a shop is both.
const TABLES = KINDS.map((kind) => ({ kind, table: new PhraseTable<Cue>().add(plain(PHRASES[kind]), kind) }));

/** Those that a text has. */
export function cuesIn(text: string): ReadonlySet<Cue> {
  const words = wordsOf(plain(text));
  const found = new Set<Cue>();
  for (let end = 1; end <= words.length; end++) {
    const heard = words.slice(0, end);
    for (const { kind, table } of TABLES) if (!found.has(kind) && table.endingOf(heard)) found.add(kind);
  }
  return found;
}

/** Recognisers write "voice-mail", "can't" and "cannot" as they like, and umlauts now and then without their dots. */
function plain(text: string): string {
  return text
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
}
