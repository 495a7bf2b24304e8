/** One turn of the agent on its way to the caller's ear. Audio is PCM16 mono at the mode's rate. */
export interface Utterance {
  readonly turn: number;
  /** Adds audio of any length, which must not change any more. Ignored once the utterance was cut or has ended. */
  write(pcm: Uint8Array): void;
  /** Resolves when more audio may be written; at once when the utterance was cut. Bounded by real time. */
  room(): Promise<void>;
  /** No more audio follows. */
  end(): void;
  /** Drops what was not sent. Idempotent. */
  cut(): void;
  /** All audio of it so far, sent or waiting. */
  readonly writtenMs: number;
  readonly sentMs: number;
}

/**
 * What the agent speaks with: one utterance at a time, silenced within a frame, taken up again where the caller's ear
 * was. It keeps account of what was heard, whoever makes the audio: a synthesiser or a speech-to-speech model.
 */
export interface Mouth {
  /** An utterance that may be written but is not heard before {@link play}. */
  prepare(turn: number): Utterance;
  /** Plays an utterance from now on. What an earlier one has left is dropped. */
  play(utterance: Utterance): void;
  /** Says something short while the utterance has nothing to say. The utterance cuts it off. */
  fill(pcm: Uint8Array): void;
  /** Silences the line but keeps all that was not heard. */
  hold(): void;
  /** Goes on after {@link hold}, from the first frame of which the caller did not hear all. */
  resume(): void;
  /**
   * Silences the line; the stop command goes out first.
   * @returns how much of the utterance the caller had heard
   */
  stop(cause: StopCause): number;
  /** How much of the utterance has reached the caller's ear. */
  readonly heardMs: number;
  /** How much more of it the caller would hear; infinite while more may be written. */
  readonly unheardMs: number;
  /** When the line has played, or will have played, all that was sent; minus infinity while nothing was. */
  readonly playedOutAtMs: number;
}

/** Why the agent falls silent. Only the first two are the caller's doing. */
export type StopCause = 'voice' | 'command' | 'answer' | 'gave-up' | 'closed';

export interface MouthEvents {
  /** The utterance's first frame is about to be sent. */
  onAudible(turn: number): void;
  /** The utterance's last frame has been played, not only sent. */
  onPlayed(turn: number): void;
  /** What the caller will hear and when, for whoever must know the agent's voice when it comes back as an echo. */
  onSent?(pcm: Uint8Array, playsAtMs: number): void;
  /** Nothing of what was sent is heard from now on. */
  onSilenced?(atMs: number): void;
}
