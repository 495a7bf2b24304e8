import type { Cancel, Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { DialledCall, LineHolder, PhoneLine } from '../phone/phone-line.ts';
import type { CallIds } from './call.ts';

export interface IncomingCallOptions {
  readonly ids: CallIds;
  /** The opaque text by which the application names this call until it has a call-connection id. */
  readonly context: string;
  readonly line: PhoneLine;
  readonly dialled: DialledCall;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ringTimeoutMs: number;
  readonly onOver: () => void;
}

/** Why nobody took an incoming call, as the caller's phone is told. Codes are those of SIP. */
export interface Unanswered {
  readonly code: number;
  readonly reason: string;
}

/** A call that a phone has dialled and the application has neither taken nor refused. It rings for a bounded time. */
export class IncomingCall implements LineHolder {
  readonly ids: CallIds;
  readonly context: string;
  readonly line: PhoneLine;
  readonly dialled: DialledCall;
  readonly #log: Logger;
  readonly #onOver: () => void;
  readonly #over = new AbortController();
  readonly #cancelTimeout: Cancel;

  constructor(options: IncomingCallOptions) {
    this.ids = options.ids;
    this.context = options.context;
    this.line = options.line;
    this.dialled = options.dialled;
    this.#log = options.log;
    this.#onOver = options.onOver;
    this.#cancelTimeout = options.clock.after(options.ringTimeoutMs, () =>
      this.fail({ code: 480, reason: 'The application did not answer in time.' }),
    );
  }

  /** Aborted when the call is not on offer any more. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Hands the caller's line to whoever takes the call. False when it is not on offer any more. */
  take(taker: LineHolder): boolean {
    if (this.over.aborted || !this.line.transfer(this, taker)) return false;
    this.#finish();
    return true;
  }

  /** Ends the offer and tells the phone why. Does nothing when it is over. */
  fail({ code, reason }: Unanswered): void {
    if (this.over.aborted) return;
    this.#log.info({ code, reason }, 'IncomingCall ended without an answer');
    this.line.release(this);
    this.line.send({ type: 'disconnected', code, reason });
    this.#finish();
  }

  /** It is the phone that called; it has nothing to answer. */
  answered(): void {}

  declined(): void {
    this.hungUp();
  }

  toneDialled(): void {}

  partyWanted(): void {
    const message = 'The call is not connected yet; nobody can be added to it.';
    this.line.send({ type: 'refused', code: 'phone.not_connected', message });
  }

  hungUp(): void {
    this.fail({ code: 487, reason: 'The caller hung up before the application answered.' });
  }

  #finish(): void {
    this.#cancelTimeout();
    this.#over.abort();
    this.#onOver();
  }
}
