/**
 * Why a socket was closed: codes of the range that applications own, and the two of RFC 6455 that we use. The close
 * frame's reason says it in words. Public: codes are added, never renamed or given another meaning.
 */
export const CLOSE = {
  /** The session is over. */
  normal: 1000,
  /** The server is being restarted: connect again, and the session goes on. */
  goingAway: 1001,
  /** Too many frames that break the protocol. */
  malformed: 4400,
  /** The right to come back to a session does not open another one. A ticket that is missing, wrong or too old is answered with HTTP 401. */
  unauthorised: 4401,
  /** The call or its session is unknown, over, or belongs to another. */
  unknownCall: 4404,
  /** No audio came: none at first, or none any more. Silence is audio too; a microphone that is muted must send it. */
  noAudio: 4408,
  /** Another socket speaks for this session. */
  alreadyConnected: 4409,
  /** A message is larger than any that the protocol needs. */
  oversized: 4413,
  /** Another encoding, rate or number of channels than the protocol's. */
  unsupportedAudio: 4415,
  /** Reserved for sessions that are taken away for want of room. Today a refusal is an HTTP answer with 429 or 503. */
  tooManySessions: 4429,
  /** Audio or messages came faster than time passes, for long. */
  tooFast: 4430,
  /** A fault of the server; its log has it. */
  internal: 4500,
} as const satisfies Record<string, number>;
