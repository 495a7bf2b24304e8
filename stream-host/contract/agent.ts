import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';

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
  | { readonly type: 'end-call'; readonly reason: string };

/** The agent's mind: instructions, model and tools. Stateless; the history is the engine's. */
export interface Responder {
  readonly greeting: string;
  readonly voice: string;
  /** Streams an answer to the last thing in `history`. Bounded inside. Aborting ends it without an exception. */
  respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncIterable<ReplyPiece>;
}
