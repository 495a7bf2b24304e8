import type { DependencyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { ToolRequest } from './agent.ts';

/** What a speech-to-speech model is told of the agent that it is to be. An agent writes it anew for each session. */
export interface RealtimeBrief {
  readonly instructions: string;
  /** What the agent speaks and expects to hear, as in `de-DE`. */
  readonly locale: string;
  /** The agent's voice of Azure Speech, for services that speak with it, where `settings` name no other. */
  readonly voice: string;
  readonly tools: readonly RealtimeTool[];
  readonly settings: RealtimeSettings;
}

/** A function that the model may call; the mode runs it. */
export interface RealtimeTool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * The part `realtime` of an agent's YAML, checked. Names and units are those of the services' session fields; how each
 * service is told is the business of `stream-host/realtime/`, which also refuses what a service does not have.
 */
export interface RealtimeSettings {
  readonly voice?: RealtimeVoice | undefined;
  readonly turn_detection?: RealtimeTurnDetection | undefined;
  readonly noise_suppression?: 'azure_deep_noise_suppression' | 'near_field' | 'far_field' | undefined;
  readonly echo_cancellation?: boolean | undefined;
  readonly transcription?: RealtimeTranscription | undefined;
  readonly temperature?: number | undefined;
  readonly max_output_tokens?: number | undefined;
  readonly reasoning_effort?: string | undefined;
  readonly interim_response?: RealtimeInterimResponse | undefined;
  readonly mcp_servers?: readonly RealtimeMcpServer[] | undefined;
}

/** A name alone is one of the model's own voices; an object says of which kind it is. */
export type RealtimeVoice = string | ({ readonly type: string } & Readonly<Record<string, unknown>>);

/** Without what the mode decides: `create_response`, `interrupt_response` and `auto_truncate`. */
export interface RealtimeTurnDetection {
  readonly type:
    | 'server_vad'
    | 'semantic_vad'
    | 'azure_semantic_vad'
    | 'azure_semantic_vad_en'
    | 'azure_semantic_vad_multilingual';
  readonly threshold?: number | undefined;
  readonly prefix_padding_ms?: number | undefined;
  readonly speech_duration_ms?: number | undefined;
  readonly silence_duration_ms?: number | undefined;
  readonly eagerness?: 'low' | 'medium' | 'high' | 'auto' | undefined;
  readonly remove_filler_words?: boolean | undefined;
  readonly languages?: readonly string[] | undefined;
  readonly end_of_utterance?:
    | {
        readonly model: string;
        readonly threshold_level?: 'low' | 'medium' | 'high' | 'default' | undefined;
        readonly timeout_ms?: number | undefined;
      }
    | undefined;
}

export interface RealtimeTranscription {
  /** What the deployment's settings say where nothing is said here. */
  readonly model?: string | undefined;
  /** As the service wants it; the agent's own where nothing is said. */
  readonly language?: string | undefined;
  readonly phrases?: readonly string[] | undefined;
}

/** What the service says by itself while an answer takes long. */
export interface RealtimeInterimResponse {
  readonly type: 'static_interim_response' | 'llm_interim_response';
  readonly triggers?: readonly ('latency' | 'tool')[] | undefined;
  readonly latency_threshold_ms?: number | undefined;
  readonly texts?: readonly string[] | undefined;
  readonly model?: string | undefined;
  readonly instructions?: string | undefined;
  readonly max_completion_tokens?: number | undefined;
}

/** A server of tools that the service itself calls. It must be reachable from there. */
export interface RealtimeMcpServer {
  readonly server_label: string;
  readonly server_url: string;
  /** The name of the setting that holds the token; the token itself never stands in a definition. */
  readonly authorization_setting?: string | undefined;
  readonly allowed_tools?: readonly string[] | undefined;
}

export interface RealtimeOptions {
  /** Names the session on each line. */
  readonly log: Logger;
  readonly brief: RealtimeBrief;
  /** What the line would like. The session says by `rateHz` what it got; 16 kHz is not to be had everywhere. */
  readonly rateHz: 16_000 | 24_000;
  /** Whether the service answers by itself once the caller has finished. Otherwise {@link RealtimeSession.respond} asks. */
  readonly createResponse: boolean;
  /** Whether the service ends its answer by itself when it hears the caller. Otherwise {@link RealtimeSession.cancel} does. */
  readonly interruptResponse: boolean;
}

/** What is asked of the model beyond an ordinary answer. */
export interface RealtimeResponseRequest {
  /** Says this line, word for word where the service can (Voice Live), else the model is told to (OpenAI). */
  readonly say?: string;
  /** Instructions for this response, in place of the session's own. */
  readonly instructions?: string;
  /** It becomes no part of the conversation: a clip for later, for instance. */
  readonly aside?: boolean;
}

/**
 * One session with a speech-to-speech service, on one socket. It is opened at once and told by {@link RealtimeEvents};
 * whatever is asked of it before it is ready is done, in order, when it is. After its end all methods do nothing. None
 * waits and none throws.
 */
export interface RealtimeSession {
  /** Of the audio in both directions, PCM16 mono; known from the beginning. */
  readonly rateHz: 16_000 | 24_000;
  /** It can say a line word for word without its model. */
  readonly speaksVerbatim: boolean;
  /** When the service will end it, in milliseconds since 1970; undefined until that is known, or where it is not told. */
  readonly expiresAtMs: number | undefined;
  /** The caller's audio, any whole number of samples. Beyond a bound the oldest that waits is dropped and counted. */
  audio(pcm: Uint8Array): void;
  /** Words of the caller that were not spoken (typed, or keys of the telephone). Nothing answers until asked to. */
  typed(text: string): void;
  /**
   * Puts an earlier dialogue into the conversation, at its beginning. Only what was heard of an answer is put back. Called
   * again, it adds what has come to be since, such as a tool's result that the session before was still waiting for.
   */
  restore(history: readonly HistoryItem[]): void;
  /**
   * Asks for a response. One runs at a time: it waits until the one under way has ended, whoever asked for that. Two
   * ordinary requests that wait are one.
   * @returns the request's id, by which {@link RealtimeEvents.onResponseStarted} or `onResponseDropped` tells of it
   */
  respond(request?: RealtimeResponseRequest): string;
  /**
   * Ends the response under way and drops those that wait, but for asides. What still arrives of it is dropped, too; its
   * `onResponseEnded` comes.
   */
  cancel(): void;
  /**
   * Cuts the agent's item in the conversation at what was heard, measured from the item's first sample. Clamped to what
   * was generated, so that the service does not refuse it; an item of which all was heard is left alone. The
   * response that still makes the item is ended.
   */
  truncate(itemId: string, audioEndMs: number): void;
  /** What came of a call, as JSON. It is answered when {@link respond} asks for that. */
  toolResult(callId: string, output: string): void;
  /** Idempotent. `onClosed` is not told. */
  close(): void;
}

export type RealtimeResponseStatus = 'completed' | 'cancelled' | 'failed' | 'incomplete';

/** Tokens, as far as the service tells them. */
export interface RealtimeUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly inputAudioTokens: number;
  /** Of the cached tokens, those of sound. */
  readonly cachedAudioTokens: number;
  readonly outputAudioTokens: number;
}

/** An `error` or `warning` that the session survives. */
export interface RealtimeProblem {
  /** The service's own code, or `unknown`. */
  readonly code: string;
  /** Which field it is about, where it says so. */
  readonly param?: string | undefined;
  /** The service's words. They may quote what was said: for the log of a developer, never for a public page. */
  readonly message: string;
}

/** What a session tells, in the order in which it happens. Listeners may call the session, and close it. */
export interface RealtimeEvents {
  /** The service has taken the session's fields. */
  onReady(): void;
  /** The service hears the caller. `audioMs`: where in the audio that this session was given, from its beginning. */
  onSpeechStarted(itemId: string, audioMs: number): void;
  onSpeechStopped(itemId: string, audioMs: number): void;
  /** The caller's audio became an item of the conversation: its words may follow, and an answer. */
  onCommitted(itemId: string, previousItemId: string | undefined): void;
  /** All of the caller's words of that item so far. They come late, often after the answer has begun. */
  onCallerWords(itemId: string, text: string, isFinal: boolean): void;
  /** Nobody will tell the words of that item. */
  onCallerWordsFailed(itemId: string, problem: RealtimeProblem): void;
  /**
   * `requestId` is undefined where nobody asked by {@link RealtimeSession.respond}: the service answers by itself, or goes
   * on after a tool of its own.
   */
  onResponseStarted(responseId: string, requestId: string | undefined): void;
  /**
   * A response that was asked for will not come. With a problem the service refused it; without one it was dropped by
   * {@link RealtimeSession.cancel}, or the response under way answers it, too.
   */
  onResponseDropped(requestId: string, problem: RealtimeProblem | undefined): void;
  /** PCM16 mono of {@link RealtimeSession.rateHz}, whole samples. */
  onAudio(responseId: string, itemId: string, pcm: Uint8Array): void;
  /** Some more of the words that the audio says, or of a text where there is none. They run ahead of the audio. */
  onText(responseId: string, itemId: string, text: string): void;
  /** A call of one of the brief's tools, whole. */
  onToolRequest(responseId: string, request: ToolRequest): void;
  /** A tool that the service runs itself (MCP). When all of them are done the session asks for the answer by itself. */
  onServiceTool(tool: {
    readonly callId: string;
    readonly name: string;
    readonly state: 'started' | 'completed' | 'failed';
  }): void;
  /**
   * Comes once for each that was started, unless the session ends first. Nothing of it follows. Also of one that nobody
   * wanted any more before it began, and nobody was told of: the service has used something for it.
   */
  onResponseEnded(
    responseId: string,
    status: RealtimeResponseStatus,
    reason: string | undefined,
    usage: RealtimeUsage | undefined,
  ): void;
  onWarning(warning: RealtimeProblem): void;
  onProblem(problem: RealtimeProblem): void;
  /**
   * The session is over and was not closed by us; the last event. `final`: another one would be refused, too (key, right,
   * unknown model or field). Otherwise it is worth another session.
   */
  onClosed(error: DependencyError, final: boolean): void;
}

/** Opens a session; its failure, too, is told by `onClosed`, and never before this has returned. */
export type OpenRealtime = (options: RealtimeOptions, events: RealtimeEvents) => RealtimeSession;
