import { type AudioRate, SAMPLE_RATE } from '../../../shared/audio/pcm.ts';
import { Resampler } from '../../../shared/audio/resample.ts';
import { type ModelTokens, modelUsage, type Usage } from '../../../shared/records/usage.ts';
import type { Responder } from '../../contract/agent.ts';
import type { ModeKind } from '../../contract/mode.ts';
import type { OpenRealtime, RealtimeBrief, RealtimeUsage } from '../../contract/realtime.ts';
import type { Recorder, ServedRequest } from '../../contract/recorder.ts';
import type { OpenVoiceActivity, StandbyPurpose, StandbyVoice } from '../../contract/speech.ts';
import type { TurnPolicyChanges } from '../../conversation/turns/turn-policy.ts';
import type { PlayoutClock } from '../../playout/playout.ts';
import type { Clip, ClipShelf } from './own-clips.ts';

export interface VoiceLiveOptions {
  readonly openRealtime: OpenRealtime;
  /** What is paid for there, by the name that prices go by. */
  readonly model?: string | undefined;
  /** What the service hears and speaks, in Hz. */
  readonly rateHz: Extract<AudioRate, 16_000 | 24_000>;
  readonly openVoiceActivity: OpenVoiceActivity;
  /** Speaks where the session cannot, for callers who speak the language of a locale; `und`: by sounds. */
  readonly standbyFor?: ((locale: string) => StandbyVoice) | undefined;
  /** How that agent takes turns, where it is not by the defaults. */
  readonly turnsOf: (agent: string) => TurnPolicyChanges;
  /** Paces the agent's frames, of all sessions together. The same time as the session's clock, which it is by default. */
  readonly playoutClock?: PlayoutClock | undefined;
  /** Between 0 and 1, for the jitter of pauses. */
  readonly random: () => number;
  /** Goes on with calls whose service is gone. Without it they end with a word. */
  readonly fallback?: ModeKind | undefined;
  /** Clips of the sessions of this process. */
  readonly shelf: ClipShelf;
}

/** A line that the session cannot say. Without a text it is a sound, as no other voice shall be heard in mid-call. */
export function standbyClip(
  { standbyFor, rateHz }: Pick<VoiceLiveOptions, 'standbyFor' | 'rateHz'>,
  { locale, voice }: Pick<Responder, 'locale' | 'voice'>,
  purpose: StandbyPurpose,
  text: string,
): Clip | undefined {
  const speech =
    text === '' ? standbyFor?.('und').speech(purpose, '', '') : standbyFor?.(locale).speech(purpose, text, voice);
  return speech && { text: speech.text, pcm: new Resampler(SAMPLE_RATE, rateHz).write(speech.pcm) };
}

/** When a response of the service began, was first heard, and ended, on the session's clock. */
export type ResponseTiming = Pick<ServedRequest, 'startedAtMs' | 'firstAtMs' | 'endedAtMs' | 'finishReason' | 'error'>;

/** Tells of each response what it has used and how it went, and of each session that failed. */
export function tellsOf(recorder: Recorder | undefined, { model }: Pick<VoiceLiveOptions, 'model'>) {
  const served = (timing: ResponseTiming, tokens?: ModelTokens) =>
    recorder?.served?.({ service: 'realtime', model, ...timing, ...(tokens && { tokens }) });
  return {
    onUsed(usage: RealtimeUsage | undefined, timing: ResponseTiming): void {
      recorder?.used(usedOf({ model }, usage));
      served(timing, usage && tokensOf(usage));
    },
    onFailed: (timing: ResponseTiming): void => served(timing),
  };
}

/** One answer of the service, as prices count it. */
export function usedOf(
  { model = 'realtime' }: Pick<VoiceLiveOptions, 'model'>,
  usage: RealtimeUsage | undefined,
): Usage {
  return modelUsage('realtime', model, usage && tokensOf(usage));
}

function tokensOf(usage: RealtimeUsage): ModelTokens {
  const { inputTokens: input, outputTokens: output, cachedTokens: cached } = usage;
  const { inputAudioTokens: inputAudio, cachedAudioTokens: cachedAudio, outputAudioTokens: outputAudio } = usage;
  return { input, output, cached, inputAudio, cachedAudio, outputAudio };
}

/** What the service is told of the agent; of one that has nothing to tell it, its voice and language alone. */
export function briefOf(agent: Responder): RealtimeBrief {
  const { locale, voice } = agent;
  return agent.brief?.() ?? { instructions: '', locale, voice, tools: [], settings: {} };
}
