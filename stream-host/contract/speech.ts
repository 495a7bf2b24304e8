import type { Usage } from '../../shared/records/usage.ts';
import type { OnAttempt } from './recorder.ts';

/**
 * What hears and what speaks. Audio is PCM16 little-endian mono at 16 kHz everywhere inside.
 */

/** Decides from the raw audio whether somebody speaks. Times are on the engine's clock, of the audio's arrival. */
export interface VoiceActivity {
  /** Any length of audio; it is cut into the detector's own frames. */
  write(pcm: Uint8Array): void;
  close(): void;
}

export interface VoiceActivityEvents {
  /** The probability of speech in one detector frame (32 ms), in order. `atMs`: when the frame's last sample arrived. */
  onFrame(probability: number, atMs: number): void;
  /** The detector died; it is not coming back by itself. */
  onFailure(error: Error): void;
}

export type OpenVoiceActivity = (events: VoiceActivityEvents) => VoiceActivity;

/** Turns the caller's audio into text. Supervised inside: it reconnects and replays by itself. */
export interface Recogniser {
  write(pcm: Uint8Array): void;
  /** Listens anew to all audio whose words are not final yet, and loses none: for one that seems to have gone deaf. */
  restart(): void;
  close(): void;
}

export interface RecogniserEvents {
  /**
   * What the current phrase sounds like so far; may still change. `offsetMs` and `endMs`: the stretch of the audio
   * written that these words are of. Speech after `endMs` is not in them yet.
   */
  onPartial(text: string, offsetMs: number, endMs: number): void;
  /** A phrase that will not change any more. `endMs`: where it ends in the audio written. */
  onFinal(text: string, offsetMs: number, endMs: number, details?: PhraseDetails): void;
  /** This stretch of the audio was listened to and holds no words: silence or noise. */
  onNoWords(offsetMs: number, endMs: number): void;
  /** Recognition broke down and is being restarted (`recovering`), works again, or was given up (`failed`). */
  onState(state: 'ready' | 'recovering' | 'failed', error?: Error): void;
}

/** What a recogniser may tell of a phrase besides its words. */
export interface PhraseDetails {
  /** From 0 to 1. */
  readonly confidence?: number | undefined;
  /** What was spoken, as in `de-DE`, where it was one of several. */
  readonly language?: string | undefined;
  readonly words?: readonly TimedWord[] | undefined;
}

/** One word as it was spoken, and where: from the beginning of what it is told of. */
export interface TimedWord {
  readonly text: string;
  readonly offsetMs: number;
  readonly durationMs: number;
}

export type OpenRecogniser = (events: RecogniserEvents) => Recogniser;

export type SynthesisPiece =
  /** PCM16 mono 16 kHz, any length. */
  | { readonly type: 'audio'; readonly pcm: Uint8Array }
  /** A word and where it is spoken, measured from the start of this synthesis. `text` is a slice of what was given. */
  | { readonly type: 'word'; readonly text: string; readonly startMs: number; readonly durationMs: number };

/** Told what was used of a service that is paid for. */
export type OnUsed = (usage: Usage) => void;

/** Turns text into speech, streamed. */
export interface Synthesiser {
  /**
   * Speaks `text`. Ends when all of it was yielded; throws when the service failed, once all audio that it gave was
   * yielded. Aborting ends it at once, without an exception. Bounded: one that cannot be reached, or goes quiet between two
   * pieces, is a failure within 2 s; one that was reached has 16 s to its first audio, as the caller is kept company.
   * @param onUsed told what the service was asked for; nothing where the audio was there already
   * @param onAttempt told of each try that came to nothing before any audio, and of the one that began to speak
   */
  speak(
    text: string,
    voice: string,
    signal: AbortSignal,
    onUsed?: OnUsed,
    onAttempt?: OnAttempt,
  ): AsyncIterable<SynthesisPiece>;
}

/** Why the agent speaks without its model: what a bundled clip can stand in for. */
export type StandbyPurpose = 'greeting' | 'filler' | 'explanation' | 'apology' | 'farewell';

/** Audio that is there already. */
export interface StandbySpeech {
  /** PCM16 mono 16 kHz, of whole samples, never empty. It must not be changed. */
  readonly pcm: Uint8Array;
  /** The words that it says: those asked for, or a bundled clip's. Empty where it is a sound without words. */
  readonly text: string;
}

/** Speaks without waiting for anything, so that a caller never meets silence because the voice is away. */
export interface StandbyVoice {
  /**
   * The text in the voice, where it was synthesised and kept when the host started; else a clip for the same purpose
   * that comes with Parley: words in English, and for any other language two tones. Never fails.
   */
  speech(purpose: StandbyPurpose, text: string, voice: string): StandbySpeech;
}
