import type { TransferWish } from '../../shared/calls/call-wish.ts';
import { hold } from '../../shared/calls/operations/hold.ts';
import { mayBeDone, type OperationOf, type OperationPorts, reasonOf } from '../../shared/calls/operations/operate.ts';
import { addParticipant, removeParticipant } from '../../shared/calls/operations/participants.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import { CarrierError } from '../../shared/carrier/carrier-error.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Attention } from '../contract/call-news.ts';
import type { Mode } from '../contract/mode.ts';
import { newsItem } from './call-news.ts';
import { takeOffHold } from './take-off-hold.ts';

export interface WarmTransferOptions {
  readonly ports: OperationPorts;
  readonly of: OperationOf;
  readonly wish: TransferWish;
  /** By which the agent has asked for it: what comes of it is told as its result. */
  readonly tool: string;
  readonly caller: PartyId;
  /** Our number, by which the human is called. */
  readonly source: PartyId | undefined;
  readonly mode: Mode;
  readonly attend: (to: Attention) => void;
  /**
   * The human has answered.
   * @param by what has brought him into the call
   * @returns where he is told that he is recorded: settles when he was, or is not
   */
  readonly onCame: (by: string) => Promise<void> | undefined;
  /** Somebody else has put the caller on hold before. Where nothing comes of the transfer he stays there. */
  readonly wasOnHold: boolean;
  readonly clock: Clock;
  readonly log: Logger;
  readonly waits?: Partial<WarmTransferWaits>;
}

export interface WarmTransferWaits {
  /** Whoever answers says his name first. */
  readonly beforeSummaryMs: number;
  /** What is not said by then is not waited for. */
  readonly summaryMs: number;
  /** How much longer than it rings the carrier may take to say what came of it. */
  readonly afterRingingMs: number;
  /** Between two looks whether the human who is said to have come is there. */
  readonly lookMs: number;
}

const WAITS: WarmTransferWaits = { beforeSummaryMs: 800, summaryMs: 60_000, afterRingingMs: 5_000, lookMs: 400 };
/** ACS is known to tell of an invitation that was declined as of one that was accepted. */
const LOOKS = 3;

/** What came of it. `caller-left`: the human is alone with us. */
export type WarmOutcome =
  | { readonly kind: 'put-through' }
  | { readonly kind: 'caller-left' }
  /** `mayBeHeld`: the carrier did not say whether the caller is on hold. */
  | { readonly kind: 'taken-back'; readonly reason: string; readonly mayBeHeld: boolean }
  /** The session is no longer ours: whoever has it now goes on. */
  | { readonly kind: 'abandoned' };

const ANSWERED = {
  status: 'human_answered',
  note: 'Only the human hears you now. Tell him in two short sentences who calls and what about. The caller is put through to him afterwards.',
};

/**
 * A transfer in which the human learns first what the call is about: the caller is put on hold, the human is rung and told
 * by the agent's own mouth, the caller is taken off hold, and the agent leaves the two alone. Where the human does not come,
 * or does not stay, the agent takes the caller back. Each step is an operation of the ledger, under a name of its own, so
 * that a host which takes the call over knows how far it has come.
 */
export class WarmTransfer {
  readonly #options: WarmTransferOptions;
  readonly #waits: WarmTransferWaits;
  /** Ends with what is known of the human's coming: true, or why not. */
  readonly #rung = Promise.withResolvers<true | string>();
  /** Ends when somebody is gone whom it takes, or the session. */
  readonly #gone = Promise.withResolvers<'human' | 'caller' | 'session'>();
  readonly #cancels = new Set<Cancel>();
  /** That he is recorded, he is told first. */
  #noticed: Promise<void> | undefined;
  /** Whether we have put the caller on hold. */
  #held: 'no' | 'yes' | 'unsure' = 'no';
  #callerWasIn = false;
  #humanWasIn = false;
  /** The human was rung, and nothing says that he does not come. */
  #mayCome = false;
  #sequence = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(options: WarmTransferOptions) {
    this.#options = options;
    this.#waits = { ...WAITS, ...options.waits };
  }

  /** Never rejects. */
  async run(): Promise<WarmOutcome> {
    const { mode, attend, wasOnHold, log } = this.#options;
    try {
      mode.interrupt();
      attend('nobody');
      if (!wasOnHold) await this.#hold();
      this.#callerWasIn = await this.#isThere(this.#options.caller).catch(() => false);
      const came = await this.#ring();
      if (came !== true) return await this.#end(came);
      const told = await this.#tellHuman();
      if (told !== true) return await this.#end(told);
      await this.#unhold();
      log.info('the caller was put through');
      return { kind: 'put-through' };
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'a transfer could not be carried out');
      return this.#takeBack(reasonOf(error));
    } finally {
      for (const cancel of this.#cancels) cancel();
    }
  }

  /** An operation of the call has ended. @returns whether it was a step of this one */
  ended(operationContext: string, succeeded: boolean, reason: string): boolean {
    const prefix = `${this.#options.of.operationContext}.`;
    // What a step does for itself has more of a name.
    if (!operationContext.startsWith(prefix) || operationContext.slice(prefix.length).includes('.')) return false;
    if (operationContext === this.#step('add').operationContext) this.#answered(succeeded || reason || 'no answer');
    return true;
  }

  /** Who is in the call now. */
  participants(ids: readonly string[], sequence = Number.POSITIVE_INFINITY): void {
    const { caller, wish } = this.#options;
    // Old news.
    if (sequence <= this.#sequence) return;
    this.#sequence = sequence === Number.POSITIVE_INFINITY ? this.#sequence : sequence;
    // One whom the carrier lists by another name than he called with, such as an anonymous one, is not gone for it.
    if (ids.includes(caller)) this.#callerWasIn = true;
    else if (this.#callerWasIn && ids.length > 0) this.#gone.resolve('caller');
    if (ids.includes(wish.target)) this.#humanWasIn = true;
    else if (this.#humanWasIn) this.#gone.resolve('human');
  }

  /** The session ends, or is somebody else's: nothing more is done from here. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#gone.resolve('session');
  }

  #answered(how: true | string): void {
    if (how !== true) this.#mayCome = false;
    else this.#noticed = this.#options.onCame(this.#step('add').operationContext);
    this.#rung.resolve(how);
  }

  async #hold(): Promise<void> {
    const { ports, caller } = this.#options;
    try {
      await hold(ports, this.#step('hold'), caller);
      this.#held = 'yes';
    } catch (error) {
      const isRefused = error instanceof CarrierError && !error.uncertain;
      this.#held = isRefused ? 'no' : 'unsure';
      throw error;
    }
  }

  #step(name: string): OperationOf {
    const { of } = this.#options;
    return { ...of, operationContext: `${of.operationContext}.${name}`, askedBy: 'engine' };
  }

  async #ring(): Promise<true | string> {
    const { ports, wish, source, clock } = this.#options;
    const step = this.#step('add');
    this.#mayCome = true;
    try {
      const isNew = await addParticipant(ports, step, { target: wish.target, ringS: wish.timeoutS, source });
      if (!isNew) await this.#pickUp(step);
    } catch (error) {
      // He may be rung all the same.
      this.#mayCome = mayBeDone(error);
      if (!this.#mayCome) throw error;
    }
    const lateMs = wish.timeoutS * 1000 + this.#waits.afterRingingMs;
    const late = new Promise<string>((resolve) => this.#cancels.add(clock.after(lateMs, () => resolve('no answer'))));
    const came = await Promise.race([this.#rung.promise, late, this.#gone.promise]);
    if (came !== true) return came;
    for (let look = 1; look <= LOOKS; look += 1) {
      if (await this.#isThere(wish.target)) {
        this.#humanWasIn = true;
        return true;
      }
      await this.#wait(this.#waits.lookMs);
    }
    return 'declined';
  }

  /** Another host has rung the human: what came of it may have been told to that host. */
  async #pickUp({ sessionId, operationContext }: OperationOf): Promise<void> {
    const found = await this.#options.ports.ledger.get(sessionId, operationContext);
    if (found?.state === 'succeeded') this.#answered(true);
    if (found?.state === 'failed') this.#answered('no answer');
  }

  async #isThere(who: PartyId): Promise<boolean> {
    const { ports, of } = this.#options;
    const present = await ports.carrier.participants(of.callId);
    return present.some(({ id }) => id === who);
  }

  /** @returns true, or who is gone meanwhile */
  async #tellHuman(): Promise<true | string> {
    const { mode, wish, of, tool } = this.#options;
    // The call is only written down by now: nobody is put through to somebody who knows nothing of him.
    if (!mode.told) return 'calls.no-voice';
    await this.#wait(this.#waits.beforeSummaryMs);
    // Else what is played would be so over the summary; and where he cuts off what is said, nobody be left to say it again, and
    // to go on with the recording once he has heard it.
    if (this.#noticed) await Promise.race([this.#noticed, this.#wait(this.#waits.summaryMs), this.#gone.promise]);
    const { summary } = wish;
    const said = new Promise<true>((resolve) => {
      mode.told?.({
        item: newsItem(`${of.operationContext}-answered`, tool, ANSWERED),
        speech: summary === undefined ? 'own-words' : { line: summary },
        aside: true,
        onSpoken: () => resolve(true),
      });
    });
    return Promise.race([said, this.#wait(this.#waits.summaryMs), this.#gone.promise]);
  }

  async #end(reason: string): Promise<WarmOutcome> {
    if (reason === 'session') return { kind: 'abandoned' };
    if (reason === 'caller') return { kind: 'caller-left' };
    return this.#takeBack(reason === 'human' ? 'hung up' : reason);
  }

  async #takeBack(reason: string): Promise<WarmOutcome> {
    const { log } = this.#options;
    const ended = await Promise.race([this.#gone.promise, Promise.resolve(undefined)]);
    if (ended === 'session') return { kind: 'abandoned' };
    if (ended === 'caller') return { kind: 'caller-left' };
    try {
      if (ended !== 'human' && this.#mayCome) await this.#callOff();
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'there was nobody to take out of the call');
    }
    try {
      // Of whom nobody knows whether he is there, he may hear us: he is not kept waiting in silence for that.
      if (this.#held === 'yes') await this.#unhold();
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'a caller could not be taken off hold');
    }
    return { kind: 'taken-back', reason, mayBeHeld: this.#held === 'unsure' };
  }

  /**
   * He may be about to answer: nobody shall come into a call that goes on without him. To remove one who never came fails, and
   * is no operation of anybody's. So it is where the carrier does not tell who is there.
   */
  async #callOff(): Promise<void> {
    const { ports, wish, of } = this.#options;
    const step = this.#step('remove');
    if (await this.#isThere(wish.target).catch(() => false)) await removeParticipant(ports, step, wish.target);
    else await ports.carrier.removeParticipant(of.callId, wish.target, step.operationContext);
  }

  #unhold(): Promise<void> {
    const { ports, of, caller, clock } = this.#options;
    return takeOffHold(ports, of, caller, { clock, waitMs: this.#waits.lookMs, isOver: () => this.#closed });
  }

  #wait(ms: number): Promise<true> {
    return new Promise((resolve) => this.#cancels.add(this.#options.clock.after(ms, () => resolve(true))));
  }
}
