/**
 * The messages of `/api/v1/realtime/conversation`. Up: binary frames of PCM16LE mono at 16 kHz (any length), and the
 * optional JSON texts of {@link BrowserCommand}. Down: JSON texts only. Names and shapes are those of the Python
 * accelerator, so that clients written for it keep working; what Parley adds is marked "added".
 *
 * Query: `session_id` (resume or name a session), `sample_rate` (added: rate of `audio_data`, 16000 | 24000 | 48000;
 * 48000 when absent, as that server sends), `agent` (added).
 */

/** The envelope that everything said travels in. */
export interface Envelope {
  readonly type: 'event' | 'status' | 'assistant_streaming' | 'exit' | 'error';
  readonly topic: 'session';
  readonly session_id: string;
  readonly call_id: string | null;
  readonly user_id: string | null;
  readonly sender: string;
  readonly ts: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

export type BrowserMessage =
  | Envelope
  | {
      readonly type: 'audio_data';
      readonly data: string;
      readonly frame_index: number;
      readonly total_frames: number;
      readonly sample_rate: number;
      readonly is_final: boolean;
    }
  | { readonly type: 'assistant_final'; readonly content: string; readonly speaker: string }
  | {
      readonly type: 'tool_start';
      readonly callId: string;
      readonly tool: string;
      readonly ts: number;
      readonly args: Readonly<Record<string, unknown>>;
    }
  | {
      readonly type: 'tool_end';
      readonly callId: string;
      readonly tool: string;
      readonly ts: number;
      readonly status: 'success' | 'error';
      readonly elapsedMs: number;
      readonly result: unknown;
      readonly error?: string;
    }
  | {
      readonly type: 'control';
      readonly action: 'tts_cancelled';
      readonly reason: string;
      readonly at: string;
      readonly session_id: string;
    }
  | { readonly type: 'tts_error'; readonly error: string; readonly text: string }
  | { readonly type: 'session_end'; readonly reason: string; readonly ts: string }
  /** Added: the first message. `scripted`: the demo dialogue answers, no language model. */
  | {
      readonly type: 'session_ready';
      readonly session_id: string;
      readonly agent: string;
      readonly sample_rate: number;
      readonly resumed: boolean;
      readonly scripted: boolean;
    }
  /** Added: what the caller is saying, as it is recognised; may still change. */
  | { readonly type: 'user_partial'; readonly content: string }
  /** Added: the caller's finished words, with the turn they open. */
  | { readonly type: 'user_final'; readonly content: string; readonly turn: number }
  /** Added: what of an answer was heard. `heard` is shorter than `full` where the caller cut in. */
  | {
      readonly type: 'assistant_spoken';
      readonly turn: number;
      readonly full: string;
      readonly heard: string;
      readonly interrupted: boolean;
    }
  /** Added: a turn's delays, each from the end of the caller's speech. */
  | {
      readonly type: 'turn_latency';
      readonly turn: number;
      readonly recognised_ms: number;
      readonly first_token_ms: number;
      readonly first_audio_ms: number;
    }
  /** Added: recognition broke down, was restarted, works again. */
  | { readonly type: 'notice'; readonly code: string; readonly message: string };

export type BrowserCommand = { readonly type: 'interrupt' } | { readonly type: 'end' };

/** Why a socket was closed, in the range that applications own. The reason text says it in words. */
export const CLOSE = {
  normal: 1000,
  goingAway: 1001,
  malformed: 4400,
  unauthorised: 4401,
  unknownCall: 4404,
  noAudio: 4408,
  alreadyConnected: 4409,
  oversized: 4413,
  unsupportedAudio: 4415,
  tooManySessions: 4429,
  internal: 4500,
} as const satisfies Record<string, number>;
