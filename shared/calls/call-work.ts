import { z } from 'zod';
import type { CallEvent } from '../carrier/call-events.ts';
import type { Cancel, Clock } from '../clock.ts';
import { messageOf, NotFoundError } from '../errors.ts';
import type { NewId } from '../ids.ts';
import type { Logger } from '../log.ts';
import type { NewEvent, Session } from '../sessions/session.ts';
import type { CallTraces } from '../telemetry/call-traces.ts';
import {
  type CallDesk,
  type CallInbox,
  type Commit,
  type NewTodo,
  type StoredTodo,
  type Todo,
  WORK_LEASE_MS,
} from './call-inbox.ts';
import { followUpOf, recordTakenIn } from './call-spans.ts';
import { isOver } from './call-state.ts';
import { endWord } from './end-reasons.ts';
import { type FollowUpParts, follow, RESTORE_GRACE_MS } from './follow-ups.ts';
import type { Consequences, FollowUp } from './handlers/consequences.ts';
import { consequencesOf } from './handlers/handlers.ts';
import type { Later } from './media-recovery.ts';
import { RECONCILE } from './operation-ledger.ts';
import { encodeCallEvent, readCallEvent } from './stored-event.ts';

export interface CallWorkOptions extends FollowUpParts {
  readonly source: NewEvent['source'];
  readonly inbox: CallInbox;
  readonly clock: Clock;
  /** Names the one who holds a call's work. */
  readonly newId: NewId;
  readonly log: Logger;
  readonly traces: Pick<CallTraces, 'within' | 'record' | 'isOn'>;
}

/** What came of a visit to a call's work. */
export interface Visit {
  /** Ids of the events that were taken in. */
  readonly taken: readonly string[];
  /** Those of events of calls that nobody knows. */
  readonly passedOver: readonly string[];
  /** Somebody else is at it; he also finds what came since. */
  readonly busy: boolean;
  /** When something is left to do. */
  readonly leftInMs?: number | undefined;
  /** Why the last thing that was tried could not be done yet. */
  readonly failure?: unknown;
}

type Taken = { readonly [Which in 'taken' | 'passedOver']: string[] };

/** What fails is tried again so much later, then twice that, and so on; at last it is left out, and the log says so. */
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 30_000;
const MOST_TRIES = 16;
/** What a caller waits for in silence: a carrier that can be asked again must not find that the next try is half a minute away. */
const AWAITED: ReadonlySet<string> = new Set<FollowUp>(['media-lost', 'session-lost', 'words-lost']);
const LONGEST_AWAITED_MS = 1_500;
/** For some 45 s, when the call is hung up (`CallSweep`). */
const MOST_AWAITED_TRIES = 32;
/** Each round means that somebody else changed the session in between. */
const COMMIT_ATTEMPTS = 32;
/** The name of the to-do that takes in an event of an operation that came when Redis did not know its session. */
const LATE = 'late:';
const LATE_EVERY_MS = 1_000;
/** When a call is looked at again whose worker died over it. */
const AGAIN_MS = 2_000;
const AT_ONCE = 50;

/**
 * Takes in what was told of calls, and does what follows: one process at a time for each call, any process for any call.
 *
 * An event is taken in by one step in Redis: session, timeline, commands, ledger, what is to be done, and the event out of the
 * inbox. What follows is written down in that step and done after it, then taken off; each of these deeds may be done twice
 * without harm. So a process may die anywhere, and the next one goes on.
 */
export class CallWork {
  readonly #options: CallWorkOptions;

  constructor(options: CallWorkOptions) {
    this.#options = options;
  }

  /**
   * Takes in all events of a call and does what is due.
   * @param patienceMs asked once, when something is to be done that is not due yet: for how long it may be waited for
   */
  async visit(sessionId: string, patienceMs: () => Promise<number> = async () => 0): Promise<Visit> {
    const { inbox, newId } = this.#options;
    const token = newId();
    // In this order: whatever is told after the first is known by another time.
    const [known, desk] = await Promise.all([inbox.work.known(sessionId), inbox.claim(sessionId, token)]);
    if (desk === undefined) return { taken: [], passedOver: [], busy: true };
    const stopRenewing = this.#renew(sessionId, token);
    try {
      const visit = await this.#workAt(sessionId, token, desk, patienceMs);
      if (!visit.busy) await this.#note(sessionId, known, visit.leftInMs);
      return visit;
    } catch (error) {
      await inbox.abandon(sessionId, token);
      throw error;
    } finally {
      stopRenewing();
    }
  }

  /** Says when there is more to do, or that there is nothing. */
  async #note(sessionId: string, known: string | undefined, leftInMs: number | undefined): Promise<void> {
    const { work } = this.#options.inbox;
    if (known !== undefined) await work.settle(sessionId, known, leftInMs);
    else if (leftInMs !== undefined) await work.byThen(sessionId, leftInMs);
  }

  /**
   * Looks after the calls that are due. Never rejects.
   * @param lateMs only those that nobody has looked after for so long
   * @returns when the next one is due; undefined where that is not known
   */
  async round(patienceMs: number, lateMs = 0): Promise<number | undefined> {
    const { inbox, log } = this.#options;
    try {
      const { ids, waitMs } = await inbox.work.due(AT_ONCE, AGAIN_MS, lateMs);
      await Promise.all(ids.map((id) => this.#visitDue(id, patienceMs)));
      return waitMs;
    } catch (error) {
      log.debug({ reason: messageOf(error) }, 'the work at calls could not be looked for now');
      return undefined;
    }
  }

  async #visitDue(sessionId: string, patienceMs: number): Promise<void> {
    const { log } = this.#options;
    try {
      const { taken, failure } = await this.visit(sessionId, async () => patienceMs);
      if (taken.length > 0) log.info({ session: sessionId, events: taken.length }, 'took in what others had left');
      if (failure !== undefined) log.warn({ session: sessionId, reason: messageOf(failure) }, 'will be tried again');
    } catch (error) {
      log.warn({ session: sessionId, reason: messageOf(error) }, 'the work at a call could not be done now');
    }
  }

  async #workAt(sessionId: string, token: string, first: CallDesk, patience: () => Promise<number>): Promise<Visit> {
    const { inbox, clock } = this.#options;
    const events = { taken: [] as string[], passedOver: [] as string[] };
    let untilMs: number | undefined;
    let failure: unknown;
    for (let desk: CallDesk | undefined = first; desk; desk = await inbox.claim(sessionId, token)) {
      if (desk.entries.length > 0) {
        if (!(await this.#takeIn(sessionId, token, desk, events))) break;
        continue;
      }
      const next = desk.todo.toSorted((a, b) => a.dueAt - b.dueAt)[0];
      if (next !== undefined) untilMs ??= clock.now() + (await patience());
      const inMs = next && Math.max(0, next.dueAt - desk.nowMs);
      const isDue = inMs === 0 || clock.now() + (inMs ?? 0) <= (untilMs ?? 0);
      if (next === undefined || inMs === undefined || !isDue || failure !== undefined) {
        if (await inbox.release(sessionId, token)) return { ...events, busy: false, leftInMs: inMs, failure };
      } else if (inMs > 0) {
        await new Promise<void>((resolve) => clock.after(inMs, resolve));
      } else {
        failure = await this.#doNext(sessionId, token, desk.session, next);
      }
    }
    return { ...events, busy: true };
  }

  /** @returns false: somebody else is at it by now */
  async #takeIn(sessionId: string, token: string, desk: CallDesk, events: Taken): Promise<boolean> {
    const { inbox, log } = this.#options;
    let { session } = desk;
    for (const { entry, event } of desk.entries) {
      if (event === undefined) {
        log.warn({ session: sessionId, entry }, 'an event that another release wrote cannot be read; left out');
        if ((await inbox.commit(sessionId, token, { entry })) !== 'made') return false;
        continue;
      }
      const outcome = await this.#takeInOne(sessionId, token, session, entry, event, desk.todo);
      if (outcome === 'lease-lost') return false;
      session = outcome.session;
      (outcome.isTaken ? events.taken : events.passedOver).push(event.id);
    }
    return true;
  }

  async #takeInOne(
    sessionId: string,
    token: string,
    first: Session | undefined,
    entry: string,
    event: CallEvent,
    open: readonly Todo[],
  ): Promise<{ session: Session | undefined; isTaken: boolean } | 'lease-lost'> {
    const { inbox, store, source, traces, ledger } = this.#options;
    const log = this.#options.log.child({ session: sessionId, call: event.callId, event: event.name });
    const callId = { callId: event.callId };
    const drop = async (isTaken: boolean, todo: readonly NewTodo[] = []) => {
      const outcome = await inbox.commit(sessionId, token, { entry, todo });
      return outcome === 'made' ? { session: first, isTaken } : 'lease-lost';
    };
    if (first === undefined) {
      const todo = onceRestored(event, entry === '');
      if (todo) return drop(true, [todo]);
      log.warn('an event of an unknown call was passed over');
      return drop(false);
    }
    let session = await this.#bindOwn(first, event);
    if (session === undefined) {
      // An answer whose response got lost was made again: two calls name one session, and the first one has it.
      log.warn('an event of another call than the session’s own was passed over');
      return drop(true);
    }
    for (let attempt = 0; attempt < COMMIT_ATTEMPTS; attempt++) {
      const before: Session = session;
      const consequences = consequencesOf(before, event);
      const { patch, commands, settled } = consequences;
      const timeline = {
        ...{ at: event.at, type: event.name, source },
        data: { ...dataOf(event), ...consequences.told },
      };
      const change = { entry, session: before, patch, timeline, commands, settled };
      const commit = () => inbox.commit(sessionId, token, { ...change, todo: todoOf(consequences, callId, open) });
      const outcome: Commit = await store.moving(before, patch?.status, commit, (made) => made === 'made');
      if (outcome === 'lease-lost') return outcome;
      if (outcome === 'made') {
        if (patch?.status !== undefined && isOver(patch.status)) {
          const endReason = endWord(patch.endReason ?? before.endReason ?? '');
          log.info({ status: patch.status, endReason }, 'call over');
        }
        const version = before.version + (patch === undefined ? 0 : 1);
        const after = { ...before, ...patch, version };
        if (traces.isOn) await recordTakenIn({ event, before, after, settled: settled ?? [] }, { traces, ledger });
        return { session: after, isTaken: true };
      }
      const current: Session | undefined = await store.get(sessionId);
      if (current === undefined) return this.#takeInOne(sessionId, token, undefined, entry, event, open);
      session = current;
    }
    return 'lease-lost';
  }

  /** Takes in an event that had come when Redis did not know its session, once it does, or passes it over. */
  async #takeInLate(
    sessionId: string,
    token: string,
    session: Session | undefined,
    { data }: Todo,
  ): Promise<Later | undefined> {
    const { event: stored, left } = lateData.parse(data);
    const event = readCallEvent({ event: stored });
    if (event === undefined) return undefined;
    if (session === undefined && left > 0) return { inMs: LATE_EVERY_MS, data: { event: stored, left: left - 1 } };
    await this.#takeInOne(sessionId, token, session, '', event, []);
    return undefined;
  }

  /** Takes in what we have found out ourselves, as if the carrier had told it. */
  async tell(sessionId: string, event: CallEvent): Promise<void> {
    await this.#options.inbox.append(sessionId, [event]);
    await this.visit(sessionId);
  }

  /** Undefined where the event is of another call than the session's. */
  async #bindOwn(session: Session, { callId, serverCallId, correlationId }: CallEvent): Promise<Session | undefined> {
    // What we tell ourselves of a call that has no id yet.
    if (callId === '') return session;
    const isBound = session.callConnectionId === callId;
    const isWhole = session.serverCallId !== undefined || serverCallId === undefined;
    if (isBound && isWhole) return session;
    const ids = {
      callConnectionId: callId,
      ...(serverCallId !== undefined && { serverCallId }),
      ...(correlationId !== undefined && { correlationId }),
    };
    try {
      return await this.#options.store.bind(session.id, ids);
    } catch (error) {
      if (error instanceof NotFoundError && error.code === 'call.mismatch') return undefined;
      throw error;
    }
  }

  /** @returns why it could not be done yet */
  async #doNext(sessionId: string, token: string, session: Session | undefined, todo: StoredTodo): Promise<unknown> {
    const { inbox, traces } = this.#options;
    const log = this.#options.log.child({ session: sessionId, todo: todo.name });
    const { name, line: was } = todo;
    try {
      const told = followUpOf(name);
      const work = () =>
        name.startsWith(LATE)
          ? this.#takeInLate(sessionId, token, session, todo)
          : follow({ sessionId, session, todo, log }, this.#options);
      const later = await traces.within(sessionId, told.name, work, told.attributes);
      await inbox.commit(sessionId, token, { todo: [{ name, was, inMs: undefined, ...later }] });
      return undefined;
    } catch (failure) {
      const tries = todo.tries + 1;
      const [most, longestMs] = AWAITED.has(name)
        ? [MOST_AWAITED_TRIES, LONGEST_AWAITED_MS]
        : [MOST_TRIES, LONGEST_RETRY_MS];
      const inMs = tries > most ? undefined : Math.min(FIRST_RETRY_MS * 2 ** (tries - 1), longestMs);
      if (inMs === undefined) log.error({ err: failure }, 'could not be done, and is given up');
      await inbox.commit(sessionId, token, { todo: [{ name, was, inMs, tries, data: todo.data }] });
      return failure;
    }
  }

  /** A renewal that fails is made up for by the next one, or not: without Redis nothing can be written anyway. */
  #renew(sessionId: string, token: string): Cancel {
    const { inbox, clock } = this.#options;
    let cancel: Cancel = () => {};
    const renewLater = () => {
      cancel = clock.after(WORK_LEASE_MS / 3, () => {
        inbox.renew(sessionId, token).catch(() => {});
        renewLater();
      });
    };
    renewLater();
    return () => cancel();
  }
}

const lateData = z.object({ event: z.string(), left: z.int() });

/** What is done about an event of a session that Redis does not know, and whose host may be about to write it again. */
function onceRestored(event: CallEvent, isLate: boolean): NewTodo | undefined {
  const isLost = (event.kind === 'media-stopped' || event.kind === 'media-failed') && !event.onPurpose;
  if (isLost) {
    return { name: 'session-lost', inMs: RESTORE_GRACE_MS, data: { callId: event.callId }, unlessThere: true };
  }
  // Its host may wait for just this.
  if (isLate || !('operation' in event)) return undefined;
  const [id, stored] = encodeCallEvent(event);
  const data = { event: stored, left: RESTORE_GRACE_MS / LATE_EVERY_MS - 1 };
  return { name: LATE + id, inMs: LATE_EVERY_MS, data, unlessThere: true };
}

function todoOf({ follow = [], tasks = [] }: Consequences, data: Todo['data'], open: readonly Todo[]): NewTodo[] {
  const todo = follow.flatMap((name): NewTodo[] => {
    if (name !== 'reconcile-now') return [{ name, inMs: 0, data, unlessThere: true }];
    return open.filter((todo) => todo.name.startsWith(RECONCILE)).map((todo) => ({ name: todo.name, inMs: 0 }));
  });
  return [...todo, ...tasks];
}

/** What the timeline tells of every event. Keys that were pressed, and who was in the call, are not in it. */
function dataOf(event: CallEvent): Record<string, unknown> {
  const { callId, operationContext, result, at } = event;
  const data = { callConnectionId: callId, operationContext, result, at: new Date(at).toISOString() };
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
