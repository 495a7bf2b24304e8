import type { z } from 'zod';
import type { CallWish } from '../../../shared/calls/call-wish.ts';

/** Something that the model may do with the call itself, within what its agent's definition allows. */
export interface CallTool {
  readonly name: string;
  /** Tells the model when to use it. */
  readonly description: string;
  readonly parameters: z.ZodObject;
  /** What these arguments, checked, mean. */
  wishOf(args: Readonly<Record<string, unknown>>): CallWish;
  /**
   * What of these arguments stands in history, events and record, and before the model again, where that is not all of them:
   * some are secrets by nature.
   */
  keptOf?(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** What the model is told at once, where it is not that it is done once the caller has heard of it. */
  tellOf?(args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}
