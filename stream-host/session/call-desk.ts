import type { CallWish, TransferWish } from '../../shared/calls/call-wish.ts';
import { TRANSFERRED } from '../../shared/calls/end-reasons.ts';
import { UNKNOWN } from '../../shared/calls/host-commands.ts';
import type { SendKeysWish } from '../../shared/calls/keys-wish.ts';
import { isSettled, type Operation, type Settlement } from '../../shared/calls/operation-ledger.ts';
import type { KnownOperation } from '../../shared/calls/operations/enter-again.ts';
import { isOnHold } from '../../shared/calls/operations/hold.ts';
import type { AskedBy, OperationOf, OperationPorts } from '../../shared/calls/operations/operate.ts';
import { mayBeDone, reasonOf } from '../../shared/calls/operations/operate.ts';
import { sendKeys } from '../../shared/calls/operations/send-keys.ts';
import {
  beginWarmTransfer,
  isPutThrough,
  isStepOfOpen,
  openTransfer,
  transferBlind,
  transferData,
} from '../../shared/calls/operations/transfer.ts';
import { callerOf, hasOthers } from '../../shared/calls/parties.ts';
import type { PartyId } from '../../shared/carrier/carrier.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ErrorCode } from '../../shared/error-codes.ts';
import { messageOf, ParleyError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Session, SessionCommand } from '../../shared/sessions/session.ts';
import { noCallTraces } from '../../shared/telemetry/call-traces.ts';
import { operationSpan } from '../../shared/telemetry/names.ts';
import type { CallAction } from '../contract/agent.ts';
import type { Attention } from '../contract/call-news.ts';
import type { Mode } from '../contract/mode.ts';
import { newsItem } from './call-news.ts';
import type { CallRecording } from './call-recording.ts';
import { CallerHold } from './caller-hold.ts';
import { KnownOperations } from './known-operations.ts';
import { patiently } from './patiently.ts';
import { WarmTransfer, type WarmTransferWaits } from './warm-transfer.ts';

export interface CallDeskOptions {
  readonly ports: OperationPorts;
  /** The call may become known after its socket was picked up. */
  readonly find: (sessionId: string) => Promise<Session | undefined>;
  readonly session: Session;
  readonly mode: Mode;
  /** Whom the mode attends to from now on. */
  readonly attend: (to: Attention) => void;
  readonly recording: Pick<CallRecording, 'start' | 'refuse' | 'told' | 'joined'> | undefined;
  /** Our number, by which others are called. */
  readonly source: PartyId | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** A human has the call: we leave it to him and the caller. */
  readonly onPutThrough: () => void;
  /** The caller is gone, and whoever is left in the call has nothing to do there. */
  readonly onCallerLeft: (reason?: string) => void;
  readonly waits?: Partial<WarmTransferWaits> | undefined;
}

type Wish = CallWish | { readonly kind: 'record' };

const TRANSFER_TOOL = 'transfer_call';

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
  /** The tool by which the agent has asked for the transfer that is under way. */
  #tool = TRANSFER_TOOL;
  #warm: WarmTransfer | undefined;
  readonly #caller: PartyId;
  readonly #hold: CallerHold;
  /** Blind transfers of which the agent was told that they failed: what the carrier is asked may also be told by it, later. */
  readonly #toldFailed = new Set<string>();
  readonly #known = new KnownOperations();
  /** Settles when all was taken in that has come of operations: one after the other, as it was told. */
  #told = Promise.resolve();
  #closed = false;

  constructor(options: CallDeskOptions) {
    const { ports, clock, log, waits, mode, session } = options;
    this.#options = options;
    this.#caller = callerOf(session);
    this.#hold = new CallerHold({
      ...{ ports, caller: this.#caller, clock, log, waitMs: waits?.lookMs },
      of: (operationContext, askedBy) => this.#of(operationContext, askedBy),
      attend: (to) => this.#attend(to),
      told: (news) => mode.told?.(news),
      onBack: (isOurs) => {
        if (isOurs) this.#busy = undefined;
        // Whoever puts him through has him on hold by itself.
        if (!this.#warm) this.#attend(this.#busy === undefined ? 'caller' : 'waiting');
      },
    });
  }

  /** Why nobody can be told, or asked for, anything now. */
  get whyNotAsked(): ErrorCode | undefined {
    if (this.#hold.isOn) return 'calls.on-hold';
    return this.#busy === undefined ? undefined : 'calls.transfer-running';
  }

  /** What still stands of what was done with the call, should the ledger have lost it. */
  get operations(): readonly KnownOperation[] {
    return [...this.#known.all, ...this.#hold.operations];
  }

  /** What the agent wants, now that it was heard. */
  act({ wish, key, call }: CallAction): void {
    void this.#do(wish, key, 'agent', call.name);
  }

  /** What the API wants, or has come of what was wanted. */
  take(command: Extract<SessionCommand, { type: 'wish' | 'operation' | 'participants' }>): void {
    switch (command.type) {
      case 'wish':
        void this.#do(command.wish, command.operationContext, 'api', TRANSFER_TOOL);
        return;
      case 'participants':
        this.#warm?.participants(command.ids, command.sequence);
        return;
      case 'operation': {
        const { operationContext, succeeded, reason } = command;
        if (this.#warm?.ended(operationContext, succeeded, reason)) return;
        this.#told = this.#told.then(() => this.#ended(operationContext, succeeded, reason));
      }
    }
  }

  /** The session was another host's before: what that one had begun goes on here. Never rejects. */
  async resume(): Promise<void> {
    const { log } = this.#options;
    try {
      const operations = await this.#listed();
      for (const each of operations) this.#known.remember(each);
      // A wish that the host before had not taken yet may have been taken meanwhile: it is what is under way.
      if (this.#busy !== undefined || this.#closed) return;
      if (isPutThrough(operations)) return this.#options.onPutThrough();
      const open = openTransfer(operations);
      if (open) await this.#resumeTransfer(open, operations);
      else if (isOnHold(operations, this.#caller)) await this.#hold.resume(operations);
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'it is not known what was being done with the call');
    }
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#hold.close();
    this.#warm?.close();
  }

  async #of(operationContext: string, askedBy: AskedBy): Promise<OperationOf | undefined> {
    const { session, find } = this.#options;
    const callId = session.callConnectionId ?? (await find(session.id))?.callConnectionId;
    return callId === undefined ? undefined : { sessionId: session.id, callId, operationContext, askedBy };
  }

  async #do(wish: Wish, operationContext: string, askedBy: AskedBy, tool: string): Promise<void> {
    if (this.#closed) return;
    if (wish.kind === 'record') return this.#record(operationContext);
    if (askedBy === 'api' && wish.kind === 'transfer' && wish.how === 'blind') return this.#waitFor(operationContext);
    if (wish.kind === 'send-keys') return this.#sendKeys(wish, operationContext, askedBy, tool);
    // A command may be delivered twice.
    if (this.#busy === operationContext) return;
    if (this.#busy !== undefined) {
      const reason = 'something else is being done with the call';
      this.#failed(operationContext, tool, reason);
      return this.#settleFailed(operationContext, reason);
    }
    this.#busy = operationContext;
    this.#tool = tool;
    try {
      const of = await this.#of(operationContext, askedBy);
      if (!of) throw new Error('the call is not known yet');
      if (wish.kind === 'hold') await this.#hold.begin(of, wish.forS, tool);
      else if (wish.kind !== 'transfer') throw new Error('this is nothing that is done here');
      else if (wish.how === 'blind') await this.#blind(of, wish);
      else if (!this.#options.mode.told) throw new ParleyError('calls.no-voice', 'Nobody speaks in this call.');
      else await this.#transferWarm(of, wish);
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'something could not be done with the call');
      this.#busy = undefined;
      this.#known.forget(operationContext);
      this.#failed(operationContext, tool, reasonOf(error));
      this.#attend('caller');
      if (!mayBeDone(error)) return this.#settleFailed(operationContext, reasonOf(error));
      // He may be on hold all the same, and nobody would know.
      const of = wish.kind === 'hold' && (await this.#of(operationContext, 'engine').catch(() => undefined));
      if (of) await this.#hold.takeOff(of);
    }
  }

  /**
   * The API has asked the carrier itself to put the caller through. Whoever waits for that is not asked whether he is there,
   * nor hung up on because he says nothing.
   */
  async #waitFor(operationContext: string): Promise<void> {
    const { ports, session } = this.#options;
    const found = await ports.ledger.get(session.id, operationContext).catch(() => undefined);
    if (!found || isSettled(found.state) || this.#busy !== undefined || this.#closed) return;
    this.#known.add(found);
    this.#busy = operationContext;
    this.#tool = TRANSFER_TOOL;
    this.#attend('waiting');
  }

  /** Nobody is told anything, and so nothing is recorded, while the caller cannot hear it. */
  #record(operationContext: string): void {
    const { recording } = this.#options;
    const why = this.whyNotAsked;
    if (why === undefined) recording?.start(operationContext);
    else recording?.refuse(operationContext, why);
  }

  /** Where it is on record: whoever asked for it by the API need not wait until its time is over. Never rejects. */
  #settleFailed(operationContext: string, message: string): Promise<void> {
    return this.#settle({ operationContext, state: 'failed', result: { message } });
  }

  /** Whoever waits for it does not wait until a Redis that is away is back. Never rejects. */
  async #settle(settlement: Settlement): Promise<void> {
    const { ports, session, clock, log } = this.#options;
    const settle = () => ports.ledger.settle(session.id, settlement);
    const onFailed = (error: unknown) =>
      log.warn({ reason: messageOf(error) }, 'what came of something could not be noted');
    await settle().catch(() => void patiently(settle, clock, () => this.#closed).catch(onFailed));
  }

  #listed(): Promise<readonly Operation[]> {
    const { ports, session, clock } = this.#options;
    const list = () => ports.ledger.list(session.id);
    return patiently(list, clock, () => this.#closed);
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
    const { operationContext, askedBy } = of;
    const data = { how: 'blind', target: wish.target, askedBy };
    this.#known.add({ operationContext, kind: 'transfer', data, state: 'accepted' });
    this.#attend('waiting');
    const isNew = await transferBlind(ports, of, wish, { source, caller: this.#caller }).catch(
      // What came of it is told later.
      (error: unknown) => mayBeDone(error) || Promise.reject(error),
    );
    if (!isNew) {
      const found = await ports.ledger.get(of.sessionId, of.operationContext);
      if (found && isSettled(found.state))
        this.#blindEnded(of.operationContext, found.state === 'succeeded', 'unknown');
    }
  }

  async #hasOthers(): Promise<boolean> {
    const operations = await this.#options.ports.ledger.list(this.#options.session.id);
    return hasOthers(operations);
  }

  #blindEnded(operationContext: string, succeeded: boolean, reason: string): void {
    if (this.#busy === operationContext) this.#busy = undefined;
    this.#known.forget(operationContext);
    // Our leg goes with the call, and the carrier tells of its end; not where others are left, with nobody to talk with.
    if (succeeded) {
      const leave = (isLeft: boolean) => isLeft && this.#options.onCallerLeft(TRANSFERRED);
      return void this.#hasOthers().then(leave, () => {});
    }
    if (this.#toldFailed.has(operationContext)) return;
    this.#toldFailed.add(operationContext);
    this.#failed(operationContext, this.#tool, reason);
    this.#attend('caller');
  }

  async #transferWarm(of: OperationOf, wish: TransferWish): Promise<void> {
    const { ports, source, mode, clock, log, waits, onPutThrough, onCallerLeft } = this.#options;
    const { operationContext } = of;
    await beginWarmTransfer(ports, of, wish);
    const operations = await ports.ledger.list(of.sessionId);
    const at = operations.findIndex(({ operationContext }) => operationContext === of.operationContext);
    const found = operations[at];
    if (found) this.#known.add(found);
    // It was asked for twice, and is over.
    if (found && isSettled(found.state)) {
      this.#busy = undefined;
      return;
    }
    // Whoever has the session by now goes on with what is entered.
    if (this.#closed) return;
    this.#hold.note(operations.slice(0, Math.max(0, at)));
    const warm = new WarmTransfer({
      ports,
      of,
      wish,
      ...{ source, mode, clock, log, tool: this.#tool },
      caller: this.#caller,
      attend: (to) => this.#attend(to),
      onCame: (by) => this.#options.recording?.joined(by, true),
      wasOnHold: this.#hold.isOthers,
      ...(waits && { waits }),
    });
    this.#warm = warm;
    const traces = ports.traces ?? noCallTraces;
    const outcome = await traces.within(of.sessionId, operationSpan('transfer'), () => warm.run());
    this.#warm = undefined;
    this.#busy = undefined;
    this.#known.forget(of.operationContext);
    if (this.#closed || outcome.kind === 'abandoned') return;
    if (outcome.kind === 'put-through') {
      await this.#settle({ operationContext, state: 'succeeded' });
      return onPutThrough();
    }
    const message = outcome.kind === 'taken-back' ? outcome.reason : outcome.kind;
    await this.#settleFailed(operationContext, message);
    if (outcome.kind === 'caller-left') return onCallerLeft();
    this.#failed(operationContext, this.#tool, message);
    this.#attend('caller');
    if (outcome.kind === 'taken-back' && outcome.mayBeHeld) await this.#hold.takeOff(of);
  }

  /** Of what no host waits for in its memory: another one had begun it, or the API has. */
  async #ended(operationContext: string, succeeded: boolean, reason: string): Promise<void> {
    const { log } = this.#options;
    try {
      const operations = await this.#listed();
      const operation = operations.find((each) => each.operationContext === operationContext);
      const isKept = (each: Operation) => each === operation || each.kind === 'add-participant';
      for (const each of operations.filter(isKept)) this.#known.remember(each);
      await this.#noteAdded(operationContext, succeeded, reason, operation);
      if (operation?.kind === 'recording') return this.#options.recording?.told(operation);
      // What the ledger has lost may have brought somebody in. Of its own human the warm transfer tells that goes on here.
      const mayHaveCome = succeeded && (operation?.kind ?? 'add-participant') === 'add-participant';
      if (mayHaveCome && !isStepOfOpen(operations, operationContext))
        this.#options.recording?.joined(operationContext, false);
      if (!operation || this.#closed || operation.data.askedBy === 'engine') return;
      if (operation.kind === 'transfer') {
        // The API asks the carrier for blind ones by itself: of one that fails the caller hears from the agent all the same.
        this.#blindEnded(operationContext, succeeded, reason);
      } else if (operation.kind === 'hold') {
        this.#hold.changedByOthers(operation, succeeded);
      } else if (operation.kind !== 'collect-keys') {
        const result = { status: succeeded ? 'done' : 'failed', ...(reason !== '' && { reason }) };
        this.#options.mode.told?.({ item: newsItem(operationContext, operation.kind, result), speech: 'none' });
      }
    } catch (error) {
      log.warn({ reason: messageOf(error) }, 'it is not known what came of something in the call');
    }
  }

  /** Redis may have lost since what came of somebody's being rung, and this host have entered him again as one who is. */
  async #noteAdded(operationContext: string, succeeded: boolean, message: string, found?: Operation): Promise<void> {
    const known = this.#known.get(operationContext);
    if (known?.kind !== 'add-participant' || isSettled(known.state) || (!succeeded && message.startsWith(UNKNOWN)))
      return;
    const ended = {
      operationContext,
      state: succeeded ? 'succeeded' : 'failed',
      ...(message !== '' && { result: { message } }),
    } as const;
    this.#known.remember({ ...known, ...ended });
    if (found) await this.#settle(ended);
  }

  async #resumeTransfer(transfer: Operation, operations: readonly Operation[]): Promise<void> {
    const { operationContext, data } = transfer;
    const stored = transferData.safeParse(data).data;
    const of = stored && (await this.#of(operationContext, stored.askedBy));
    if (!stored || !of) return;
    this.#busy = operationContext;
    if (stored.how === 'blind') {
      this.#known.add(transfer);
      this.#hold.note(operations);
      this.#attend('waiting');
    } else await this.#transferWarm(of, { kind: 'transfer', ...stored });
  }

  #attend(to: Attention): void {
    this.#options.attend(this.#hold.isOthers ? 'nobody' : to);
  }

  #failed(operationContext: string, tool: string, reason: string): void {
    const result = { status: 'failed', reason, ...NOT_DONE };
    this.#options.mode.told?.({ item: newsItem(`${operationContext}-failed`, tool, result), speech: 'own-words' });
  }
}
