import { is } from './entry.ts';

/** What is wrong with a request, who sent it, or the server that should answer it. */
export const REQUEST_ERRORS = {
  'auth.caller-refused': is(
    403,
    'The token is good, and the application that it was issued to may not call.',
    'Use an application that API_CALLERS (for deliveries EVENT_GRID_CALLERS) names, or add it there.',
  ),
  'auth.keys-unavailable': is(
    503,
    'The signing keys of whoever issues the tokens cannot be fetched, so none can be judged.',
    'Check ACS_JWKS_URL (for tokens of Entra API_TENANT_ID and API_JWKS_URL) and that it can be reached; send again.',
  ),
  'auth.token-expired': is(401, 'The token has expired.', 'Send a fresh one.'),
  'auth.token-invalid': is(
    401,
    'The token is not one that this door takes.',
    'For tokens of ACS check ACS_RESOURCE_ID and ACS_TOKEN_ISSUER; for those of Entra API_TENANT_ID and API_AUDIENCE (for deliveries EVENT_GRID_AUDIENCE).',
  ),
  'auth.token-missing': is(401, 'The request carries no bearer token.', 'Send `Authorization: Bearer <token>`.'),
  'client.too-many-opens': is(
    429,
    'One client opens sessions, or watches them, faster than it may.',
    'Wait a minute; or raise MAX_CLIENT_OPENS_PER_MINUTE, or set TRUSTED_PROXY_HOPS behind a proxy.',
  ),
  'client.too-many-requests': is(
    429,
    'One client asks faster than it may.',
    'Wait a minute; or set TRUSTED_PROXY_HOPS behind a proxy.',
  ),
  'client.too-many-sessions': is(
    429,
    'One client has as many sessions as it may, or watches as many.',
    'End one of them; or raise MAX_CLIENT_SESSIONS (watchers are 8 at most), or set TRUSTED_PROXY_HOPS behind a proxy.',
  ),
  'config.invalid': is(
    503,
    'A setting is missing or wrong, so the process cannot work.',
    'Mend the settings that the log names, and start again.',
  ),
  'dependency.failed': is(503, 'Something that this process needs does not work.', 'Read the reason in the log.'),
  'dependency.late': is(
    503,
    'Something that this process needs did not answer in time.',
    'Look whether it is away or overloaded.',
  ),
  'functions.unreachable': is(
    503,
    'The stream host could not hand the request on to the functions.',
    'Check that they run and that FUNCTIONS_URL is right; send again.',
  ),
  'host.draining': is(
    503,
    'This server is being restarted.',
    'Connect again; another server or the next start takes you.',
  ),
  'host.full': is(
    503,
    'All places of this server are taken.',
    'Try again in a moment, or raise MAX_SESSIONS (of which browsers have MAX_BROWSER_SESSIONS).',
  ),
  'host.overloaded': is(
    503,
    'This server is too busy for one more session.',
    'Try again in a moment, or add a replica.',
  ),
  internal: is(
    500,
    'Something went wrong that nobody foresaw.',
    'Report it with the trace id, which finds its log lines.',
  ),
  'method.not-allowed': is(
    405,
    'The path is right and the method is not.',
    'Use a method that the answer’s Allow header names.',
  ),
  'once.input-differs': is(409, 'The same key was sent before with another body.', 'Use a new key for a new request.'),
  'once.running': is(
    503,
    'The same request is being worked on.',
    'Send it again in a moment; it gets the first one’s answer.',
  ),
  'origin.refused': is(
    403,
    'A page of a foreign site asked.',
    'Open the page at STREAM_HOST_PUBLIC_URL, or name the site in ALLOWED_ORIGINS.',
  ),
  'records.none-kept': is(
    404,
    'No records of calls are kept here.',
    'Set CALL_RECORDS_URL or CALL_RECORDS_DIR, on both halves.',
  ),
  'records.not-found': is(
    404,
    'There is no record of such a call.',
    'Use the id of the session; after a day the id of the call finds nothing. Records are erased after their time.',
  ),
  'records.too-large': is(
    413,
    'The record is too large for one answer.',
    'Ask with inputs=false, or read it where it is kept.',
  ),
  'records.refused': is(
    503,
    'The storage of call records refused the identity, or has no such container.',
    'Check CALL_RECORDS_URL (or CALL_RECORDS_DIR and its disk), that the identity has the role Storage Blob Data Contributor, and the account’s network rules.',
  ),
  'records.throttled': is(503, 'The storage of call records is too busy.', 'Look at the limits of the account.'),
  'records.unreachable': is(
    503,
    'The storage of call records gave no answer, or none in time.',
    'Check CALL_RECORDS_URL and the network.',
  ),
  'redis.denied': is(
    503,
    'Redis does not let us in, or does not let us read and write.',
    'Check the password in REDIS_URL; with REDIS_IDENTITY, that the identity has an access policy of this Redis.',
  ),
  'redis.foreign-key': is(
    500,
    'A key of Parley in Redis holds something else.',
    'Give Parley a Redis, or a database of it, of its own.',
  ),
  'redis.refused': is(
    503,
    'Redis refused a command.',
    'Read the reason: a replica that became read-only, a full memory or missing rights.',
  ),
  'redis.start-failed': is(503, 'The local Redis did not start.', 'Read the reason; install Redis, or set REDIS_URL.'),
  'redis.unavailable': is(
    503,
    'Redis did not answer; a change that was asked for may or may not have been made.',
    'Check that it runs and that REDIS_URL is right; send again.',
  ),
  'relay.session-missing': is(
    400,
    'A watcher did not say whose words it wants to see.',
    'Add session_id or call_connection_id to the address of the socket.',
  ),
  'request.idempotency-key': is(
    400,
    'The Idempotency-Key cannot be used as one.',
    'Send 1 to 200 printable ASCII characters without spaces.',
  ),
  'request.invalid': is(
    400,
    'Fields of the request are missing or wrong.',
    'Mend the fields that `details.issues` names.',
  ),
  'request.not-json': is(400, 'The body is not JSON.', 'Send one JSON value in UTF-8.'),
  'request.too-deep': is(
    400,
    'The body is nested deeper than anything that Parley takes.',
    'Flatten it to at most 64 levels.',
  ),
  'request.too-large': is(413, 'The body is larger than the route takes: 1 MB, or less.', 'Send less at once.'),
  'request.too-many': is(
    429,
    'As many requests are being answered as can be at a time.',
    'Send it again after Retry-After.',
  ),
  'route.is-a-socket': is(
    426,
    'At this path is a WebSocket, and the request asked for none.',
    'Open it with ws:// or wss://.',
  ),
  'route.unknown': is(
    404,
    'There is nothing at this path.',
    'Look the path up in the reference, /api/v1/openapi.json.',
  ),
  'socket.gone': is(404, 'The socket closed before its session was open.', 'Connect again.'),
  'stream-host.not-ready': is(
    503,
    'The stream host cannot take a session now.',
    'Read its /api/v1/health/dependencies, which tells how each service stands to it.',
  ),
  'stream-host.foreign': is(
    503,
    'What answers in place of the stream host is none.',
    'Check STREAM_HOST_URL, and what stands before it and asks for a key.',
  ),
  'stream-host.unreachable': is(
    503,
    'The stream host could not be reached.',
    'Check that it runs and that STREAM_HOST_URL is right.',
  ),
};
