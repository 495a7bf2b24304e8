import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConfigError } from '../shared/errors.ts';

/** A service of the emulator. Each method says whether the request was its own; one that was is answered. */
export interface EmulatedService {
  handle?(request: IncomingMessage, response: ServerResponse): boolean;
  handleUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
}

/** One door for all services, over plain HTTP and over TLS alike: some SDKs refuse the one, some the other. */
export class EmulatorServer {
  readonly #plain: Server;
  readonly #encrypted: Server;
  readonly #services: EmulatedService[] = [];

  /** @param tls key and certificate, PEM */
  constructor(tls: { readonly key: string; readonly cert: string }) {
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
    if (this.#services.some((service) => service.handle?.(request, response))) return;
    response.writeHead(404, { 'content-type': 'application/json' });
    const message = `The emulator has nothing at ${request.method} ${request.url?.split('?')[0]}.`;
    response.end(JSON.stringify({ error: { code: 'NotFound', message } }));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    if (this.#services.some((service) => service.handleUpgrade?.(request, socket, head))) return;
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  }
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
