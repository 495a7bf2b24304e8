/**
 * What the stream host's sockets take, and how long they wait. They keep to it, and the reference of the sockets tells it:
 * neither can be changed without the other. Public: wider is fine, narrower breaks somebody.
 */

/** Of every socket. */
export const LINE_LIMITS = {
  /** What may come at once, in milliseconds of audio: what a network that stood still for a moment delivers late. */
  burstMs: 5000,
  /** So much audio beyond what time allows is no late delivery: the socket is closed. */
  floodMs: 30_000,
  /** What a message costs of that at least, whatever it carries. */
  leastCostMs: 1,
  /** Broken frames that a line survives; one more closes its socket. */
  malformedFrames: 5,
  pingEveryMs: 15_000,
  /** Pings in a row without an answer after which the far side counts as gone. */
  missedPings: 2,
} as const;

/** Of a browser's conversation. */
export const CONVERSATION_LIMITS = {
  /** The web socket itself refuses more (close 1009). */
  messageBytes: 256 * 1024,
  /** Of one binary frame: two seconds of audio. */
  audioBytes: 64_000,
  /** A longer text is read no further. */
  textChars: 16_384,
  /** Of what a caller types. */
  typedChars: 2000,
  /** Each text is a question to the model, and nobody types faster. */
  typedEveryMs: 300,
  /** A person may be asked for the microphone meanwhile. */
  firstAudioMs: 60_000,
  /** The page's microphone gives frames all the time, muted or not. Half a minute without any is nobody's conversation. */
  silentMs: 30_000,
} as const;

/** Of the media socket of a phone call. */
export const CALL_LIMITS = {
  messageBytes: 256 * 1024,
  /** A frame is 20 ms, under 1 kB; this is some 400 ms of audio in one text. */
  frameChars: 16 * 1024,
  firstAudioMs: 10_000,
  /**
   * ACS sends a frame every 20 ms as long as its stream stands, silent ones too: a stream without any is broken, and ACS, or
   * the functions when it tells them, can only mend it once the socket is closed.
   */
  silentMs: 15_000,
  /**
   * The longest message of the agent's voice, as long as an answer's first one: the lead that playout gives at once.
   * Microsoft's samples send several hundred milliseconds to a message; that ACS takes them is not proved here.
   */
  voiceMs: 400,
} as const;

/** Of the socket that brings the words of a call. */
export const WORDS_LIMITS = {
  messageBytes: 64 * 1024,
  firstWordMs: 10_000,
} as const;

/** Of a dashboard's. */
export const WATCH_LIMITS = {
  messageBytes: 1024,
  /** Of one host: each reads what every session of every host says. */
  watchers: 32,
  /** Who watches for longer shows again that he may. */
  longestMs: 12 * 3_600_000,
} as const;
