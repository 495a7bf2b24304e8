import type { z } from 'zod';

/** Parses what somebody wrote by hand: what is not there is called missing, and not `undefined`. */
export const parseDefinition = <Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.ZodSafeParseResult<z.output<Schema>> =>
  schema.safeParse(given, {
    error: ({ code, input }) => (code === 'invalid_type' && input === undefined ? 'is missing' : undefined),
  });

/** What is wrong with a definition, a line for each field, each with its place. */
export function describeIssues(where: string, error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const isUnknown = issue.code === 'unrecognized_keys';
      const place = [...issue.path.map(String), ...(isUnknown ? [issue.keys.join(', ')] : [])].join('.');
      return `${where}: ${place || 'the whole'}: ${isUnknown ? 'is no field that is known here' : issue.message}`;
    })
    .join('\n');
}
