import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { parseServiceFrame, type ServiceFrame } from '../../../shared/carrier/acs/media-frames.ts';
import { Inbox } from './inbox.ts';

interface CallEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Callback {
  readonly headers: IncomingHttpHeaders;
  readonly event: CallEvent;
}

export interface GridDelivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly id: string;
  readonly data: Readonly<Record<string, string>>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A media socket as the application sees it. */
export class MediaPeer {
  readonly headers: IncomingHttpHeaders;
  readonly socket: WebSocket;
  readonly frames = new Inbox<ServiceFrame>();
  readonly closed: Promise<number>;

  constructor(socket: WebSocket, headers: IncomingHttpHeaders) {
    this.headers = headers;
    this.socket = socket;
    socket.on('message', (data) => this.frames.put(parseServiceFrame(data.toString())));
    this.closed = new Promise((resolve) => socket.on('close', resolve));
  }
}

/** Stands where functions and stream host stand: webhook, callbacks and media sockets on one real server. */
export class TestApplication {
  readonly incoming = new Inbox<GridDelivery>();
  readonly callbacks = new Inbox<Callback>();
  readonly media = new Inbox<MediaPeer>();
  /** Statuses to answer the next requests with, in order, before all is well again. */
  readonly webhookFaults: number[] = [];
  readonly callbackFaults: number[] = [];
  readonly mediaFaults: number[] = [];
  /** Done with an incoming call before the event is taken, as an application may. */
  beforeTaking: (delivery: GridDelivery) => Promise<unknown> = async () => {};
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });

  private constructor() {
    this.#server = createServer(async (request, response) => {
      const answer = await this.#answer(request, await readText(request));
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const fault = this.mediaFaults.shift();
      if (fault !== undefined) {
        socket.end(`HTTP/1.1 ${fault} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (accepted) =>
        this.media.put(new MediaPeer(accepted, request.headers)),
      );
    });
  }

  static async listen(port = 0): Promise<TestApplication> {
    const application = new TestApplication();
    await new Promise<void>((resolve) => application.#server.listen(port, '127.0.0.1', resolve));
    return application;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get callbackUri(): string {
    return `http://127.0.0.1:${this.port}/callbacks`;
  }

  get mediaStreamingOptions() {
    return {
      transportUrl: `ws://127.0.0.1:${this.port}/media`,
      transportType: 'websocket',
      contentType: 'audio',
      audioChannelType: 'mixed',
      startMediaStreaming: true,
      enableBidirectional: true,
      enableDtmfTones: true,
      audioFormat: 'Pcm16KMono',
    } as const;
  }

  /** The first callback of a type (without its prefix). */
  async event(type: string): Promise<CallEvent> {
    const callback = await this.callbacks.first(type, ({ event }) => event.type === `Microsoft.Communication.${type}`);
    return callback.event;
  }

  get eventTypes(): string[] {
    return this.callbacks.entries.map(({ event }) => event.type.replace('Microsoft.Communication.', ''));
  }

  async close(): Promise<void> {
    for (const client of this.#sockets.clients) client.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, body: string): Promise<Answer> {
    if (request.url === '/callbacks') {
      const fault = this.callbackFaults.shift();
      if (fault !== undefined) return { status: fault };
      for (const event of JSON.parse(body)) this.callbacks.put({ headers: request.headers, event });
      return { status: 200 };
    }
    if (request.method === 'OPTIONS') {
      const origin = String(request.headers['webhook-request-origin']);
      return { status: 200, headers: { 'webhook-allowed-origin': origin, 'webhook-allowed-rate': '*' } };
    }
    const parsed = JSON.parse(body);
    const event = Array.isArray(parsed) ? parsed[0] : parsed;
    if (request.headers['aeg-event-type'] === 'SubscriptionValidation') {
      return { status: 200, body: JSON.stringify({ validationResponse: event.data.validationCode }) };
    }
    const delivery = { headers: request.headers, body, id: event.id, data: event.data };
    this.incoming.put(delivery);
    await this.beforeTaking(delivery);
    return { status: this.webhookFaults.shift() ?? 200 };
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text;
}
