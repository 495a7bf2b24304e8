import { z } from 'zod';

/** The one shape of an error, of both halves and of refused sockets. */
export const errorBody = z
  .object({
    error: z.object({
      code: z.string().describe('Stable: one of the codes that the route names.'),
      message: z.string().describe('What is wrong and what to do about it, in English.'),
      details: z.record(z.string(), z.unknown()).optional(),
      traceId: z.string().describe('Finds the lines of the log.'),
    }),
  })
  .meta({ id: 'Error' });

export type ErrorBody = z.output<typeof errorBody>;
