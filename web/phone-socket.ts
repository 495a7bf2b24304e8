import type { PhoneCommand, PhoneEvent } from '../shared/protocol/phone-line.ts';

export interface PhoneSocketListeners {
  onEvent(event: PhoneEvent): void;
  /** PCM16LE at 16 kHz. */
  onAudio(pcm: Uint8Array): void;
  onLost(): void;
}

const PLUG_IN_AGAIN_MS = 2000;

/** The wire from the page's phone to the emulator. It plugs itself in again until it is closed. */
export class PhoneSocket {
  readonly #emulatorUrl: string;
  readonly #listeners: PhoneSocketListeners;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param emulatorUrl `http://…` */
  constructor(emulatorUrl: string, listeners: PhoneSocketListeners) {
    this.#emulatorUrl = emulatorUrl;
    this.#listeners = listeners;
    this.#plugIn();
  }

  send(command: PhoneCommand): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  sendAudio(frame: ArrayBuffer): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket?.close(1000);
  }

  #plugIn(): void {
    const address = new URL('/emulator/phone', this.#emulatorUrl.replace(/^http/, 'ws'));
    // A new one each time: the emulator may not have noticed yet that the old phone is gone.
    address.searchParams.set('number', randomNumber());
    const socket = new WebSocket(address);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.#listeners.onAudio(new Uint8Array(data));
      else this.#listeners.onEvent(JSON.parse(data) as PhoneEvent);
    });
    socket.addEventListener('close', () => {
      if (this.#closed) return;
      this.#listeners.onLost();
      this.#timer = setTimeout(() => this.#plugIn(), PLUG_IN_AGAIN_MS);
    });
  }
}

/** Of the range that is kept for fiction. */
function randomNumber(): string {
  return `+1555${String(Math.floor(Math.random() * 10_000_000)).padStart(7, '0')}`;
}
