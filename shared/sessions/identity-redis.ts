import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import { messageOf } from '../errors.ts';
import { objectIdOf } from '../identity/object-id.ts';
import type { TokenSource } from '../identity/token-source.ts';
import type { Logger } from '../log.ts';

/** Of a connection that is ended from here; then it is destroyed. */
const CLOSE_WITHIN_MS = 2_000;

/** Answers are of one shape in RESP 2 and 3. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

export interface IdentityRedisOptions {
  readonly url: string;
  readonly options: ClientOptions;
  readonly tokens: TokenSource;
  readonly log: Logger;
}

/**
 * A connection to a Redis that knows Entra: its user is the object id of our identity, its password a token. Azure cuts a
 * connection whose token has run out, so each renewed token is shown on the live connection, and whoever connects again
 * does so with the newest. Duplicates do the same.
 *
 * A connection that speaks RESP 2 and is subscribed takes no AUTH; such a one connects anew in its place. (ioredis speaks
 * RESP 3 where the server does, as Redis has since 6.)
 */
export class IdentityRedis extends Redis {
  readonly #given: IdentityRedisOptions;
  readonly #stopListening: () => void;
  /** What the server knows us by. */
  #shown: string | undefined;

  constructor(given: IdentityRedisOptions) {
    const Connector = connectorAfter(() => this.#prepare());
    super(given.url, { ...given.options, Connector, lazyConnect: true });
    this.#given = given;
    this.#stopListening = given.tokens.onRenewed(() => this.#showNewest());
    // A token that was renewed while the connection was being made.
    this.on('ready', () => this.#showNewest());
    // Told as events, to whoever listens for them.
    this.connect().catch(() => undefined);
  }

  override duplicate(override: ClientOptions = {}): Redis {
    return new IdentityRedis({ ...this.#given, options: { ...this.#given.options, ...override } });
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#stopListening();
    super.disconnect(reconnect);
  }

  /** Before each connection. Without a token Redis refuses us, and it is tried again. @returns where to connect to */
  async #prepare(): Promise<RedisOptions> {
    const { tokens, log } = this.#given;
    try {
      const { token } = await tokens.get();
      const user = objectIdOf(token);
      if (this.condition) this.condition.auth = [user, token];
      this.#shown = token;
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'Redis is shown no token');
    }
    return this.options;
  }

  #showNewest(): void {
    const { tokens, log } = this.#given;
    const token = tokens.current?.token;
    if (token === undefined || token === this.#shown || this.status !== 'ready') return;
    if (this.mode === 'subscriber') {
      this.disconnect(true);
      return;
    }
    this.#shown = token;
    this.auth(objectIdOf(token), token).catch((error: unknown) => {
      // With the connection gone, the next one shows it.
      if (this.status === 'ready') log.error({ reason: messageOf(error) }, 'Redis did not take a renewed token');
    });
  }
}

/** Connects as ioredis does by itself, once something is done. */
function connectorAfter(prepare: () => Promise<RedisOptions>) {
  return class extends AbstractConnector {
    constructor() {
      super(CLOSE_WITHIN_MS);
    }

    override async connect(): Promise<Socket> {
      this.connecting = true;
      const { host = 'localhost', port = 6379, family = 0, tls } = await prepare();
      if (!this.connecting) throw new Error('The connection was closed.');
      const address = { host, port, family };
      this.stream = tls ? connectTls({ ...address, ...tls }) : connectTcp(address);
      this.stream.once('error', (error) => {
        this.firstError = error;
      });
      return this.stream;
    }
  };
}
