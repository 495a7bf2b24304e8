import { z } from 'zod';

export const LONGEST_SUMMARY = 1000;

/** An argument of the tools that bring a human into the call. */
export const summary = z
  .string()
  .max(LONGEST_SUMMARY)
  .optional()
  .describe('What the human who takes the call is told of it first: who calls, and what about. Two spoken sentences.');
