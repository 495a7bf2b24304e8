import { type AudioRate, SAMPLE_RATE } from '../audio/pcm.ts';
import type { StreamingMode } from './streaming-modes.ts';

/** What ACS is asked for on a call's media socket. */
export interface LineMedia {
  readonly audioFormat: 'Pcm16KMono' | 'Pcm24KMono';
  /** Mixed: one stream of 50 frames a second, whoever is in the call. Unmixed: one for each participant, four at most. */
  readonly audioChannelType: 'mixed' | 'unmixed';
  /** What ACS puts into words itself, on a socket of its own. Undefined: nothing. */
  readonly words?: AcsWords | undefined;
}

export interface AcsWords {
  /** What is spoken, as in `de-DE`; ACS takes one. */
  readonly locale: string;
  /** From the beginning, or when it is asked to. What is not named when a call begins cannot be started later. */
  readonly starts: boolean;
}

const CHANNELS: Readonly<Record<StreamingMode, LineMedia['audioChannelType']>> = {
  media: 'mixed',
  voice_live: 'mixed',
  // Who said what is half of what a transcript says.
  transcription: 'unmixed',
};

/**
 * The media of a call in that mode. ACS gives 16 and 24 kHz: the line has the mode's own rate where it can, so that
 * nothing is resampled on our side.
 * @param rateHz what the mode hears and speaks
 * @param acsLocale what ACS hears, where it shall put calls into words that nobody answers
 */
export const lineMediaOf = (mode: StreamingMode, rateHz: AudioRate, acsLocale?: string): LineMedia => ({
  audioFormat: rateHz > SAMPLE_RATE ? 'Pcm24KMono' : 'Pcm16KMono',
  audioChannelType: CHANNELS[mode],
  ...(acsLocale !== undefined && { words: { locale: acsLocale, starts: mode === 'transcription' } }),
});
