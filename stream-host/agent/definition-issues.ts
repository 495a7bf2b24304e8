import type { z } from 'zod';

/** What is wrong with a definition, a line for each field, each with its place. */
export function describeIssues(where: string, error: z.ZodError): string {
  return error.issues
    .map((issue) => `${where}: ${issue.path.map(String).join('.') || 'the whole'}: ${issue.message}`)
    .join('\n');
}
