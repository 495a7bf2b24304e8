import type { WaitFilling } from '../../contract/events.ts';
import type { StopCause } from '../../contract/mouth.ts';

/**
 * Who has the floor in a call that a speech-to-speech service answers. The service decides when a caller has finished;
 * our own detector on the line may be first to hear one begin. At most one deadline, which belongs to the state: no state
 * lasts for ever but `listening`.
 */
export type FloorState =
  /** Nobody speaks and nothing is owed. With a deadline, the caller is asked whether they are still there. */
  | {
      readonly name: 'listening';
      readonly deadlineMs: number;
      /** Silence was asked for: words that are known late ask for nothing by themselves. */
      readonly hushed?: boolean;
    }
  /** `known`: the service hears them, too. */
  | { readonly name: 'caller-speaking'; readonly known: boolean; readonly deadlineMs: number }
  | Waiting
  /** The agent's turn is audible. `filled`: how often the silence in it was filled. */
  | { readonly name: 'speaking'; readonly filled: number; readonly deadlineMs: number }
  /**
   * The line made a sound while the agent spoke, or was about to: it is silent until it is clear whether that was the
   * caller, by words, or by a service that goes on hearing somebody. Without that it goes on.
   */
  | {
      readonly name: 'held';
      readonly audible: boolean;
      /** What the service makes of it: nothing, it hears somebody, it has heard the end, and has taken it down. */
      readonly service: 'silent' | 'hears' | 'heard' | 'committed';
      /** Since when somebody makes the sound, as far as anybody knows. */
      readonly beganMs: number;
      readonly filled: number;
      /** Since when the caller waits, where nothing of the turn is audible yet. */
      readonly askedAtMs: number;
      readonly sinceMs: number;
      readonly lastSpeechMs: number;
      readonly deadlineMs: number;
    }
  | { readonly name: 'closed' };

/**
 * The caller has stopped, and hears nothing of an answer yet. `asked`: whether the service has to answer (`yes`), has
 * heard somebody and listens whether more comes (`heard`), or has heard nobody (`no`).
 */
interface Waiting {
  readonly name: 'waiting';
  readonly asked: 'no' | 'heard' | 'yes';
  readonly sinceMs: number;
  readonly filled: number;
  readonly deadlineMs: number;
}

export type In<Name extends FloorState['name']> = Extract<FloorState, { name: Name }>;

export type FloorEvent =
  /** Our own detector: somebody makes sounds on the line, or has stopped. */
  | { readonly type: 'line-started' }
  | { readonly type: 'line-ended'; readonly lastSpeechMs: number }
  /** The service hears the caller, since then where it says so, or hears no more. */
  | { readonly type: 'service-started'; readonly beganMs?: number | undefined }
  | { readonly type: 'service-stopped' }
  /** What the caller said stands in the service's conversation, and is to be answered. */
  | { readonly type: 'committed' }
  /** There are words that no turn has answered. `open`: the caller may not have finished. */
  | { readonly type: 'words'; readonly open?: boolean }
  /** What the service took down last has no words, or none that ask for anything. */
  | { readonly type: 'no-words' }
  /** Words that were typed or pressed are all there. */
  | { readonly type: 'given' }
  /** A key was pressed: there is somebody. */
  | { readonly type: 'pressed' }
  /** A turn of the agent begins, of its own accord or as an answer. Nothing of it is audible. */
  | { readonly type: 'reply-began' }
  | { readonly type: 'reply-audible' }
  /** All of the turn was played, or it came to nothing. */
  | { readonly type: 'reply-ended' }
  | { readonly type: 'interrupted' }
  /** The caller hears the agent no more, or hears it again. */
  | { readonly type: 'hearing' }
  | { readonly type: 'deadline' }
  | { readonly type: 'closed' };

/** What the transition function may know besides the state. */
export interface FloorContext {
  readonly nowMs: number;
  /** The line makes sounds now. */
  readonly lineSpeaks: boolean;
  /** They are, or those that ended last were, one voice beyond doubt. */
  readonly voiceIsClear: boolean;
  /** They lasted so long that the caller may be asked to say it again. */
  readonly worthAsking: boolean;
  /** When the caller's newest speech came; minus infinity before there was any. */
  readonly lastSpeechMs: number;
  /** Until when the caller hears the agent, as far as it has spoken; minus infinity while it has not. */
  readonly agentHeardUntilMs: number;
  readonly mayPrompt: boolean;
  /** The caller neither hears nor is heard. */
  readonly silenced: boolean;
}

/** What must be done, in this order, because of a transition. */
export type FloorEffect =
  /** Silence, but keep what was not heard: it may go on. */
  | { readonly type: 'hold' }
  /** Go on where the caller's ear was. `misled`: the sound that held it was no caller. */
  | { readonly type: 'resume'; readonly misled: boolean }
  /** Silence, and the end of the turn, if there is one. */
  | { readonly type: 'stop'; readonly cause: StopCause }
  /** Silence, and what the caller has not heard is owed to him. */
  | { readonly type: 'put-by' }
  /** Ask the service for an answer. */
  | { readonly type: 'ask' }
  | { readonly type: 'prompt-caller' }
  | { readonly type: 'ask-again' }
  /** The sound that goes on is not the caller's. */
  | { readonly type: 'ignore-sound' }
  | { readonly type: 'fill-wait'; readonly kind: WaitFilling }
  /** The answer is not waited for any longer. */
  | { readonly type: 'stalled' }
  | { readonly type: 'hang-up' };

export interface FloorChange {
  readonly state: FloorState;
  readonly effects: readonly FloorEffect[];
}

/** Before anything has happened. */
export const INITIAL_FLOOR: FloorState = { name: 'listening', deadlineMs: Number.POSITIVE_INFINITY };
