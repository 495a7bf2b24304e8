import { RelayWatch, type RelayWatchOptions } from '../shared/client/relay-watch.ts';
import type { RelayMessage } from '../shared/protocol/relay.ts';
import { fetchTicket } from './tickets.ts';

export interface CallWatchOptions extends Pick<RelayWatchOptions, 'origin' | 'onMessage' | 'onLost'> {
  /** See {@link fetchTicket}. */
  readonly ticket?: RelayWatchOptions['ticket'];
}

/** The first words of a call may come before the phone knows that it is connected. */
const MOST_EARLY = 100;

/** Watches what the server says of all sessions, for the one call that the page's phone is in. */
export class CallWatch {
  readonly #watch: RelayWatch;
  readonly #onMessage: (message: RelayMessage) => void;
  #call: string | undefined;
  #early: RelayMessage[] = [];

  constructor({ onMessage, ticket = () => fetchTicket({ kind: 'dashboard' }), ...options }: CallWatchOptions) {
    this.#onMessage = onMessage;
    this.#watch = new RelayWatch({ ...options, ticket, onMessage: (message) => this.#receive(message) });
  }

  /** The call to watch from now on. What was said in it before is told at once. */
  follow(callConnectionId: string): void {
    this.#call = callConnectionId;
    const early = this.#early.filter((message) => message.call_id === callConnectionId);
    this.#early = [];
    for (const message of early) this.#onMessage(message);
  }

  close(): void {
    this.#watch.close();
  }

  #receive(message: RelayMessage): void {
    if (message.call_id === null) return;
    if (message.call_id === this.#call) {
      this.#onMessage(message);
    } else {
      this.#early = [...this.#early, message].slice(-MOST_EARLY);
    }
  }
}
