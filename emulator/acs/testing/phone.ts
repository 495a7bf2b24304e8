import { WebSocket } from 'ws';
import type { PhoneCommand, PhoneEvent } from '../../../shared/protocol/phone-line.ts';
import { Inbox } from './inbox.ts';

/** A phone on its web socket. */
export class TestPhone {
  readonly events = new Inbox<PhoneEvent>();
  /** What it hears, frame by frame. */
  readonly heard = new Inbox<Buffer>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.heard.put(data);
      else this.events.put(JSON.parse(data.toString()));
    });
  }

  /** @param port the emulator's */
  static async plugIn(port: number, number: string): Promise<TestPhone> {
    const phone = new TestPhone(
      new WebSocket(`ws://127.0.0.1:${port}/emulator/phone?number=${encodeURIComponent(number)}`),
    );
    await phone.events.first('registration');
    return phone;
  }

  send(command: PhoneCommand): void {
    this.#socket.send(JSON.stringify(command));
  }

  speak(pcm: Uint8Array): void {
    this.#socket.send(pcm);
  }

  async event<Type extends PhoneEvent['type']>(type: Type): Promise<Extract<PhoneEvent, { type: Type }>> {
    const event = await this.events.first(`the phone's ${type}`, (candidate) => candidate.type === type);
    return event as Extract<PhoneEvent, { type: Type }>;
  }

  /** Pulls the plug. */
  unplug(): void {
    this.#socket.terminate();
  }
}
