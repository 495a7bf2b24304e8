import { z } from 'zod';

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** One thing that was said or done, as the model will see it again. `heard`: all of it reached the caller's ear. */
export type HistoryItem =
  | {
      readonly role: 'caller';
      readonly text: string;
      /** Who said it, where several are heard and written down. */
      readonly speaker?: string;
    }
  | {
      readonly role: 'agent';
      readonly text: string;
      readonly heard: boolean;
      /** The human whom the caller is put through to, and who alone heard it; without it, the caller. */
      readonly to?: 'human';
    }
  | {
      readonly role: 'tool';
      readonly call: ToolCall;
      readonly result: unknown;
      /** It is news of the call that the service told the agent; without it, the agent's own tool ran. */
      readonly by?: 'service';
    };

/** What came of a tool, or of something that was done with the call. */
export type ToolItem = Extract<HistoryItem, { role: 'tool' }>;

/** Keys of the telephone as the caller's words, which is how they stand in the history and before the model. */
export const pressedText = (keys: string): string => `[pressed ${keys}]`;

/** Stands at the end of an answer that the caller cut off; what comes before it is what was heard. */
export const INTERRUPTED = '[interrupted by the caller]';

const toolCall = z.object({ callId: z.string(), name: z.string(), args: z.record(z.string(), z.unknown()) });

const historyItem = z.discriminatedUnion('role', [
  z.object({ role: z.literal('caller'), text: z.string(), speaker: z.string().exactOptional() }),
  z.object({
    role: z.literal('agent'),
    text: z.string(),
    heard: z.boolean(),
    to: z.literal('human').exactOptional(),
  }),
  z.object({ role: z.literal('tool'), call: toolCall, result: z.unknown(), by: z.literal('service').exactOptional() }),
]) satisfies z.ZodType<HistoryItem>;

/**
 * The conversation so far, as a session in Redis holds it. What another release wrote and this one cannot read is left
 * out: better an agent that forgot a line than a caller who cannot be taken back.
 */
export function parseHistory(stored: readonly unknown[]): HistoryItem[] {
  return stored.flatMap((item) => {
    const parsed = historyItem.safeParse(item);
    return parsed.success ? [parsed.data] : [];
  });
}
