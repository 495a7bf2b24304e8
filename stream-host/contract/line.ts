import type { AudioRate } from '../../shared/audio/pcm.ts';
import type { TypedEvents } from '../../shared/typed-events.ts';
import type { CallSummary, SessionEventSource } from './events.ts';
import type { StopCause } from './mouth.ts';

/** Where the agent's voice goes: a phone call's media socket or a browser's. Must never block and never throw. */
export interface AudioSink {
  /** Takes whole frames (20 ms each) at the mode's rate. False when the line cannot take them (slow or gone): they are dropped. */
  sendAudio(frames: Uint8Array): boolean;
  /** Drops everything that the far side has buffered and not played yet. Sent at once, ahead of anything queued. */
  stopAudio(cause: StopCause): void;
}

/** A line as its mode has it. */
export interface ModeLine extends AudioSink {
  /** Another mode has the line from here on: audio has this rate, in both directions. */
  modeIs(rateHz: AudioRate): void;
}

export type TransportEvents = {
  /** The line is ready to talk: the conversation may begin. Comes once, before any `audio`. */
  ready: [];
  /**
   * What the caller said: PCM16 mono at the mode's rate, any whole number of samples. `from`: the participant's raw id,
   * on a line that tells participants apart.
   */
  audio: [pcm: Uint8Array, from: string | undefined];
  /** The caller pressed a key of the telephone. */
  dtmf: [tone: string];
  /** The caller typed something: one line without control characters, never empty. */
  text: [text: string];
  /** The caller asked for silence in another way than by speaking. */
  interrupt: [];
  /** The caller asked to end the session. */
  endRequested: [];
  /** The line is gone. Comes exactly once; `code` is the socket's close code. */
  closed: [code: number, reason: string];
};

/** What carries a line. */
export type Channel = 'phone' | 'browser';

/** What was counted on a line and did not end it. */
export interface TransportCounts {
  /** Frames that break the protocol. */
  readonly malformed: number;
  /** Frames of a kind that this line does not know. */
  readonly foreign: number;
  /** Audio that came before anybody could hear it. */
  readonly early: number;
  /** Messages that came faster than time passes, and were dropped. */
  readonly excess: number;
  /** Frames of the agent's audio that a slow reader did not take. */
  readonly dropped: number;
}

/** One caller's line, whatever carries it: a phone call's media socket or a browser's. */
export interface Transport extends ModeLine {
  readonly channel: Channel;
  readonly events: TypedEvents<TransportEvents>;
  /** `ready` has been emitted. */
  readonly ready: boolean;
  readonly closed: boolean;
  readonly counts: TransportCounts;
  /**
   * A conversation begins, whose audio has that rate in both directions. Shows the far side what happens in it, where it
   * can show anything. Audio before that is `early`.
   */
  follow(events: SessionEventSource, rateHz: AudioRate): void;
  /** Asks the far side whether it is still there. False after `timeoutMs` in which nothing came of it. Never rejects. */
  probe(timeoutMs: number): Promise<boolean>;
  /** The session is over: says so the way the line does, with what it has come to, and closes it normally. */
  end(reason: string, spent?: CallSummary): void;
  close(code: number, reason: string): void;
}
