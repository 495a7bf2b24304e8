import { z } from 'zod';

/**
 * What the driver (the load generator) and a subject (a process that holds N sessions of a system under test) say to
 * each other. A subject is started with the driver's TCP port on 127.0.0.1 as `--port=<n>`, connects (TCP_NODELAY),
 * is sent one `voice` at once, answers `ready` when its models are loaded (or `fault` when they cannot be), and ends
 * itself when the socket closes. All subjects use this same thin transport, so its cost is the
 * same for each; the `empty` subject, which answers with ready-made audio and does nothing else, shows how much it is.
 *
 * Framing, both ways: `u32 length` (little-endian, of all that follows), `u8 kind`, body. Kinds:
 *
 * | kind | way | body |
 * | --- | --- | --- |
 * | 1 command | driver → subject | UTF-8 JSON, one of {@link Command} |
 * | 2 caller audio | driver → subject | `u16 count`, then count × (`u16 session`, 640 bytes PCM16LE mono 16 kHz) |
 * | 3 voice | driver → subject | `u32 textBytes`, the agent's text (UTF-8), then PCM16LE mono 16 kHz of that text spoken |
 * | 129 event | subject → driver | UTF-8 JSON, one of {@link SubjectEvent} |
 * | 130 agent audio | subject → driver | `u16 count`, then count × (`u16 session`, `f64 atMs`, 640 bytes) |
 *
 * Numbers are little-endian. `atMs` everywhere: milliseconds of the machine's monotonic clock at the moment the system
 * under test called its sink (not when the socket was written): `process.hrtime.bigint() / 1e6` in Node,
 * `time.monotonic_ns() / 1e6` in Python. On one machine both processes read the same clock.
 * Order counts: an event that follows audio at the sink follows it on the socket.
 *
 * The driver sends one caller-audio message every 20 ms with the frames of all sessions. A session whose packet is lost
 * is not in it. It may arrive late; it is never sent early.
 *
 * Fakes that a subject brings, the same for every system:
 * - Recogniser: says what `recogniser` commands tell it to say, at once. It takes the audio and drops it.
 * - Language model: asked, it sends `thinking`, waits `firstTokenMs`, then gives `answer` word by word (each with its
 *   trailing space), `tokenMs` apart (0: all at once).
 * - Synthesiser: waits `firstAudioMs` before the first audio of a synthesis, then gives pieces of 100 ms without waiting.
 *   The audio is that of `voice`, from where the turn's last synthesis ended (a turn starts at 0, wraps at the end):
 *   n characters of text are `n * voice length / voice text length` long. Each sample's lowest bit is overwritten with
 *   a position mark (see `position-mark.ts`): the turn's number in its session (1, 2 …, one more for each turn that is
 *   synthesised) and the position in the turn. So the driver knows of every frame which turn and which moment it is of.
 * - Sink: sends agent audio in 20 ms frames as it gets it; a system that hands over audio faster than real time is held
 *   back by a queue of 200 ms on the subject's side, or paces itself.
 */
export const MESSAGE = { command: 1, callerAudio: 2, voice: 3, event: 129, agentAudio: 130 } as const;

export const HEADER_BYTES = 5;
export const CALLER_FRAME_BYTES = 2 + 640;
export const AGENT_FRAME_BYTES = 2 + 8 + 640;
/** Longer than any real message: a voice is some 4 MB. */
export const LONGEST_MESSAGE_BYTES = 32 * 1024 * 1024;

/** How one session behaves. Delays in milliseconds; 0 is allowed and means at once. */
export const sessionSettings = z.object({
  /** Said by the agent as soon as the session is open. Empty: the agent listens. */
  greeting: z.string(),
  /** What the language model answers to everything. */
  answer: z.string(),
  llm: z.object({ firstTokenMs: z.number().min(0), tokenMs: z.number().min(0) }),
  tts: z.object({ firstAudioMs: z.number().min(0) }),
  /** Settings of the system under test; each subject knows its own, and refuses what it does not know. */
  policy: z.record(z.string(), z.unknown()),
});
export type SessionSettings = z.infer<typeof sessionSettings>;

const session = z.int().min(0).max(65_535);

export const command = z.discriminatedUnion('type', [
  /** Answered by `opened` when the session takes audio. */
  z.object({ type: z.literal('open'), session, settings: sessionSettings }),
  /** Answered by `closed` when all that the session held is given back. */
  z.object({ type: z.literal('close'), session }),
  /**
   * What the recogniser says now. `offsetMs`, `endMs`: where the words lie in the audio that the session was sent.
   * `no-words`: that stretch was listened to and holds none.
   */
  z.object({
    type: z.literal('recogniser'),
    session,
    event: z.enum(['partial', 'final', 'no-words']),
    text: z.string(),
    offsetMs: z.number(),
    endMs: z.number(),
  }),
  /** The application tells the agent to be quiet. */
  z.object({ type: z.literal('interrupt'), session }),
  /** Answered by `usage`. `collect`: run the garbage collector first, where the subject can. */
  z.object({ type: z.literal('usage'), id: z.int(), collect: z.boolean() }),
]);
export type Command = z.infer<typeof command>;

const atMs = z.number();

export const subjectEvent = z.discriminatedUnion('type', [
  /** The process is up, its models are loaded. `version`: of the system under test. */
  z.object({ type: z.literal('ready'), version: z.string() }),
  z.object({ type: z.literal('opened'), session }),
  z.object({ type: z.literal('closed'), session }),
  /** The sink was told to be silent (paused or cleared); the far side drops what it has not played yet. */
  z.object({ type: z.literal('stop'), session, atMs }),
  /** The sink was told to go on after a pause. A system that cannot pause does not send this. */
  z.object({ type: z.literal('resume'), session, atMs }),
  /** The language model is asked. The system may still throw the answer away. */
  z.object({ type: z.literal('thinking'), session, atMs, text: z.string() }),
  z.object({ type: z.literal('fault'), session: session.optional(), message: z.string() }),
  /**
   * What the process has used since its start: CPU of all its threads in microseconds, memory in bytes (`heapUsedBytes`:
   * objects and buffers of the language's heap; 0 where it cannot tell), and how late timers fired since the last
   * `usage`, in milliseconds.
   */
  z.object({
    type: z.literal('usage'),
    id: z.int(),
    atMs,
    cpuUserUs: z.number(),
    cpuSystemUs: z.number(),
    rssBytes: z.number(),
    heapUsedBytes: z.number(),
    loopDelayP50Ms: z.number(),
    loopDelayP99Ms: z.number(),
    loopDelayMaxMs: z.number(),
  }),
]);
export type SubjectEvent = z.infer<typeof subjectEvent>;
export type Usage = Extract<SubjectEvent, { type: 'usage' }>;

/** The machine's monotonic clock, the same in every process of the machine, in milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
