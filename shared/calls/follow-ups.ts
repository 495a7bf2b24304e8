import type { Carrier } from '../carrier/carrier.ts';
import type { OutboundBudget } from '../limits/outbound-budget.ts';
import type { Logger } from '../log.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { Todo } from './call-inbox.ts';
import { isOver } from './call-state.ts';
import { stillOpen } from './early-look.ts';
import type { FollowUp } from './handlers/consequences.ts';
import { operationEnded } from './host-commands.ts';
import type { Later, MediaRecovery } from './media-recovery.ts';
import { isSettled, type Operation, type OperationLedger, RECONCILE, type Settlement } from './operation-ledger.ts';
import { nobodyComes, pauseFor } from './operations/newcomer.ts';
import { isStart } from './operations/recording-state.ts';
import { reconcile } from './reconcile.ts';
import { RECORDING, recordingTold } from './recording-told.ts';

export interface FollowUpParts {
  readonly store: SessionStore;
  readonly ledger: OperationLedger;
  readonly carrier: Pick<Carrier, 'end' | 'state' | 'participants' | 'recordingState' | 'stopRecording'>;
  readonly recovery: MediaRecovery;
  readonly budget: OutboundBudget;
}

/** What is to be done, and where it stands. */
export interface Task {
  readonly sessionId: string;
  /** As it is now; undefined where Redis does not know it. */
  readonly session: Session | undefined;
  readonly todo: Todo;
  readonly log: Logger;
}

/** Does a step of what follows from an event. Undefined: it is done. */
type Doer = (task: Task, parts: FollowUpParts) => Promise<Later | undefined>;

/** What this release does not know is passed on so often, for a minute in all. */
const MOST_PASSES = 12;
const PASSED_ON_MS = 5_000;
/** How long a replica that still holds a session may take to write it again after Redis lost it. */
export const RESTORE_GRACE_MS = 3_000;

const DOERS: Readonly<Record<Exclude<FollowUp, 'reconcile-now'>, Doer>> = {
  async over({ sessionId, session }, { store, budget }) {
    await store.hosts.giveBack(sessionId);
    if (session !== undefined) await budget.settle(session);
    return undefined;
  },

  async 'hang-up'({ todo, log }, { carrier }) {
    log.warn('a call that is to be over stands; hanging up');
    if (!(await carrier.end(callOf(todo)))) log.info('the call was over already');
    return undefined;
  },

  async 'media-lost'({ session, todo, log }, { recovery }) {
    return session && later(await recovery.media(session, callOf(todo), todo.data, log), todo);
  },

  async 'words-lost'({ session, todo, log }, { recovery }) {
    return session && later(await recovery.words(session, callOf(todo), todo.data, log), todo);
  },

  /**
   * The call is ours, as it names a session of ours, and its media being lost means that nobody talks on it any more: no
   * replica could take it up without its session.
   */
  async 'session-lost'({ session, todo, log }, { carrier, recovery }) {
    if (session !== undefined) return later(await recovery.media(session, callOf(todo), todo.data, log), todo);
    const stood = await carrier.end(callOf(todo));
    log.error({ stood }, 'a call whose session is lost has lost its media too; hung up');
    return undefined;
  },
};

/** @throws {ParleyError} where it should be tried again */
export async function follow(task: Task, parts: FollowUpParts): Promise<Later | undefined> {
  const { name } = task.todo;
  if (name.startsWith(RECONCILE)) return askHowItEnded(task, name.slice(RECONCILE.length), parts);
  if (name.startsWith(RECORDING)) return recordingTold(task, parts);
  if (isFollowUp(name)) return DOERS[name](task, parts);
  return leftToOthers(task);
}

/**
 * While two releases run side by side, the other one may want something done that this one does not know: it is left for a
 * minute to whoever does.
 */
function leftToOthers({ todo: { name, data }, log }: Task): Later | undefined {
  const passed = typeof data.passed === 'number' ? data.passed + 1 : 1;
  if (passed <= MOST_PASSES) return { inMs: PASSED_ON_MS, data: { ...data, passed } };
  log.warn({ todo: name }, 'another release wants something done that this one does not know; left out');
  return undefined;
}

async function askHowItEnded(
  { sessionId, session, todo, log }: Task,
  operationContext: string,
  { ledger, carrier, store }: FollowUpParts,
): Promise<Later | undefined> {
  const operation = await ledger.get(sessionId, operationContext);
  if (operation === undefined) return undefined;
  const tellHost = async (ended: Settlement) => {
    const isHeardOf = ended.state === 'succeeded' || !isUnheardOf(operation, todo);
    if (!session || isOver(session.status)) return;
    if (isHeardOf) await store.command(sessionId, operationEnded(ended));
    // A recording may have paused for it.
    else if (await ledger.get(sessionId, pauseFor(operationContext))) {
      await store.command(sessionId, nobodyComes(operationContext));
    }
  };
  if (isSettled(operation.state)) {
    // Whoever found that out may have died before he told the host, which takes it once.
    if (operation.isPresumed) await tellHost(operation);
    return undefined;
  }
  const again = await stillOpen(operation, session, todo.data, carrier);
  if (again !== undefined) return again;
  const settlement = { ...(await reconcile(operation, session, carrier)), presumed: true };
  const isNews = await ledger.settle(sessionId, settlement);
  const told = { operation: operationContext, kind: operation.kind, state: settlement.state };
  // Whoever talked on the call could not know that it was over.
  const isUnrecorded = isNews && isStart(operation) && settlement.state === 'failed';
  log[isUnrecorded ? 'warn' : 'info'](told, 'no event told how an operation ended; asked');
  if (isNews) await tellHost(settlement);
  return undefined;
}

/** Whoever asked for it by the API was told that it failed; nobody in the call has noticed anything of it. */
const isUnheardOf = ({ kind, state, data }: Operation, todo: Todo): boolean =>
  kind === 'transfer' &&
  data.how === 'blind' &&
  data.askedBy === 'api' &&
  (state === 'asked' || todo.data.unsure === true);

const isFollowUp = (name: string): name is keyof typeof DOERS => Object.hasOwn(DOERS, name);

const callOf = ({ data }: Todo): string => (typeof data.callId === 'string' ? data.callId : '');

const later = (outcome: string | Later, { data: { callId } }: Todo): Later | undefined =>
  typeof outcome === 'string' ? undefined : { ...outcome, data: { ...outcome.data, callId } };
