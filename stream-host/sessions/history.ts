import { z } from 'zod';
import type { HistoryItem } from '../conversation/ports.ts';

const toolCall = z.object({ callId: z.string(), name: z.string(), args: z.record(z.string(), z.unknown()) });

const historyItem = z.discriminatedUnion('role', [
  z.object({ role: z.literal('caller'), text: z.string() }),
  z.object({ role: z.literal('agent'), text: z.string(), heard: z.boolean() }),
  z.object({ role: z.literal('tool'), call: toolCall, result: z.unknown() }),
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
