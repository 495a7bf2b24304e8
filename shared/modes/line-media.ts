import { type AudioRate, SAMPLE_RATE } from '../audio/pcm.ts';
import type { StreamingMode } from './streaming-modes.ts';

/** What ACS is asked for on a call's media socket. */
export interface LineMedia {
  readonly audioFormat: 'Pcm16KMono' | 'Pcm24KMono';
  /** Mixed: one stream of 50 frames a second, whoever is in the call. Unmixed: one for each participant, four at most. */
  readonly audioChannelType: 'mixed' | 'unmixed';
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
 */
export const lineMediaOf = (mode: StreamingMode, rateHz: AudioRate): LineMedia => ({
  audioFormat: rateHz > SAMPLE_RATE ? 'Pcm24KMono' : 'Pcm16KMono',
  audioChannelType: CHANNELS[mode],
});
