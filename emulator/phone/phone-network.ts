import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { PhoneEvent } from '../../shared/protocol/phone-line.ts';
import { TypedEvents } from '../../shared/typed-events.ts';
import type { Disturbances } from '../disturbances/disturbances.ts';
import { addressOf } from '../local-door.ts';
import { type DialledCall, type Phone, PhoneLine, phoneNumber } from './phone-line.ts';
import { type PhoneScript, scriptOf } from './phone-scripts.ts';
import type { Speak } from './say-service.ts';
import { ScriptedPhone } from './scripted-phone.ts';

export type PhoneNetworkEvents = {
  /** A phone dials a number. The line is free. */
  dial: [line: PhoneLine, call: DialledCall];
};

export interface PhoneNetworkOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** A voice for phones that play a script, and for what is typed at one. */
  readonly speak: Speak | undefined;
  /** What fails while somebody calls who wants to hear it; without it nothing can. */
  readonly disturbances?: Disturbances | undefined;
}

/** All the phones that are plugged in, each under its own number, and those that play a script when they are rung. */
export class PhoneNetwork {
  readonly events: TypedEvents<PhoneNetworkEvents>;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1_000_000, perMessageDeflate: false });
  readonly #lines = new Map<string, PhoneLine>();
  readonly #scripts = new Map<string, PhoneScript>();
  readonly #options: PhoneNetworkOptions;
  readonly #log: Logger;

  constructor(options: PhoneNetworkOptions) {
    const { log } = options;
    this.#options = options;
    this.#log = log;
    this.events = new TypedEvents((event, error) =>
      log.error({ event, error }, 'a listener of the phone network failed'),
    );
  }

  /** Phones that are plugged in now. */
  get size(): number {
    return this.#lines.size;
  }

  find(number: string): PhoneLine | undefined {
    return this.#lines.get(number);
  }

  /** Whom one reaches under a number: the phone that is plugged in, or else one that plays the number's script. */
  reach(number: string): Phone | undefined {
    const script = this.#scripts.get(number) ?? scriptOf(number);
    return this.find(number) ?? (script && new ScriptedPhone({ ...this.#options, number, script }));
  }

  /** Whoever rings the number from now on meets this script, unless a phone is plugged in there. */
  play(number: string, script: PhoneScript): void {
    this.#scripts.set(number, script);
  }

  /** Takes the upgrade when it is for `/emulator/phone`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const url = addressOf(request);
    if (url.pathname !== '/emulator/phone') return false;
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      // A plus sign in a query means a space; people type it unescaped all the same.
      this.#plugIn(accepted, (url.searchParams.get('number') ?? '').replace(/^ /, '+'));
    });
    return true;
  }

  close(): void {
    for (const line of this.#lines.values()) line.close('The emulator is stopping.');
    this.#lines.clear();
    this.#server.close();
  }

  #plugIn(socket: WebSocket, number: string): void {
    const refusal = this.#refusalOf(number);
    if (refusal) {
      socket.on('error', () => {});
      socket.send(JSON.stringify(refusal));
      socket.close(1008, refusal.code);
      return;
    }
    const line = new PhoneLine({
      number,
      socket,
      log: this.#log,
      disturbances: this.#options.disturbances,
      speak: this.#options.speak,
      onDial: (from, call) => this.events.emit('dial', from, call),
    });
    this.#lines.set(number, line);
    socket.on('close', () => this.#lines.delete(number));
    line.send({ type: 'registered', number });
  }

  #refusalOf(number: string): (PhoneEvent & { type: 'refused' }) | undefined {
    if (!phoneNumber.safeParse(number).success) {
      const message = 'Give the phone a number in E.164, such as ?number=%2B15550001111';
      return { type: 'refused', code: 'phone.bad_number', message };
    }
    if (!this.#lines.has(number)) return undefined;
    const message = 'Another phone is plugged in under this number; choose another one.';
    return { type: 'refused', code: 'phone.number_taken', message };
  }
}
