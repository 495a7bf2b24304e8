import type { ErrorCodeEntry } from '../error-codes.ts';

/** What is wrong with a request, who sent it, or the server that should answer it. */
export const REQUEST_ERRORS = {
  'auth.keys-unavailable': {
    status: 503,
    meaning: 'The signing keys of ACS cannot be fetched, so no token can be judged.',
    remedy: 'Check ACS_JWKS_URL and that it can be reached; send again.',
  },
  'auth.token-expired': {
    status: 401,
    meaning: 'The token has expired.',
    remedy: 'Send a fresh one.',
  },
  'auth.token-invalid': {
    status: 401,
    meaning: 'The token is not one of ACS for this resource.',
    remedy: 'Check ACS_RESOURCE_ID and ACS_TOKEN_ISSUER.',
  },
  'auth.token-missing': {
    status: 401,
    meaning: 'The request carries no bearer token.',
    remedy: 'Send `Authorization: Bearer <token>`.',
  },
  'client.too-many-opens': {
    status: 429,
    meaning: 'One client opens sessions, or watches them, faster than it may.',
    remedy: 'Wait a minute; or raise MAX_CLIENT_OPENS_PER_MINUTE, or set TRUSTED_PROXY_HOPS behind a proxy.',
  },
  'client.too-many-sessions': {
    status: 429,
    meaning: 'One client has as many sessions as it may, or watches as many.',
    remedy:
      'End one of them; or raise MAX_CLIENT_SESSIONS (watchers are 8 at most), or set TRUSTED_PROXY_HOPS behind a proxy.',
  },
  'config.invalid': {
    status: 503,
    meaning: 'A setting is missing or wrong, so the process cannot work.',
    remedy: 'Mend the settings that the log names, and start again.',
  },
  'dependency.failed': {
    status: 503,
    meaning: 'Something that this process needs does not work.',
    remedy: 'Read the reason in the log.',
  },
  'dependency.late': {
    status: 503,
    meaning: 'Something that this process needs did not answer in time.',
    remedy: 'Look whether it is away or overloaded.',
  },
  'functions.unreachable': {
    status: 503,
    meaning: 'The stream host could not hand the request on to the functions.',
    remedy: 'Check that they run and that FUNCTIONS_URL is right; send again.',
  },
  'host.draining': {
    status: 503,
    meaning: 'This server is being restarted.',
    remedy: 'Connect again; another server or the next start takes you.',
  },
  'host.full': {
    status: 503,
    meaning: 'All places of this server are taken.',
    remedy: 'Try again in a moment, or raise MAX_SESSIONS (of which browsers have MAX_BROWSER_SESSIONS).',
  },
  'host.overloaded': {
    status: 503,
    meaning: 'This server is too busy for one more session.',
    remedy: 'Try again in a moment, or add a replica.',
  },
  internal: {
    status: 500,
    meaning: 'Something went wrong that nobody foresaw.',
    remedy: 'Report it with the trace id, which finds its log lines.',
  },
  'method.not-allowed': {
    status: 405,
    meaning: 'The path is right and the method is not.',
    remedy: 'Use a method that the answer’s Allow header names.',
  },
  'once.input-differs': {
    status: 409,
    meaning: 'The same key was sent before with another body.',
    remedy: 'Use a new key for a new request.',
  },
  'once.running': {
    status: 503,
    meaning: 'The same request is being worked on.',
    remedy: 'Send it again in a moment; it gets the first one’s answer.',
  },
  'origin.refused': {
    status: 403,
    meaning: 'A page of a foreign site asked.',
    remedy: 'Open the page at STREAM_HOST_PUBLIC_URL, or name the site in ALLOWED_ORIGINS.',
  },
  'redis.foreign-key': {
    status: 500,
    meaning: 'A key of Parley in Redis holds something else.',
    remedy: 'Give Parley a Redis, or a database of it, of its own.',
  },
  'redis.refused': {
    status: 503,
    meaning: 'Redis refused a command.',
    remedy: 'Read the reason: a replica that became read-only, a full memory or missing rights.',
  },
  'redis.start-failed': {
    status: 503,
    meaning: 'The local Redis did not start.',
    remedy: 'Read the reason; install Redis, or set REDIS_URL.',
  },
  'redis.unavailable': {
    status: 503,
    meaning: 'Redis did not answer; a change that was asked for may or may not have been made.',
    remedy: 'Check that it runs and that REDIS_URL is right; send again.',
  },
  'relay.session-missing': {
    status: 400,
    meaning: 'A watcher did not say whose words it wants to see.',
    remedy: 'Add session_id or call_connection_id to the address of the socket.',
  },
  'request.idempotency-key': {
    status: 400,
    meaning: 'The Idempotency-Key cannot be used as one.',
    remedy: 'Send 1 to 200 printable ASCII characters without spaces.',
  },
  'request.invalid': {
    status: 400,
    meaning: 'Fields of the request are missing or wrong.',
    remedy: 'Mend the fields that `details.issues` names.',
  },
  'request.not-json': {
    status: 400,
    meaning: 'The body is not JSON.',
    remedy: 'Send one JSON value in UTF-8.',
  },
  'request.too-deep': {
    status: 400,
    meaning: 'The body is nested deeper than anything that Parley takes.',
    remedy: 'Flatten it to at most 64 levels.',
  },
  'request.too-large': {
    status: 413,
    meaning: 'The body is larger than 1 MB.',
    remedy: 'Send less at once.',
  },
  'route.is-a-socket': {
    status: 426,
    meaning: 'At this path is a WebSocket, and the request asked for none.',
    remedy: 'Open it with ws:// or wss://.',
  },
  'route.unknown': {
    status: 404,
    meaning: 'There is nothing at this path.',
    remedy: 'Look the path up in the reference, /api/v1/openapi.json.',
  },
  'socket.gone': {
    status: 404,
    meaning: 'The socket closed before its session was open.',
    remedy: 'Connect again.',
  },
  'stream-host.not-ready': {
    status: 503,
    meaning: 'The stream host cannot take a session now.',
    remedy: 'Read its /readyz, which tells each of its checks.',
  },
  'stream-host.unreachable': {
    status: 503,
    meaning: 'The stream host could not be reached.',
    remedy: 'Check that it runs and that STREAM_HOST_URL is right.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;
