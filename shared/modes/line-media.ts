import type { AudioRate } from '../audio/pcm.ts';
import type { LineMedia } from '../carrier/line-media.ts';
import type { StreamingMode } from './streaming-modes.ts';

const CHANNELS: Readonly<Record<StreamingMode, LineMedia['channels']>> = {
  media: 'mixed',
  voice_live: 'mixed',
  // Who said what is half of what a transcript says.
  transcription: 'unmixed',
};

/**
 * The media of a call in that mode: the line has the mode's own rate where the carrier can, so that nothing is resampled
 * on our side.
 * @param rateHz what the mode hears and speaks
 * @param locale what the carrier hears, where it shall put calls into words that nobody answers
 */
export const lineMediaOf = (mode: StreamingMode, rateHz: AudioRate, locale?: string): LineMedia => ({
  rateHz,
  channels: CHANNELS[mode],
  ...(locale !== undefined && { words: { locale, starts: mode === 'transcription' } }),
});
