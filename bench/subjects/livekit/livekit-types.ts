/**
 * What the harness uses of `@livekit/agents` 1.9.0 and `@livekit/rtc-node`, no more. The packages are no dependency of
 * Parley's: they are installed on demand and loaded by path, so their own types are not there when this is compiled.
 */

export interface AudioFrame {
  readonly data: Int16Array;
  readonly sampleRate: number;
  readonly samplesPerChannel: number;
}

export interface AsyncQueue<Item> {
  readonly closed: boolean;
  put(item: Item): void;
}

export interface AudioInput {
  readonly multiStream: { addInputStream(stream: unknown): void };
}

export interface AudioOutput {
  readonly pendingPlayoutSegments: number;
  captureFrame(frame: AudioFrame): Promise<void>;
  flush(): void;
  /** @param createdAt wall-clock milliseconds */
  onPlaybackStarted(createdAt: number): void;
  /** `playbackPosition` in seconds. */
  onPlaybackFinished(event: { playbackPosition: number; interrupted: boolean }): void;
}

export interface SpeechEvent {
  readonly type: number;
  readonly alternatives: readonly {
    readonly text: string;
    readonly language: string;
    readonly startTime: number;
    readonly endTime: number;
    readonly confidence: number;
  }[];
}

export interface SpeechStream {
  readonly input: AsyncIterable<unknown>;
  readonly queue: AsyncQueue<SpeechEvent>;
}

export interface ChatContext {
  readonly items: readonly { readonly type: string; readonly role?: string; readonly textContent?: string }[];
}

export interface ChatOptions {
  readonly chatCtx: ChatContext;
  readonly toolCtx?: unknown;
  readonly connOptions?: unknown;
}

export interface LanguageModelStream {
  readonly chatCtx: ChatContext;
  readonly abortController: AbortController;
  readonly queue: AsyncQueue<{ id: string; delta: { role: string; content: string } }>;
}

export interface SynthesizeStream {
  readonly input: AsyncIterable<unknown>;
  readonly abortSignal: AbortSignal;
  readonly queue: AsyncQueue<unknown>;
}

export interface AgentSession {
  readonly input: { audio: unknown };
  readonly output: { audio: unknown };
  on(event: string, listener: (payload: unknown) => void): void;
  start(options: { agent: unknown }): Promise<void>;
  say(text: string): unknown;
  interrupt(options?: { force?: boolean }): { await: Promise<void> };
  close(): Promise<void>;
}

export interface LocalInference {
  initEot(): void;
  predict(pcm: Int16Array): Promise<number>;
}

export interface InferenceExecutor {
  doInference(method: string, data: { readonly pcm: string }): Promise<unknown>;
}

export interface LiveKitAgents {
  readonly version: string;
  readonly DEFAULT_API_CONNECT_OPTIONS: unknown;
  initializeLogger(options: { pretty: boolean; level: string }): void;
  readonly stream: { createStreamChannel(): { stream(): unknown; write(frame: AudioFrame): Promise<void> } };
  readonly voice: {
    readonly AudioInput: new () => AudioInput;
    readonly AudioOutput: new (sampleRate: number, next: undefined, capabilities: { pause: boolean }) => AudioOutput;
    readonly AgentSession: new (options: Record<string, unknown>) => AgentSession;
    readonly Agent: new (options: { instructions: string }) => unknown;
  };
  readonly stt: {
    readonly STT: new (capabilities: Record<string, boolean>) => object;
    readonly SpeechStream: new (stt: object) => SpeechStream;
    readonly SpeechEventType: { readonly INTERIM_TRANSCRIPT: number; readonly FINAL_TRANSCRIPT: number };
  };
  readonly llm: {
    readonly LLM: new () => object;
    readonly LLMStream: new (llm: object, options: ChatOptions) => LanguageModelStream;
  };
  readonly tts: {
    readonly TTS: new (sampleRate: number, channels: number, capabilities: { streaming: boolean }) => object;
    readonly SynthesizeStream: (new (tts: object) => SynthesizeStream) & { readonly END_OF_STREAM: unknown };
  };
  readonly inference: {
    readonly TurnDetector: new (options: { version: 'v1-mini'; executor: InferenceExecutor }) => unknown;
  };
}

export type AudioFrameConstructor = new (
  data: Int16Array,
  sampleRate: number,
  channels: number,
  samples: number,
) => AudioFrame;

/** The packages, loaded from the folder into which they were installed. */
export interface LiveKit {
  readonly agents: LiveKitAgents;
  readonly AudioFrame: AudioFrameConstructor;
  readonly executor: InferenceExecutor;
}
