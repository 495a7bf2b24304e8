import type { Command, SessionSettings } from '../harness/protocol.ts';
import type { AgentVoice } from './agent-voice.ts';

export type RecogniserCommand = Extract<Command, { type: 'recogniser' }>;

/** A system under test, as the link to the driver sees it. */
export interface SubjectSystem {
  readonly version: string;
  open(settings: SessionSettings, sink: SubjectSink): Promise<SubjectSession>;
  close(): Promise<void>;
}

export interface SubjectSession {
  /** One frame of the caller's audio: 640 bytes of its own memory. */
  receiveAudio(pcm: Uint8Array): void;
  hear(words: RecogniserCommand): void;
  interrupt(): void;
  close(): Promise<void>;
}

/** Where a session's doings go. Each call is stamped with the time at which it was made. */
export interface SubjectSink {
  /** One frame (20 ms) of the agent’s voice. */
  audio(frame: Uint8Array): void;
  stop(): void;
  resume(): void;
  thinking(text: string): void;
  fault(message: string): void;
}

/** Loads the system: its models, its threads. */
export type StartSystem = (voice: AgentVoice) => Promise<SubjectSystem>;
