import { z } from 'zod';

/**
 * The messages of `/api/v1/realtime/conversation`; docs/browser-socket.md tells their order, and the AsyncAPI document is
 * made from them. Up: binary frames of PCM16LE mono at 16 kHz (any length), the JSON texts of {@link browserCommand}, and
 * any text that is no JSON object, which is what the caller typed. Down: the JSON texts of {@link browserMessage} only.
 * Names and shapes are those of the Python accelerator, so that clients written for it keep working; what Parley adds is
 * marked "Added". Why a socket closes is told by the codes of `close-codes.ts`.
 *
 * Query: `session_id` (resume or name a session), `sample_rate` (added: rate of `audio_data`, 16000 | 24000 | 48000;
 * 48000 when absent, as that server sends), `agent` (added), `streaming_mode` (of a new session).
 */

/** Of the examples. */
const SESSION_ID = '0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e';
const AT = '2026-05-29T09:30:00.000Z';
const AT_SECONDS = 1_780_047_000.25;
const TURN = { turn: 2, turn_id: `${SESSION_ID}:2` };

/** The envelope that everything said travels in. Of a turn of the agent, `payload.turn_id` and `.response_id` name it. */
export const envelope = z
  .object({
    type: z
      .enum(['event', 'status', 'assistant_streaming', 'exit', 'error'])
      .describe(
        '`event`: the caller’s words, once the turn that answers them has happened. `status`: the greeting, from `System`; at an answer’s end the whole of it, from the agent. `assistant_streaming`: some more of the answer, when the voice begins it. `exit` and `error` are the predecessor’s and are not sent.',
      ),
    topic: z.literal('session'),
    session_id: z.string(),
    call_id: z.string().nullable(),
    user_id: z.string().nullable(),
    sender: z.string().describe('`User`, `System` or the agent’s name.'),
    ts: z.string().describe('ISO 8601, UTC.'),
    payload: z
      .record(z.string(), z.unknown())
      .describe(
        '`message`, or `content` where it streams; of a turn of the agent also `turn_id` and `response_id`. Added: `to`, of words that stream, as in `assistant_spoken`.',
      ),
  })
  .meta({
    title: 'envelope',
    description: 'What was said, in the envelope of the predecessor.',
    examples: [
      {
        type: 'event',
        topic: 'session',
        session_id: SESSION_ID,
        call_id: null,
        user_id: null,
        sender: 'User',
        ts: AT,
        payload: { sender: 'User', message: 'Where is order 1042?' },
      },
      {
        type: 'assistant_streaming',
        topic: 'session',
        session_id: SESSION_ID,
        call_id: null,
        user_id: null,
        sender: 'orders',
        ts: AT,
        payload: { content: 'It is on its way.', streaming: true, turn_id: TURN.turn_id, response_id: TURN.turn_id },
      },
    ],
  });

export type Envelope = Readonly<z.infer<typeof envelope>>;

export const audioData = z
  .object({
    type: z.literal('audio_data'),
    data: z.base64().describe('PCM16LE mono, base64.'),
    frame_index: z.int().min(0).describe('Counts from 0 in each answer.'),
    total_frames: z.int().describe('-1: nobody knows it.'),
    sample_rate: z.int().describe('Hz, as the address asked for.'),
    is_final: z.boolean().describe('Of the frame of silence that ends an answer which was played to its end.'),
  })
  .meta({
    description: '20 ms of the agent’s voice.',
    examples: [
      { type: 'audio_data', data: 'AAAAAA==', frame_index: 0, total_frames: -1, sample_rate: 16_000, is_final: false },
    ],
  });

/** Added, in every message about a turn. */
const turnOf = {
  turn: z.int().describe('Its number, which goes on over a reconnect; some may be left out.'),
  turn_id: z.string().describe('A name that no other turn of any session has.'),
};

const sinceSpeech = (what: string) =>
  z.number().describe(`${what}, in milliseconds since the caller stopped speaking.`);

/** Added: words that are written down, who said them, and when, counted from the beginning of the session. */
const transcribed = {
  speaker: z.string().describe('`caller`, `callee`, `participant-3` and so on; `line` where nobody is told apart.'),
  content: z.string(),
  offset_ms: z.number().describe('Since the beginning of the session.'),
  duration_ms: z.number(),
};

/** All that the server sends. */
export const browserMessage = z.discriminatedUnion('type', [
  envelope,
  audioData,
  z.object({ type: z.literal('assistant_final'), content: z.string(), speaker: z.string(), ...turnOf }).meta({
    description: 'What was said of an answer, when it is over. A turn of which no sound was sent has none.',
    examples: [{ type: 'assistant_final', content: 'It is on its way.', speaker: 'assistant', ...TURN }],
  }),
  z
    .object({
      type: z.literal('tool_start'),
      callId: z.string(),
      tool: z.string(),
      ts: z.number().describe('Seconds since 1970.'),
      args: z
        .record(z.string(), z.unknown())
        .describe('More than 8,000 characters of JSON are cut: `{ beginning, leftOut }`.'),
      ...turnOf,
    })
    .meta({
      description: 'A tool of the agent begins.',
      examples: [
        {
          type: 'tool_start',
          callId: 'call_1',
          tool: 'look_up_order',
          ts: AT_SECONDS,
          args: { order: '1042' },
          ...TURN,
        },
      ],
    }),
  z
    .object({
      type: z.literal('tool_end'),
      callId: z.string(),
      tool: z.string(),
      ts: z.number().describe('Seconds since 1970.'),
      status: z.enum(['success', 'error']),
      elapsedMs: z.number(),
      result: z.unknown().describe('Cut as the arguments are.'),
      error: z.string().exactOptional(),
      ...turnOf,
    })
    .meta({
      description: 'A tool of the agent has ended.',
      examples: [
        {
          type: 'tool_end',
          callId: 'call_1',
          tool: 'look_up_order',
          ts: AT_SECONDS,
          status: 'success',
          elapsedMs: 41,
          result: { status: 'shipped' },
          ...TURN,
        },
      ],
    }),
  z
    .object({
      type: z.literal('control'),
      action: z.literal('tts_cancelled'),
      reason: z.string().describe('`barge_in`, or what else silenced the agent.'),
      at: z.string().describe('What it was: `voice`, `command` and others.'),
      session_id: z.string(),
    })
    .meta({
      description: 'The agent was silenced: what is buffered of its voice must not be played.',
      examples: [{ type: 'control', action: 'tts_cancelled', reason: 'barge_in', at: 'voice', session_id: SESSION_ID }],
    }),
  z.object({ type: z.literal('tts_error'), error: z.string(), text: z.string() }).meta({
    description: 'The voice failed.',
    examples: [{ type: 'tts_error', error: 'synthesis.failed', text: '' }],
  }),
  z.object({ type: z.literal('session_end'), reason: z.string(), ts: z.string().describe('ISO 8601, UTC.') }).meta({
    description: 'The session is over; the socket closes with 1000.',
    examples: [{ type: 'session_end', reason: 'The agent has said goodbye.', ts: AT }],
  }),
  z
    .object({
      type: z.literal('session_ready'),
      session_id: z.string(),
      agent: z.string(),
      mode: z.string().describe('What is done with the line.'),
      sample_rate: z.int().describe('Of `audio_data`, Hz.'),
      resumed: z.boolean().describe('The conversation goes on.'),
      scripted: z.boolean().describe('The demo dialogue answers, no language model.'),
      replaces: z
        .string()
        .describe(
          'The session that was asked for, where that is over: this one is new, and its id is the one to come back with.',
        )
        .exactOptional(),
      return_ticket: z
        .string()
        .describe(
          'With which this page may come back after its line was lost, once; the next `session_ready` has another.',
        )
        .exactOptional(),
    })
    .meta({
      description: 'Added. The first message.',
      examples: [
        {
          type: 'session_ready',
          session_id: SESSION_ID,
          agent: 'orders',
          mode: 'media',
          sample_rate: 16_000,
          resumed: false,
          scripted: false,
          return_ticket: 'Zr2t0b3n8mYp1wq9c5v7x4k6h0j2l8d1s3f5g7a9b1c',
        },
      ],
    }),
  z.object({ type: z.literal('user_partial'), content: z.string() }).meta({
    description: 'Added. What the caller is saying, as it is recognised; each replaces the one before.',
    examples: [{ type: 'user_partial', content: 'where is' }],
  }),
  z.object({ type: z.literal('user_final'), content: z.string(), ...turnOf }).meta({
    description:
      'Added. The caller’s finished words, with the turn that they open. Comes again, with the same turn, where better words were found.',
    examples: [{ type: 'user_final', content: 'Where is order 1042?', ...TURN }],
  }),
  z.object({ type: z.literal('transcript_partial'), ...transcribed }).meta({
    description: 'Added. What somebody is saying in a session that is only written down; may still change.',
    examples: [{ type: 'transcript_partial', speaker: 'caller', content: 'good', offset_ms: 1200, duration_ms: 300 }],
  }),
  z
    .object({
      type: z.literal('transcript_final'),
      ...transcribed,
      confidence: z.number().describe('From 0 to 1, where the recogniser tells.').exactOptional(),
      language: z.string().describe('Such as `de-DE`, where it was one of several.').exactOptional(),
      words: z.array(z.object({ text: z.string(), offset_ms: z.number(), duration_ms: z.number() })).exactOptional(),
      ...turnOf,
    })
    .meta({
      description: 'Added. What somebody has said there. It ends that speaker’s partial.',
      examples: [
        {
          type: 'transcript_final',
          speaker: 'caller',
          content: 'Good morning.',
          offset_ms: 1200,
          duration_ms: 640,
          confidence: 0.94,
          ...TURN,
        },
      ],
    }),
  z.object({ type: z.literal('assistant_heard'), heard: z.string(), ...turnOf }).meta({
    description: 'Added. So much of an answer has been heard by now; a few times a second while the agent speaks.',
    examples: [{ type: 'assistant_heard', heard: 'It is on', ...TURN }],
  }),
  z
    .object({
      type: z.literal('assistant_spoken'),
      full: z.string(),
      heard: z.string().describe('Shorter than `full` where the caller cut in.'),
      interrupted: z.boolean(),
      to: z
        .literal('human')
        .describe('Added. Who heard it, where it was not the caller: the human whom he is put through to.')
        .optional(),
      ...turnOf,
    })
    .meta({
      description: 'Added. What of an answer was heard, when it is over.',
      examples: [
        { type: 'assistant_spoken', full: 'It is on its way.', heard: 'It is on', interrupted: true, ...TURN },
      ],
    }),
  z
    .object({
      type: z.literal('wait_filled'),
      kind: z.enum(['filler', 'explanation', 'give-up']),
      content: z.string(),
      ...turnOf,
    })
    .meta({
      description: 'Added. The agent says something of its own because an answer is late. It is no part of the answer.',
      examples: [{ type: 'wait_filled', kind: 'filler', content: 'One moment, please.', ...TURN }],
    }),
  z
    .object({
      type: z.literal('turn_latency'),
      words_ms: sinceSpeech('Until the caller’s words read as they were answered'),
      recognised_ms: sinceSpeech('Until the engine decided that the turn is over'),
      first_token_ms: sinceSpeech('Until the model’s first word, or first tool call'),
      first_voice_ms: sinceSpeech('Until the first byte of the voice'),
      first_audio_ms: sinceSpeech('Until the first sound was sent'),
      ...turnOf,
    })
    .meta({
      description:
        'Added. An answer’s first sound is out; how long its stages took. A draft may have begun an answer before the turn was over, so a stage may be earlier than the one before it.',
      examples: [
        {
          type: 'turn_latency',
          words_ms: 180,
          recognised_ms: 420,
          first_token_ms: 390,
          first_voice_ms: 560,
          first_audio_ms: 565,
          ...TURN,
        },
      ],
    }),
  z
    .object({
      type: z.literal('answered_by'),
      verdict: z.enum(['human', 'voicemail', 'menu', 'unavailable', 'unsure']),
      after_ms: z.number().describe('Since the first sound.'),
    })
    .meta({
      description: 'Added. Who, or what, has answered a call that we placed. Comes again where more became clear.',
      examples: [{ type: 'answered_by', verdict: 'voicemail', after_ms: 2840 }],
    }),
  z
    .object({
      type: z.literal('keys_collected'),
      name: z.string(),
      status: z.enum(['right', 'not_right', 'nothing', 'failed', 'replaced', 'call_over']),
      attempts: z.int(),
    })
    .meta({
      description: 'Added. What came of keys that were wanted of the caller. What was pressed is not in it.',
      examples: [{ type: 'keys_collected', name: 'pin', status: 'right', attempts: 2 }],
    }),
  z
    .object({
      type: z.literal('call_spent'),
      totals: z.array(
        z.object({
          service: z.string(),
          model: z.string().exactOptional(),
          used: z
            .record(z.string(), z.number())
            .describe('By unit, such as `input_tokens`, `characters` or `audio_seconds`.'),
          unknown: z.record(z.string(), z.number()).describe('How often nobody told how much.').exactOptional(),
        }),
      ),
      cost: z
        .object({
          currency: z.string(),
          total: z
            .number()
            .nullable()
            .describe('null where something that was used has no price, or nobody told how much of it was used.'),
          at_least: z.number().describe('What is certain.'),
        })
        .nullable()
        .describe('null where no table of prices is set up.'),
    })
    .meta({
      description:
        'Added. What the session has used by now, and what that costs. After each answer; the last one stands.',
      examples: [
        {
          type: 'call_spent',
          totals: [{ service: 'chat-model', model: 'gpt-4.1', used: { input_tokens: 812, output_tokens: 41 } }],
          cost: { currency: 'USD', total: 0.0021, at_least: 0.0021 },
        },
      ],
    }),
  z.object({ type: z.literal('notice'), code: z.string().describe('Stable.'), message: z.string() }).meta({
    description: 'Added. Something that a person should know went wrong or works again.',
    examples: [{ type: 'notice', code: 'text.empty', message: 'There was no word in what you typed.' }],
  }),
]);

export type BrowserMessage = Readonly<z.infer<typeof browserMessage>>;

/** What a page may ask for besides talking. */
export const browserCommand = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('interrupt') })
    .meta({ description: 'Silences the agent, as cutting in does.', examples: [{ type: 'interrupt' }] }),
  z.object({ type: z.literal('text'), text: z.string() }).meta({
    description: 'Says something by typing: it cuts in, and is answered by voice. The same as sending the text alone.',
    examples: [{ type: 'text', text: 'Where is order 1042?' }],
  }),
  z.object({ type: z.literal('end') }).meta({ description: 'Ends the session.', examples: [{ type: 'end' }] }),
]);

export type BrowserCommand = Readonly<z.infer<typeof browserCommand>>;
