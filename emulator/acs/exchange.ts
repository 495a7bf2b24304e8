import { randomBytes, randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { isTeams } from '../../shared/carrier/party-id.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import type { Fetch } from '../disturbances/disturbed-fetch.ts';
import type { GridEvent } from '../event-grid/envelope.ts';
import { incomingCallEvents } from '../event-grid/incoming-call-event.ts';
import type { GridSubscription } from '../event-grid/subscription.ts';
import type { Faults } from '../faults.ts';
import type { DialledCall, PhoneLine } from '../phone/phone-line.ts';
import type { PhoneNetwork } from '../phone/phone-network.ts';
import { callNotFound, invalidArgument } from './acs-error.ts';
import { Call, type CallIds, type CallOptions } from './call.ts';
import { CALL_ENDS } from './call-state.ts';
import { CallbackQueue } from './callback-queue.ts';
import { type CommunicationIdentifier, rawIdOf, userIdentifier } from './identifiers.ts';
import { IncomingCall, type Unanswered } from './incoming-call.ts';
import type { Pacer } from './pacer.ts';
import { phoneOf } from './participant-operations.ts';
import { Parties } from './parties.ts';
import { Recordings } from './recordings.ts';
import type {
  answerRequest,
  createRequest,
  MediaStreamingOptions,
  redirectRequest,
  rejectRequest,
  TranscriptionOptions,
} from './requests.ts';
import { MEDIA_TOKEN_SECONDS, type TokenIssuer } from './token-issuer.ts';
import type { Listen } from './transcription-subscription.ts';

/** What the emulator waits for when it stops: callbacks that say that the calls are over. */
const LAST_CALLBACKS_MS = 1_000;
const MAX_ENDED_OFFERS = 1_000;
/** Calls that are over and whose events can still be sent to order. */
const MAX_ENDED_CALLS = 1_000;

const REJECTIONS: Readonly<Record<z.output<typeof rejectRequest>['callRejectReason'], Unanswered>> = {
  none: { code: 603, reason: 'The application declined the call.' },
  busy: { code: 486, reason: 'The application is busy.' },
  forbidden: { code: 403, reason: 'The application does not take calls from this number.' },
};

export interface ExchangeOptions {
  readonly network: PhoneNetwork;
  readonly subscription: GridSubscription;
  /** What the service hears with, where it is asked for a transcription. */
  readonly listen?: Listen;
  readonly faults: Faults;
  /** How the application is asked. */
  readonly fetch?: Fetch | undefined;
  /** What fails while somebody calls who wants to hear it. */
  readonly disturbances?: Disturbances | undefined;
  /** Where recordings are written. */
  readonly recordingsFolder?: string | undefined;
  readonly tokens: TokenIssuer;
  readonly pacer: Pacer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resourceId: string;
  /** How long a phone rings, and how long a caller waits for the application. */
  readonly ringTimeoutMs: number;
  /** How long a callback is tried. */
  readonly callbackTimeoutMs: number;
}

/**
 * Where phones and the application meet: every number without a phone belongs to the application, calls to it are
 * offered through Event Grid, and its own calls ring the phones.
 */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #application: CommunicationIdentifier;
  /** By incoming call context. */
  readonly #offers = new Map<string, IncomingCall>();
  readonly #endedOffers = new Set<string>();
  /** By call-connection id. */
  readonly #calls = new Map<string, Call>();
  /** By call-connection id; also of calls that are over. */
  readonly #callbacks = new Map<string, CallbackQueue>();
  readonly #talking = new Set<Parties>();
  readonly recordings: Recordings;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#application = userIdentifier(`8:acs:${options.resourceId}_parley`);
    this.recordings = new Recordings({
      folder: options.recordingsFolder,
      faults: options.faults,
      log: options.log,
      findCall: (id) =>
        'callConnectionId' in id ? this.find(id.callConnectionId) : this.#findOnServer(id.serverCallId),
      announce: (event) => void options.subscription.deliver(event, AbortSignal.timeout(options.callbackTimeoutMs)),
    });
    options.network.events.on('dial', (line, call) => this.#dial(line, call));
  }

  /** Calls by the state that they are in. */
  get status(): { readonly offered: number; readonly calls: number; readonly phones: number } {
    return { offered: this.#offers.size, calls: this.#calls.size, phones: this.#options.network.size };
  }

  /** @throws {AcsError} when there is no such call (any more) */
  find(callConnectionId: string): Call {
    const call = this.#calls.get(callConnectionId);
    if (!call) throw callNotFound();
    return call;
  }

  /** The events of a call, also of one that was over a while ago; undefined for one that nobody knows. */
  callbacksOf(callConnectionId: string): CallbackQueue | undefined {
    return this.#callbacks.get(callConnectionId);
  }

  /** By call-connection id. */
  get calls(): ReadonlyMap<string, Call> {
    return this.#calls;
  }

  /**
   * Takes an incoming call. `connect` is for after the answer is on its way.
   * @throws {AcsError} when it is unknown, over, or taken already
   */
  async answer(request: z.output<typeof answerRequest>): Promise<{ call: Call; connect: () => void }> {
    const token = await this.#options.tokens.sign(MEDIA_TOKEN_SECONDS);
    const offer = this.#offer(request.incomingCallContext);
    const numbers = { phoneNumber: offer.line.number, applicationNumber: offer.dialled.to };
    const call = this.#open({ direction: 'inbound', ids: offer.ids, ...numbers }, request, token);
    const connect = call.take(offer);
    if (!connect) {
      this.#calls.delete(call.ids.callConnectionId);
      throw callNotFound();
    }
    return { call, connect };
  }

  /** Passes an incoming call on, which then is none of the application's. @throws {AcsError} as {@link answer} does */
  redirect({ incomingCallContext, target }: z.output<typeof redirectRequest>): () => void {
    const offer = this.#offer(incomingCallContext);
    // "Redirect" is not there for calls that are answered on behalf of a Teams account.
    if (isTeams(offer.dialled.to)) throw invalidArgument('A call to a Teams resource account cannot be redirected.');
    const number = phoneOf(target);
    const findPhone = (wanted: string) => this.#options.network.reach(wanted);
    const { callConnectionId } = offer.ids;
    const parties = new Parties({ ...this.#options, findPhone, callConnectionId, talking: this.#talking });
    const caller = parties.expect(offer.line, () => parties.close(CALL_ENDS.phoneHungUp));
    if (!offer.take(caller)) throw callNotFound();
    return () => {
      parties.ring(number, { from: caller.phone.number }, (outcome) => {
        if ('end' in outcome) return parties.drop(caller, outcome.end);
        parties.join(outcome.party);
        parties.join(caller);
      });
    };
  }

  /** @throws {AcsError} as {@link answer} does */
  reject(request: z.output<typeof rejectRequest>): void {
    this.#offer(request.incomingCallContext).fail(REJECTIONS[request.callRejectReason]);
  }

  /**
   * Calls a phone. `ring` is for after the answer is on its way; whether the phone is there shows then, as with ACS.
   * @throws {AcsError} when the target is no phone number
   */
  async create(request: z.output<typeof createRequest>): Promise<{ call: Call; ring: () => void }> {
    const token = await this.#options.tokens.sign(MEDIA_TOKEN_SECONDS);
    const [target] = request.targets;
    const number = phoneOf((target && rawIdOf(target)) ?? '');
    const numbers = { phoneNumber: number, applicationNumber: request.from };
    const call = this.#open({ direction: 'outbound', ids: newIds(), ...numbers }, request, token);
    return { call, ring: () => call.ring() };
  }

  /** Ends every call, lets the last callbacks go for a moment, and closes. */
  async close(): Promise<void> {
    for (const offer of this.#offers.values()) offer.fail({ code: 503, reason: 'The emulator was stopped.' });
    for (const call of this.#calls.values()) call.close();
    for (const parties of this.#talking) parties.close(CALL_ENDS.serviceStopped);
    const released = () => Promise.all([...this.#callbacks.values()].map((callbacks) => callbacks.drained()));
    const deadline = new Promise((resolve) => setTimeout(resolve, LAST_CALLBACKS_MS).unref());
    await Promise.race([this.#allReleased().then(released), deadline]);
    for (const callbacks of this.#callbacks.values()) callbacks.close();
  }

  #dial(line: PhoneLine, dialled: DialledCall): void {
    const { clock, log, network, ringTimeoutMs } = this.#options;
    if (network.find(dialled.to)) {
      const message = 'There is another phone at that number; dial one that has none, and the application answers.';
      line.send({ type: 'refused', code: 'phone.not_the_application', message });
      return;
    }
    const ids = newIds();
    // A call through Teams is announced twice, each time with another context.
    const [context, otherContext] = [newContext(), newContext()];
    const callLog = log.child({ call: ids.callConnectionId });
    const offer = new IncomingCall({
      ids,
      context,
      line,
      dialled,
      clock,
      log: callLog,
      ringTimeoutMs,
      onOver: () => {
        this.#forgetOffer(context);
        if (isTeams(dialled.to)) this.#forgetOffer(otherContext);
      },
    });
    if (!line.seize(offer)) return;
    this.#offers.set(context, offer);
    if (isTeams(dialled.to)) this.#offers.set(otherContext, offer);
    line.send({ type: 'dialling', correlationId: ids.correlationId });
    void this.#announce(offer, otherContext, callLog);
  }

  async #announce(offer: IncomingCall, otherContext: string, log: Logger): Promise<void> {
    const call = { ...offer.ids, from: offer.line.number, ...offer.dialled, incomingCallContext: offer.context };
    const events = incomingCallEvents(call, this.#application, otherContext);
    await Promise.all(events.map((event) => this.#deliver(event, offer, log)));
  }

  async #deliver(event: GridEvent, offer: IncomingCall, log: Logger): Promise<void> {
    log.info({ event: event.id }, 'IncomingCall offered to the webhook');
    const delivery = await this.#options.subscription.deliver(event, offer.over);
    if (delivery.delivered) return log.debug({ event: event.id }, 'IncomingCall delivered');
    if (offer.over.aborted) return;
    log.warn({ problem: delivery.problem }, 'IncomingCall could not be delivered');
    const how = delivery.refused ? 'The functions refused the call' : 'The functions could not be told of the call';
    offer.fail({ code: 480, reason: `${how}: ${delivery.problem}` });
  }

  #offer(context: string): IncomingCall {
    const offer = this.#offers.get(context);
    if (offer) return offer;
    if (this.#endedOffers.has(context)) throw callNotFound();
    throw invalidArgument('Invalid incomingCallContext.');
  }

  #findOnServer(serverCallId: string): Call {
    const call = [...this.#calls.values()].find(({ ids }) => ids.serverCallId === serverCallId);
    if (!call) throw callNotFound();
    return call;
  }

  #forgetOffer(context: string): void {
    this.#offers.delete(context);
    this.#endedOffers.add(context);
    const [oldest] = this.#endedOffers;
    if (this.#endedOffers.size > MAX_ENDED_OFFERS && oldest !== undefined) this.#endedOffers.delete(oldest);
  }

  #open(
    parties: Pick<CallOptions, 'direction' | 'ids' | 'phoneNumber' | 'applicationNumber'>,
    request: {
      callbackUri: string;
      operationContext?: string | undefined;
      mediaStreamingOptions?: MediaStreamingOptions | undefined;
      transcriptionOptions?: TranscriptionOptions | undefined;
    },
    mediaToken: string,
  ): Call {
    const { clock, pacer, tokens, faults, fetch, callbackTimeoutMs, ringTimeoutMs, network } = this.#options;
    const { callbackUri, operationContext, mediaStreamingOptions, transcriptionOptions } = request;
    const { ids } = parties;
    const log = this.#options.log.child({ call: ids.callConnectionId });
    const queue = { callbackUri, ids, tokens, faults, fetch, clock, log, giveUpAfterMs: callbackTimeoutMs };
    const callbacks = new CallbackQueue(queue);
    this.#callbacks.set(ids.callConnectionId, callbacks);
    const call = new Call({
      ...parties,
      application: this.#application,
      callbackUri,
      operationContext,
      media: mediaStreamingOptions && { ...mediaStreamingOptions, subscriptionId: randomUUID(), token: mediaToken },
      transcription: transcriptionOptions && {
        request: transcriptionOptions,
        subscriptionId: randomUUID(),
        token: mediaToken,
        listen: this.#options.listen,
      },
      callbacks,
      pacer,
      clock,
      log,
      ringTimeoutMs,
      talking: this.#talking,
      lossNoticedAfterMs: () => faults.take('acs.media_loss')?.ms ?? 0,
      disturbances: this.#options.disturbances,
      findPhone: (number) => network.reach(number),
      onReleased: () => {
        this.#calls.delete(ids.callConnectionId);
        this.#forgetOldestCallbacks();
      },
    });
    this.#calls.set(ids.callConnectionId, call);
    return call;
  }

  #forgetOldestCallbacks(): void {
    const over = [...this.#callbacks.keys()].filter((id) => !this.#calls.has(id));
    for (const id of over.slice(0, Math.max(0, over.length - MAX_ENDED_CALLS))) this.#callbacks.delete(id);
  }

  async #allReleased(): Promise<void> {
    while (this.#calls.size > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const newContext = (): string => randomBytes(192).toString('base64url');

const newIds = (): CallIds => ({
  callConnectionId: randomUUID(),
  serverCallId: Buffer.from(`https://emulator.local/call/${randomUUID()}`).toString('base64'),
  correlationId: randomUUID(),
});
