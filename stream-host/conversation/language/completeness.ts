import { digitsDictated } from './dictation.ts';
import type { Ending, Language } from './language.ts';
import type { Found } from './phrase-table.ts';
import { lastSentenceOf, type Mark, markOf, wordsOf } from './words.ts';

/**
 * What each kind of ending says by itself. The figures are meant as shares: of ten pauses after such words, so many are
 * ends of a turn.
 */
const ENDING: Readonly<Record<Ending, number>> = {
  filler: 0.08,
  closer: 0.93,
  announcement: 0.12,
  open: 0.06,
  preposition: 0.15,
  auxiliary: 0.12,
  leaning: 0.35,
  transitive: 0.25,
};
const ANSWER = 0.88;
const CONTENT = 0.72;
const UNKNOWN = 0.5;
/** "hmm": a listener's sound, or that of somebody who thinks. */
const AMBIGUOUS_SOUND = 0.4;
const LEFT_BEHIND = 0.7;
const BARE_CLAUSE = 0.3;
const SHORT_REPLY = 0.85;
const REPEATED = 0.3;
const SUBORDINATE = 0.45;
/** A main clause has begun by then, or the subordinate one was the answer. */
const SUBORDINATE_WORDS = 8;

/**
 * How likely it is that the words are a finished turn: 0 (must go on) to 1 (done). Works on the unpunctuated partials of
 * a recogniser. A mark at the end is used, without being trusted: recognisers set full stops after "and".
 *
 * @param words all that the caller has said in this turn so far; '' says nothing either way and gives 0.5
 */
export function completeness(words: string, language: Language): number {
  if (wordsOf(words).length === 0) return UNKNOWN;
  const sentence = lastSentenceOf(words);
  return withMark(ofSentence(sentence, language), markOf(words));
}

function ofSentence(sentence: readonly string[], language: Language): number {
  if (language.fillers.covers(sentence)) {
    return language.answers.covers(sentence) ? AMBIGUOUS_SOUND : ENDING.filler;
  }
  if (language.answers.covers(withoutOpeningFillers(sentence, language))) return ANSWER;
  const dictated = digitsDictated(sentence, language);
  if (dictated) return ofDictation(dictated);

  const ending = language.endings.endingOf(sentence);
  if (ending && ending.length === sentence.length && ending.kind === 'closer') return ENDING.closer;
  if (ending) return ofEnding(ending, sentence, language);
  if (isRepeated(sentence)) return REPEATED;
  if (language.code === 'und') return UNKNOWN;
  return isOnlySubordinate(sentence, language) ? SUBORDINATE : CONTENT;
}

function ofEnding({ kind, length }: Found<Ending>, sentence: readonly string[], language: Language): number {
  const last = sentence.at(-1) ?? '';
  const before = sentence.at(-2) ?? '';
  const question = sentence.some((word) => language.questionWords.has(word));
  if (kind === 'transitive' && question) return LEFT_BEHIND;
  if (kind === 'preposition') {
    // "Where are you from", "what is it for": only a pronoun can stand before a preposition that is left behind.
    return question && language.pronouns.has(before) ? LEFT_BEHIND : ENDING.preposition;
  }
  if ((kind === 'auxiliary' || kind === 'announcement') && language.auxiliaries.has(last)) {
    const opener = sentence.findLastIndex((word) => language.questionWords.has(word));
    // "Tell me where my order is" is whole; in "what happened is" the question word belongs to what announces more.
    if (opener > 0 && opener < sentence.length - Math.max(2, length)) return LEFT_BEHIND;
    if (language.participle?.test(before)) return LEFT_BEHIND;
    if (isQuestionWithItsVerb(sentence, language)) return LEFT_BEHIND;
    if (kind === 'auxiliary' && language.pronouns.has(before)) return ofPronounAndAuxiliary(sentence, language);
  }
  return isShortQuestion(sentence, language) ? UNKNOWN : ENDING[kind];
}

/** "What else can you do": behind its auxiliary and its pronoun the last word is the question's own verb. */
function isQuestionWithItsVerb(sentence: readonly string[], language: Language): boolean {
  const [auxiliary = '', pronoun = ''] = sentence.slice(-3);
  return (
    language.questionWords.has(sentence[0] ?? '') &&
    language.auxiliaries.has(auxiliary) &&
    language.pronouns.has(pronoun)
  );
}

/** "Who are you" is mostly all of it; "when are you" mostly not. */
function isShortQuestion(sentence: readonly string[], language: Language): boolean {
  const [question = '', auxiliary = '', pronoun = ''] = sentence;
  const isWhole = sentence.length === 3 && language.pronouns.has(pronoun) && language.auxiliaries.has(auxiliary);
  return isWhole && language.questionWords.has(question);
}

/** "Um, yes": who has found the words does not look for them any more. */
function withoutOpeningFillers(sentence: readonly string[], language: Language): readonly string[] {
  return sentence.slice(sentence.findIndex((word) => !language.fillers.has(word)));
}

/** "Yes, it is" is an answer; "it is" alone may be one. */
function ofPronounAndAuxiliary(sentence: readonly string[], language: Language): number {
  if (sentence.length === 2) return BARE_CLAUSE;
  return language.answers.covers(sentence.slice(0, -2)) ? SHORT_REPLY : ENDING.auxiliary;
}

/**
 * Nobody knows how long the number will be; but few are shorter than four digits, a telephone number's ten are long, and
 * after six its second group has ended.
 */
function ofDictation({
  digits,
  announced,
  oneByOne,
}: {
  digits: number;
  announced: boolean;
  oneByOne: boolean;
}): number {
  if (!announced && !oneByOne) return digits === 1 ? 0.6 : 0.65;
  if (digits <= 2) return announced ? 0.15 : 0.3;
  if (digits === 3 || (digits === 6 && oneByOne)) return 0.25;
  if (digits >= 10) return 0.75;
  return oneByOne ? 0.45 : 0.6;
}

/** A word said twice is how people gain time: "order order". What is said twice on purpose ("no no") is an answer. */
function isRepeated(sentence: readonly string[]): boolean {
  return sentence.length > 1 && sentence.at(-1) === sentence.at(-2);
}

/** "When I opened the box": true to its form it goes on, but it may have been the answer to a question. */
function isOnlySubordinate(sentence: readonly string[], language: Language): boolean {
  const isQuestion = language.auxiliaries.has(sentence[1] ?? '');
  return language.subordinators.has(sentence[0] ?? '') && !isQuestion && sentence.length < SUBORDINATE_WORDS;
}

function withMark(likely: number, mark: Mark): number {
  switch (mark) {
    case 'none':
      return likely;
    case 'trail':
      return Math.min(likely, 0.2);
    case 'comma':
      return likely * 0.5;
    // Marks move what is open in itself little, and what is undecided much.
    case 'stop':
      return likely + likely * (1 - likely) * 0.5;
    case 'question':
      return likely + likely * (1 - likely);
  }
}
