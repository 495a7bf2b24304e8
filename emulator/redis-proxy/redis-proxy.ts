import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock } from '../../shared/clock.ts';
import { ConfigError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { AccessTokens } from '../identity/access-tokens.ts';
import { ProxiedConnection } from './proxied-connection.ts';

export interface RedisProxyOptions {
  /** `redis://host:port` of a Redis that asks for no password. */
  readonly upstreamUrl: string;
  readonly tokens: AccessTokens;
  /** Key and certificate, PEM. Without them it speaks in the clear. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly clock: Clock;
  readonly log: Logger;
}

/** Stands before a Redis and makes of it what Azure Managed Redis is: Entra only, and no connection outlives its token. */
export class RedisProxy {
  readonly #options: RedisProxyOptions;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  readonly #counts = { authenticated: 0, renewed: 0, refused: 0, cut: 0, closed: 0 };

  constructor(options: RedisProxyOptions) {
    this.#options = options;
    const { tls } = options;
    this.#server = tls
      ? createTlsServer(tls, (socket) => this.#serve(socket))
      : createServer((socket) => this.#serve(socket));
    // A handshake that fails is the client's business.
    this.#server.on('tlsClientError', () => {});
  }

  /** Connections now, and since the start: those that proved themselves, each renewal, proofs refused, connections cut. */
  get status() {
    const { closed: _, ...counts } = this.#counts;
    return { connections: this.#connections.size, ...counts };
  }

  /**
   * @param port 0 for any that is free
   * @returns the port
   * @throws {ConfigError} where it is taken
   */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        reject(
          new ConfigError(`Port ${port} cannot be used (${error.message}). Set EMULATOR_REDIS_PORT to another one.`),
        );
      });
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address ? address.port : port);
      });
    });
  }

  /** Cuts every connection. Idempotent. */
  async close(): Promise<void> {
    for (const connection of this.#connections) connection.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(client: Socket): void {
    const { upstreamUrl, tokens, clock, log } = this.#options;
    const { hostname, port } = new URL(upstreamUrl);
    const connection: ProxiedConnection = new ProxiedConnection({
      ...{ client, tokens, clock },
      upstream: connect(Number(port) || 6379, hostname.replace(/^\[|\]$/g, '')),
      onEvent: (event) => {
        this.#counts[event] += 1;
        if (event === 'closed') this.#connections.delete(connection);
        if (event === 'refused') log.warn('a client of Redis showed no token of its identity, or one that has expired');
        if (event === 'cut') log.info('a connection to Redis is cut: its token has run out');
      },
    });
    this.#connections.add(connection);
  }
}
