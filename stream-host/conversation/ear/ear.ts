import type { Clock } from '../../../shared/clock.ts';
import type { TurnPolicy } from '../turns/turn-policy.ts';
import type { CallerWords, Correction } from './caller-words.ts';

/**
 * What listens to the caller, whatever it listens with. Times are on the session's clock, except where they are named as
 * places in the caller's audio.
 */
export interface Ear {
  /** What the caller has said, and what of it a turn has taken up. */
  readonly words: CallerWords;
  /** The caller makes sounds now. */
  readonly speaking: boolean;
  /** When the caller's newest speech came. */
  readonly lastSpeechMs: number;
  /** What the caller makes now, or made last, is voice, of one or of several. Some voices are doubtful for all that. */
  readonly voiceIsLikely: boolean;
  /** How long the caller's newest utterance is, from its onset to its last speech. */
  readonly utteranceMs: number;
  /** When the line last sounded like speech, whoever's and however short. */
  readonly lastVoiceMs: number;
  /** For how long nothing on the line has sounded like speech. */
  readonly voicelessMs: number;
  /** What the caller makes now, or made last, is one voice beyond doubt. */
  readonly voiceIsClear: boolean;
  /** What the caller makes now, or made last, is the hum of a listener. */
  readonly voiceHums: boolean;
  /** When the newest audio came that was judged. */
  readonly seenUntilMs: number;
  /** Where in the caller's audio the newest speech lies. */
  readonly spokenUntilMs: number;

  open(): void;
  /** Takes the caller's audio: PCM16 mono 16 kHz, any length. */
  write(pcm: Uint8Array): void;
  /** Some of the agent's voice is on its way to the caller's ear. */
  agentSends(pcm: Uint8Array, playsAtMs: number): void;
  /** Nothing of what was sent is heard from now on. */
  agentSilenced(atMs: number): void;
  /** The sound that the agent fell silent for was no interruption. */
  misled(): void;
  /** The sound that the agent fell silent for was one. */
  confirmed(): void;
  /** The agent has just said these words, and they may be its own that come back. */
  mayEcho(text: string): boolean;
  /** The sound that goes on is not the caller's. */
  ignoreSound(): void;
  /** There was sound, but no words came. */
  noWords(): void;
  /** Idempotent. */
  close(): void;
}

/** A sound that began longer ago is not what anybody reacts to now. */
const OLD_SOUND_MS = 10_000;

/** How long ago the caller's newest sound began, where there is one that anybody may react to. */
export function soundAgeMs({ lastSpeechMs, utteranceMs }: Ear, nowMs: number): number | undefined {
  const ageMs = Math.round(nowMs - (lastSpeechMs - utteranceMs));
  return ageMs >= 0 && ageMs < OLD_SOUND_MS ? ageMs : undefined;
}

interface EarEvents {
  onSpeechStarted(): void;
  onSpeechEnded(lastSpeechMs: number): void;
  /** The caller's words changed; with a correction, words that a turn had taken already. */
  onWords(correction?: Correction): void;
  onFault(code: string, error: unknown): void;
}

export interface EarNeeds {
  readonly clock: Clock;
  readonly policy: TurnPolicy;
  /** What the agent has said lately, for words that may be its own. */
  readonly agentsWords: () => string;
  readonly events: EarEvents;
}

export type OpenEar = (needs: EarNeeds) => Ear;
