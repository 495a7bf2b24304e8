import type { ModeKind } from '../../contract/mode.ts';
import { ClipShelf } from './own-clips.ts';
import { VoiceLiveCall } from './voice-live-call.ts';
import type { VoiceLiveOptions } from './voice-live-options.ts';

/** VOICE_LIVE: a speech-to-speech model hears, thinks and speaks; turns, tools, record and line are ours as in MEDIA. */
export function voiceLiveMode(options: Omit<VoiceLiveOptions, 'shelf'>): ModeKind {
  const shelf = new ClipShelf();
  return {
    answers: true,
    rateHz: options.rateHz,
    open: (host) => new VoiceLiveCall({ ...options, shelf }, host),
  };
}
