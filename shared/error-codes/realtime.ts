import { is } from './entry.ts';

/** What fails between us and a speech-to-speech service. The mode opens another session, or another mode takes over. */
export const REALTIME_ERRORS = {
  'realtime.away': is(
    503,
    'The speech-to-speech service has failed several times in a row, and is not asked for some seconds.',
    'Nothing for one: it is asked again by itself, and MEDIA goes on with calls meanwhile.',
  ),
  'realtime.expired': is(
    503,
    'The speech-to-speech session has reached its longest duration.',
    'Nothing for one: another session goes on.',
  ),
  'realtime.failed': is(
    503,
    'The speech-to-speech service failed.',
    'Nothing for one; read the reason in the log where it happens often.',
  ),
  'realtime.lost': is(
    503,
    'The connection to the speech-to-speech service was lost.',
    'Nothing for one: another session goes on. Look at the network where it happens often.',
  ),
  'realtime.not_found': is(
    503,
    'The speech-to-speech service has no such model, deployment or agent.',
    'Check AZURE_VOICE_LIVE_ENDPOINT with AZURE_VOICE_LIVE_MODEL or AZURE_VOICE_LIVE_AGENT_NAME, or AZURE_OPENAI_REALTIME_DEPLOYMENT.',
  ),
  'realtime.rejected': is(
    503,
    'The speech-to-speech service refused a field of the session.',
    'Look for the field in the log, and change it in the part realtime of the agent.',
  ),
  'realtime.silent': is(
    503,
    'The speech-to-speech service said nothing in time.',
    'Nothing for one; look at the deployment where it happens often.',
  ),
  'realtime.throttled': is(
    503,
    'The speech-to-speech service is over its rate limit.',
    'Raise the quota of the deployment.',
  ),
  'realtime.unauthorised': is(
    503,
    'The speech-to-speech service refused the key or the identity.',
    'Check AZURE_VOICE_LIVE_API_KEY or AZURE_OPENAI_REALTIME_API_KEY; without a key, the roles of the managed identity.',
  ),
  'realtime.unreachable': is(
    503,
    'The speech-to-speech service cannot be reached.',
    'Check AZURE_VOICE_LIVE_ENDPOINT or AZURE_OPENAI_REALTIME_BASE_URL, and the network.',
  ),
};
