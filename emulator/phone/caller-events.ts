import type { AnswerStages, TranscriptLine } from './caller-requests.ts';

export interface Utterance {
  /** What is said; for a file, its name. */
  readonly label: string;
  /** PCM16 mono 16 kHz; empty where nothing is said. */
  readonly pcm: Uint8Array;
  /** Keys that are pressed instead. */
  readonly keys?: string;
  /** Neither: this long nothing happens, and no answer is waited for. */
  readonly waitMs?: number;
}

export interface CallScript {
  /** Spoken in turn; each waits for the answer to the one before. */
  readonly utterances: readonly Utterance[];
  /** The second utterance does not wait: it is spoken this long after the first answer became audible. */
  readonly interruptAfterMs?: number;
  /** Hangs up this long after being connected, whatever is being said. */
  readonly hangUpAfterMs?: number;
}

/** What happens in a call. `atMs` counts from the moment of being connected; negative before. */
export type CallEvent = { readonly atMs: number } & (
  | { readonly event: 'dialling'; readonly to: string }
  | { readonly event: 'placing'; readonly number: string }
  | { readonly event: 'ringing'; readonly from: string }
  | { readonly event: 'connected'; readonly callConnectionId: string }
  | {
      readonly event: 'session';
      readonly sessionId: string;
      readonly agent: string;
      readonly mode: string;
      readonly time: string;
    }
  | { readonly event: 'media'; readonly state: 'started' | 'stopped' }
  | { readonly event: 'audio-stopped'; readonly droppedMs: number }
  /** `second`: somebody who has joined the call said it. */
  | {
      readonly event: 'caller';
      readonly text: string;
      readonly durationMs: number;
      readonly by?: 'caller' | 'second';
    }
  | { readonly event: 'joined' | 'left'; readonly number: string }
  /** Whoever else is in the call is talked with from now on. */
  | { readonly event: 'agent-left' }
  | { readonly event: 'hold'; readonly state: 'on' | 'off' }
  /** A key that the agent has pressed. */
  | { readonly event: 'tone'; readonly tone: string }
  /** A mode that answers nobody has taken the call over. */
  | { readonly event: 'written-down' }
  | {
      readonly event: 'written';
      readonly turn: number;
      readonly speaker: string;
      readonly text: string;
      readonly durationMs: number;
      readonly confidence?: number;
    }
  | { readonly event: 'transcript'; readonly line: TranscriptLine }
  /** What the agent said while it had no answer yet. */
  | { readonly event: 'meanwhile'; readonly text: string }
  /** Something that the caller wanted to fail begins to, or fails no more. */
  | { readonly event: 'fault'; readonly fault: string; readonly state: 'on' | 'off'; readonly felt: number | null }
  | ({ readonly event: 'faults' } & FaultsOfCall)
  /** All is said, and the caller stays on the line to hear what failed work again: until then at most. */
  | { readonly event: 'stays'; readonly untilMs: number }
  /** Nobody can tell what was said last; it is told once somebody can. */
  | { readonly event: 'unread' }
  /** What follows was said while nobody could tell it. */
  | { readonly event: 'read-late' }
  /** The agent has left the call, and whoever else is in it said nothing. */
  | { readonly event: 'unanswered'; readonly label: string; readonly withinMs: number }
  /** Nobody could have answered: what was done with the call meanwhile. */
  | { readonly event: 'not-judged'; readonly label: string }
  | ({ readonly event: 'answer' } & Answer)
  | { readonly event: 'missed'; readonly problem: string }
  | ({ readonly event: 'interruption' } & Interruption)
  | {
      readonly event: 'disconnected';
      readonly code: number;
      /** `request`: somebody asked the API for it. */
      readonly by: 'caller' | 'agent' | 'request' | 'network';
      readonly reason: string;
    }
);

/** What failed in a call because its caller wanted it, and what he heard of it. */
export interface FaultsOfCall {
  readonly faults: readonly FaultOfCall[];
  /** While he waited for an answer. */
  readonly longestSilenceMs: number;
  /** Whether what was said could be read, in the end. */
  readonly isOnRecord: boolean;
}

export interface FaultOfCall {
  readonly fault: string;
  readonly fromMs: number;
  /** Undefined: until after the call. */
  readonly untilMs: number | undefined;
  /** How many requests and connections have felt it; null where nobody has counted. */
  readonly felt: number | null;
}

/** How soon an utterance was answered. */
export interface Answer {
  /** From the caller's last loud sample to the first of the answer: the agent's first, as they lie in the recording. */
  readonly latencyMs: number;
  /** To the first sound of what filled the wait for it, where something did. */
  readonly firstSoundMs?: number;
  /** Tools that were used for it. */
  readonly tools: readonly string[];
  /** What was heard first was "one moment" or the like; without `firstSoundMs`, `latencyMs` may be that one's. */
  readonly filled: boolean;
  /** Where the time went, as the stream host saw it. */
  readonly stages?: AnswerStages;
}

export interface Interruption {
  /** False where the agent had finished before the caller cut in. */
  readonly wasSpeaking: boolean;
  /** From the caller's first sound to the end of the agent's last. */
  readonly silentAfterMs: number;
  /** Frames of the old answer that came after that silence, while the caller still spoke. */
  readonly staleFrames: number;
}

export interface CallSummary {
  readonly callConnectionId: string;
  readonly durationMs: number;
  readonly answers: readonly Answer[];
  /** In a call that nobody answers: how many finished words were written down. */
  readonly written?: number;
  /** What the agent did not understand or answer, a sentence each. */
  readonly missed: readonly string[];
  /** Holes in the agent's voice, each a stretch of frames that were missing. */
  readonly gapsMs: readonly number[];
}

/** An event that is yet to be dated. */
export type UndatedCallEvent = CallEvent extends infer Each
  ? Each extends CallEvent
    ? Omit<Each, 'atMs'>
    : never
  : never;
