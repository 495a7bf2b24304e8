import type { Redis } from 'ioredis';
import { CallSweep } from '../shared/calls/call-sweep.ts';
import { mediaMissing } from '../shared/calls/media-missing.ts';
import { type Calls, openCalls, type WorkingCarrier } from '../shared/calls/open-calls.ts';
import type { Carrier } from '../shared/carrier/carrier.ts';
import { restartMedia } from '../shared/carrier/restart-media.ts';
import type { Clock } from '../shared/clock.ts';
import { redisDependency } from '../shared/health/redis-dependency.ts';
import { streamHostsDependency } from '../shared/health/stream-hosts-dependency.ts';
import type { NewId } from '../shared/ids.ts';
import type { Logger } from '../shared/log.ts';
import { ModeTable } from '../shared/modes/mode-table.ts';
import { DEFAULT_MODE } from '../shared/modes/streaming-modes.ts';
import { CLOSE } from '../shared/protocol/close-codes.ts';
import { CommandInbox } from '../shared/sessions/command-inbox.ts';
import { SessionStore } from '../shared/sessions/session-store.ts';
import { watchCommands } from '../shared/telemetry/watch-commands.ts';
import { Tickets } from '../shared/tickets/tickets.ts';
import { OrphanedCalls } from './calls/orphaned-calls.ts';
import { WorkRounds } from './calls/work-rounds.ts';
import type { Modes } from './contract/mode.ts';
import type { Admission } from './host/admission.ts';
import { HostHealth, type HostHealthOptions } from './host/host-health.ts';
import { HostRecord, type HostRecordOptions, takesCalls } from './host/host-record.ts';
import { LiveSessions, type LiveSessionsOptions } from './host/live-sessions.ts';
import { Loops } from './host/loops.ts';
import { Places } from './http/places.ts';
import { RelayDoor } from './http/relay-door.ts';
import { StreamHostServer, type StreamHostServerOptions } from './http/server.ts';
import { TicketDoor, type TicketRules } from './http/ticket-door.ts';
import { CallEnding, type CallEndingOptions } from './session/call-ending.ts';
import type { RecordingPlan } from './session/call-recording.ts';
import { type HostIdentity, hostIdOf } from './session/lease.ts';
import type { CallDeskParts } from './session/open-call-desk.ts';
import { Reception, type ReceptionOptions } from './session/reception.ts';
import { SessionRelay } from './session/session-relay.ts';
import { TranscriptIntake } from './session/transcript-intake.ts';
import type { HostReading } from './telemetry/host-metrics.ts';

/** Longer than any round takes whose Redis does not answer; and where the carrier does not. */
const LATEST_ANNOUNCEMENT_MS = 30_000;
const LATEST_ROUND_MS = 200_000;
/** Hosts say each second that they are there. */
const LOOK_FOR_OTHERS_MS = 500;

/** What keeps the door of a host by its load. */
export type HostAdmission = Pick<Admission, 'overload' | 'reading' | 'onChange' | 'close'>;

/** What a stream host is made of: everything that reaches out of the process, or that differs between processes. */
export interface HostParts
  extends Pick<
      ReceptionOptions,
      | 'openResponder'
      | 'records'
      | 'defaultAgent'
      | 'isScripted'
      | 'maxCallMs'
      | 'logTranscripts'
      | 'observe'
      | 'waits'
      | 'traces'
      | 'line'
      | 'longestMessageMs'
      | 'onUnexpected'
    >,
    Pick<LiveSessionsOptions, 'maxSessions' | 'maxBrowserSessions' | 'probeMs'>,
    Pick<
      StreamHostServerOptions,
      | 'admitCarrier'
      | 'callIdHeader'
      | 'allowedOrigins'
      | 'allowLocalPages'
      | 'clients'
      | 'trustedProxyHops'
      | 'functionsUrl'
      | 'page'
      | 'pageSettings'
      | 'reference'
      | 'referencePage'
      | 'agents'
      | 'requestLimits'
    >,
    // Of the services, those besides Redis and the other hosts.
    Pick<HostHealthOptions, 'parts' | 'mending' | 'services' | 'rhythm'> {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly log: Logger;
  readonly host: HostIdentity;
  /** What it runs, for whoever sees two releases side by side. */
  readonly release?: string;
  /** Stays the caller's to close. */
  readonly redis: Redis;
  readonly sessionTtlSeconds: number;
  /** Who may open the sockets of browsers and dashboards. */
  readonly ticketRules: TicketRules;
  readonly newSecret: NewId;
  /** This process is broken: it must end. */
  readonly onBroken?: (error: Error) => void;
  /** Keeps the door by the load; without it only the number of places counts. */
  readonly openAdmission?: (countSessions: () => number) => HostAdmission;
  /** What its agents can do; without it, nobody is told. */
  readonly abilities?: HostRecordOptions['abilities'];
  readonly modes: Modes;
  /** The mode of sessions for which nobody says another: ACS_STREAMING_MODE. */
  readonly defaultMode?: string;
  readonly calls: WorkingCarrier & Pick<Carrier, 'hangUp' | 'stopMedia'>;
  /** What else is done with calls: transfers, holds, recordings. Without it nothing is. */
  readonly callDesk?:
    | { readonly carrier: Carrier; readonly recording: RecordingPlan; readonly waits?: CallDeskParts['waits'] }
    | undefined;
  readonly readVitals: (
    live: LiveSessions,
    admission: HostAdmission | undefined,
  ) => ReturnType<StreamHostServerOptions['vitals']>;
}

export interface AssembledHost {
  readonly store: SessionStore;
  readonly live: LiveSessions;
  readonly server: StreamHostServer;
  readonly health: HostHealth;
  /** How it is now, and what it has counted since its start. */
  reading(): Omit<HostReading, 'playoutLateMs'>;
  /** Opens the port and says in Redis that the host is there. */
  open(port: number, bind?: string): Promise<number>;
  /** Says in Redis at once what it says every few seconds: something of it has changed. */
  announce(): Promise<void>;
  /** Admits nobody any more, and waits up to `waitMs` for the sessions that are here to end by themselves. */
  drain(reason: string, waitMs: number): Promise<void>;
  /** Hands the sessions that are left over to other hosts, each in a pause of its talk; without one, waits for their end. */
  move(pauseMs: number): Promise<void>;
  /** Fails readiness, tells every socket to go elsewhere, waits up to `drainMs` for them, and closes all. Idempotent. */
  close(reason: string, drainMs: number): Promise<void>;
}

/** Puts a stream host together. The process does it, and so do the tests: there is no second way. */
export function assembleHost(parts: HostParts): AssembledHost {
  const { clock, log, redis, host } = parts;
  if (parts.traces?.isOn) watchCommands(redis, parts.traces);
  const store = new SessionStore(redis, { ttlSeconds: parts.sessionTtlSeconds, now: () => clock.wallMs() });
  const commands = new CommandInbox(redis, { log });
  const admission = parts.openAdmission?.(() => live.count);
  const live: LiveSessions = new LiveSessions({ ...parts, admission });
  const modes = new ModeTable(parts.modes, parts.defaultMode ?? DEFAULT_MODE);
  const find = (id: string) => store.get(id);
  const hangUp: CallEndingOptions['hangUp'] = (callId, who) => parts.calls.hangUp(callId, who);
  const ending = new CallEnding({ hangUp, find, clock, traces: parts.traces });
  const life: Calls = openCalls({ ...parts, store, carrier: parts.calls, source: 'stream-host' });
  const callDesk = parts.callDesk && {
    ...parts.callDesk,
    ports: { carrier: parts.callDesk.carrier, ledger: life.ledger, traces: parts.traces },
    find,
    keepKeysOut: (id: string, forMs: number) => life.inbox.keepKeysOut(id, forMs),
  };
  const relay = new SessionRelay({ redis, clock, log });
  const tickets = new Tickets(parts);
  const onNotOpened = (sessionId: string, callId: string) =>
    life.work.tell(sessionId, mediaMissing(sessionId, callId, clock.wallMs()));
  const moveMedia = async (callId: string, sessionId: string) => {
    try {
      return await restartMedia(parts.calls, callId, 'handed-over', clock);
    } catch (error) {
      await onNotOpened(sessionId, callId);
      throw error;
    }
  };
  const held = { store, commands, live, ending, relay };
  const reception = new Reception({ ...parts, ...held, callDesk, tickets, modes, moveMedia });
  const orphans = new OrphanedCalls({ store, calls: parts.calls, onNotOpened, clock, log, traces: parts.traces });
  const loops = new Loops({ clock, onStuck: (error) => parts.onBroken?.(error) });
  const record = new HostRecord({
    store,
    host,
    live,
    agents: parts.agents,
    abilities: parts.abilities,
    modes: modes.all.map(([name, { rateHz }]) => ({ name, rateHz })),
    release: parts.release,
    onRound: loops.watch('announcement', LATEST_ANNOUNCEMENT_MS),
    onSilent: (hostId) => void orphans.takeOver(hostId),
    onForgotten: () => void live.confirm(),
    clock,
    log,
  });
  const health = new HostHealth({
    ...parts,
    parts: { ...parts.parts, loops: async () => loops.require() },
    othersHaveRoom: () => record.othersHaveRoom,
    live,
    services: [redisDependency(redis, store, parts.newId), ...parts.services, streamHostsDependency(store)],
  });
  /** Who has talked, or was answered as there was a place and has no other host to go to, is better off here than in silence. */
  const standsOf = async (sessionId: string): Promise<boolean> => {
    if (await store.held.wasHeld(sessionId)) return true;
    if (record.othersHaveRoom) return false;
    if (await store.hosts.keeps(sessionId)) return true;
    // A carrier that took its time with the answer has outlasted his place.
    const session = await store.get(sessionId);
    return session?.status === 'connected' && session.endReason === undefined;
  };
  const server = new StreamHostServer({
    ...parts,
    modes,
    live,
    reception,
    relay: new RelayDoor({ ...parts, relay }),
    tickets: new TicketDoor({ ...parts, ...parts.ticketRules, tickets }),
    words: new TranscriptIntake({ store, line: parts.line, clock, log, ...wordsWait(parts.waits) }),
    sparesCalls: () => record.sparesCalls(),
    goesOn: ({ sessionId }) => (sessionId === undefined ? never : standsOf(sessionId).catch(() => false)),
    health,
    places: new Places(store.hosts, clock),
    vitals: () => parts.readVitals(live, admission),
  });
  const rounds = new WorkRounds(life.work, clock, loops.watch('work at calls', LATEST_ROUND_MS), () => record.hosts);
  const onRound = loops.watch('watch over calls', LATEST_ROUND_MS);
  const sweep = new CallSweep({
    ...{ store, calls: parts.calls, work: life.work },
    ...{ clock, log, onRound, traces: parts.traces },
  });
  // The functions must not answer a call on the strength of a place that is gone.
  admission?.onChange(() => void record.announce());
  let closing: Promise<void> | undefined;

  const close = async (reason: string, drainMs: number): Promise<void> => {
    const drained = server.close(reason, drainMs);
    health.close();
    ending.close();
    sweep.close();
    rounds.close();
    orphans.close();
    // Now that it drains, this says that no place is free here.
    await Promise.all([drained, record.announce()]);
    record.close();
    admission?.close();
    relay.close();
    await commands.close();
  };
  return {
    store,
    live,
    server,
    health,
    reading() {
      const { playout, callers, voiceActivity } = parts.readVitals(live, admission);
      const { loopDelayMs, speechLaneMs, cpu } = admission?.reading ?? { loopDelayMs: 0, speechLaneMs: 0, cpu: 0 };
      const { lines = 0, inputs = 0, audioMs = 0 } = parts.records?.lost ?? {};
      return {
        ...{
          sessions: live.count,
          placesFree: Math.max(0, live.capacity - live.count),
          loopDelayMs,
          speechLaneMs,
          cpu,
        },
        playoutDrops: playout.droppedFrames,
        callerDrops: callers.excessFrames,
        laneDrops: voiceActivity.droppedFrames,
        laneRestarts: voiceActivity.restarts,
        relayDrops: relay.dropped,
        recordLinesLost: lines + inputs,
        recordAudioLostMs: audioMs,
        refusals: live.refusals,
      };
    },
    async open(port, bind) {
      const opened = await server.listen(port, bind);
      await record.announce();
      health.start();
      sweep.start();
      rounds.start();
      return opened;
    },
    announce: () => record.announce(),
    async drain(reason, waitMs) {
      live.drain(CLOSE.goingAway, reason);
      await record.announce();
      await live.empty(waitMs);
    },
    async move(pauseMs) {
      const byMs = clock.now() + pauseMs;
      // The last host waits for its calls to end, or for another one to come: a new one may be starting.
      for (;;) {
        // One that is too busy for new calls takes these all the same.
        const all = await store.hosts.all().catch(() => []);
        const leftMs = byMs - clock.now();
        if (all.some((other) => takesCalls(other, hostIdOf(host)))) return live.move(Math.max(0, leftMs));
        if (leftMs <= 0 || (await live.empty(Math.min(leftMs, LOOK_FOR_OTHERS_MS)))) return;
      }
    },
    close(reason, drainMs) {
      closing ??= close(reason, drainMs);
      return closing;
    },
  };
}

const never = Promise.resolve(false);

/** A socket of words may be as late as one of audio. */
const wordsWait = ({ firstAudioMs }: HostParts['waits'] = {}) =>
  firstAudioMs === undefined ? {} : { firstWordMs: firstAudioMs };
