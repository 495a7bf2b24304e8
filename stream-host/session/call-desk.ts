import { z } from 'zod';
import type { CallWish, TransferWish } from '../../shared/calls/call-wish.ts';
import type { SendKeysWish } from '../../shared/calls/keys-wish.ts';
import { isSettled, type Operation } from '../../shared/calls/operation-ledger.ts';
import { hold } from '../../shared/calls/operations/hold.ts';
import type { AskedBy, OperationOf, OperationPorts } from '../../shared/calls/operations/operate.ts';
import { mayBeDone, reasonOf } from '../../shared/calls/operations/operate.ts';
import { sendKeys } from '../../shared/calls/operations/send-keys.ts';
import { beginWarmTransfer, transferBlind } from '../../shared/calls/operations/transfer.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import { noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { operationSpan } from '../../shared/telemetry/names.ts';
import type { CallAction } from '../contract/agent.ts';
import type { Attention } from '../contract/call-news.ts';
import type { Mode } from '../contract/mode.ts';
import { newsItem } from './call-news.ts';
import type { CallRecording } from './call-recording.ts';
import { takeOffHold } from './take-off-hold.ts';
import { WarmTransfer, type WarmTransferWaits } from './warm-transfer.ts';

export interface CallDeskOptions {
  readonly ports: OperationPorts;
  /** The call may become known after its socket was picked up. */
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  readonly session: Session;
  readonly mode: Mode;
  readonly recording: CallRecording | undefined;
  /** Our number, by which others are called. */
  readonly source: PartyId | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** A human has the call: we leave it to him and the caller. */
  readonly onPutThrough: () => void;
  /** The caller is gone, and whoever is left in the call has nothing to do there. */
  readonly onCallerLeft: () => void;
  readonly waits?: Partial<WarmTransferWaits> | undefined;
}

type Wish = CallWish | { readonly kind: 'record' };

const storedTransfer = z.object({
  how: z.enum(['blind', 'warm']),
  target: z.string(),
  timeoutS: z.number().default(0),
  summary: z.string().optional(),
  askedBy: z.enum(['api', 'agent', 'engine']),
});
const storedHold = z.object({ participant: z.string(), on: z.boolean() });

const UNHOLD_WAIT_MS = 400;

const NOT_DONE = {
  note: 'It did not come about: the caller is with you again, and hears you. Tell him so, and go on.',
};

/**
 * What is done with one call while somebody talks on it: what its agent wants, and what the API wants of whoever talks.
 * One thing at a time; whatever comes of it, the agent is told. A host that takes the call over goes on with what is open.
 */
export class CallDesk {
  readonly #options: CallDeskOptions;
  /** What is under way: a transfer, or a hold. */
  #busy: string | undefined;
  #warm: WarmTransfer | undefined;
  #cancelHold: Cancel = () => {};
  #closed = false;

  constructor(options: CallDeskOptions) {
    this.#options = options;
  }

  /** What the agent wants, now that it was heard. */
  act({ wish, key, call }: CallAction): void {
    void this.#do(wish, key, 'agent', call.name);
  }

  /** What the API wants, or has come of what was wanted. */
  take(command: Extract<SessionCommand, { type: 'wish' | 'operation' | 'participants' }>): void {
    switch (command.type) {
      case 'wish':
        void this.#do(command.wish, command.operationContext, 'api', 'transfer_call');
        return;
      case 'participants':
        this.#warm?.participants(command.ids, command.sequence);
        return;
      case 'operation': {
        const { operationContext, succeeded, reason } = command;
        if (this.#warm?.ended(operationContext, succeeded, reason)) return;
        if (this.#options.recording?.ended(operationContext, succeeded)) return;
        void this.#ended(operationContext, succeeded, reason);
      }
    }
  }

  /** The session was another host's before: what that one had begun goes on here. Never rejects. */
  async resume(): Promise<void> {
    const { ports, session, log } = this.#options;
    try {
      const operations = await ports.ledger.list(session.id);
      const open = operations.findLast(({ kind, state }) => kind === 'transfer' && !isSettled(state));
      if (open) await this.#resumeTransfer(open);
      else if (isOnHold(operations, this.#caller)) await this.#takeOffHold(operations);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'it is not known what was being done with the call');
    }
  }

  /** Has the carrier tell of the caller's keys by events, too, where it can, or no more. Never rejects. */
  listenForKeys(on: boolean): void {
    const { ports, session, log } = this.#options;
    if (!ports.carrier.capabilities.has('listen-for-keys')) return;
    const ask = async () => {
      const of = await this.#of('keys', 'engine');
      if (!of) return;
      if (on) await ports.carrier.listenForKeys(of.callId, this.#caller, of.operationContext);
      else await ports.carrier.stopListeningForKeys(of.callId, this.#caller, of.operationContext);
    };
    // The media stream tells of them as well.
    const traces = ports.traces ?? noCallTraces;
    traces
      .within(session.id, operationSpan('listen-for-keys'), ask)
      .catch((error: unknown) => log.info({ reason: reasonOf(error) }, 'the carrier tells of no keys'));
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelHold();
    this.#warm?.close();
  }

  get #caller(): PartyId {
    const { direction, from, to } = this.#options.session;
    return (direction === 'inbound' ? from : to) ?? '';
  }

  async #of(operationContext: string, askedBy: AskedBy): Promise<OperationOf | undefined> {
    const { session, find } = this.#options;
    const callId = session.callConnectionId ?? (await find(session.id))?.callConnectionId;
    return callId === undefined ? undefined : { sessionId: session.id, callId, operationContext, askedBy };
  }

  async #do(wish: Wish, operationContext: string, askedBy: AskedBy, tool: string): Promise<void> {
    const { recording } = this.#options;
    if (this.#closed) return;
    if (wish.kind === 'record') return recording?.start(operationContext);
    if (wish.kind === 'send-keys') return this.#sendKeys(wish, operationContext, askedBy, tool);
    // A command may be delivered twice.
    if (this.#busy === operationContext) return;
    if (this.#busy !== undefined)
      return this.#failed(operationContext, tool, 'something else is being done with the call');
    this.#busy = operationContext;
    try {
      const of = await this.#of(operationContext, askedBy);
      if (!of) throw new Error('the call is not known yet');
      if (wish.kind === 'hold') await this.#hold(of, wish.forS, tool);
      else if (wish.kind !== 'transfer') throw new Error('this is nothing that is done here');
      else if (wish.how === 'blind') await this.#blind(of, wish);
      else await this.#transferWarm(of, wish);
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'something could not be done with the call');
      this.#busy = undefined;
      this.#attend('caller');
      this.#failed(operationContext, tool, reasonOf(error));
    }
  }

  /** Beside whatever else is done with the call: a menu may ask for keys at any time. */
  async #sendKeys(wish: SendKeysWish, operationContext: string, askedBy: AskedBy, tool: string): Promise<void> {
    try {
      const of = await this.#of(operationContext, askedBy);
      if (!of) throw new Error('the call is not known yet');
      await sendKeys(this.#options.ports, of, wish.keys, wish.participant ?? this.#caller);
    } catch (error) {
      if (!mayBeDone(error)) this.#failed(operationContext, tool, reasonOf(error));
    }
  }

  async #blind(of: OperationOf, wish: TransferWish): Promise<void> {
    const { ports, source } = this.#options;
    this.#attend('waiting');
    const isNew = await transferBlind(ports, of, wish, { source, transferee: await this.#transferee(of) }).catch(
      // What came of it is told later.
      (error: unknown) => mayBeDone(error) || Promise.reject(error),
    );
    if (!isNew) {
      const found = await ports.ledger.get(of.sessionId, of.operationContext);
      if (found && isSettled(found.state))
        this.#blindEnded(of.operationContext, found.state === 'succeeded', 'unknown');
    }
  }

  /** Who is handed on must be said where others are in the call, too. */
  async #transferee({ sessionId }: OperationOf): Promise<PartyId | undefined> {
    const operations = await this.#options.ports.ledger.list(sessionId);
    const hasOthers = operations.some(({ kind, state }) => kind === 'add-participant' && state === 'succeeded');
    return hasOthers ? this.#caller : undefined;
  }

  #blindEnded(operationContext: string, succeeded: boolean, reason: string): void {
    if (this.#busy === operationContext) this.#busy = undefined;
    // Our leg goes with the call: the carrier tells of its end.
    if (succeeded) return;
    this.#attend('caller');
    this.#failed(operationContext, 'transfer_call', reason);
  }

  async #transferWarm(of: OperationOf, wish: TransferWish): Promise<void> {
    const { ports, source, mode, clock, log, waits, onPutThrough, onCallerLeft } = this.#options;
    await beginWarmTransfer(ports, of, wish);
    const warm = new WarmTransfer({
      ports,
      of,
      wish,
      source,
      mode,
      clock,
      log,
      caller: this.#caller,
      ...(waits && { waits }),
    });
    this.#warm = warm;
    const traces = ports.traces ?? noCallTraces;
    const outcome = await traces.within(of.sessionId, operationSpan('transfer'), () => warm.run());
    this.#warm = undefined;
    this.#busy = undefined;
    if (this.#closed || outcome.kind === 'abandoned') return;
    const { sessionId, operationContext } = of;
    const put = outcome.kind === 'put-through';
    const message = outcome.kind === 'taken-back' ? outcome.reason : outcome.kind;
    await ports.ledger.settle(sessionId, {
      operationContext,
      state: put ? 'succeeded' : 'failed',
      ...(!put && { result: { message } }),
    });
    if (put) return onPutThrough();
    if (outcome.kind === 'caller-left') return onCallerLeft();
    this.#attend('caller');
    this.#failed(operationContext, 'transfer_call', message);
  }

  async #hold(of: OperationOf, forS: number, tool: string): Promise<void> {
    const { ports, clock } = this.#options;
    await hold(ports, of, this.#caller);
    this.#attend('nobody');
    this.#cancelHold = clock.after(forS * 1000, () => void this.#endHold(of, forS, tool));
  }

  /** Never rejects: the caller is talked with again, whether the carrier has let him hear it or not. */
  async #endHold(of: OperationOf, forS: number, tool: string): Promise<void> {
    await this.#unhold(of);
    if (this.#closed) return;
    this.#busy = undefined;
    this.#attend('caller');
    const result = {
      status: 'caller_is_back',
      held_s: forS,
      note: 'He hears you again. Go on with what he waits for.',
    };
    this.#options.mode.told?.({ item: newsItem(`${of.operationContext}-back`, tool, result), speech: 'own-words' });
  }

  async #unhold(of: OperationOf): Promise<void> {
    const { ports, clock, log, waits } = this.#options;
    const options = { clock, waitMs: waits?.lookMs ?? UNHOLD_WAIT_MS, isOver: () => this.#closed };
    await takeOffHold(ports, of, this.#caller, options).catch((error: unknown) =>
      log.error({ reason: messageOf(error) }, 'a caller could not be taken off hold'),
    );
  }

  /** Of what no host waits for in its memory: another one had begun it, or the API has. */
  async #ended(operationContext: string, succeeded: boolean, reason: string): Promise<void> {
    const { ports, session, log } = this.#options;
    try {
      const operation = await ports.ledger.get(session.id, operationContext);
      if (!operation || this.#closed || operation.data.askedBy === 'engine') return;
      if (operation.kind === 'transfer') {
        // The API asks the carrier for blind ones by itself: of one that fails the caller hears from the agent all the same.
        this.#blindEnded(operationContext, succeeded, reason);
      } else if (operation.kind === 'hold') {
        const held = storedHold.safeParse(operation.data).data;
        if (succeeded && held?.participant === this.#caller) this.#attend(held.on ? 'nobody' : 'caller');
      } else if (operation.kind !== 'recording') {
        const result = { status: succeeded ? 'done' : 'failed', ...(reason !== '' && { reason }) };
        this.#options.mode.told?.({ item: newsItem(operationContext, operation.kind, result), speech: 'none' });
      }
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'it is not known what came of something in the call');
    }
  }

  async #resumeTransfer({ operationContext, data }: Operation): Promise<void> {
    const stored = storedTransfer.safeParse(data).data;
    const of = stored && (await this.#of(operationContext, stored.askedBy));
    if (!stored || !of) return;
    this.#busy = operationContext;
    if (stored.how === 'blind') this.#attend('waiting');
    else await this.#transferWarm(of, { kind: 'transfer', ...stored });
  }

  async #takeOffHold(operations: readonly Operation[]): Promise<void> {
    const last = operations.findLast(({ kind }) => kind === 'hold');
    if (last?.data.askedBy === 'api') return this.#attend('nobody');
    const of = await this.#of(last?.operationContext ?? 'hold', 'engine');
    if (of) await this.#unhold(of);
  }

  #attend(to: Attention): void {
    this.#options.mode.attend?.(to);
  }

  #failed(operationContext: string, tool: string, reason: string): void {
    const result = { status: 'failed', reason, ...NOT_DONE };
    this.#options.mode.told?.({ item: newsItem(`${operationContext}-failed`, tool, result), speech: 'own-words' });
  }
}

/** Whether the last thing that was done with somebody was to put him on hold. */
function isOnHold(operations: readonly Operation[], participant: PartyId): boolean {
  const held = operations.flatMap(({ kind, state, data }) =>
    kind === 'hold' && state === 'succeeded' ? (storedHold.safeParse(data).data ?? []) : [],
  );
  return held.findLast((each) => each.participant === participant)?.on ?? false;
}
