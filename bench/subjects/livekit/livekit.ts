import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * What the harness uses of `@livekit/agents` 1.9.0 and `@livekit/rtc-node`, no more. The packages are no dependency of
 * Parley's: they are installed on demand and loaded by path, so their own types are not there when this is compiled.
 */
export interface AudioFrame {
  readonly data: Int16Array;
  readonly sampleRate: number;
  readonly samplesPerChannel: number;
}

/** A provider's stream: what it takes, and where it puts what it makes. */
interface ProviderStream {
  readonly input: AsyncIterable<unknown>;
  readonly queue: { readonly closed: boolean; put(item: unknown): void };
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

interface AgentSession {
  readonly input: { audio: unknown };
  readonly output: { audio: unknown };
  on(event: string, listener: (payload: unknown) => void): void;
  start(options: { agent: unknown }): Promise<void>;
  say(text: string): unknown;
  close(): Promise<void>;
}

export interface ChatOptions {
  readonly chatCtx: { readonly items: readonly { readonly role?: string; readonly textContent?: string }[] };
  readonly toolCtx?: unknown;
  readonly connOptions?: unknown;
}
interface ChatStream extends ProviderStream, Pick<ChatOptions, 'chatCtx'> {
  readonly abortController: AbortController;
}
interface SpokenStream extends ProviderStream {
  readonly abortSignal: AbortSignal;
}

interface InferenceExecutor {
  doInference(method: string, data: { readonly pcm: string }): Promise<unknown>;
}

interface LiveKitAgents {
  readonly DEFAULT_API_CONNECT_OPTIONS: unknown;
  initializeLogger(options: { pretty: boolean; level: string }): void;
  readonly stream: { createStreamChannel(): { stream(): unknown; write(frame: AudioFrame): Promise<void> } };
  readonly voice: {
    readonly AudioInput: new () => { readonly multiStream: { addInputStream(stream: unknown): void } };
    readonly AudioOutput: new (sampleRate: number, next: undefined, capabilities: { pause: boolean }) => AudioOutput;
    readonly AgentSession: new (options: Record<string, unknown>) => AgentSession;
    readonly Agent: new (options: { instructions: string }) => unknown;
  };
  readonly stt: {
    readonly STT: new (capabilities: Record<string, boolean>) => object;
    readonly SpeechStream: new (stt: object) => ProviderStream;
    readonly SpeechEventType: { readonly INTERIM_TRANSCRIPT: number; readonly FINAL_TRANSCRIPT: number };
  };
  readonly llm: {
    readonly LLM: new () => object;
    readonly LLMStream: new (llm: object, options: ChatOptions) => ChatStream;
  };
  readonly tts: {
    readonly TTS: new (sampleRate: number, channels: number, capabilities: { streaming: boolean }) => object;
    readonly SynthesizeStream: (new (tts: object) => SpokenStream) & { readonly END_OF_STREAM: unknown };
  };
  readonly inference: {
    readonly TurnDetector: new (options: { version: 'v1-mini'; executor: InferenceExecutor }) => unknown;
  };
}

/** The packages, loaded from the folder into which they were installed. */
export interface LiveKit {
  readonly agents: LiveKitAgents;
  readonly AudioFrame: new (data: Int16Array, sampleRate: number, channels: number, samples: number) => AudioFrame;
  readonly executor: InferenceExecutor;
  readonly realtime: { readonly RealtimeModel: new (options: Record<string, string>) => unknown };
}

interface LocalInference {
  initEot(): void;
  predict(pcm: Int16Array): Promise<number>;
}

/** @param folder the one that holds `node_modules` with the packages */
export async function loadLiveKit(folder: string): Promise<LiveKit> {
  const inPackage = (...parts: string[]) => path.join(folder, 'node_modules', '@livekit', ...parts);
  const load = async (...parts: string[]): Promise<unknown> => import(pathToFileURL(inPackage(...parts)).href);
  const agents = (await load('agents', 'dist', 'index.js')) as LiveKitAgents;
  const { AudioFrame } = (await load('rtc-node', 'dist', 'index.js')) as Pick<LiveKit, 'AudioFrame'>;
  const { default: inference } = (await load('local-inference', 'index.js')) as { default: LocalInference };
  const { realtime } = (await load('agents-plugin-openai', 'dist', 'index.js')) as Pick<LiveKit, 'realtime'>;
  agents.initializeLogger({ pretty: false, level: 'error' });
  inference.initEot();
  // As its shared inference process does (`inference/eot/runner.ts`), in this process, without their hop between two.
  const executor: InferenceExecutor = {
    async doInference(_method, { pcm }) {
      const bytes = new Uint8Array(Buffer.from(pcm, 'base64'));
      const startMs = performance.now();
      const probability = await inference.predict(new Int16Array(bytes.buffer, 0, bytes.length >> 1));
      return { probability, inferenceDurationMs: performance.now() - startMs };
    },
  };
  return { agents, AudioFrame, executor, realtime };
}
