import type { Announcement, IncomingCall } from './announcement.ts';
import type { CallEvent, Participant, RecordingState } from './call-events.ts';
import type { LineMedia } from './line-media.ts';

/** A call as the carrier knows it from now on. */
export interface CallIds {
  /** The carrier's id of the call. */
  readonly callConnectionId: string;
  readonly serverCallId?: string;
  readonly correlationId?: string;
}

/** `changing`: it is being set up, transferred or ended. */
export type CallState = 'connected' | 'changing' | 'gone';

/** Somebody who can be called, transferred to, or be in a call: E.164, or a raw id of the carrier. Private: never into a log. */
export type PartyId = string;

/**
 * What not every carrier can do; the rest every one can. `listen-for-keys`: tells which keys are pressed, beside the media
 * stream. `transcribe`: puts calls into words itself. `restart-media`: closes the media socket of a standing call, and
 * opens another.
 */
export const ALL_CAPABILITIES = [
  'redirect',
  'transfer',
  'participants',
  'mute',
  'hold',
  'send-keys',
  'listen-for-keys',
  'play',
  'recording',
  'pause-recording',
  'transcribe',
  'restart-media',
] as const;
export type Capability = (typeof ALL_CAPABILITIES)[number];

/**
 * All that Parley asks of whoever carries calls. Every request is bounded in time; every failure is a `CarrierError`. What
 * the carrier has no means for is refused as `carrier.not-supported`. Operations that end later carry our
 * `operationContext`, which comes back in the event that tells how they ended.
 */
export interface Carrier {
  /** How the carrier is called in names that we store and show, such as `acs`. */
  readonly name: string;
  readonly capabilities: ReadonlySet<Capability>;

  /** Answers an incoming call, with its media socket and events bound to the session. `ticket`: from the announcement. */
  answer(ticket: string, sessionId: string, media: LineMedia): Promise<CallIds>;
  /** Turns an incoming call away; busy is what the caller then hears. */
  reject(ticket: string, reason?: 'busy' | 'forbidden'): Promise<void>;
  /** Passes an incoming call on to somebody else, unanswered. @throws {CarrierError} `not-supported` where it cannot be */
  redirect(call: Pick<IncomingCall, 'ticket' | 'redirectable'>, target: PartyId): Promise<void>;
  /** Calls somebody. `source`: what he sees; of a Teams resource account, its call goes through Teams Phone. */
  place(target: PartyId, source: PartyId, sessionId: string, media: LineMedia): Promise<CallIds>;

  /** Ends the call for everybody in it, or leaves it to the others. */
  hangUp(callId: string, who?: 'everybody' | 'us'): Promise<void>;
  /**
   * Ends the call for everybody in it, or finds that it is over already.
   * @returns whether there still was a call to end
   */
  end(callId: string): Promise<boolean>;
  /** How the call stands, as the carrier sees it. `gone`: it does not know it (any more). */
  state(callId: string): Promise<CallState>;

  /** Hands the call to somebody else. Where it succeeds, our leg is gone with it. */
  transfer(callId: string, wish: TransferWish): Promise<void>;
  /** Rings somebody, who comes into the call where he answers. */
  addParticipant(callId: string, wish: AddWish): Promise<void>;
  removeParticipant(callId: string, participant: PartyId, operationContext: string): Promise<void>;
  /** Nobody hears him any more. There is no way back but removing and adding him. */
  mute(callId: string, participant: PartyId, operationContext: string): Promise<void>;
  /** He neither hears nor is heard. Only a failure is told by an event. */
  hold(callId: string, participant: PartyId, operationContext: string): Promise<void>;
  unhold(callId: string, participant: PartyId, operationContext: string): Promise<void>;
  participants(callId: string): Promise<readonly Participant[]>;

  /** Presses keys towards somebody in the call. `keys`: characters of `0-9*#A-D`. */
  sendKeys(callId: string, keys: string, to: PartyId, operationContext: string): Promise<void>;
  /** Tells each key that he presses as an event, until it is stopped. */
  listenForKeys(callId: string, from: PartyId, operationContext: string): Promise<void>;
  stopListeningForKeys(callId: string, from: PartyId, operationContext: string): Promise<void>;

  /** Plays a file, which the carrier can reach at that address, to everybody in the call. */
  play(callId: string, url: string, operationContext: string): Promise<void>;

  startRecording(callId: string, wish: RecordingWish): Promise<{ readonly recordingId: string }>;
  pauseRecording(recordingId: string): Promise<void>;
  resumeRecording(recordingId: string): Promise<void>;
  stopRecording(recordingId: string): Promise<void>;
  recordingState(recordingId: string): Promise<RecordingState>;

  /** Has the carrier open the media socket again, after it was reported as stopped or failed, or was stopped by us. */
  startMedia(callId: string, operationContext: string): Promise<void>;
  /**
   * Has the carrier close the call's media socket, where it has one open: whoever is at its other end may say nothing any
   * more.
   * @returns whether it had one
   */
  stopMedia(callId: string): Promise<boolean>;
  /**
   * Has the carrier put the call into words, on the socket that was named when the call began.
   * @throws {CarrierError} `refused` where none was, or it does so already
   */
  startTranscription(callId: string, operationContext: string): Promise<void>;

  /** One event of a delivery; undefined where it is none. `receivedAtMs` stands in for a missing or unreadable time. */
  readEvent(given: unknown, receivedAtMs: number): CallEvent | undefined;
  /** One event of a delivery that announces calls, by itself. Never throws. */
  readAnnouncement(given: unknown): Promise<Announcement>;
}

export interface TransferWish {
  readonly target: PartyId;
  readonly operationContext: string;
  /** Who is handed on; needed where more than two are in the call. */
  readonly transferee?: PartyId | undefined;
  /** Our number, by which he is called. */
  readonly source?: PartyId | undefined;
}

export interface AddWish {
  readonly target: PartyId;
  readonly operationContext: string;
  /** Our number, which a telephone shows. */
  readonly source?: PartyId | undefined;
  /** How long it rings. */
  readonly ringS?: number | undefined;
}

export interface RecordingWish {
  readonly channels: 'mixed' | 'unmixed';
  readonly format: 'wav' | 'mp3';
  /** A container of ours. Without it the carrier keeps the recording, for as long as it does. */
  readonly containerUrl?: string | undefined;
}
