import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';

/** How long one turn's stages took, all measured from the moment the caller stopped speaking. */
export interface TurnLatency {
  /** Until the engine decided that the turn is over and knew the words. */
  readonly recognisedMs: number;
  /** Until the model's first word. */
  readonly firstTokenMs: number;
  /** Until the first frame of audio was sent. */
  readonly firstAudioMs: number;
}

/** What happens in a conversation, for transports, the session record and telemetry. Listeners cannot hurt the call. */
export type ConversationEvents = {
  callerPartial: [text: string];
  /** The caller's words that turn `turn` answers. Told when the turn becomes audible or uses a tool, not before. */
  callerFinal: [text: string, turn: number];
  /** The recogniser found better words for what was told as `turn`'s. */
  callerCorrected: [text: string, turn: number];
  agentText: [text: string, turn: number];
  /** The turn's last frame has been played, or was cut off: then `heardText` is shorter than `fullText`. */
  agentSpoke: [spoken: { turn: number; fullText: string; heardText: string; interrupted: boolean }];
  /** The caller has taken the floor from the agent: by voice and words, or by a command. */
  bargeIn: [turn: number, at: 'voice' | 'command'];
  /** The agent fell silent because of a sound. Either `replyResumed` or `bargeIn` follows. */
  replyHeld: [turn: number];
  /** It was no interruption: the agent goes on where it was held, after so long a silence. */
  replyResumed: [resumed: { turn: number; silentMs: number }];
  /** Words that asked for nothing: an acknowledgement while the agent spoke. */
  callerAcknowledged: [text: string];
  /** An answer that was begun early and is not wanted after all. `pieces`: what the model had sent of it. */
  draftDropped: [wasted: { pieces: number; characters: number }];
  toolStarted: [call: ToolCall, turn: number];
  toolEnded: [ended: { call: ToolCall; elapsedMs: number; result: unknown; error?: string; turn: number }];
  turnLatency: [latency: TurnLatency, turn: number];
  state: [state: string];
  /** Something went wrong and the engine went on; `code` is stable. */
  fault: [code: string, error: unknown];
  historyChanged: [history: readonly HistoryItem[]];
  /** The conversation is over by its own decision (goodbye, fatal fault). The transport should close the line. */
  ended: [reason: string];
};
