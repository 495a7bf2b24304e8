import assert from 'node:assert/strict';
import { pino } from 'pino';
import { OperationLedger } from '../../../shared/calls/operation-ledger.ts';
import type { OperationPorts } from '../../../shared/calls/operations/operate.ts';
import { changeRecording, enterRecording } from '../../../shared/calls/operations/recording.ts';
import { recordingStateOf } from '../../../shared/calls/operations/recording-state.ts';
import type { Logger } from '../../../shared/log.ts';
import { sessionKeys } from '../../../shared/sessions/keys.ts';
import { newSession, redisesUnderTest } from '../../../shared/sessions/testing/redis.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { AgentRecording } from '../../contract/agent.ts';
import type { CallNews } from '../../contract/call-news.ts';
import type { Mode } from '../../contract/mode.ts';
import { SessionEvents } from '../../dialogue/session-events.ts';
import { CallRecording, type RecordingPlan } from '../call-recording.ts';
import { ScriptedCarrier } from './scripted-carrier.ts';

export const NOTICE = 'This call is recorded.';
export const AGENT: AgentRecording = { fromStart: false, notice: NOTICE };
export const PLAN: RecordingPlan = { wish: { channels: 'mixed', format: 'wav' } };

const [redis] = await redisesUnderTest();
if (!redis) throw new Error('There is no Redis.');
const raw = redis.connect();
export const ledger = new OperationLedger(redis.connect(), {
  ttlMs: 60_000,
  wallMs: () => Date.now(),
  source: 'stream-host',
});

/** More than anybody here asks of the ledger at a stretch. */
const MOST_ASKED = 16;

/** All hosts have had their answers by now: on one connection they come in turn. */
export async function settled(): Promise<void> {
  for (let asked = 0; asked < MOST_ASKED; asked += 1) await ledger.list('nobody');
}

interface RecordedOptions {
  /** Another host has held the session before. */
  readonly sessionId?: string;
  readonly isWanted?: boolean;
  readonly hasVoice?: boolean;
  /** What the host finds of the ledger. */
  readonly hostsLedger?: OperationPorts['ledger'];
  readonly log?: Logger;
}

/** The recording of one call, its carrier, and whoever asks for it. */
export function recorded(agent: AgentRecording | undefined, plan = PLAN, options: RecordedOptions = {}) {
  const { sessionId = newSession().id, isWanted = false, hasVoice = true, hostsLedger = ledger } = options;
  const carrier = new ScriptedCarrier();
  const clock = new VirtualClock();
  const events = new SessionEvents(clock);
  const news: CallNews[] = [];
  /** What came to nothing, and why. */
  const failures: string[] = [];
  /** Of these, those that the ledger could not take. */
  const unnoted: string[] = [];
  const attention = { callerHears: false };
  const mode: Mode = {
    start() {},
    audio() {},
    pressed() {},
    interrupt() {},
    close() {},
    ...(hasVoice && { told: (told: CallNews) => void news.push(told) }),
  };
  const recording = new CallRecording({
    ports: { carrier, ledger: hostsLedger },
    sessionId,
    callId: async () => 'connection',
    agent,
    isWanted,
    plan,
    callerHears: () => attention.callerHears,
    mode,
    events,
    clock,
    log: options.log ?? pino({ level: 'silent' }),
    onFailed: (operation, reason) => failures.push(`${operation} ${reason}`),
    onUnnoted: (operation, reason) => unnoted.push(`${operation} ${reason}`),
  });
  const now = async () => recordingStateOf(await ledger.list(sessionId));
  const isRunning = async () => (await now()).is === 'running';
  const of = (operationContext: string) =>
    ({ sessionId, callId: 'connection', operationContext, askedBy: 'api' }) as const;
  /** What the API does. */
  const ports = { carrier, ledger };
  const ask = async (by: string) => {
    await enterRecording(ports, of(by));
    recording.start(by);
  };
  const change = (action: 'pause' | 'resume' | 'stop', by: string) => changeRecording(ports, of(by), action);
  /** Redis does. */
  const lose = async () => {
    const { operations, operationStates } = sessionKeys(sessionId);
    await raw.del(operations, operationStates);
  };
  const state = async (by: string) => {
    const operation = await ledger.get(sessionId, by);
    return [operation?.state, operation?.result?.message];
  };
  /** What the host makes of it that an operation of the ledger has ended. */
  const tell = async (by: string) => recording.told((await ledger.get(sessionId, by)) ?? assert.fail());
  return {
    recording,
    carrier,
    clock,
    events,
    news,
    attention,
    failures,
    unnoted,
    now,
    isRunning,
    sessionId,
    ask,
    change,
    lose,
    state,
    tell,
  };
}

/** A call that is recorded, and everybody in it was told. */
export async function running({ plan = PLAN, agent = AGENT }: { plan?: RecordingPlan; agent?: AgentRecording } = {}) {
  const call = recorded(agent, plan);
  call.recording.begin('from-start', true);
  await call.ask('r');
  if (plan.noticeUrl === undefined) call.news.shift()?.onSpoken?.(true);
  else call.recording.ended('r.notice', true, '');
  await eventually(() => call.isRunning());
  // The ledger knows it first: else this host might yet find who comes next, and pause for him in place of another.
  await settled();
  call.carrier.asked.length = 0;
  return call;
}
