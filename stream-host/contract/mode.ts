import type { AudioRate } from '../../shared/audio/pcm.ts';
import type { ServiceTranscript } from '../../shared/carrier/service-transcript.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { CallAction, Responder, SessionFacts } from './agent.ts';
import type { Attention, CallNews } from './call-news.ts';
import type { SessionEmitter } from './events.ts';
import type { InputSink } from './inputs.ts';
import type { ModeLine } from './line.ts';
import type { Recorder } from './recorder.ts';

/**
 * What is done with a caller's line: a conversation with a recogniser and a voice, a speech-to-speech model, or words
 * alone. One for each live session. Nothing of it waits, and nothing of it throws.
 */
export interface Mode {
  /**
   * The line is ready: from now on audio may be sent. Called once.
   * @param isUnnoticed the session was handed over in a pause of its talk, just now: nothing is owed, and nothing is said of it
   */
  start(isUnnoticed?: boolean): void;
  /**
   * The caller's audio: PCM16 mono at the kind's rate, any length. `from`: the raw id of the participant who is heard,
   * where the line tells each one apart (unmixed phone calls); undefined on mixed lines and in browsers.
   */
  audio(pcm: Uint8Array, from?: string): void;
  /** The caller pressed a key of the telephone. */
  pressed(tone: string): void;
  /** The caller typed a text: one line of at least one character. A mode without this takes no text. */
  typed?(text: string): void;
  /** ACS has heard this itself and put it into words. A mode without this has no use for it. */
  transcribed?(phrase: ServiceTranscript): void;
  /** Makes the agent be quiet, if it speaks. */
  interrupt(): void;
  /** Something has happened in the call that the agent must know, or speak of. A mode without this says nothing of it. */
  told?(news: CallNews): void;
  /** Whom it attends to from now on. A mode without this always hears the line. */
  attend?(to: Attention): void;
  /** Ends it, and all that it opened. Idempotent. Its last event is `ended`, by its own decision or by this. */
  close(reason: string): void;
}

/** All that a mode may touch of its session. */
export interface ModeHost {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the mode tells what happens. */
  readonly events: SessionEmitter;
  /** Where the agent's voice goes, at the kind's rate. */
  readonly line: ModeLine;
  readonly agent: Responder;
  readonly agentName: string;
  /** What was said before, in a session that is taken up again. */
  readonly history: readonly HistoryItem[];
  /** The number of the last turn of the session so far: turns are counted on from there, whoever holds it. */
  readonly turns: number;
  readonly facts: SessionFacts;
  /** Does something with the call, of which {@link Mode.told} tells what came. Without it the agent cannot. */
  readonly act?: ((action: CallAction) => void) | undefined;
  /** When the session began, in milliseconds since 1970; the same for every host that holds it. */
  readonly beganAtMs: number;
  /** Keeps what reaches the mode, where the call is recorded. A mode that cannot be played again has no use for it. */
  readonly inputs?: InputSink | undefined;
  /** Is told what the mode uses of services that are paid for. */
  readonly recorder?: Recorder | undefined;
}

/** A kind of mode, by its name in `session.mode`. */
export interface ModeKind {
  /** The mode answers callers, and so keeps the promise that nobody waits in silence. One that does not says so here. */
  readonly answers: boolean;
  /**
   * The rate of the PCM16 mono that the mode hears and speaks, in Hz. The transport changes it where the line's differs,
   * and touches nothing where they agree.
   */
  readonly rateHz: AudioRate;
  open(host: ModeHost): Mode;
}

/** The modes of a process, by name. */
export type Modes = Readonly<Record<string, ModeKind>>;
