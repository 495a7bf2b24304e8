import { is } from './entry.ts';

/** What is wrong with a call, its session, or its sockets. */
export const CALL_ERRORS = {
  'acs.call-gone': is(404, 'ACS does not know this call (any more).', 'Nothing: the call is over.'),
  'acs.denied': is(
    502,
    'ACS does not accept the key or the identity.',
    'Check the key in ACS_CONNECTION_STRING or, with ACS_ENDPOINT, the role of the managed identity.',
  ),
  'acs.keys-unavailable': is(
    503,
    'The keys by which the tokens of ACS are checked cannot be fetched.',
    'Check ACS_JWKS_URL and that it can be reached.',
  ),
  'acs.refused': is(
    502,
    'ACS understood the request and said no.',
    'Read `details`: a number that the resource does not own, or a call in another state.',
  ),
  'acs.unavailable': is(503, 'ACS is throttled or broken for the moment.', 'Try again later.'),
  'acs.unreachable': is(
    503,
    'ACS gave no answer, or none in time.',
    'Check ACS_CONNECTION_STRING or ACS_ENDPOINT, the identity and the network; try again.',
  ),
  'agent.unknown': is(
    404,
    'There is no agent of this name.',
    'Use one of those that the message names, or add its definition.',
  ),
  'audio.rate-unsupported': is(400, 'The sample rate is not one that is taken.', 'Use a rate that the message names.'),
  'audio.wav': is(400, 'The file is no WAV file that Parley can read.', 'Convert it as the message says.'),
  'call.ended': is(404, 'The call is over.', 'Nothing: the socket is not needed any more.'),
  'call.mismatch': is(
    404,
    'The call and the session that a media socket names do not belong together.',
    'Open the socket with the address that was given for this call.',
  ),
  'call.unknown': is(
    404,
    'The media socket names no call that is known here.',
    'Open the socket with the address that was given for the call.',
  ),
  'calls.cursor-invalid': is(400, 'The cursor is not one that the list gave out.', 'Start without a cursor.'),
  'calls.inbox-full': is(503, 'Too many events of one call wait to be taken in.', 'Deliver the events again.'),
  'calls.no-voice': is(
    409,
    'Nobody speaks in this call: it is only written down.',
    'Do without what would be said, such as a blind transfer; or choose a mode that answers when the call begins.',
  ),
  'calls.on-hold': is(
    409,
    'The caller is on hold: he hears nothing that is said to him, and is not heard.',
    'Take him off hold first (POST /api/v1/calls/{id}/unhold).',
  ),
  'calls.hold-running': is(
    409,
    'Somebody is just being put on hold, or taken off.',
    'Ask again in a moment: it is known then whether he is on hold.',
  ),
  'calls.participant-not-found': is(
    404,
    'Nobody of that name is in the call.',
    'Use one of those whom `GET calls/{id}/participants` names.',
  ),
  'calls.participant-there': is(
    409,
    'He is in the call already, or is being rung.',
    'Nothing: `GET calls/{id}/participants` and the `operations` of `GET calls/{id}` tell how he stands.',
  ),
  'calls.no-phone-call': is(
    409,
    'The session is a browser’s, whose mode is chosen when it begins.',
    'Open a session with `streaming_mode`.',
  ),
  'calls.no-source-number': is(
    503,
    'No number is set that the callee would see.',
    'Set ACS_SOURCE_NUMBER. To place a call, TEAMS_PHONE_RESOURCE_ACCOUNT_ID or a caller_id will do; to ring a telephone from a call of Teams Phone they do not.',
  ),
  'calls.not-established': is(409, 'The call is still being set up.', 'Ask again in a moment.'),
  'calls.goes-on': is(
    409,
    'The call goes on.',
    'End it (POST /api/v1/calls/{id}/hangup), then ask again in some seconds.',
  ),
  'calls.not-found': is(
    404,
    'There is no such call, or it was too long ago.',
    'Ask for another id; sessions are kept for SESSION_TTL_SECONDS.',
  ),
  'calls.transfer-running': is(
    409,
    'The caller is being put through already.',
    'Wait for what comes of it: `GET calls/{id}` tells.',
  ),
  'capacity.exhausted': is(503, 'No stream host could take the call now.', 'Try again later, or add a replica.'),
  'capacity.none-alive': is(503, 'No stream host is alive.', 'Start one; the event is delivered again.'),
  'carrier.not-supported': is(
    409,
    'The carrier of this call has no such operation.',
    'Do without it, or use another carrier.',
  ),
  'events.no-origin': is(400, 'The handshake names no sender.', 'Send WebHook-Request-Origin.'),
  'events.position-invalid': is(
    400,
    'A position in the timeline of a session cannot be one.',
    'Use the id of an event that the timeline gave out.',
  ),
  'events.too-many': is(
    413,
    'One delivery holds more events than are taken at once.',
    'Deliver at most 100 events at once.',
  ),
  'mode.not-configured': is(
    400,
    'This deployment does not have the streaming mode that was asked for.',
    'Ask for one that the message names, or set what the mode needs.',
  ),
  'protocol.malformed': is(400, 'A frame of a socket cannot be read.', 'Send what the protocol describes.'),
  'protocol.oversized': is(400, 'A frame of a socket is too large.', 'Send smaller frames.'),
  'protocol.unsupported': is(
    400,
    'A frame of a socket asks for what is not supported.',
    'Use an encoding, rate and number of channels that are supported.',
  ),
  'keys.input-unknown': is(
    400,
    'The agent of the call does not know how to ask for such keys.',
    'Name one of those that the message lists, add it under `call_tools.collect_keys.inputs`, or say `count`.',
  ),
  'keys.check-failed': is(
    500,
    'The tool that says whether keys are right gave no verdict.',
    'Mend the tool that `check` names: it must return true, false or { right, … }, in time.',
  ),
  'recording.no-notice': is(
    409,
    'Nobody has said what people are told before they are recorded.',
    'Give the agent `recording` with a `notice`.',
  ),
  'recording.lost': is(
    502,
    'The carrier has ended a recording that nobody had stopped.',
    'Start another one; what was recorded before is kept by the carrier.',
  ),
  'recording.newcomer': is(
    409,
    'Somebody is being rung for the call, or was not told yet that it is recorded.',
    'Wait: a recording that was paused for him goes on by itself once he was told. Where he never hears it, stop it and start another one, before which all are told.',
  ),
  'recording.none': is(409, 'The call is not being recorded.', 'Start a recording first.'),
  'recording.notice-unheard': is(
    409,
    'The notice before a recording was never heard to its end, so that nothing was recorded.',
    'Ask for the recording again, or say the notice in fewer words.',
  ),
  'recording.running': is(409, 'The call is being recorded already.', 'Nothing; or pause, resume or stop it.'),
  'session.damaged': is(
    500,
    'What Redis holds for the session cannot be read by this release.',
    'Delete its keys, or start the release that wrote it.',
  ),
  'session.exists': is(409, 'A session with this id exists already.', 'Use another id.'),
  'session.held': is(
    409,
    'Another socket speaks for this session.',
    'Close the other one first, or wait until it is gone.',
  ),
  'session.history-gap': is(
    409,
    'The history in Redis is shorter than the writer took it to be.',
    'Write from `details.length` on.',
  ),
  'session.id-invalid': is(
    400,
    'The id cannot be that of a session.',
    'Use 1 to 128 letters, digits or the characters _ - . : ~',
  ),
  'session.is-a-call': is(
    400,
    'The session is a phone call, in which a browser cannot speak.',
    'Open a session without an id.',
  ),
  'session.lease-lost': is(
    409,
    'Another replica speaks for the session by now.',
    'Nothing: what the old replica wrote late was left out.',
  ),
  'session.mode-unknown': is(
    400,
    'The session is in a mode that this server does not have.',
    'Run one release on all servers.',
  ),
  'session.not-found': is(
    404,
    'There is no session of this id.',
    'Ask for another one; sessions are kept for SESSION_TTL_SECONDS.',
  ),
  'session.not-storable': is(
    400,
    'What should be stored is not JSON, such as a BigInt or a circle.',
    'Let tools and callers give plain JSON.',
  ),
  'session.version-conflict': is(
    409,
    'The session was changed by somebody else since it was read.',
    'Read it again and retry.',
  ),
};
