import { z } from 'zod';
import type { CallWish } from './call-wish.ts';
import { storedKeysWishes } from './keys-wish.ts';

/** A wish as it is written down and read back. */
export const storedWish = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('transfer'),
    target: z.string(),
    how: z.enum(['blind', 'warm']),
    summary: z.string().optional(),
    timeoutS: z.number(),
  }),
  z.object({ kind: z.literal('hold'), forS: z.number() }),
  ...storedKeysWishes,
]) satisfies z.ZodType<CallWish, unknown>;
