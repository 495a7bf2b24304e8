/**
 * What the engine knows of a language. Every list is phrases of one or more words separated by commas, in lower case
 * and without punctuation. Where a text's end is in several lists, the longest phrase counts; of equal ones, the list
 * that stands first here.
 */
export interface Lexicon {
  /** Acknowledgements by which a listener does not take the floor: "mhm", "right", "i see". */
  readonly backchannels: string;
  /** Sounds of somebody who looks for words: "um". */
  readonly fillers: string;
  /** Ends that finish a turn whatever stands before them: "thank you", "that's all". */
  readonly closers: string;
  /** Ends that announce more: "my number is", "let me see", "could you". */
  readonly announcements: string;
  /** Words that no sentence ends with: conjunctions, articles, possessives, subject pronouns. */
  readonly open: string;
  /** Prepositions: open, unless a question leaves them behind ("where are you from"). */
  readonly prepositions: string;
  /** Auxiliaries and other verbs that want a complement: open, unless a question is embedded ("where it is"). */
  readonly auxiliaries: string;
  /** Words that more often than not go on, but may end a sentence: particles, quantifiers. */
  readonly leaning: string;
  /** Verbs that want an object: open, unless a question has it in front ("what do you need"). */
  readonly transitives?: string;
  /** Answers that are complete by themselves, though not as the end of something longer: "yes", "no". */
  readonly answers: string;
  /** By these a caller who waits asks whether anybody is still there: "hello", "can you hear me". */
  readonly presenceChecks: string;
  /** What whoever picks up the telephone says beside those: "good morning". */
  readonly greetings: string;
  /** Words that open a question or, inside a sentence, a subordinate clause whose verb may come last. */
  readonly questionWords: string;
  /** Words that at the start of a sentence let a main clause be expected: "if", "when". */
  readonly subordinators: string;
  readonly pronouns: string;
  /** Digits as they are dictated one by one: "zero", "oh", "one". */
  readonly digits: string;
  /** Number words that are no single digit: "twenty", "hundred". */
  readonly numbers: string;
  /** Words after which figures are an identifier that is being dictated: "number", "code". */
  readonly identifiers: string;
  /** In languages with the verb at the end, a word after which an auxiliary closes the sentence: a participle. */
  readonly participle?: RegExp;
}
