import { type AudioRate, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import type { Clock } from '../../../shared/clock.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import type { OpenVoiceActivity } from '../../contract/speech.ts';
import { CallerLine } from '../../conversation/ear/caller-line.ts';
import type { Ear } from '../../conversation/ear/ear.ts';
import type { TurnPolicy } from '../../conversation/turns/turn-policy.ts';
import type { FloorEvent } from './floor.ts';

interface LiveEarOptions {
  readonly clock: Clock;
  readonly policy: TurnPolicy;
  /** Of the line, Hz. */
  readonly rateHz: AudioRate;
  readonly openVoiceActivity: OpenVoiceActivity;
  readonly agentsWords: () => string;
  readonly events: SessionEmitter;
  readonly onFloor: (event: FloorEvent) => void;
}

/** Our own detector on the line, beside the service, which tells the words. It hears 16 kHz, whatever the service speaks. */
export function openLiveEar(options: LiveEarOptions): { readonly ear: Ear; readonly hear: (pcm: Uint8Array) => void } {
  const { clock, policy, rateHz, openVoiceActivity, agentsWords, events, onFloor } = options;
  const resampler = new Resampler(rateHz, SAMPLE_RATE);
  const ear = new CallerLine({
    clock,
    policy,
    openVoiceActivity,
    openRecogniser: () => ({ write() {}, restart() {}, close() {} }),
    agentsWords,
    events: {
      onSpeechStarted: () => onFloor({ type: 'line-started' }),
      onSpeechEnded: (lastSpeechMs) => onFloor({ type: 'line-ended', lastSpeechMs }),
      onWords: () => {},
      onFault: (code, error) => events.emit('fault', { code, error }),
    },
  });
  return { ear, hear: (pcm) => ear.write(resampler.write(pcm)) };
}
