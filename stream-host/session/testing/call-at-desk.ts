import { pino } from 'pino';
import { OperationLedger } from '../../../shared/calls/operation-ledger.ts';
import type { OperationPorts } from '../../../shared/calls/operations/operate.ts';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import { sessionKeys } from '../../../shared/sessions/keys.ts';
import type { Session } from '../../../shared/sessions/session.ts';
import { newSession, redisesUnderTest } from '../../../shared/sessions/testing/redis.ts';
import type { CallAction } from '../../contract/agent.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { Mode } from '../../contract/mode.ts';
import { CallDesk, type CallDeskOptions } from '../call-desk.ts';
import { ScriptedCarrier } from './scripted-carrier.ts';

export const CALLER = '+15550001';
export const HUMAN = '+15559999';
const OURS = '+15550100';
const log = pino({ level: 'silent' });
const WAITS = { beforeSummaryMs: 1, summaryMs: 5000, afterRingingMs: 30, lookMs: 2 };

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const store = redis.store();
const raw = redis.connect();
export const ledger = new OperationLedger(redis.connect(), { ttlMs: 60_000, wallMs: () => Date.now() });

const entry = {
  begin: ledger.begin.bind(ledger),
  accepted: ledger.accepted.bind(ledger),
  settle: ledger.settle.bind(ledger),
  get: ledger.get.bind(ledger),
  list: ledger.list.bind(ledger),
  lookSoon: ledger.lookSoon.bind(ledger),
};

/** Redis loses what was done with a call. */
export async function lose(sessionId: string): Promise<void> {
  const { operations, operationStates } = sessionKeys(sessionId);
  await raw.del(operations, operationStates);
}

export const warm = (fields: object = {}): CallAction => ({
  call: { callId: 'call-1', name: 'hand_to_human', args: {} },
  key: 'key-1',
  wish: { kind: 'transfer', target: HUMAN, how: 'warm', summary: 'Ann, about a bill.', timeoutS: 5, ...fields },
});
export const blind = (): CallAction => warm({ how: 'blind', summary: undefined });

interface CallAtDeskOptions {
  readonly hasVoice?: boolean;
  /** A call of Teams Phone has no number of ours. */
  readonly hasNumber?: boolean;
  readonly clock?: Clock;
  readonly recording?: CallDeskOptions['recording'];
  /** What is otherwise than in the ledger that there is. */
  readonly hostsLedger?: Partial<OperationPorts['ledger']>;
}

/** A call with one who talks on it, whose carrier and agent are in the test's hands. */
export async function callInProgress(
  known?: Session,
  { hasVoice = true, hasNumber = true, clock = systemClock, recording, hostsLedger }: CallAtDeskOptions = {},
) {
  const session =
    known ??
    (await store.create({
      ...newSession(),
      status: 'connected',
      callConnectionId: 'connection',
      from: CALLER,
      to: OURS,
    }));
  const carrier = new ScriptedCarrier();
  carrier.inCall = [CALLER];
  const heard: string[] = [];
  /** What the agent was told, and says it of: as soon as it is, unless a test keeps it. */
  const news: CallNews[] = [];
  const agent = { speaks: true };
  const mode: Mode = {
    start() {},
    audio() {},
    pressed() {},
    interrupt: () => void heard.push('interrupted'),
    close() {},
    ...(hasVoice && {
      told(told: CallNews) {
        news.push(told);
        if (agent.speaks && told.speech !== 'none') setImmediate(() => told.onSpoken?.(true));
      },
    }),
  };
  const over: string[] = [];
  const desk = new CallDesk({
    ports: { carrier, ledger: { ...entry, ...hostsLedger } },
    find: async () => session,
    session,
    mode,
    attend: (to) => void heard.push(to),
    recording,
    source: hasNumber ? OURS : undefined,
    clock,
    log,
    onPutThrough: () => over.push('put through'),
    onCallerLeft: (reason = 'caller left') => over.push(reason),
    waits: WAITS,
  });
  const state = async (context = 'key-1') => (await ledger.get(session.id, context))?.state;
  const results = () => news.flatMap(({ item }) => (item ? [(item.result as { status: string }).status] : []));
  const tell = (operationContext: string, succeeded: boolean, reason = '') =>
    desk.take({ type: 'operation', operationContext, succeeded, reason });
  return { session, carrier, heard, news, agent, over, desk, state, results, tell };
}

export type CallAtDesk = Awaited<ReturnType<typeof callInProgress>>;
