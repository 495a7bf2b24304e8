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

/**
 * A message, or a mailbox, that is offered proves nothing: a person asks "Would you like to leave a message?", and a menu
 * has it among its options. A mailbox says "feel free to leave a message".
 */
const OFFERS = [
  /\b(?:(?<!\b(?:free|sure|welcome|forget|remember) )to|(?:can|could|will|would) you(?: please)?) (?:leave|record)\b/g,
  /\b(?:for|like|want|through to|(?:send|transfer) you to) (?:(?:the|his|her|their|our) )?(?:voice[- ]?mail|mail ?box)\b/g,
];

/** Those that a text has. */
export function cuesIn(text: string): ReadonlySet<Cue> {
  const said = plain(text);
  const words = wordsOf(said);
  const unoffered = wordsOf(OFFERS.reduce((rest, offer) => rest.replace(offer, ' '), said));
  const found = TABLES.filter(({ kind, table }) => {
    const heard = kind === 'voicemail' ? unoffered : words;
    return heard.some((_, at) => table.endingOf(heard.slice(0, at + 1)));
  });
  return new Set(found.map(({ kind }) => kind));
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
