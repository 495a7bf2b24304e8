import type { AnsweredBy } from '../../shared/calls/voicemail-policy.ts';
import type { Cost } from '../../shared/records/price-table.ts';
import type { UsageTotal } from '../../shared/records/usage-totals.ts';
import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';
import type { KeysOutcome } from './keys.ts';
import type { PhraseDetails } from './speech.ts';

/**
 * Everything that happens in a session, by name. The log, the session's record, the transports and telemetry are
 * subscribers of this one map. Each event is an object with its `type` and the time at which it happened.
 */
export interface SessionEventMap {
  /** What the caller is saying, as it is recognised; may still change. */
  callerPartial: { readonly text: string };
  /** The caller's words that turn `turn` answers. Told when the turn becomes audible or uses a tool, not before. */
  callerFinal: { readonly text: string; readonly turn: number };
  /** The recogniser found better words for what was told as `turn`'s. */
  callerCorrected: { readonly text: string; readonly turn: number };
  /** Words that asked for nothing: an acknowledgement while the agent spoke, or "are you there?" while it worked. */
  callerAcknowledged: { readonly text: string };
  /** The caller pressed a key of the telephone. */
  callerPressed: { readonly tone: string };
  /**
   * An attempt of the caller's at keys that were wanted of him, such as his `pin`, was not right, or it is over. What was
   * pressed is not in it.
   */
  keysAttempted: { readonly name: string; readonly attemptsLeft: number };
  keysCollected: { readonly name: string; readonly status: KeysOutcome['status']; readonly attempts: number };
  /** Who, or what, has answered a call that we placed, and what that rests on. Comes again where more became clear. */
  answeredBy: {
    readonly verdict: AnsweredBy;
    readonly reason: string;
    /** Since the first sound. */
    readonly afterMs: number;
  };
  /** A menu answered, and said none of the phrases of the call's policy that were left. `heard`: what it did say. */
  menuUnmatched: { readonly phrases: readonly string[]; readonly heard: string; readonly afterMs: number };
  /** Some more of what the turn says, once it is audible, and who hears it. Only words that the voice has begun are told. */
  agentText: { readonly text: string; readonly turn: number; readonly to?: 'human' };
  /** So much of what turn `turn` has to say has been heard by now; told a few times a second. */
  agentHeard: { readonly turn: number; readonly heardText: string };
  /** Of a turn that was audible: its last frame has been played, or was cut off; then `heardText` is shorter than `fullText`. */
  agentSpoke: {
    readonly turn: number;
    readonly fullText: string;
    readonly heardText: string;
    readonly interrupted: boolean;
    /** The human whom the caller is put through to, and who alone heard it; without it, the caller. */
    readonly to?: 'human';
  };
  /** The caller waited for turn `turn`, and heard this meanwhile. It is no part of the answer. */
  waitFilled: { readonly turn: number; readonly kind: WaitFilling; readonly text: string };
  /** The caller has taken the floor from the agent: by voice and words, or by a command. */
  bargeIn: { readonly turn: number; readonly by: 'voice' | 'command' };
  /**
   * The agent fell silent because of a sound, which began so long before, as far as that is known. `replyResumed`, `bargeIn`
   * or the turn's end follows.
   */
  replyHeld: { readonly turn: number; readonly soundMs?: number };
  /** It was no interruption: the agent goes on where it was held, after so long a silence. */
  replyResumed: { readonly turn: number; readonly silentMs: number };
  /** An answer that was begun early and is not wanted after all. `pieces`: what the model had sent of it. */
  draftDropped: { readonly pieces: number; readonly characters: number };
  toolStarted: { readonly call: ToolCall; readonly turn: number };
  toolEnded: {
    readonly call: ToolCall;
    readonly elapsedMs: number;
    readonly result: unknown;
    readonly error?: string;
    readonly turn: number;
  };
  /** How long one turn's stages took, all measured from the moment the caller stopped speaking. */
  turnLatency: TurnLatency & { readonly turn: number };
  /** What somebody is saying, as it is written down; may still change. The speaker's next `transcript` replaces it. */
  transcriptPartial: TranscribedWords;
  /**
   * What somebody has said. `turn` is its number in the session: ascending in the order in which words became final, also
   * across hosts, perhaps with gaps.
   */
  transcript: TranscribedWords & PhraseDetails & { readonly turn: number };
  state: { readonly state: string };
  /** What the session has used by now, and what that costs where prices are known. Told after each turn. */
  spent: CallSummary;
  /** Something went wrong and the session went on; `code` is stable. `ofTurn`: the turn that came to less by it. */
  fault: { readonly code: string; readonly error?: unknown; readonly ofTurn?: number };
  /** From item `from` on, the history now reads `items`. What stood there before is replaced. */
  historyChanged: { readonly from: number; readonly items: readonly HistoryItem[] };
  /** The mode is over, by its own decision (the agent said goodbye) or as it was closed. Always the last event. */
  ended: Ending;
}

/** Why a mode is over. */
export interface Ending {
  /** A word of ours, or of whoever wrote the agent's code; what the call makes of it says `agentsEnd`. */
  readonly reason: string;
  /** What a model gave as its reason, in its own words: they may quote the caller, or be a word of ours by chance. */
  readonly words?: string;
}

/** What a call has come to, with what other hosts used of it left out. `cost` is undefined where there are no prices. */
export interface CallSummary {
  readonly totals: readonly UsageTotal[];
  readonly cost: Cost | undefined;
}

/** Words in a session that is only written down. */
export interface TranscribedWords {
  /** `caller`, `callee`, `participant-3` and so on; `line` where a phone line tells nobody apart. */
  readonly speaker: string;
  /** The raw id under which ACS knows the speaker. Private: never into a log. */
  readonly participant?: string | undefined;
  readonly text: string;
  /** Where the words begin, counted from the beginning of the session; those of single words, too. */
  readonly offsetMs: number;
  readonly durationMs: number;
}

/** How a wait is filled: first with a few words, then with an explanation and an offer, then the wait is given up. */
export type WaitFilling = 'filler' | 'explanation' | 'give-up';

/** Stages of an answer, in milliseconds since the caller stopped speaking. One that a draft began early may be first. */
export interface TurnLatency {
  /** Until the caller's words read as they were answered. */
  readonly wordsMs: number;
  /** Until the engine decided that the turn is over and knew the words. */
  readonly recognisedMs: number;
  /** Until the model's first word. */
  readonly firstTokenMs: number;
  /** Until the voice's first byte. */
  readonly firstVoiceMs: number;
  /** Until the first frame of audio was sent. */
  readonly firstAudioMs: number;
  /** The words were typed, or pressed: nobody had to hear them. */
  readonly typed?: true;
}

export type EventName = keyof SessionEventMap;

/** One event. `atMs` is on the session's monotonic clock. */
export type SessionEvent<Name extends EventName = EventName> = {
  [N in Name]: { readonly type: N; readonly atMs: number } & SessionEventMap[N];
}[Name];

/** What subscribers see of a session's events. */
export interface SessionEventSource {
  /** Adds a listener of one kind of event; the returned function takes it off again. */
  on<Name extends EventName>(name: Name, listener: (event: SessionEvent<Name>) => void): () => void;
  /** Adds a listener of all events. */
  onAny(listener: (event: SessionEvent) => void): () => void;
}

/** How a session's own parts tell its events. */
export interface SessionEmitter extends SessionEventSource {
  /** Tells all listeners: now, or when the section that is under way is complete. */
  emit<Name extends EventName>(name: Name, fields: SessionEventMap[Name]): void;
  /** Does something that must be complete before anybody is told of it. Sections may be nested. */
  atomic(work: () => void): void;
  /** Runs a task in its turn: after the events that were emitted before it. */
  inTurn(task: () => void): void;
}
