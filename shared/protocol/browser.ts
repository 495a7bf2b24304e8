import { z } from 'zod';

/**
 * The messages of `/api/v1/realtime/conversation`; docs/browser-socket.md tells their order. Up: binary frames of PCM16LE
 * mono at 16 kHz (any length), the JSON texts of {@link browserCommand}, and any text that is no JSON object, which is
 * what the caller typed. Down: the JSON texts of {@link browserMessage} only. Names and shapes are those of the Python
 * accelerator, so that clients written for it keep working; what Parley adds is marked "added". Why a socket closes is
 * told by the codes of `close-codes.ts`.
 *
 * Query: `session_id` (resume or name a session), `sample_rate` (added: rate of `audio_data`, 16000 | 24000 | 48000;
 * 48000 when absent, as that server sends), `agent` (added), `streaming_mode` (of a new session).
 */

/** The envelope that everything said travels in. Of a turn of the agent, `payload.turn_id` and `.response_id` name it. */
export const envelope = z.object({
  type: z.enum(['event', 'status', 'assistant_streaming', 'exit', 'error']),
  topic: z.literal('session'),
  session_id: z.string(),
  call_id: z.string().nullable(),
  user_id: z.string().nullable(),
  sender: z.string(),
  /** ISO 8601, UTC. */
  ts: z.string(),
  payload: z.record(z.string(), z.unknown()),
});

export type Envelope = Readonly<z.infer<typeof envelope>>;

/** 20 ms of the agent's voice. `frame_index` counts from 0 in each answer; `total_frames` is -1, as nobody knows it. */
export const audioData = z.object({
  type: z.literal('audio_data'),
  /** PCM16LE mono, base64. */
  data: z.base64(),
  frame_index: z.int().min(0),
  total_frames: z.int(),
  /** Hz. */
  sample_rate: z.int(),
  is_final: z.boolean(),
});

/** Added, in every message about a turn: its number, which goes on over a reconnect, and a name that no other turn has. */
const turnOf = { turn: z.int(), turn_id: z.string() };

/** Milliseconds, from the end of the caller's speech. */
const sinceSpeech = z.number();

/** Added: words that are written down, who said them, and when, counted from the beginning of the session. */
const transcribed = {
  /** `caller`, `callee`, `participant-3` and so on; `line` where nobody is told apart. */
  speaker: z.string(),
  content: z.string(),
  offset_ms: z.number(),
  duration_ms: z.number(),
};

/** All that the server sends. */
export const browserMessage = z.discriminatedUnion('type', [
  envelope,
  audioData,
  z.object({ type: z.literal('assistant_final'), content: z.string(), speaker: z.string(), ...turnOf }),
  z.object({
    type: z.literal('tool_start'),
    callId: z.string(),
    tool: z.string(),
    /** Seconds since 1970. */
    ts: z.number(),
    /** More than 8,000 characters of JSON are cut: `{ beginning, leftOut }`. */
    args: z.record(z.string(), z.unknown()),
    ...turnOf,
  }),
  z.object({
    type: z.literal('tool_end'),
    callId: z.string(),
    tool: z.string(),
    /** Seconds since 1970. */
    ts: z.number(),
    status: z.enum(['success', 'error']),
    elapsedMs: z.number(),
    /** Cut as the arguments are. */
    result: z.unknown(),
    error: z.string().exactOptional(),
    ...turnOf,
  }),
  /** The agent was silenced: what is buffered of its voice must not be played. */
  z.object({
    type: z.literal('control'),
    action: z.literal('tts_cancelled'),
    reason: z.string(),
    at: z.string(),
    session_id: z.string(),
  }),
  z.object({ type: z.literal('tts_error'), error: z.string(), text: z.string() }),
  /** `ts`: ISO 8601, UTC. */
  z.object({ type: z.literal('session_end'), reason: z.string(), ts: z.string() }),
  /**
   * Added: the first message. `mode`: what is done with the line. `scripted`: the demo dialogue answers, no language model. `replaces`: the session that was
   * asked for, where that is over; this one is new, and its id is the one to come back with. `return_ticket`: the ticket
   * with which this page may come back to the session after its line was lost, once; the next `session_ready` has another.
   */
  z.object({
    type: z.literal('session_ready'),
    session_id: z.string(),
    agent: z.string(),
    mode: z.string(),
    sample_rate: z.int(),
    resumed: z.boolean(),
    scripted: z.boolean(),
    replaces: z.string().exactOptional(),
    return_ticket: z.string().exactOptional(),
  }),
  /** Added: what the caller is saying, as it is recognised; may still change. */
  z.object({ type: z.literal('user_partial'), content: z.string() }),
  /** Added: the caller's finished words, with the turn they open. Comes again where better words were found. */
  z.object({ type: z.literal('user_final'), content: z.string(), ...turnOf }),
  /** Added: what somebody is saying in a session that is only written down; may still change. */
  z.object({ type: z.literal('transcript_partial'), ...transcribed }),
  /** Added: what somebody has said there. It ends that speaker's partial. */
  z.object({
    type: z.literal('transcript_final'),
    ...transcribed,
    /** From 0 to 1, where the recogniser tells. */
    confidence: z.number().exactOptional(),
    /** Such as `de-DE`, where it was one of several. */
    language: z.string().exactOptional(),
    words: z.array(z.object({ text: z.string(), offset_ms: z.number(), duration_ms: z.number() })).exactOptional(),
    ...turnOf,
  }),
  /** Added: so much of an answer has been heard by now; a few times a second while the agent speaks. */
  z.object({ type: z.literal('assistant_heard'), heard: z.string(), ...turnOf }),
  /** Added: what of an answer was heard. `heard` is shorter than `full` where the caller cut in. */
  z.object({
    type: z.literal('assistant_spoken'),
    full: z.string(),
    heard: z.string(),
    interrupted: z.boolean(),
    ...turnOf,
  }),
  /** Added: the agent says something of its own because an answer is late. It is no part of the answer. */
  z.object({
    type: z.literal('wait_filled'),
    kind: z.enum(['filler', 'explanation', 'give-up']),
    content: z.string(),
    ...turnOf,
  }),
  /**
   * Added: an answer's first sound is out; how long its stages took. A draft may have begun an answer before the turn was
   * over, so a stage may be earlier than the one before it.
   */
  z.object({
    type: z.literal('turn_latency'),
    /** Until the caller's words read as they were answered. */
    words_ms: sinceSpeech,
    /** Until the engine decided that the turn is over. */
    recognised_ms: sinceSpeech,
    first_token_ms: sinceSpeech,
    /** Until the first byte of the voice. */
    first_voice_ms: sinceSpeech,
    /** Until the first sound was sent. */
    first_audio_ms: sinceSpeech,
    ...turnOf,
  }),
  /**
   * Added: what the session has used by now, and what that costs. After each answer; the last one stands.
   * `used`: by unit, such as `input_tokens`, `characters` or `audio_seconds`; `unknown`: how often nobody told how much.
   */
  z.object({
    type: z.literal('call_spent'),
    totals: z.array(
      z.object({
        service: z.string(),
        model: z.string().exactOptional(),
        used: z.record(z.string(), z.number()),
        unknown: z.record(z.string(), z.number()).exactOptional(),
      }),
    ),
    /** null where no table of prices is set up. */
    cost: z
      .object({
        currency: z.string(),
        /** null where something that was used has no price, or nobody told how much of it was used. */
        total: z.number().nullable(),
        /** What is certain. */
        at_least: z.number(),
      })
      .nullable(),
  }),
  /** Added: something that a person should know went wrong or works again. `code` is stable. */
  z.object({ type: z.literal('notice'), code: z.string(), message: z.string() }),
]);

export type BrowserMessage = Readonly<z.infer<typeof browserMessage>>;

/** What a page may ask for besides talking. */
export const browserCommand = z.discriminatedUnion('type', [
  /** Silences the agent, as cutting in does. */
  z.object({ type: z.literal('interrupt') }),
  /** Says something by typing: it cuts in, and is answered by voice. The same as sending the text alone. */
  z.object({ type: z.literal('text'), text: z.string() }),
  /** Ends the session. */
  z.object({ type: z.literal('end') }),
]);

export type BrowserCommand = Readonly<z.infer<typeof browserCommand>>;
