import type { CallWish } from '../../shared/calls/call-wish.ts';
import type { CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import type { VoicemailPolicy } from '../../shared/calls/voicemail-policy.ts';
import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';
import type { Ending } from './events.ts';
import type { KeysChecked } from './keys.ts';
import type { RealtimeBrief } from './realtime.ts';

/**
 * What a language model's answer consists of, in order. Nothing after a piece happens before the next piece is asked
 * for: a tool of which `tool-started` was yielded runs once the engine lets it.
 */
export type ReplyPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool-started'; readonly call: ToolCall }
  | {
      readonly type: 'tool-ended';
      readonly call: ToolCall;
      readonly elapsedMs: number;
      readonly result: unknown;
      readonly error?: string;
    }
  /** The agent has said what it had to say and wants to hang up once this turn has been heard. */
  | ({ readonly type: 'end-call' } & Ending)
  /** What the agent wants to do with the call once this turn has been heard. */
  | { readonly type: 'call-action'; readonly action: CallAction };

/** Something that the agent does with the call itself. It is begun when the turn that asks for it was heard to its end. */
export interface CallAction {
  readonly call: ToolCall;
  /** The same for the same call of the same turn, whoever makes it. */
  readonly key: string;
  readonly wish: CallWish;
  /** What the model is told now; undefined: that it is done once it was heard. */
  readonly told?: Readonly<Record<string, unknown>> | undefined;
}

/** The sentences that an agent says by itself, in its own language. */
export interface Phrases {
  /** Opens a new conversation. */
  readonly greeting: string;
  /**
   * Opens a conversation that is taken up again after its line or its host was lost. Its first sentence says that we were
   * cut off, and stands alone before an answer that is still owed; what follows asks for what nobody heard meanwhile.
   */
  readonly resumption: string;
  /** Said when an answer failed before anything of it was heard. */
  readonly apology: string;
  /** Fill a wait for an answer: at least three, none of which promises or asks anything. */
  readonly fillers: readonly string[];
  /** The wait is long: says so, and offers to wait or to ask something else. */
  readonly explanation: string;
  /** No answer could be had; the caller may try again. */
  readonly giveUp: string;
  /** Said to a caller who says nothing, one after the other. */
  readonly prompts: readonly string[];
  /** Said to a caller who spoke, of which no word was recognised. */
  readonly notUnderstood: string;
  /** Said where the model hangs up without a word. */
  readonly goodbye: string;
  /** Said before hanging up when the last prompt was not answered either. Empty: the line is kept. */
  readonly farewell: string;
}

/** What the agent and its tools may know of the session that they work for. */
export interface SessionFacts {
  readonly sessionId: string;
  readonly direction: 'inbound' | 'outbound';
  readonly callConnectionId?: string | undefined;
  /** The number at the other end; undefined in a browser. Private: never into a log, never to the model. */
  readonly caller?: string | undefined;
  /** It is to be recorded from its beginning, whatever its agent says. */
  readonly recorded?: boolean | undefined;
  /** What is done where no human answers a call that we place; without it, what the agent's definition says. */
  readonly voicemail?: VoicemailPolicy | undefined;
  /** What was collected as a secret, by the name that it was told by; see `KeysOutcome.handle`. */
  readonly secretKeys?: ((handle: string) => string | undefined) | undefined;
  /** What is spoken at first, where it is not the agent's own language. */
  readonly language?: string | undefined;
  /** What whoever ordered the call wants the agent to know. */
  readonly context?: Readonly<Record<string, unknown>> | undefined;
}

/** A call as a model wrote it. */
export interface ToolRequest {
  readonly callId: string;
  readonly name: string;
  /** JSON, if the model did well. */
  readonly argumentText: string;
}

export interface ToolOutcome {
  readonly call: ToolCall;
  readonly elapsedMs: number;
  /** What the tool returned, as plain JSON, or what the model is told in place of it. */
  readonly result: unknown;
  /** Set when it failed: the failure's code and message in one line. */
  readonly error?: string;
}

/** The agent's tools for one turn, for a mode whose model asks for them itself. */
export interface TurnTools {
  /**
   * Checks a call and runs it. `outcome` always settles; a mistake of the model's is an answer to the model. `signal`
   * ends only what has no side effects.
   */
  use(request: ToolRequest, signal: AbortSignal): { readonly call: ToolCall; readonly outcome: Promise<ToolOutcome> };
  /** What a call of the model's wants done with the call itself, or why it is not; undefined where it is an ordinary tool. */
  action?(request: ToolRequest): CheckedAction | undefined;
  /** Why the model hangs up with this call; undefined where it is another tool, or this agent may not hang up. */
  ending?(request: ToolRequest): Ending | undefined;
}

/** What the model wants done with the call, checked; or what it is told in place of it. */
export type CheckedAction = { readonly action: CallAction } | { readonly refused: ToolOutcome };

/** How an agent's calls are recorded by their carrier. */
export interface AgentRecording {
  /** From the beginning of this call. */
  readonly fromStart: boolean;
  /** What everybody in the call is told before; false: nothing, as the agent's author wants it. */
  readonly notice: string | false;
  /** What they are told where the recording has failed after that. Without it nothing is said, and the agent knows. */
  readonly lost?: string | undefined;
}

/** What anybody may know of an agent, to choose one. */
export interface AgentCard {
  readonly name: string;
  readonly description: string;
  /** What it speaks and hears, as in `de-DE`; the first is what it begins with. */
  readonly languages: readonly string[];
  /** The mode of its sessions, where it has one of its own. */
  readonly mode?: string | undefined;
  /** What it says where a call is only written down. */
  readonly notice?: string | undefined;
}

/** The agent's mind: instructions, model and tools. Stateless; the history is the engine's. */
export interface Responder {
  /** What the agent speaks and expects to hear, as in `de-DE`. */
  readonly locale: string;
  readonly phrases: Phrases;
  readonly voice: string;
  /** Without it its calls are not recorded. */
  readonly recording?: AgentRecording | undefined;
  /** Keys that it knows how to ask for, by the name that its definition gives them. */
  keyInput?(name: string): CollectKeysWish | undefined;
  /** Whether keys are right, as one of its tools says. @throws what the tool throws */
  checkKeys?(tool: string, keys: string): Promise<KeysChecked>;
  /** The tools for the turn that answers the last thing in `history`. Without it the agent has none. */
  openTools?(history: readonly HistoryItem[]): TurnTools;
  /** What a speech-to-speech model is told, to be this agent; anew for each session. Without it the agent speaks in none. */
  brief?(): RealtimeBrief;
  /** Streams an answer to the last thing in `history`. Bounded inside. Aborting ends it without an exception. */
  respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncIterable<ReplyPiece>;
}
