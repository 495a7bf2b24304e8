import { type AnsweredBy, answeredBy } from '../../shared/calls/voicemail-policy.ts';

/** Who, or what, has answered a call that we placed. */
export type Verdict = AnsweredBy;

export const VERDICTS: readonly Verdict[] = answeredBy.options;

/** A verdict, and what it rests on. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: 'phrase' | 'rhythm' | 'beep' | 'network-tone' | 'time' | 'silence';
}
