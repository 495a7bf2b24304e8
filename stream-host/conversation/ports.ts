/**
 * What the conversation engine needs from the world. It knows no socket, no Azure and no clock of its own: whoever
 * builds a {@link Conversation} hands these in. Audio is PCM16 little-endian mono at 16 kHz everywhere inside.
 */

/** Where the agent's voice goes: a phone call's media socket or a browser's. Must never block and never throw. */
export interface AudioSink {
  /** Takes whole frames (20 ms, 640 bytes each). False when the line cannot take them (slow or gone): they are dropped. */
  sendAudio(frames: Uint8Array): boolean;
  /** Drops everything that the far side has buffered and not played yet. Sent at once, ahead of anything queued. */
  stopAudio(): void;
}

/** Decides from the raw audio whether somebody speaks. Times are on the engine's clock, of the audio's arrival. */
export interface VoiceActivity {
  /**
   * Any length of audio; it is cut into the detector's own frames.
   * @param glance the newest sound is worth a glance: it shall be judged now, be its frame whole or not
   */
  write(pcm: Uint8Array, glance?: boolean): void;
  close(): void;
}

export interface VoiceActivityEvents {
  /** The probability of speech in one detector frame (32 ms), in order. `atMs`: when the frame's last sample arrived. */
  onFrame(probability: number, atMs: number): void;
  /**
   * The probability of speech in the newest 32 ms, whose last `newMs` belong to a frame that is not whole yet. An answer
   * to a glance, where there is one: a frame that became whole in the meantime is reported as such.
   */
  onGlance?(probability: number, atMs: number, newMs: number): void;
  /** The detector died; it is not coming back by itself. */
  onFailure(error: Error): void;
}

export type OpenVoiceActivity = (events: VoiceActivityEvents) => VoiceActivity;

/** Judges by the sound alone whether the caller has finished: melody, loudness, a drawn-out "uhm". */
export interface TurnJudge {
  write(pcm: Uint8Array): void;
  /** Asks how the caller's speech up to now sounds. `lastSpeechMs` names the pause and comes back with the answer. */
  judge(lastSpeechMs: number): void;
  close(): void;
}

export interface TurnJudgeEvents {
  /** From 0, the caller goes on, to 1, the caller has finished. Comes soon after it was asked, or never. */
  onJudgement(probability: number, lastSpeechMs: number): void;
  /** The judge cannot judge as well as before, or not at all. The words decide alone then. */
  onFailure(error: Error): void;
}

export type OpenTurnJudge = (events: TurnJudgeEvents) => TurnJudge;

/** Turns the caller's audio into text. Supervised inside: it reconnects and replays by itself. */
export interface Recogniser {
  write(pcm: Uint8Array): void;
  close(): void;
}

export interface RecogniserEvents {
  /**
   * What the current phrase sounds like so far; may still change. `offsetMs` and `endMs`: the stretch of the audio
   * written that these words are of. Speech after `endMs` is not in them yet.
   */
  onPartial(text: string, offsetMs: number, endMs: number): void;
  /** A phrase that will not change any more. `endMs`: where it ends in the audio written. */
  onFinal(text: string, offsetMs: number, endMs: number): void;
  /** This stretch of the audio was listened to and holds no words: silence or noise. */
  onNoWords(offsetMs: number, endMs: number): void;
  /** Recognition broke down and is being restarted (`recovering`), works again, or was given up (`failed`). */
  onState(state: 'ready' | 'recovering' | 'failed', error?: Error): void;
}

export type OpenRecogniser = (events: RecogniserEvents) => Recogniser;

export type SynthesisPiece =
  /** PCM16 mono 16 kHz, any length. */
  | { readonly type: 'audio'; readonly pcm: Uint8Array }
  /** A word and where it is spoken, measured from the start of this synthesis. `text` is a slice of what was given. */
  | { readonly type: 'word'; readonly text: string; readonly startMs: number; readonly durationMs: number };

/** Turns text into speech, streamed. */
export interface Synthesiser {
  /**
   * Speaks `text`. Ends when all of it was yielded; throws when the service failed. Aborting ends it at once, without
   * an exception. Bounded: a service that goes quiet is a failure.
   */
  speak(text: string, voice: string, signal: AbortSignal): AsyncIterable<SynthesisPiece>;
}

export interface ToolCall {
  readonly callId: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/**
 * What a language model's answer consists of, in order. Nothing after a piece happens before the next piece is asked
 * for: a tool of which `tool-started` was yielded runs once the engine lets it.
 */
export type ReplyPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool-started'; readonly call: ToolCall }
  | {
      readonly type: 'tool-ended';
      readonly call: ToolCall;
      readonly elapsedMs: number;
      readonly result: unknown;
      readonly error?: string;
    }
  /** The agent has said what it had to say and wants to hang up once this turn has been heard. */
  | { readonly type: 'end-call'; readonly reason: string };

/** One thing that was said or done, as the model will see it again. `heard`: all of it reached the caller's ear. */
export type HistoryItem =
  | { readonly role: 'caller'; readonly text: string }
  | { readonly role: 'agent'; readonly text: string; readonly heard: boolean }
  | { readonly role: 'tool'; readonly call: ToolCall; readonly result: unknown };

/** The agent's mind: instructions, model and tools. Stateless; the history is the engine's. */
export interface Responder {
  readonly greeting: string;
  readonly voice: string;
  /** Streams an answer to the last thing in `history`. Bounded inside. Aborting ends it without an exception. */
  respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncIterable<ReplyPiece>;
}

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
