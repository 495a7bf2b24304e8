import type { ErrorCodeEntry } from '../error-codes.ts';

/** What fails between us and a speech-to-speech service. The mode opens another session, or another mode takes over. */
export const REALTIME_ERRORS = {
  'realtime.expired': {
    status: 503,
    meaning: 'The speech-to-speech session has reached its longest duration.',
    remedy: 'Nothing for one: another session goes on.',
  },
  'realtime.failed': {
    status: 503,
    meaning: 'The speech-to-speech service failed.',
    remedy: 'Nothing for one; read the reason in the log where it happens often.',
  },
  'realtime.lost': {
    status: 503,
    meaning: 'The connection to the speech-to-speech service was lost.',
    remedy: 'Nothing for one: another session goes on. Look at the network where it happens often.',
  },
  'realtime.not_found': {
    status: 503,
    meaning: 'The speech-to-speech service has no such model, deployment or agent.',
    remedy:
      'Check AZURE_VOICE_LIVE_ENDPOINT with AZURE_VOICE_LIVE_MODEL or AZURE_VOICE_LIVE_AGENT_NAME, or AZURE_OPENAI_REALTIME_DEPLOYMENT.',
  },
  'realtime.rejected': {
    status: 503,
    meaning: 'The speech-to-speech service refused a field of the session.',
    remedy: 'Look for the field in the log, and change it in the part realtime of the agent.',
  },
  'realtime.silent': {
    status: 503,
    meaning: 'The speech-to-speech service said nothing in time.',
    remedy: 'Nothing for one; look at the deployment where it happens often.',
  },
  'realtime.throttled': {
    status: 503,
    meaning: 'The speech-to-speech service is over its rate limit.',
    remedy: 'Raise the quota of the deployment.',
  },
  'realtime.unauthorised': {
    status: 503,
    meaning: 'The speech-to-speech service refused the key or the identity.',
    remedy:
      'Check AZURE_VOICE_LIVE_API_KEY or AZURE_OPENAI_REALTIME_API_KEY; without a key, the roles of the managed identity.',
  },
  'realtime.unreachable': {
    status: 503,
    meaning: 'The speech-to-speech service cannot be reached.',
    remedy: 'Check AZURE_VOICE_LIVE_ENDPOINT or AZURE_OPENAI_REALTIME_BASE_URL, and the network.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;
