/** One labelled piece of a call: what comes down the caller's line, and what a good agent makes of it. */
export interface Scene {
  /** Set, condition, voice and a number: `interruption/babble-10dB/awb/3`. */
  readonly id: string;
  readonly set: SceneSet;
  /** The line, the noise or the kind of hesitation: `clean`, `phone`, `white-10dB`, `coughs`, `filler`, `-20dB/200ms`. */
  readonly condition: string;
  readonly voice: string;
  /** A person spoke, not a synthesiser. */
  readonly recorded: boolean;
  /** The caller's line, PCM16 at 16 kHz, from t = 0; without echo. A whole number of 20 ms frames. */
  readonly audio: Int16Array;
  /** `agent-speaking`: played while the agent is in the middle of a long answer. `agent-listening`: the agent waits. */
  readonly during: 'agent-speaking' | 'agent-listening';
  /** What the caller says, in order. Times are from t = 0. */
  readonly utterances: readonly Utterance[];
  /** Single sounds that are no speech. Noise that never pauses (white, babble, hum, music) is not listed. */
  readonly noises: readonly NoiseEvent[];
  /** The agent's own voice comes back like this; whoever plays the scene mixes it in from what the agent really plays. */
  readonly echo?: { readonly gainDb: number; readonly delayMs: number };
}

export const SCENE_SETS = ['interruption', 'noise', 'backchannel', 'hesitation', 'echo', 'echo-interruption'] as const;
export type SceneSet = (typeof SCENE_SETS)[number];

export interface Utterance {
  readonly kind: 'turn' | 'interruption' | 'backchannel';
  readonly text: string;
  readonly words: readonly Word[];
  /** First audible speech, by energy, within 10 ms. */
  readonly startMs: number;
  /** Last audible speech. */
  readonly endMs: number;
  /** Silences of 200 ms and more inside the utterance. None of them is its end. */
  readonly pauses: readonly Span[];
}

export interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

export interface Word extends Span {
  readonly text: string;
}

export interface NoiseEvent extends Span {
  readonly kind: 'click' | 'cough' | 'breath';
}
