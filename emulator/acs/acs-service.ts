import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import { disturbedFetch } from '../disturbances/disturbed-fetch.ts';
import type { GridSchema } from '../event-grid/envelope.ts';
import { GridSubscription } from '../event-grid/subscription.ts';
import { Faults } from '../faults.ts';
import type { AccessTokens } from '../identity/access-tokens.ts';
import { PhoneNetwork } from '../phone/phone-network.ts';
import type { Speak } from '../phone/say-service.ts';
import { CallAutomationApi } from './call-automation-api.ts';
import { CallControl } from './call-control.ts';
import { Exchange } from './exchange.ts';
import { Pacer } from './pacer.ts';
import { TokenIssuer } from './token-issuer.ts';
import { TokenService } from './token-service.ts';
import type { Listen } from './transcription-subscription.ts';

export interface AcsServiceOptions {
  /** base64, as in the connection string. Without one no signature is taken. */
  readonly accessKey?: string | undefined;
  /** Who is let in by a token; without it, nobody. */
  readonly accessTokens?: AccessTokens | undefined;
  /** The immutable resource id: the audience of the tokens. */
  readonly resourceId: string;
  readonly tokenIssuer: string;
  /** Where the signing key is kept between starts. Without it, every start has a new key. */
  readonly keyFolder?: string;
  /** Where Event Grid delivers incoming calls. */
  readonly webhookUrl: string;
  readonly gridSchema: GridSchema;
  /** A token of Entra to deliver with, where the subscription names an application. */
  readonly gridToken?: () => string;
  /** A token of Entra for whoever uses the API from this machine. */
  readonly apiToken?: () => string;
  readonly ringTimeoutMs: number;
  readonly callbackTimeoutMs: number;
  /** What calls are heard with, where the application asks for a transcription. */
  readonly listen?: Listen;
  /** A voice for phones that play a script. */
  readonly speak?: Speak;
  /** Where recordings of calls are written; without it, nowhere. */
  readonly recordingsFolder?: string;
  /** What is to fail, to order. */
  readonly faults?: Faults;
  /** What fails while somebody calls who wants to hear it; without it nothing can. */
  readonly disturbances?: Disturbances;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Azure Communication Services, as far as Parley uses it, with the phone network behind it and Event Grid in front. */
export class AcsService {
  readonly #network: PhoneNetwork;
  readonly #subscription: GridSubscription;
  readonly #exchange: Exchange;
  readonly #api: CallAutomationApi;
  readonly #pacer: Pacer;
  readonly #tokens: TokenService;
  readonly #control: CallControl;

  private constructor(options: AcsServiceOptions, tokens: TokenIssuer) {
    const { accessKey, accessTokens, resourceId, clock, log } = options;
    const topic = `/subscriptions/local/resourceGroups/local/providers/Microsoft.Communication/CommunicationServices/${resourceId}`;
    this.#tokens = new TokenService(tokens, options.apiToken, log);
    const faults = options.faults ?? new Faults(log);
    const { disturbances } = options;
    const fetch = disturbances && disturbedFetch(disturbances);
    this.#network = new PhoneNetwork({ log, clock, speak: options.speak, disturbances });
    this.#subscription = new GridSubscription({
      webhookUrl: options.webhookUrl,
      schema: options.gridSchema,
      name: 'parley-incoming-call',
      topic,
      token: options.gridToken,
      fetch,
      clock,
      log,
    });
    this.#pacer = new Pacer(clock, FRAME_MS, (error) => log.error({ error: messageOf(error) }, 'a call missed a beat'));
    this.#exchange = new Exchange({
      ...options,
      network: this.#network,
      subscription: this.#subscription,
      tokens,
      faults,
      fetch,
      disturbances,
      pacer: this.#pacer,
    });
    this.#control = new CallControl(this.#exchange, this.#network);
    this.#api = new CallAutomationApi({
      exchange: this.#exchange,
      tokens,
      accessKey,
      accessTokens,
      faults,
      log,
    });
  }

  /** Loads or makes the signing key. Nothing is sent before {@link start}. */
  static async open(options: AcsServiceOptions): Promise<AcsService> {
    const { tokenIssuer: issuer, resourceId: audience, keyFolder } = options;
    return new AcsService(
      options,
      await TokenIssuer.create({ issuer, audience, ...(keyFolder !== undefined && { folder: keyFolder }) }),
    );
  }

  /** For the page and for whoever looks into a stall. */
  get status() {
    const eventGrid = this.#subscription.active ? 'validated' : 'waiting';
    return { ...this.#exchange.status, eventGrid, skippedBeats: this.#pacer.skippedBeats };
  }

  /** Begins the Event Grid handshake with the webhook. Resolves when it is passed. */
  start(): Promise<void> {
    return this.#subscription.start();
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    return [this.#tokens, this.#control, this.#api].some((service) => service.handle(request, response));
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    return this.#network.handleUpgrade(request, socket, head);
  }

  /** Ends every call and tells both sides of it. */
  async close(): Promise<void> {
    await this.#exchange.close();
    this.#subscription.close();
    this.#network.close();
  }
}
