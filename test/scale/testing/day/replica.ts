import { pino } from 'pino';
import type { SessionStore } from '../../../../shared/sessions/session-store.ts';
import type { VirtualClock } from '../../../../shared/virtual-clock.ts';
import type { Transport } from '../../../../stream-host/contract/line.ts';
import { Admission } from '../../../../stream-host/host/admission.ts';
import { HostRecord } from '../../../../stream-host/host/host-record.ts';
import { LiveSessions, type Release } from '../../../../stream-host/host/live-sessions.ts';
import type { PlacesInMemory } from './places-in-memory.ts';

export const AGENT = 'desk';
export const MODE = 'media';

const log = pino({ level: 'silent' });
/** What a call costs of the replica's main thread, and how late its loop and its speech lane are with a call more (docs/benchmarks.md). */
const CPU_A_CALL = 0.0054;
const LOOP_MS_A_CALL = 0.06;
const LANE_MS_A_CALL = 0.16;
const GOING_AWAY = 1001;
/** A socket that is let in is all that the product asks of a line here. */
const LINE = {} as unknown as Transport;

export interface ReplicaOptions {
  readonly name: string;
  readonly zone: number;
  readonly places: number;
  readonly clock: VirtualClock;
  readonly known: PlacesInMemory;
  /** 1: its cores are its own. Above, others slow it down. */
  readonly slowness: () => number;
}

/** A replica of the stream host: the product's own admission, places and announcement, with a load that is made up. */
export class Replica {
  readonly zone: number;
  readonly live: LiveSessions;
  readonly #admission: Admission;
  readonly #record: HostRecord;
  #gone = false;

  constructor({ name, zone, places, clock, known, slowness }: ReplicaOptions) {
    this.zone = zone;
    const countSessions = () => this.live.count;
    const readLoad = () => {
      const weight = this.live.count * slowness();
      return { cpu: weight * CPU_A_CALL, loopDelayMs: weight * LOOP_MS_A_CALL, speechLaneMs: weight * LANE_MS_A_CALL };
    };
    this.#admission = new Admission({ clock, log, readLoad, countSessions });
    this.live = new LiveSessions({ maxSessions: places, clock, admission: this.#admission });
    const host = { place: name, boot: 'day' };
    const agents = () => [{ name: AGENT }];
    const modes = [{ name: MODE, rateHz: 16_000 }] as const;
    const store = storeOf(known);
    this.#record = new HostRecord({ store, host, live: this.live, agents, modes, clock, log });
    this.#admission.onChange(() => void this.#record.announce());
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** As `GET /readyz` tells the platform. */
  get ready(): boolean {
    const { draining, overload, count, maxSessions } = this.live;
    return !this.#gone && !draining && overload === undefined && count < maxSessions;
  }

  announce(): Promise<void> {
    return this.#record.announce();
  }

  /** A call's media socket comes. @returns how it is let go of, or undefined: it is refused */
  async take(id: string): Promise<Release | undefined> {
    if (this.#gone) return undefined;
    const place = this.live.admit('phone');
    if (typeof place === 'string') return undefined;
    const held = await this.live.hold(id, LINE);
    return () => {
      held?.();
      place();
    };
  }

  async drain(): Promise<void> {
    this.live.drain(GOING_AWAY, 'The server is being restarted.');
    await this.#record.announce();
  }

  /** It says nothing more, from one moment to the next. Idempotent. */
  kill(): void {
    this.#gone = true;
    this.#record.close();
    this.#admission.close();
  }
}

/** What a host's announcement asks of the store. */
function storeOf(known: PlacesInMemory): SessionStore {
  const hosts = {
    announce: async (...told: Parameters<PlacesInMemory['announce']>) => {
      const wasUnknown = known.announce(...told);
      return { wasUnknown, silent: [], nextSilentInMs: undefined, hosts: await known.count() };
    },
  };
  return { hosts, held: { note: async () => {} } } as unknown as SessionStore;
}
