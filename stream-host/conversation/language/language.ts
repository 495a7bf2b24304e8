import type { Lexicon } from './lexicon.ts';
import { de } from './lexicons/de.ts';
import { en } from './lexicons/en.ts';
import { es } from './lexicons/es.ts';
import { fr } from './lexicons/fr.ts';
import { it } from './lexicons/it.ts';
import { neutral } from './lexicons/neutral.ts';
import { nl } from './lexicons/nl.ts';
import { pt } from './lexicons/pt.ts';
import { PhraseTable } from './phrase-table.ts';

/** What the words at the end of a text say about whether it goes on. */
export type Ending =
  | 'filler'
  | 'closer'
  | 'announcement'
  | 'open'
  | 'preposition'
  | 'auxiliary'
  | 'leaning'
  | 'transitive';

/** A lexicon made ready for lookups. Get one from {@link languageFor}. */
export interface Language {
  /** Two letters, as in 'en'; 'und' where the language is not known. */
  readonly code: string;
  readonly endings: PhraseTable<Ending>;
  readonly answers: PhraseTable<'answer'>;
  /** Backchannels and fillers together, as a listener mixes them. */
  readonly acknowledgements: PhraseTable<'backchannel' | 'filler'>;
  readonly fillers: PhraseTable<'filler'>;
  /** Questions whether anybody is there, with the fillers that may stand between them. */
  readonly presenceChecks: PhraseTable<'presence-check' | 'filler'>;
  /** What says no more than that somebody is there: a hello, a question whether anybody is, an acknowledgement. */
  readonly hellos: PhraseTable<'hello'>;
  readonly figures: PhraseTable<'digit' | 'number'>;
  readonly questionWords: PhraseTable<'question'>;
  readonly subordinators: PhraseTable<'subordinator'>;
  readonly pronouns: PhraseTable<'pronoun'>;
  readonly identifiers: PhraseTable<'identifier'>;
  readonly auxiliaries: PhraseTable<'auxiliary'>;
  readonly participle: RegExp | undefined;
}

const NEUTRAL = compiled('und', neutral);
const LANGUAGES: ReadonlyMap<string, Language> = new Map(
  Object.entries({ de, en, es, fr, it, nl, pt }).map(([code, lexicon]) => [code, compiled(code, lexicon)]),
);

/** The language of a locale: 'en-US' and 'EN_gb' give English. One that is not known is judged by punctuation alone. */
export function languageFor(locale: string): Language {
  return LANGUAGES.get(locale.toLowerCase().split(/[-_]/)[0] ?? '') ?? NEUTRAL;
}

function compiled(code: string, lexicon: Lexicon): Language {
  const endings = new PhraseTable<Ending>()
    .add(lexicon.fillers, 'filler')
    .add(lexicon.closers, 'closer')
    .add(lexicon.announcements, 'announcement')
    .add(lexicon.open, 'open')
    .add(lexicon.prepositions, 'preposition')
    .add(lexicon.auxiliaries, 'auxiliary')
    .add(lexicon.leaning, 'leaning')
    .add(lexicon.transitives ?? '', 'transitive');
  const acknowledgements = new PhraseTable<'backchannel' | 'filler'>()
    .add(lexicon.backchannels, 'backchannel')
    .add(lexicon.fillers, 'filler');
  return {
    code,
    endings,
    acknowledgements,
    answers: new PhraseTable<'answer'>().add(lexicon.answers, 'answer').add(lexicon.backchannels, 'answer'),
    fillers: new PhraseTable<'filler'>().add(lexicon.fillers, 'filler'),
    presenceChecks: new PhraseTable<'presence-check' | 'filler'>()
      .add(lexicon.presenceChecks, 'presence-check')
      .add(lexicon.fillers, 'filler'),
    hellos: [lexicon.presenceChecks, lexicon.greetings, lexicon.backchannels, lexicon.fillers].reduce(
      (table, list) => table.add(list, 'hello'),
      new PhraseTable<'hello'>(),
    ),
    figures: new PhraseTable<'digit' | 'number'>().add(lexicon.digits, 'digit').add(lexicon.numbers, 'number'),
    questionWords: new PhraseTable<'question'>().add(lexicon.questionWords, 'question'),
    subordinators: new PhraseTable<'subordinator'>().add(lexicon.subordinators, 'subordinator'),
    pronouns: new PhraseTable<'pronoun'>().add(lexicon.pronouns, 'pronoun'),
    identifiers: new PhraseTable<'identifier'>().add(lexicon.identifiers, 'identifier'),
    auxiliaries: new PhraseTable<'auxiliary'>().add(lexicon.auxiliaries, 'auxiliary'),
    participle: lexicon.participle,
  };
}
