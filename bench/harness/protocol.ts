import type { Socket } from 'node:net';
import { z } from 'zod';

/**
 * What the driver (the load generator) and a subject (a process that holds N sessions of a system under test) say to
 * each other. A subject is started with the driver's TCP port on 127.0.0.1 as `--port=<n>`, connects (TCP_NODELAY), is
 * sent one `voice`, answers `ready` when its models are loaded (or `fault`), and ends itself when the socket closes.
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
 * `atMs` everywhere: the machine's monotonic clock at the moment the system under test called its sink (not when the
 * socket was written). Order counts: an event that follows audio at the sink follows it on the socket. The driver sends
 * one caller-audio message every 20 ms with the frames of all sessions; a lost packet is not in it.
 *
 * Fakes that a subject brings, the same for every system:
 * - Recogniser: says what `recogniser` commands tell it to say, at once. It drops the audio.
 * - Language model: asked, it sends `thinking`, waits `firstTokenMs`, then gives `answer` word by word, `tokenMs` apart.
 * - Synthesiser: waits `firstAudioMs`, then gives pieces of 100 ms at once: the audio of `voice`, from where the turn's
 *   last synthesis ended, n characters as long as n of the voice's own, with a position mark (`position-mark.ts`).
 * - Sink: sends agent audio in 20 ms frames as it gets it; a system that hands over audio faster than real time is held
 *   back by a queue of 200 ms on the subject's side, or paces itself.
 */
export const MESSAGE = { command: 1, callerAudio: 2, voice: 3, event: 129, agentAudio: 130 } as const;

export const CALLER_FRAME_BYTES = 2 + 640;
export const AGENT_FRAME_BYTES = 2 + 8 + 640;
const HEADER_BYTES = 5;
/** Longer than any real message: a voice is some 4 MB. */
const LONGEST_MESSAGE_BYTES = 32 * 1024 * 1024;

/** How one session behaves. */
const sessionSettings = z.object({
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
  /** What the recogniser says now, and where in the audio that the session was sent. */
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
export type RecogniserCommand = Extract<Command, { type: 'recogniser' }>;

const atMs = z.number();

export const subjectEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), version: z.string() }),
  z.object({ type: z.literal('opened'), session }),
  z.object({ type: z.literal('closed'), session }),
  /** The sink was told to be silent (paused or cleared); the far side drops what it has not played yet. */
  z.object({ type: z.literal('stop'), session, atMs }),
  /** The language model is asked. The system may still throw the answer away. */
  z.object({ type: z.literal('thinking'), session, atMs, text: z.string() }),
  z.object({ type: z.literal('fault'), session: session.optional(), message: z.string() }),
  /** Since the process's start: CPU of all threads, memory; and how late timers fired since the last `usage`. */
  z.object({
    type: z.literal('usage'),
    id: z.int(),
    atMs,
    cpuUs: z.number(),
    rssBytes: z.number(),
    /** Objects and buffers of the language's heap; 0 where it cannot tell. */
    heapUsedBytes: z.number(),
    loopDelayP99Ms: z.number(),
    loopDelayMaxMs: z.number(),
  }),
]);
export type SubjectEvent = z.infer<typeof subjectEvent>;
export type Usage = Extract<SubjectEvent, { type: 'usage' }>;

/** The machine's monotonic clock, the same in every process of the machine, in milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Cuts a socket's bytes into messages. `body` is a view of the socket's memory, at any alignment: see {@link copyOf}.
 * A length beyond the bound ends the socket: the other side speaks something else.
 */
export function readMessages(socket: Socket, onMessage: (kind: number, body: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= HEADER_BYTES) {
      const length = bytes.readUInt32LE(0);
      if (length > LONGEST_MESSAGE_BYTES) {
        socket.destroy(new Error(`a message of ${length} bytes`));
        return;
      }
      if (bytes.length < 4 + length) break;
      onMessage(bytes.readUInt8(4), bytes.subarray(HEADER_BYTES, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
    // A copy: the socket's chunk is large, and what is left of it small.
    rest = Buffer.from(bytes);
  });
}

/** A message ready to send. */
export function message(kind: number, ...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(1 + parts.reduce((sum, { length }) => sum + length, 0), 0);
  header.writeUInt8(kind, 4);
  return Buffer.concat([header, ...parts]);
}

export const jsonMessage = (kind: number, value: unknown): Buffer => message(kind, Buffer.from(JSON.stringify(value)));

export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** A part of a message as memory of its own, aligned for samples. (`Buffer.slice` would not copy.) */
export const copyOf = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);
