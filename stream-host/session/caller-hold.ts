import type { Operation } from '../../shared/calls/operation-ledger.ts';
import type { KnownOperation } from '../../shared/calls/operations/enter-again.ts';
import { heldData, hold, isOnHold } from '../../shared/calls/operations/hold.ts';
import type { AskedBy, OperationOf, OperationPorts } from '../../shared/calls/operations/operate.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Attention, CallNews } from '../contract/call-news.ts';
import { newsItem } from './call-news.ts';
import { takeOffHold } from './take-off-hold.ts';

export interface CallerHoldOptions {
  readonly ports: OperationPorts;
  readonly caller: PartyId;
  readonly clock: Clock;
  readonly log: Logger;
  /** Between two tries to take him off hold; it grows. */
  readonly waitMs?: number | undefined;
  /** Names an operation of the call; undefined while the call is not known. */
  readonly of: (operationContext: string, askedBy: AskedBy) => Promise<OperationOf | undefined>;
  readonly attend: (to: Attention) => void;
  readonly told: (news: CallNews) => void;
  /** He hears us again. `isOurs`: the agent's own hold is over with that. */
  readonly onBack: (isOurs: boolean) => void;
}

const WAIT_MS = 400;

const CALLER_BACK = { status: 'caller_is_back', note: 'He was on hold, and hears you again.' };
const GO_ON = 'Go on with what he waits for.';

/** The agent has the caller on hold, for some time. */
interface TimedHold {
  readonly of: OperationOf;
  readonly forS: number;
  readonly tool: string;
}

/** Whether the caller of one call is on hold: by the agent for some time, or by the application for as long as it likes. */
export class CallerHold {
  readonly #options: CallerHoldOptions;
  #timed: TimedHold | undefined;
  #cancel: Cancel = () => {};
  #isOthers = false;
  #closed = false;

  constructor(options: CallerHoldOptions) {
    this.#options = options;
  }

  get isOn(): boolean {
    return this.#isOthers || this.#timed !== undefined;
  }

  /** The agent has him there. */
  get operations(): readonly KnownOperation[] {
    if (!this.#timed || this.#isOthers) return [];
    const data = { participant: this.#options.caller, on: true, askedBy: 'agent' };
    return [{ operationContext: this.#timed.of.operationContext, kind: 'hold', data, state: 'succeeded' }];
  }

  /** The application has him there, and ends it. */
  get isOthers(): boolean {
    return this.#isOthers;
  }

  /** @param operations what was asked for before: a hold that others have begun is theirs to end */
  note(operations: readonly Operation[]): void {
    this.#isOthers ||= isOnHold(operations, this.#options.caller) && this.#isLastByOthers(operations);
  }

  /** The end of one of ours may not be on record. */
  #isLastByOthers(operations: readonly Operation[]): boolean {
    return this.#lastOf(operations)?.data.askedBy === 'api';
  }

  #lastOf(operations: readonly Operation[]): Operation | undefined {
    const { caller } = this.#options;
    return operations.findLast(
      ({ kind, state, data }) => kind === 'hold' && state === 'succeeded' && data.participant === caller,
    );
  }

  /** The agent holds him, and takes him back after `forS` seconds. @throws {ParleyError} */
  async begin(of: OperationOf, forS: number, tool: string): Promise<void> {
    const { ports, caller, attend } = this.#options;
    await hold(ports, of, caller);
    // Whoever has the session by now may have looked before he was on hold, and would leave him there.
    if (this.#closed) return this.takeOff(of);
    const timed = { of, forS, tool };
    this.#timed = timed;
    attend('nobody');
    this.#takeBackLater(timed);
  }

  #takeBackLater(timed: TimedHold): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(timed.forS * 1000, () => void this.#end(timed));
  }

  /** The application has put him on hold, or has taken him off, whoever had put him there. */
  changedByOthers({ operationContext, data }: Operation, succeeded: boolean): void {
    const held = heldData.safeParse(data).data;
    if (held?.participant !== this.#options.caller) return;
    if (held.on && succeeded && data.askedBy === 'api') {
      this.#cancel();
      this.#isOthers = true;
      this.#options.attend('nobody');
    } else if (held.on && this.#timed && operationContext !== this.#timed.of.operationContext) {
      // A second one that fails leaves him where the agent has put him.
      if (this.#isOthers) this.#takeBackLater(this.#timed);
      this.#isOthers = false;
    } else if (held.on !== succeeded && this.isOn) {
      this.#isBack(operationContext);
    }
  }

  /** Another host had the call, and he is on hold: he stays there where the application wants it. */
  async resume(operations: readonly Operation[]): Promise<void> {
    const { attend, of } = this.#options;
    attend('nobody');
    this.#isOthers = this.#isLastByOthers(operations);
    if (this.#isOthers) return;
    const found = await of(this.#lastOf(operations)?.operationContext ?? 'hold', 'engine');
    if (found) await this.takeOff(found);
    if (!this.#closed) attend('caller');
  }

  /** Has the carrier take him off hold. Never rejects: he is talked with again, whether the carrier lets him hear it or not. */
  async takeOff(of: OperationOf): Promise<void> {
    const { ports, caller, clock, log, waitMs = WAIT_MS } = this.#options;
    await takeOffHold(ports, of, caller, { clock, waitMs, isOver: () => this.#closed }).catch((error: unknown) =>
      log.error({ reason: messageOf(error) }, 'a caller could not be taken off hold'),
    );
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancel();
  }

  async #end(timed: TimedHold): Promise<void> {
    await this.takeOff(timed.of);
    // Whoever has put him on hold meanwhile takes him off.
    if (!this.#closed && this.#timed === timed && !this.#isOthers) this.#isBack(timed.of.operationContext);
  }

  /** The agent knows of it, and goes on: with what it held him for, or with what he has not heard of its last answer. */
  #isBack(operationContext: string): void {
    const timed = this.#timed;
    this.#timed = undefined;
    this.#isOthers = false;
    this.#cancel();
    const result = timed ? { ...CALLER_BACK, held_s: timed.forS, note: `${CALLER_BACK.note} ${GO_ON}` } : CALLER_BACK;
    const item = newsItem(`${operationContext}-back`, timed?.tool ?? 'hold_call', result);
    this.#options.told({ item, speech: timed ? 'own-words' : 'none' });
    this.#options.onBack(timed !== undefined);
  }
}
