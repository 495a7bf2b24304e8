import createClient, { type Client } from 'openapi-fetch';
import type { Paths } from './paths.ts';
import { RelayWatch, type RelayWatchOptions } from './relay-watch.ts';

export interface ParleyClientOptions {
  /** Where the API is: `http(s)://host:port`. The stream host's where it hands on to the functions, else the functions'. */
  readonly baseUrl: string;
  /** The stream host's address, for what is watched; `baseUrl` where nothing is said. */
  readonly streamHostUrl?: string;
  /** A function key, where API_AUTH is `key`. */
  readonly key?: string | undefined;
  /** Gives a token of Entra for each request, where API_AUTH is `entra`; undefined where none is needed yet. */
  readonly token?: (() => Promise<string | undefined>) | undefined;
  /** How long an answer may take: 30 s where nothing is said. */
  readonly timeoutMs?: number;
}

export type { RelayMessage } from '../protocol/relay.ts';
export type { Paths } from './paths.ts';
export type WatchOptions = Omit<RelayWatchOptions, 'origin' | 'ticket'>;

/** The API by its own types: `client.api.POST('/api/v1/calls/initiate', { body: { target_number } })`. */
export class ParleyClient {
  /**
   * A method for each HTTP method, by path. Each resolves with `data`, or with `error`, whose `code` is one that the
   * reference names; it rejects only where nobody answers, or not in time.
   */
  readonly api: Client<Paths>;
  readonly #options: ParleyClientOptions;

  constructor(options: ParleyClientOptions) {
    this.#options = options;
    const { baseUrl, key, token, timeoutMs = 30_000 } = options;
    this.api = createClient<Paths>({
      baseUrl,
      fetch: (request) => fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]) }),
    });
    this.api.use({
      onRequest: async ({ request }) => {
        if (key !== undefined) request.headers.set('x-functions-key', key);
        const bearer = await token?.();
        if (bearer !== undefined) request.headers.set('authorization', `Bearer ${bearer}`);
        return request;
      },
    });
  }

  /**
   * Watches what is said and done in a session or a call, by a ticket of its own. A watch that is begun before the call is
   * placed misses nothing: give its `browser_session_id` in the call's context.
   */
  watch(options: WatchOptions): RelayWatch {
    const { baseUrl, streamHostUrl = baseUrl } = this.#options;
    const { session_id, call_connection_id } = options;
    return new RelayWatch({
      ...options,
      origin: streamHostUrl,
      ticket: async () => {
        const { data, error } = await this.api.POST('/api/v1/tickets', {
          body: {
            kind: 'dashboard',
            ...(session_id !== undefined && { session_id }),
            ...(call_connection_id !== undefined && { call_connection_id }),
          },
        });
        if (data === undefined) throw new Error(error.error.message);
        return data.ticket;
      },
    });
  }
}
