import type { ErrorCodeEntry } from '../error-codes.ts';

/** What is wrong with a call, its session, or its sockets. */
export const CALL_ERRORS = {
  'acs.call-gone': {
    status: 404,
    meaning: 'ACS does not know this call (any more).',
    remedy: 'Nothing: the call is over.',
  },
  'acs.denied': {
    status: 502,
    meaning: 'ACS does not accept the key.',
    remedy: 'Check the key in ACS_CONNECTION_STRING.',
  },
  'acs.refused': {
    status: 502,
    meaning: 'ACS understood the request and said no.',
    remedy: 'Read `details`: a number that the resource does not own, or a call in another state.',
  },
  'acs.unavailable': {
    status: 503,
    meaning: 'ACS is throttled or broken for the moment.',
    remedy: 'Try again later.',
  },
  'acs.unreachable': {
    status: 503,
    meaning: 'ACS gave no answer, or none in time.',
    remedy: 'Check ACS_CONNECTION_STRING and the network; try again.',
  },
  'agent.unknown': {
    status: 404,
    meaning: 'There is no agent of this name.',
    remedy: 'Use one of those that the message names, or add its definition.',
  },
  'audio.rate-unsupported': {
    status: 400,
    meaning: 'The sample rate is not one that is taken.',
    remedy: 'Use a rate that the message names.',
  },
  'audio.wav': {
    status: 400,
    meaning: 'The file is no WAV file that Parley can read.',
    remedy: 'Convert it as the message says.',
  },
  'call.ended': {
    status: 404,
    meaning: 'The call is over.',
    remedy: 'Nothing: the socket is not needed any more.',
  },
  'call.mismatch': {
    status: 404,
    meaning: 'The call and the session that a media socket names do not belong together.',
    remedy: 'Open the socket with the address that was given for this call.',
  },
  'call.unknown': {
    status: 404,
    meaning: 'The media socket names no call that is known here.',
    remedy: 'Open the socket with the address that was given for the call.',
  },
  'calls.cursor-invalid': {
    status: 400,
    meaning: 'The cursor is not one that the list gave out.',
    remedy: 'Start without a cursor.',
  },
  'calls.no-source-number': {
    status: 503,
    meaning: 'No number is set that the callee would see.',
    remedy: 'Set ACS_SOURCE_NUMBER, or give a caller_id.',
  },
  'calls.not-established': {
    status: 409,
    meaning: 'The call is still being set up.',
    remedy: 'Ask again in a moment.',
  },
  'calls.not-found': {
    status: 404,
    meaning: 'There is no such call, or it was too long ago.',
    remedy: 'Ask for another id; sessions are kept for SESSION_TTL_SECONDS.',
  },
  'capacity.exhausted': {
    status: 503,
    meaning: 'No stream host could take the call now.',
    remedy: 'Try again later, or add a replica.',
  },
  'capacity.none-alive': {
    status: 503,
    meaning: 'No stream host is alive.',
    remedy: 'Start one; the event is delivered again.',
  },
  'events.no-origin': {
    status: 400,
    meaning: 'The handshake names no sender.',
    remedy: 'Send WebHook-Request-Origin.',
  },
  'events.position-invalid': {
    status: 400,
    meaning: 'A position in the timeline of a session cannot be one.',
    remedy: 'Use the id of an event that the timeline gave out.',
  },
  'events.too-many': {
    status: 413,
    meaning: 'One delivery holds more events than are taken at once.',
    remedy: 'Deliver at most 100 events at once.',
  },
  'mode.not-configured': {
    status: 400,
    meaning: 'This deployment does not have the streaming mode that was asked for.',
    remedy: 'Ask for one that the message names, or set what the mode needs.',
  },
  'protocol.malformed': {
    status: 400,
    meaning: 'A frame of a socket cannot be read.',
    remedy: 'Send what the protocol describes.',
  },
  'protocol.oversized': {
    status: 400,
    meaning: 'A frame of a socket is too large.',
    remedy: 'Send smaller frames.',
  },
  'protocol.unsupported': {
    status: 400,
    meaning: 'A frame of a socket asks for what is not supported.',
    remedy: 'Use an encoding, rate and number of channels that are supported.',
  },
  'session.damaged': {
    status: 500,
    meaning: 'What Redis holds for the session cannot be read by this release.',
    remedy: 'Delete its keys, or start the release that wrote it.',
  },
  'session.exists': {
    status: 409,
    meaning: 'A session with this id exists already.',
    remedy: 'Use another id.',
  },
  'session.held': {
    status: 409,
    meaning: 'Another socket speaks for this session.',
    remedy: 'Close the other one first, or wait until it is gone.',
  },
  'session.history-gap': {
    status: 409,
    meaning: 'The history in Redis is shorter than the writer took it to be.',
    remedy: 'Write from `details.length` on.',
  },
  'session.id-invalid': {
    status: 400,
    meaning: 'The id cannot be that of a session.',
    remedy: 'Use 1 to 128 letters, digits or the characters _ - . : ~',
  },
  'session.is-a-call': {
    status: 400,
    meaning: 'The session is a phone call, in which a browser cannot speak.',
    remedy: 'Open a session without an id.',
  },
  'session.lease-lost': {
    status: 409,
    meaning: 'Another replica speaks for the session by now.',
    remedy: 'Nothing: what the old replica wrote late was left out.',
  },
  'session.mode-unknown': {
    status: 400,
    meaning: 'The session is in a mode that this server does not have.',
    remedy: 'Run one release on all servers.',
  },
  'session.not-found': {
    status: 404,
    meaning: 'There is no session of this id.',
    remedy: 'Ask for another one; sessions are kept for SESSION_TTL_SECONDS.',
  },
  'session.not-storable': {
    status: 400,
    meaning: 'What should be stored is not JSON, such as a BigInt or a circle.',
    remedy: 'Let tools and callers give plain JSON.',
  },
  'session.restored': {
    status: 503,
    meaning: 'The session had been lost and is back by now.',
    remedy: 'Deliver the event again.',
  },
  'session.version-conflict': {
    status: 409,
    meaning: 'The session was changed by somebody else since it was read.',
    remedy: 'Read it again and retry.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeEntry>>;
