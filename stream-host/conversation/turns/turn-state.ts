import type { WaitFilling } from '../../contract/events.ts';
import type { StopCause } from '../../contract/mouth.ts';

/**
 * Who has the floor. One state at a time, and at most one deadline, which belongs to the state: whatever else fails to
 * happen, the deadline does, so no state can last for ever but `listening`, in which the next sound or word moves the
 * conversation on.
 */
export type TurnState =
  /** Nobody speaks and nothing is owed. With a deadline, the caller is asked whether they are still there. */
  | { readonly name: 'listening'; readonly deadlineMs: number }
  /** `untilMs`: a turn without a pause is cut there at the latest. */
  | { readonly name: 'caller-speaking'; readonly untilMs: number; readonly deadlineMs: number }
  /** The caller paused; the turn is over if the pause lasts. */
  | { readonly name: 'endpointing'; readonly lastSpeechMs: number; readonly deadlineMs: number }
  /** The pause lasted, but the recogniser has not settled on words yet. `filled`: how often this wait was filled. */
  | {
      readonly name: 'awaiting-words';
      readonly lastSpeechMs: number;
      readonly filled: number;
      readonly deadlineMs: number;
    }
  /**
   * The agent's turn has begun; nothing of it is audible yet. `waitsSinceMs`: when the caller had finished, or had heard
   * the last thing that filled his wait. A sound that was no words does not begin it anew.
   */
  | (Replying & { readonly name: 'thinking'; readonly lastSpeechMs: number; readonly waitsSinceMs: number })
  | (Replying & { readonly name: 'speaking' })
  /**
   * The caller made a sound while the agent's turn was in progress, audible or not: it is silent until it is clear what
   * the sound was. Words make it an interruption; without them the agent goes on.
   */
  | (Replying & {
      readonly name: 'held';
      readonly audible: boolean;
      readonly sinceMs: number;
      readonly lastSpeechMs: number;
      /** Of a turn that is not audible yet, as in `thinking`. */
      readonly waitsSinceMs: number;
    })
  | { readonly name: 'closed' };

interface Replying {
  readonly turn: number;
  /** How often the caller's wait for this turn was filled. */
  readonly filled: number;
  readonly deadlineMs: number;
}

export type In<Name extends TurnState['name']> = Extract<TurnState, { name: Name }>;

export type TurnEvent =
  | { readonly type: 'speech-started' }
  | { readonly type: 'speech-ended'; readonly lastSpeechMs: number }
  /** The caller pressed a key: there is somebody. What was pressed becomes words when all of it is there. */
  | { readonly type: 'pressed' }
  /** The caller typed something: all of it is there, and it is among the words. */
  | { readonly type: 'typed' }
  /** The recogniser changed the caller's words, or keys became words: `givenMs` is when the last of them was pressed. */
  | { readonly type: 'words-changed'; readonly givenMs?: number }
  /** The recogniser's final differs from the words that the turn in progress answers. */
  | { readonly type: 'words-corrected' }
  /** The agent has something to say of its own accord (the greeting). */
  | { readonly type: 'reply-owed' }
  | { readonly type: 'reply-audible'; readonly turn: number }
  /** All of the turn has been played, or it had nothing to play. */
  | { readonly type: 'reply-ended'; readonly turn: number }
  /** Somebody asked the agent to be quiet (a button, a tool of the host). */
  | { readonly type: 'interrupted' }
  /**
   * Whom the agent attends to has changed, and with it whether the caller may be asked if he is there. `hearing`: also
   * whether he hears the agent at all.
   */
  | { readonly type: 'attention'; readonly hearing: boolean }
  | { readonly type: 'deadline' }
  | { readonly type: 'closed' };

/** What the transition function may know besides the state. */
export interface TurnContext {
  readonly nowMs: number;
  /** Words of the caller that no turn has answered: none, some that may still change, or settled ones. */
  readonly words: 'none' | 'open' | 'settled';
  /**
   * What those words are to an agent that speaks: nothing yet, the beginning of what may become an acknowledgement, an
   * acknowledgement that lets it go on, or an interruption.
   */
  readonly interjection: 'none' | 'begun' | 'backchannel' | 'words';
  /** The caller makes sounds now. */
  readonly callerSpeaks: boolean;
  /** They are, or those that ended last were, one voice beyond doubt. */
  readonly voiceIsClear: boolean;
  /** Words may stop the turn in progress: something sounded like speech since it became audible, or it only just has. */
  readonly wordsMayInterrupt: boolean;
  /** They are, or were, no more than the hum of a listener. */
  readonly voiceHums: boolean;
  /** When a voice of some length ended that may be asked to say it again; minus infinity where there was none. */
  readonly voiceEndedMs: number;
  /** When the newest words of the turn in progress came; its voice follows. */
  readonly agentTextMs: number;
  /** Until when the caller hears the agent, as far as it has spoken; minus infinity while it has not. */
  readonly agentHeardUntilMs: number;
  /** The recogniser has not listened to the latest speech yet: that there are no words says nothing. */
  readonly wordsAreLate: boolean;
  /** For how long nothing on the line has sounded like speech. */
  readonly voicelessMs: number;
  /** How long a pause ends the caller's turn, from how the words so far sound. */
  readonly holdMs: number;
  /** How long the detector has not seen any audio: a gap in the line is no pause of the caller's. */
  readonly unseenMs: number;
  /** A reply that nobody has heard anything of was dropped, or the greeting was not spoken yet. */
  readonly replyOwed: boolean;
  /** The caller neither hears nor is heard: what is owed is for somebody else's ear. */
  readonly silenced: boolean;
  /** The caller may be asked whether they are still there. */
  readonly mayPrompt: boolean;
  /** The number that the next turn of the agent gets. */
  readonly nextTurn: number;
}

/** What must be done, in this order, because of a transition. */
export type TurnEffect =
  /** Silence, but keep what was not heard: it may go on. */
  | { readonly type: 'hold-reply'; readonly turn: number }
  /** Go on where the caller's ear was when the turn was held. `misled`: the sound that held it was no speech. */
  | { readonly type: 'resume-reply'; readonly turn: number; readonly misled: boolean }
  /** Stop what is audible: the stop command first, then the turn. */
  | { readonly type: 'stop-reply'; readonly turn: number; readonly cause: StopCause }
  /** The caller hears nothing any more: stop what is audible, and keep what he is owed for when he does. */
  | { readonly type: 'put-by-reply' }
  /** Nobody's turn is in progress, but a wait is being filled: not any more. */
  | { readonly type: 'stop-filling'; readonly cause: StopCause }
  /** Drop a turn of which nothing was heard; the caller's words that it answered are open again. */
  | { readonly type: 'take-back-reply'; readonly turn: number }
  | { readonly type: 'start-reply'; readonly turn: number; readonly lastSpeechMs: number }
  /** Begin an answer to the words so far, in case the turn is over. */
  | { readonly type: 'draft-reply' }
  /** Ask the caller whether they are still there. */
  | { readonly type: 'prompt-caller'; readonly turn: number }
  /** The caller spoke, and not a word was recognised: ask them to say it again. */
  | { readonly type: 'ask-again'; readonly turn: number }
  /** The pending words ask for nothing: an acknowledgement while the agent spoke. */
  | { readonly type: 'dismiss-words' }
  /** The sound that goes on is not the caller's: music, a television, other people. */
  | { readonly type: 'ignore-sound' }
  /** Sound without words: a cough, a click, or a recogniser that does not listen. */
  | { readonly type: 'no-words' }
  /** The caller has heard nothing for too long: say something that is no part of the answer. */
  | { readonly type: 'fill-wait'; readonly turn: number; readonly kind: WaitFilling }
  /** The answer is not waited for any longer. */
  | { readonly type: 'stalled'; readonly turn: number }
  /** Nobody can help this caller now. */
  | { readonly type: 'hang-up' };

export interface Transition {
  readonly state: TurnState;
  readonly effects: readonly TurnEffect[];
}
