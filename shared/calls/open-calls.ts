import type { Redis } from 'ioredis';
import type { Carrier } from '../carrier/carrier.ts';
import type { Clock } from '../clock.ts';
import type { NewId } from '../ids.ts';
import { OutboundBudget } from '../limits/outbound-budget.ts';
import type { Logger } from '../log.ts';
import type { NewEvent } from '../sessions/session.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import { type CallTraces, noCallTraces } from '../telemetry/call-traces.ts';
import { CallInbox } from './call-inbox.ts';
import { CallWork } from './call-work.ts';
import { MediaRecovery } from './media-recovery.ts';
import { OperationLedger } from './operation-ledger.ts';
import { TodoList } from './todo-list.ts';

/** What of a carrier is asked by what follows from its events. */
export type WorkingCarrier = Pick<
  Carrier,
  'end' | 'state' | 'participants' | 'recordingState' | 'stopRecording' | 'startMedia' | 'startTranscription'
>;

export interface CallsOptions {
  readonly redis: Redis;
  readonly store: SessionStore;
  readonly carrier: WorkingCarrier;
  readonly source: NewEvent['source'];
  readonly sessionTtlSeconds: number;
  readonly maxCallMs: number;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Logger;
  readonly traces?: CallTraces | undefined;
}

/** The life-cycle of calls, the same in both halves. */
export interface Calls {
  readonly inbox: CallInbox;
  readonly ledger: OperationLedger;
  readonly work: CallWork;
  readonly todo: TodoList;
}

const DAY_MS = 86_400_000;

export function openCalls(options: CallsOptions): Calls {
  const { redis, store, carrier, clock, maxCallMs, traces = noCallTraces } = options;
  const sessionTtlMs = options.sessionTtlSeconds * 1000;
  // The longest that a call may last is a day.
  const kept = { ttlMs: sessionTtlMs + DAY_MS, wallMs: () => clock.wallMs() };
  const inbox = new CallInbox(redis, { ...kept, sessionTtlMs });
  const ledger = new OperationLedger(redis, { ...kept, source: options.source });
  const recovery = new MediaRecovery({ redis, store, carrier });
  const budget = new OutboundBudget({ redis, clock, maxCallMs });
  return {
    inbox,
    ledger,
    todo: new TodoList(redis, kept.ttlMs),
    work: new CallWork({ ...options, inbox, ledger, recovery, budget, traces }),
  };
}
