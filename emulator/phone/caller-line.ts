import { WebSocket } from 'ws';
import { ConfigError, DependencyError, messageOf, RequestError } from '../../shared/errors.ts';
import type { PhoneCommand, PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { TypedEvents } from '../../shared/typed-events.ts';

export type CallerLineEvents = {
  event: [event: PhoneEvent];
  /** 20 ms of what the caller hears. */
  audio: [frame: Uint8Array];
  /** The emulator went away. Not told when we closed the line ourselves. */
  lost: [];
};

const PLUG_IN_MS = 5_000;

/** A phone that is plugged into the emulator's network: the client's end of `shared/protocol/phone-line.ts`. */
export class CallerLine {
  readonly events: TypedEvents<CallerLineEvents>;
  readonly number: string;
  readonly #socket: WebSocket;
  #closed = false;

  private constructor(number: string, socket: WebSocket, onListenerError: (event: string, error: unknown) => void) {
    this.number = number;
    this.#socket = socket;
    this.events = new TypedEvents(onListenerError);
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.events.emit('audio', data);
      else this.events.emit('event', JSON.parse(data.toString()) as PhoneEvent);
    });
    socket.on('close', () => {
      if (!this.#closed) this.events.emit('lost');
    });
  }

  /**
   * Plugs a phone in under its number.
   * @param emulatorUrl `http://host:port`
   * @param onListenerError a listener of the line threw; the line goes on
   * @throws {DependencyError} where nothing answers, with what to do
   * @throws {RequestError} where the number is taken or none
   */
  static async plugIn(
    emulatorUrl: string,
    number: string,
    onListenerError: (event: string, error: unknown) => void,
  ): Promise<CallerLine> {
    const address = new URL('/emulator/phone', emulatorUrl.replace(/^http/, 'ws'));
    address.searchParams.set('number', number);
    const socket = new WebSocket(address, { handshakeTimeout: PLUG_IN_MS, perMessageDeflate: false });
    // After it stands, an error is followed by the close that we listen to.
    socket.on('error', () => {});
    const line = new CallerLine(number, socket, onListenerError);
    try {
      await line.#registered(emulatorUrl);
      return line;
    } catch (error) {
      line.close();
      throw error;
    }
  }

  send(command: PhoneCommand): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  /**
   * Has services fail in the calls of this phone, as `shared/protocol/faults.ts` has it. Their end is the end of the call.
   * @throws {ConfigError} where they cannot, in this stack
   */
  async want(faults: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const stop = this.events.on('event', (event) => {
      if (event.type === 'faultsTaken') resolve();
      else if (event.type === 'refused') reject(new ConfigError(`--fault: ${event.message}`));
    });
    const late = setTimeout(() => reject(new ConfigError('--fault: this emulator knows no faults.')), PLUG_IN_MS);
    this.send({ type: 'faults', faults });
    await promise.finally(() => {
      clearTimeout(late);
      stop();
    });
  }

  sendAudio(frame: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  /** Idempotent. A call that still stands ends with it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.events.removeAll();
    this.#socket.close(1000);
  }

  #registered(emulatorUrl: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const unreachable = (problem: string) => {
        const message = `The emulator does not answer at ${emulatorUrl} (${problem}). Start the stack with: npm start`;
        reject(new DependencyError('call.no_emulator', message));
      };
      const timer = setTimeout(() => unreachable(`nothing within ${PLUG_IN_MS / 1000} s`), PLUG_IN_MS);
      this.#socket.once('error', (error) => unreachable(messageOf(error)));
      this.#socket.once('close', () => unreachable('it closed the line'));
      const stop = this.events.on('event', (event) => {
        clearTimeout(timer);
        stop();
        if (event.type === 'registered') resolve();
        else
          reject(new RequestError('call.number', 'message' in event ? event.message : `Not expected: ${event.type}`));
      });
    });
  }
}
