import type { AudioRate } from '../audio/pcm.ts';

/** What a carrier is asked for on a call's media socket. */
export interface LineMedia {
  /** What the mode hears and speaks. A carrier gives the nearest that it has; the media socket says what it is. */
  readonly rateHz: AudioRate;
  /** Mixed: one stream, whoever is in the call. Unmixed: one for each participant, where the carrier can. */
  readonly channels: 'mixed' | 'unmixed';
  /** What the carrier puts into words itself, on a socket of its own. Undefined: nothing. */
  readonly words?: CarrierWords | undefined;
}

export interface CarrierWords {
  /** What is spoken, as in `de-DE`. */
  readonly locale: string;
  /** From the beginning, or when it is asked to. What is not named when a call begins cannot be started later. */
  readonly starts: boolean;
}
