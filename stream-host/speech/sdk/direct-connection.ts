import 'microsoft-cognitiveservices-speech-sdk';
import {
  type ConnectionEvent,
  type ConnectionMessage,
  ConnectionMessageReceivedEvent,
  type ConnectionOpenResponse,
  ConnectionState,
  type EventSource,
  type IConnection,
} from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common/Exports.js';
import { WebsocketConnection } from 'microsoft-cognitiveservices-speech-sdk/distrib/lib/src/common.browser/WebsocketConnection.js';
import { WebSocket } from 'ws';
import { parsePayload, payloadOf } from './speech-message.ts';

/** Messages that may wait to be read. The SDK reads at once, so that many mean that it has stopped reading. */
const MAX_UNREAD = 1_000;
const SENT = Promise.resolve();

/** The SDK resolves with nothing where the connection was closed, whatever its types say. */
type Reader = (message: ConnectionMessage | undefined) => void;

/** What makes a connection for the SDK: its `IConnectionFactory` or `ISynthesisConnectionFactory`. */
interface Factory<Config, Auth> {
  create(config: Config, auth: Auth, connectionId?: string): Promise<IConnection>;
}

/** The SDK's connections, each as a {@link DirectConnection}. */
export class DirectConnections<Config, Auth> implements Factory<Config, Auth> {
  /** Told the path of each message that comes in, before the SDK has read it. */
  onMessage: (path: string) => void = () => undefined;
  readonly #factory: Factory<Config, Auth>;
  #latest: DirectConnection | undefined;
  #abandoned = false;

  constructor(factory: Factory<Config, Auth>) {
    this.#factory = factory;
  }

  /**
   * Gives up a connection that is still being made: the SDK waits for ever for a service that takes connections and does
   * not answer, and does not end such a one when it is closed. None is made after it.
   */
  abandon(): void {
    this.#abandoned = true;
    this.#latest?.abandon();
  }

  async create(config: Config, auth: Auth, connectionId?: string): Promise<IConnection> {
    const connection = await this.#factory.create(config, auth, connectionId);
    this.#latest = new DirectConnection(connection, (path) => this.onMessage(path));
    if (this.#abandoned) this.#latest.abandon();
    return this.#latest;
  }
}

/**
 * A connection of the Speech SDK whose messages take the short way between the SDK's recogniser or synthesiser and the
 * web socket. Opening, closing and their events are the SDK's own. On its own way each message costs two queues, half a
 * dozen promises, and events with random ids for listeners that there are not.
 *
 * The web socket is a private field of the SDK. Where it is not found, messages go the SDK's own way, with a warning.
 */
export class DirectConnection implements IConnection {
  readonly #inner: IConnection;
  readonly #onMessage: (path: string) => void;
  readonly #readers: Reader[] = [];
  readonly #unread: ConnectionMessage[] = [];
  #socket: WebSocket | undefined;
  #abandoned = false;

  constructor(inner: IConnection, onMessage: (path: string) => void) {
    this.#inner = inner;
    this.#onMessage = onMessage;
  }

  get id(): string {
    return this.#inner.id;
  }

  get events(): EventSource<ConnectionEvent> {
    return this.#inner.events;
  }

  /** Whether messages take the short way. */
  get isDirect(): boolean {
    return this.#socket !== undefined;
  }

  state(): ConnectionState {
    return this.#inner.state();
  }

  open(): Promise<ConnectionOpenResponse> {
    const opening = this.#inner.open();
    if (this.#socket) return opening;
    try {
      this.#take(webSocketOf(this.#inner));
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : String(error));
      this.#inner.events.attach((event) => {
        if (event instanceof ConnectionMessageReceivedEvent) this.#onMessage(event.message.headers.path ?? '');
      });
    }
    return opening;
  }

  /** Is with the web socket when it returns. */
  send(message: ConnectionMessage): Promise<void> {
    return this.#socket ? this.#sendNow(payloadOf(message)) : this.#inner.send(message);
  }

  /**
   * The same for a message that is already in the form of the wire.
   * @throws where {@link isDirect} is not so
   */
  sendPayload(payload: Buffer): Promise<void> {
    return this.#sendNow(payload);
  }

  read(): Promise<ConnectionMessage> {
    if (!this.#socket || this.state() !== ConnectionState.Connected) return this.#inner.read();
    const message = this.#unread.shift();
    if (message) return Promise.resolve(message);
    return new Promise((resolve) => this.#readers.push(resolve as Reader));
  }

  dispose(reason?: string): Promise<void> {
    return this.#inner.dispose(reason);
  }

  /** Breaks it off where it is still being made. */
  abandon(): void {
    this.#abandoned = true;
    if (this.#socket?.readyState === WebSocket.CONNECTING) this.#socket.terminate();
  }

  #take(socket: WebSocket): void {
    this.#socket = socket;
    socket.onmessage = null;
    socket.binaryType = 'nodebuffer';
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#receive(data, isBinary));
    // The SDK's own listener came first: it has said that the connection is closed, and to whom that matters.
    socket.once('close', () => this.#end());
    if (this.#abandoned) this.abandon();
  }

  #sendNow(payload: string | Buffer): Promise<void> {
    const socket = this.#socket;
    if (!socket) throw new Error('This connection does not send directly.');
    if (this.state() !== ConnectionState.Connected) {
      return Promise.reject(`Cannot send on connection that is in ${ConnectionState[this.state()]} state`);
    }
    if (socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(`websocket send error: Websocket not ready ${this.id}`);
    }
    socket.send(payload);
    return SENT;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.state() !== ConnectionState.Connected) return;
    const message = parsePayload(data, isBinary);
    if (!message) return;
    this.#onMessage(message.headers.path ?? '');
    const reader = this.#readers.shift();
    if (reader) reader(message);
    else if (this.#unread.push(message) > MAX_UNREAD) this.#socket?.terminate();
  }

  /** Messages that nobody has read yet are lost, as with the SDK. */
  #end(): void {
    this.#unread.length = 0;
    for (const reader of this.#readers.splice(0)) reader(undefined);
  }
}

/**
 * The web socket of a connection that is being opened, found where version 1.52.0 of the SDK has it: in two private
 * fields.
 * @throws where it is not there
 */
export function webSocketOf(connection: IConnection): WebSocket {
  if (connection instanceof WebsocketConnection) {
    const { privConnectionMessageAdapter: adapter } = connection as unknown as PrivateConnection;
    const socket = adapter?.privWebsocketClient;
    if (socket instanceof WebSocket && typeof socket.onmessage === 'function') return socket;
  }
  throw new Error(
    'The Speech SDK keeps its web socket elsewhere than version 1.52.0 did, so that each message takes its slow way. ' +
      'Pin that version, or teach direct-connection.ts the new place.',
  );
}

interface PrivateConnection {
  readonly privConnectionMessageAdapter?: { readonly privWebsocketClient?: unknown };
}
