import type { AudioFormat } from './audio-codec.ts';
import type { Json } from './wire-error.ts';

/** When somebody speaks, and what follows from it. */
export interface TurnDetection {
  /** How sure it must be that somebody speaks, 0 to 1. */
  readonly threshold: number;
  /** How long somebody must speak to have begun. */
  readonly onsetMs: number;
  readonly prefixMs: number;
  readonly silenceMs: number;
  readonly createsResponse: boolean;
  readonly interruptsResponse: boolean;
  /** Whether an interrupted answer is cut by the service, at what can have been played by then. */
  readonly truncates: boolean;
  readonly idleTimeoutMs: number | null;
}

/** What is said while an answer or a tool takes its time. */
export interface Interim {
  readonly triggers: readonly string[];
  readonly thresholdMs: number;
  readonly texts: readonly string[];
}

/** What a session is set to, whichever service it is of. */
export interface SessionSettings {
  readonly instructions: string;
  readonly speaks: boolean;
  readonly voice: string;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
  /** Undefined where the client says itself when a turn is over. */
  readonly turns: TurnDetection | undefined;
  readonly transcribes: boolean;
  readonly tools: readonly Json[];
  readonly toolChoice: unknown;
  readonly maxTokens: number;
  readonly interim: Interim | undefined;
  /** Whether it is told when each word is heard. */
  readonly tellsWordTimes: boolean;
}

/** What a `response.create` asks for. What is undefined is as in the session. */
export interface ResponseParams {
  readonly instructions: string | undefined;
  readonly speaks: boolean | undefined;
  readonly voice: string | undefined;
  readonly output: AudioFormat | undefined;
  readonly tools: readonly Json[] | undefined;
  readonly toolChoice: unknown;
  readonly maxTokens: number | undefined;
  /** Items that stand in for the conversation. */
  readonly input: readonly unknown[] | undefined;
  /** Items that are put into the conversation first. */
  readonly appended: readonly unknown[];
  readonly outOfBand: boolean;
  readonly cancelsPrevious: boolean;
  /** To be said as it stands, in place of what a model would say. */
  readonly says: string | undefined;
  readonly metadata: unknown;
}

/** A response that nobody asked anything special of. */
export const PLAIN_RESPONSE: ResponseParams = {
  ...{ instructions: undefined, speaks: undefined, voice: undefined, output: undefined, tools: undefined },
  ...{ toolChoice: undefined, maxTokens: undefined, input: undefined, appended: [], outOfBand: false },
  ...{ cancelsPrevious: false, says: undefined, metadata: null },
};

/** The settings of one response. */
export const settingsFor = (params: ResponseParams, session: SessionSettings): SessionSettings => ({
  ...session,
  instructions: params.instructions ?? session.instructions,
  speaks: params.speaks ?? session.speaks,
  voice: params.voice ?? session.voice,
  output: params.output ?? session.output,
  tools: params.tools ?? session.tools,
  toolChoice: params.toolChoice ?? session.toolChoice,
  maxTokens: params.maxTokens ?? session.maxTokens,
});

/** A session's settings as the service shows them, and as the engine reads them. */
export interface SessionConfig {
  readonly shown: Json;
  readonly settings: SessionSettings;
}

/** In what the two services differ. The events not named here have the same names and fields in both. */
export interface Dialect {
  readonly names: {
    readonly audio: 'response.output_audio' | 'response.audio';
    readonly transcript: 'response.output_audio_transcript' | 'response.audio_transcript';
    readonly text: 'response.output_text' | 'response.text';
    readonly itemAdded: 'conversation.item.added' | 'conversation.item.created';
    /** Undefined: an item's end is told in its response only. */
    readonly itemDone: 'conversation.item.done' | undefined;
  };
  /** Types of the content parts of an assistant's items. */
  readonly parts: { readonly text: 'output_text' | 'text'; readonly audio: 'output_audio' | 'audio' };
  readonly tellsRateLimits: boolean;
  /** Whether a voice that has spoken stays for the rest of the session. */
  readonly keepsVoice: boolean;
  /** A new session, with what the service gave it. */
  open(given: Json): SessionConfig;
  /** @throws {WireError} that names the field which is missing, unknown or wrong */
  configure(shown: Json, patch: Json): SessionConfig;
  /** What the service says of a response besides its state. */
  responseFields(settings: SessionSettings): Json;
  /** @throws {WireError} */
  paramsOf(response: Json, settings: SessionSettings): ResponseParams;
}

/** `patch` over `base`: fields of objects one by one down to a depth, whole values below it. */
export function overlay(base: unknown, patch: unknown, depth: number): unknown {
  if (depth === 0 || !isObject(base) || !isObject(patch)) return patch;
  const changed = Object.entries(patch).map(([key, value]) => [key, overlay(base[key], value, depth - 1)]);
  return { ...base, ...Object.fromEntries(changed) };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
