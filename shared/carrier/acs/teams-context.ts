import { z } from 'zod';

/** The agent's model reads it with every turn; what `calls/initiate` takes of context has the same bound. */
const MOST_CHARS = 8_192;

const text = z.string().min(1).max(MOST_CHARS).optional().catch(undefined);

/**
 * `TeamsPhoneCallDetails`: what a Teams queue, an auto attendant or another bot tells of a call that it passes on. The names
 * are those of the SDK's own converter, which says that they come with incoming events, too.
 */
const details = z
  .object({
    teamsPhoneCallerDetails: z
      .object({
        name: text,
        phoneNumber: text,
        recordId: text,
        screenPopUrl: text,
        isAuthenticated: z.boolean().optional().catch(undefined),
        additionalCallerInformation: z.record(z.string(), z.string()).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
    teamsPhoneSourceDetails: z.object({ language: text, status: text }).optional().catch(undefined),
    sessionId: text,
    intent: text,
    callTopic: text,
    callContext: text,
    transcriptUrl: text,
    callSentiment: text,
    suggestedActions: text,
  })
  .transform((all) => {
    const { teamsPhoneCallerDetails: caller, teamsPhoneSourceDetails: source, ...rest } = all;
    return withoutAbsent({ ...rest, caller: withoutAbsent(caller), source: withoutAbsent(source) });
  });

/** As an agent finds it in its session; undefined where nothing of it can be read, or it is too long. */
export function teamsContextOf(given: unknown): Readonly<Record<string, unknown>> | undefined {
  const read = details.safeParse(given).data;
  return read !== undefined && JSON.stringify(read).length <= MOST_CHARS ? { teams: read } : undefined;
}

function withoutAbsent(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> | undefined {
  const given = Object.entries(fields ?? {}).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.fromEntries(given);
}
