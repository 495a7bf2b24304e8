import {
  type AnswerCallResult,
  CallAutomationClient,
  type CallAutomationClientOptions,
  type CreateCallResult,
  type MediaStreamingOptions,
  type TranscriptionOptions,
} from '@azure/communication-call-automation';
import type { TokenCredential } from '@azure/identity';
import { ConfigError } from '../errors.ts';
import type { AcsWords, LineMedia } from '../modes/line-media.ts';
import { CallControlError, callControlErrorOf } from './call-control-error.ts';

/**
 * How ACS knows us: by its connection string, `endpoint=https://…;accesskey=…` (plain http is for the emulator: ACS itself
 * has none), or at an address, over TLS only, by tokens of an identity.
 */
export type AcsAccess =
  | { readonly connectionString: string }
  | { readonly endpoint: string; readonly credential: TokenCredential };

/** @throws {ConfigError} where the settings name neither or both */
export function acsAccessOf(
  settings: { readonly ACS_CONNECTION_STRING?: string | undefined; readonly ACS_ENDPOINT?: string | undefined },
  credential: TokenCredential,
): AcsAccess {
  const { ACS_CONNECTION_STRING: connectionString, ACS_ENDPOINT: endpoint } = settings;
  if (connectionString !== undefined && endpoint === undefined) return { connectionString };
  if (endpoint !== undefined && connectionString === undefined) return { endpoint, credential };
  throw new ConfigError('ACS takes ACS_CONNECTION_STRING or ACS_ENDPOINT, one of them.');
}

export interface CallControlOptions {
  readonly access: AcsAccess;
  /** Where ACS reaches the functions, with prefix: `https://…/api/v1`. */
  readonly callbackBase: string;
  /** Where ACS reaches the stream host's sockets, with prefix: `wss://…/api/v1`. */
  readonly mediaBase: string;
  /** The Azure AI resource by which ACS hears, where it shall. */
  readonly speechEndpoint?: string | undefined;
  /** How long one attempt of a request may take. There are up to three. */
  readonly attemptMs?: number;
}

/** A call as ACS knows it from now on. */
export interface CallIds {
  readonly callConnectionId: string;
  readonly serverCallId?: string;
  readonly correlationId?: string;
}

/** `changing`: it is being set up, transferred or ended. */
export type CallState = 'connected' | 'changing' | 'gone';

const ATTEMPT_MS = 5_000;
/** The SDK's own default (three retries from 800 ms) lets a caller ring for seconds after one hiccup. */
const RETRIES = { maxRetries: 2, retryDelayInMs: 100, maxRetryDelayInMs: 1_000 };

/**
 * What Parley asks of ACS. Every request is bounded and every failure is a {@link CallControlError}, of which
 * `transient` says whether asking again can help.
 */
export class CallControl {
  readonly #client: CallAutomationClient;
  readonly #callbackBase: string;
  readonly #mediaBase: string;
  readonly #speechEndpoint: string | undefined;

  constructor(options: CallControlOptions) {
    this.#client = clientOf(options.access, options.attemptMs ?? ATTEMPT_MS);
    this.#callbackBase = options.callbackBase;
    this.#mediaBase = options.mediaBase;
    this.#speechEndpoint = options.speechEndpoint;
  }

  /** Answers an incoming call, with its media socket and callbacks bound to the session. */
  async answer(incomingCallContext: string, sessionId: string, media: LineMedia): Promise<CallIds> {
    return attempt('answer the call', async () =>
      callIdsOf(await this.#client.answerCall(incomingCallContext, ...this.#bound(sessionId, media))),
    );
  }

  /** Turns an incoming call away; the caller hears the busy signal. */
  async rejectAsBusy(incomingCallContext: string): Promise<void> {
    await attempt('reject the call', () => this.#client.rejectCall(incomingCallContext, { callRejectReason: 'busy' }));
  }

  /** Calls a phone number. Both numbers are E.164. */
  async place(target: string, source: string, sessionId: string, media: LineMedia): Promise<CallIds> {
    const whom = { targetParticipant: { phoneNumber: target }, sourceCallIdNumber: { phoneNumber: source } };
    return attempt('place the call', async () =>
      callIdsOf(await this.#client.createCall(whom, ...this.#bound(sessionId, media))),
    );
  }

  /** Ends the call for everybody in it. */
  async hangUp(callConnectionId: string): Promise<void> {
    await attempt('hang up', () => this.#client.getCallConnection(callConnectionId).hangUp(true));
  }

  /** How the call stands, as ACS sees it. `gone`: it does not know it (any more). */
  async state(callConnectionId: string): Promise<CallState> {
    try {
      return await attempt('tell how the call stands', async () => {
        const connection = this.#client.getCallConnection(callConnectionId);
        const { callConnectionState } = await connection.getCallConnectionProperties();
        if (callConnectionState === 'connected') return 'connected';
        return callConnectionState === 'disconnected' ? 'gone' : 'changing';
      });
    } catch (error) {
      if (error instanceof CallControlError && error.code === 'acs.call-gone') return 'gone';
      throw error;
    }
  }

  /**
   * Ends the call for everybody in it, or finds that it is over already.
   * @returns whether there still was a call to end
   */
  async end(callConnectionId: string): Promise<boolean> {
    try {
      await this.hangUp(callConnectionId);
      return true;
    } catch (error) {
      if (error instanceof CallControlError && error.code === 'acs.call-gone') return false;
      throw error;
    }
  }

  /**
   * Has ACS close the call's media socket, where it has one open: whoever is at its other end may say nothing any more.
   * @returns whether it had one
   */
  async stopMediaStreaming(callConnectionId: string): Promise<boolean> {
    return attempt('stop media streaming', async () => {
      const connection = this.#client.getCallConnection(callConnectionId);
      const { mediaStreamingSubscription } = await connection.getCallConnectionProperties();
      if (mediaStreamingSubscription?.state !== 'active') return false;
      await connection.getCallMedia().stopMediaStreaming();
      return true;
    });
  }

  /** Asks ACS to open the media socket again, after it was reported as stopped or failed, or was stopped by us. */
  async startMediaStreaming(callConnectionId: string, operationContext: string): Promise<void> {
    await attempt('start media streaming', () =>
      this.#client.getCallConnection(callConnectionId).getCallMedia().startMediaStreaming({ operationContext }),
    );
  }

  /**
   * Asks ACS to put the call into words, on the socket that was named when the call began.
   * @throws {CallControlError} `acs.refused` where none was, or it does so already
   */
  async startTranscription(callConnectionId: string, operationContext: string): Promise<void> {
    await attempt('start the transcription', () =>
      this.#client.getCallConnection(callConnectionId).getCallMedia().startTranscription({ operationContext }),
    );
  }

  /** Callback address and options of a call that is the session's. */
  #bound(sessionId: string, { words, ...media }: LineMedia) {
    const mediaStreamingOptions: MediaStreamingOptions = {
      transportType: 'websocket',
      transportUrl: `${this.#mediaBase}/media/stream?session_id=${sessionId}`,
      contentType: 'audio',
      ...media,
      startMediaStreaming: true,
      enableBidirectional: true,
      enableDtmfTones: true,
    };
    const callbackUrl = `${this.#callbackBase}/calls/callbacks/${sessionId}`;
    const options = { operationContext: sessionId, mediaStreamingOptions, ...this.#words(sessionId, words) };
    return [callbackUrl, options] as const;
  }

  /** What ACS puts into words itself, and where it sends them. */
  #words(sessionId: string, words: AcsWords | undefined) {
    if (words === undefined) return {};
    const transcriptionOptions: TranscriptionOptions = {
      transportType: 'websocket',
      transportUrl: `${this.#mediaBase}/media/transcription?session_id=${sessionId}`,
      locale: words.locale,
      startTranscription: words.starts,
      enableIntermediateResults: true,
    };
    const cognitiveServicesEndpoint = this.#speechEndpoint;
    if (cognitiveServicesEndpoint === undefined) return { transcriptionOptions };
    return { transcriptionOptions, callIntelligenceOptions: { cognitiveServicesEndpoint } };
  }
}

function clientOf(access: AcsAccess, attemptMs: number): CallAutomationClient {
  const options: CallAutomationClientOptions = {
    retryOptions: RETRIES,
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          // The pipeline has no time limit of its own, and several operations ignore `abortSignal`.
          name: 'bounded-attempt',
          sendRequest(request, next) {
            request.timeout = attemptMs;
            return next(request);
          },
        },
      },
    ],
  };
  if ('endpoint' in access) return new CallAutomationClient(access.endpoint, access.credential, options);
  const allowInsecureConnection = /endpoint=http:/i.test(access.connectionString);
  return new CallAutomationClient(access.connectionString, { ...options, allowInsecureConnection });
}

function callIdsOf({ callConnectionProperties }: AnswerCallResult | CreateCallResult): CallIds {
  const { callConnectionId, serverCallId, correlationId } = callConnectionProperties;
  // The SDK has thrown already where the id is missing (a string, at that), but its type does not say so.
  if (callConnectionId === undefined) throw new TypeError('ACS named no call connection');
  return {
    callConnectionId,
    ...(serverCallId !== undefined && { serverCallId }),
    ...(correlationId !== undefined && { correlationId }),
  };
}

async function attempt<Result>(what: string, request: () => Promise<Result>): Promise<Result> {
  try {
    return await request();
  } catch (thrown) {
    throw callControlErrorOf(what, thrown);
  }
}
