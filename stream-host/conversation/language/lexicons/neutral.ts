import type { Lexicon } from '../lexicon.ts';

/** For languages that Parley has no words of: sounds that listeners make nearly everywhere, and "okay". */
export const neutral: Lexicon = {
  backchannels: 'mhm, mm, m, mm hm, mm hmm, m hm, hm, hmm, aha, ah, uh huh, oh, ok, okay, o.k',
  fillers: 'um, uhm, umm, uh, eh, er, erm, em, ehm, hm, hmm, m, mm',
  closers: '',
  announcements: '',
  open: '',
  prepositions: '',
  auxiliaries: '',
  leaning: '',
  answers: '',
  presenceChecks: 'hello, hallo, halo, allo, alo, hi, hey',
  greetings: '',
  questionWords: '',
  subordinators: '',
  pronouns: '',
  digits: '',
  numbers: '',
  identifiers: '',
};
