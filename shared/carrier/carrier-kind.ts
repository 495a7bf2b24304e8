import type { TokenCredential } from '@azure/identity';
import type { Clock } from '../clock.ts';
import type { SharedSettings } from '../settings/shared-settings.ts';
import type { Carrier } from './carrier.ts';
import type { LineFormat } from './line-format.ts';

/** A carrier, as both halves take it up. Another one is another folder beside `acs/`, and the one line of `carriers.ts`. */
export interface CarrierKind {
  /** How it is called in names that we store and show, such as `acs`. */
  readonly name: string;
  /** @throws {ConfigError} where the settings do not say how to reach it */
  open(options: CarrierOptions): Carrier;
  /** Checks who sends events and opens media sockets. */
  openProof(settings: SharedSettings, clock: Clock): CarrierProof;
  readonly line: LineFormat;
  /** The header by which a media socket names its call, where it does. It always names the session that we wrote into its address. */
  readonly callIdHeader?: string;
}

export interface CarrierOptions {
  readonly settings: SharedSettings;
  readonly credential: TokenCredential;
  /** Where the carrier reaches the functions, with prefix: `https://…/api/v1`. */
  readonly callbackBase: string;
  /** Where it reaches the stream host's sockets, with prefix: `wss://…/api/v1`. */
  readonly mediaBase: string;
  /** The Azure AI resource by which it hears, where it shall. */
  readonly speechEndpoint?: string | undefined;
  /** Is around each request, to see how it goes. */
  readonly watch?: WatchRequest | undefined;
}

/** What is asked of a carrier, and where. */
export interface WatchedRequest {
  /** Of few values, such as `answer_the_call`. */
  readonly operation: string;
  readonly url: string;
}

export type WatchRequest = <Result>(what: WatchedRequest, request: () => Promise<Result>) => Promise<Result>;

/** The value of a header, by its name in lower case. */
export type HeaderReader = (name: string) => string | null | undefined;

export interface CarrierProof {
  /**
   * @throws {ParleyError} the sender has not proved to be the carrier
   * @throws {DependencyError} `auth.keys-unavailable`: nothing can be said yet
   */
  admit(header: HeaderReader, use: 'callback' | 'socket'): Promise<unknown>;
  /** Resolves when senders can be checked. @throws {DependencyError} `auth.keys-unavailable` */
  ready(): Promise<void>;
  /** Whether senders can be checked, if by old keys. */
  readonly hasKeys: boolean;
  /** Fetches anew what senders are checked by. @throws {KeysUnavailable} */
  refetch(): Promise<void>;
}
