import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '../shared/errors.ts';
import type { Logger } from '../shared/log.ts';
import { sendError } from './json-http.ts';
import { refusalOf } from './local-door.ts';

/** A service of the emulator. Each method says whether the request was its own; one that was is answered. */
export interface EmulatedService {
  handle?(request: IncomingMessage, response: ServerResponse): boolean;
  handleUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/**
 * One door for all services, over plain HTTP and over TLS alike: some SDKs refuse the one, some the other. It opens to
 * programs and to pages of this machine. No request can end the process: what a service throws is that request's end.
 */
export class EmulatorServer {
  readonly #plain: Server;
  readonly #encrypted: Server;
  readonly #services: EmulatedService[] = [];
  readonly #log: Logger;
  readonly #ownHosts: readonly string[];

  /**
   * @param tls key and certificate, PEM
   * @param ownHosts see {@link refusalOf}
   */
  constructor(tls: { readonly key: string; readonly cert: string }, log: Logger, ownHosts: readonly string[] = []) {
    this.#log = log;
    this.#ownHosts = ownHosts;
    const listener: RequestListener = (request, response) => this.#request(request, response);
    this.#plain = createServer(listener);
    this.#encrypted = createTlsServer(tls, listener);
    for (const server of [this.#plain, this.#encrypted]) {
      server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    }
  }

  /** Adds services. They are asked in the order in which they were added. */
  mount(...services: EmulatedService[]): void {
    this.#services.push(...services);
  }

  /**
   * @param ports 0 for any that is free
   * @returns the ports that it listens on
   * @throws {ConfigError} that names the port which is taken, and its variable
   */
  async listen(host: string, ports: { readonly plain: number; readonly tls: number }) {
    return {
      plain: await listenOn(this.#plain, host, ports.plain, 'EMULATOR_PORT'),
      tls: await listenOn(this.#encrypted, host, ports.tls, 'EMULATOR_TLS_PORT'),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#plain, this.#encrypted].map(closeServer));
  }

  #request(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {});
    const refusal = refusalOf(request, this.#ownHosts);
    if (refusal !== undefined) {
      sendError(response, 403, 'Forbidden', refusal);
      return;
    }
    try {
      if (this.#services.some((service) => service.handle?.(request, response))) return;
      const path = request.url?.split('?')[0];
      sendError(response, 404, 'NotFound', `The emulator has nothing at ${request.method} ${path}.`);
    } catch (error) {
      this.#log.error({ err: error }, 'a request failed');
      if (response.headersSent) response.destroy();
      else sendError(response, 500, 'InternalServerError', 'The emulator failed; its log says why.');
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    try {
      if (refusalOf(request, this.#ownHosts) !== undefined) {
        refuse(socket, '403 Forbidden');
        return;
      }
      if (this.#services.some((service) => service.handleUpgrade?.(request, socket, head))) return;
      refuse(socket, '404 Not Found');
    } catch (error) {
      this.#log.error({ err: error }, 'a socket could not be opened');
      socket.destroy();
    }
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function listenOn(server: Server, host: string, port: number, variable: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const problem = error.code === 'EACCES' ? 'may not be used by this account' : 'is taken by another program';
      reject(new ConfigError(`Port ${port} ${problem}. Stop that program, or set ${variable} to another port.`));
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
