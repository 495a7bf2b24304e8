import type { Redis } from 'ioredis';
import {
  decodeAgentModes,
  decodeModes,
  decodeName,
  encodeAgentModes,
  encodeModes,
  type ModeOffer,
} from '../modes/offered-modes.ts';
import { type AbilitiesByAgent, decodeAbilities, encodeAbilities } from './agent-abilities.ts';
import {
  ANNOUNCE_LUA,
  ANNOUNCED_FOR_MS,
  FEW_HOSTS,
  HOST_LUA,
  KEPT,
  NOW,
  OFFERS_LUA,
  RESERVE_LUA,
  SPARE_LUA,
  TAKEN_LUA,
} from './host-scripts.ts';
import { COUNTED_KEY, HOSTS_KEY, LOOKED_THROUGH_KEY, ROOMY_KEY } from './keys.ts';
import { asRecord } from './session-codec.ts';
import { askRedis, readRedis } from './session-errors.ts';

export { ANNOUNCED_FOR_MS, goneFor, SILENT_AFTER_MS } from './host-scripts.ts';

/** How busy a replica of the stream host is, and what it can do. */
export interface HostLoad extends ModeOffer {
  readonly sessions: number;
  readonly maxSessions: number;
  /** Names of the agents that it has. Undefined: a release that does not tell. */
  readonly agents?: readonly string[];
  /** What it runs, so that whoever looks can tell two releases side by side apart. Undefined: one that does not tell. */
  readonly release?: string;
  /** What its agents can do. Undefined: a release that does not tell. */
  readonly abilities?: AbilitiesByAgent;
}

/** What a host can do, however busy it is. */
export type HostOffer = Omit<HostLoad, 'sessions' | 'maxSessions'>;

/** What a call needs a host to have. */
export interface CallNeeds {
  readonly agent: string;
  readonly mode: string;
}

export interface AnnouncedHost extends HostLoad {
  readonly hostId: string;
  /** How long ago it was heard, ms. */
  readonly silentMs: number;
}

/** What a host learns as it announces itself. */
export interface Heard {
  /** Redis did not know it: its data is lost, or this host was taken for dead. */
  readonly wasUnknown: boolean;
  /** Hosts that are taken for dead or frozen. Each is told a few times, then forgotten. Of many hosts a few are told of it. */
  readonly silent: readonly string[];
  /** When the next one will be, unless it is heard; undefined where there is no other. */
  readonly nextSilentInMs: number | undefined;
  /** How many there are. */
  readonly hosts: number;
  /** How many others are heard and have a place, as far as they said last; undefined where nobody has counted them lately. */
  readonly othersWithRoom: number | undefined;
}

/** Whether a place could be kept for one more call, or why not. */
export type Reservation =
  | 'kept'
  /** All replicas are full, or too busy, or what is free is kept for calls that are on their way. */
  | 'full'
  /** No replica that lives has the agent. */
  | 'agent-unknown'
  /** No replica that has the agent has the mode. */
  | 'mode-unknown'
  | 'none-alive';

const RESERVATIONS: readonly Reservation[] = ['full', 'kept', 'agent-unknown', 'none-alive', 'mode-unknown'];

/** KEYS hosts -> { now, host id, 'until sessions maxSessions agents modes agentModes', … } */
const HOSTS_LUA = `${NOW}
      return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }`;

interface HostRedis extends Redis {
  parleyAnnounce(
    ...args: readonly (string | number)[]
  ): Promise<[wasNew: 0 | 1, nextInMs: string, hosts: string, othersWithRoom: string, ...silent: string[]]>;
  parleyReserve(...args: readonly (string | number)[]): Promise<number>;
  parleySpare(key: string, hostId: string, free: number, ...places: string[]): Promise<string>;
  parleyTaken(key: string): Promise<[hosts: number, taken: number]>;
  parleyOffers(key: string): Promise<[hosts: number, ...offers: string[]]>;
  parleyHost(key: string, hostId: string): Promise<string>;
  parleyHosts(key: string): Promise<[now: string, hash: string[]]>;
}

/** Where there are many hosts, what they can do is asked once in so long. */
const OFFERS_KEPT_MS = 1_000;

/** The replicas of the stream host that have spoken lately. */
export class Hosts {
  readonly #redis: HostRedis;
  readonly #now: () => number;
  #unreadable = 0;
  #offers: { readonly told: HostOffer[]; readonly untilMs: number } | undefined;

  constructor(redis: Redis, now: () => number = Date.now) {
    this.#now = now;
    redis.defineCommand('parleyAnnounce', { numberOfKeys: 4, lua: ANNOUNCE_LUA });
    redis.defineCommand('parleyReserve', { numberOfKeys: 2, lua: RESERVE_LUA });
    redis.defineCommand('parleySpare', { numberOfKeys: 1, lua: SPARE_LUA });
    redis.defineCommand('parleyTaken', { numberOfKeys: 1, lua: TAKEN_LUA });
    redis.defineCommand('parleyOffers', { numberOfKeys: 1, lua: OFFERS_LUA });
    redis.defineCommand('parleyHost', { numberOfKeys: 1, lua: HOST_LUA });
    redis.defineCommand('parleyHosts', { numberOfKeys: 1, lua: HOSTS_LUA });
    this.#redis = redis as HostRedis;
  }

  /**
   * Says that a replica lives, how busy it is, whom it can speak as and in which modes. It is forgotten `ttlMs` after its last word.
   * @param arrived sessions of calls that the load counts now: the places kept for them are given back in the same step
   */
  async announce(hostId: string, load: HostLoad, ttlMs: number, arrived: readonly string[] = []): Promise<Heard> {
    const agents = load.agents && `,${load.agents.map((name) => `${encodeURIComponent(name)},`).join('')}`;
    const parts = [load.sessions, load.maxSessions];
    // Each part has its place: releases before this one read the first three.
    const can = agents === undefined ? [] : [agents, ...modesOf(load)];
    const text = [...parts, ...can].join(' ');
    const places = arrived.map(placeOf);
    const keys = [HOSTS_KEY, COUNTED_KEY, LOOKED_THROUGH_KEY, ROOMY_KEY];
    const announce = () => this.#redis.parleyAnnounce(...keys, hostId, ttlMs, text, ...places);
    const [wasNew, next, hosts, others, ...silent] = await askRedis(announce);
    const known = (text: string) => (Number(text) < 0 ? undefined : Number(text));
    const found = { nextSilentInMs: known(next), hosts: Number(hosts), othersWithRoom: known(others) };
    return { wasUnknown: wasNew === 1, silent, ...found };
  }

  /**
   * Keeps a place for a call that is about to be answered or placed: between that and its first audio no replica counts
   * it. It is given back when a replica has taken the call, by {@link giveBack}, or after `ttlMs`.
   */
  async reserve(sessionId: string, { agent, mode }: CallNeeds, ttlMs: number): Promise<Reservation> {
    const [who, how] = [encodeURIComponent(agent), encodeURIComponent(mode)];
    const place = placeOf(sessionId);
    const outcome = await askRedis(() => this.#redis.parleyReserve(HOSTS_KEY, COUNTED_KEY, place, ttlMs, who, how));
    return RESERVATIONS[outcome] ?? 'full';
  }

  /** The call did not come about. */
  async giveBack(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.hdel(HOSTS_KEY, placeOf(sessionId)));
  }

  /** Whether a place is kept for a call: it was answered on the strength of it, and no host has counted it yet. */
  async keeps(sessionId: string): Promise<boolean> {
    return (await readRedis(() => this.#redis.hexists(HOSTS_KEY, placeOf(sessionId)))) === 1;
  }

  /**
   * Places that are free over all hosts beyond those kept for calls on their way; below 0 where one was taken that was
   * kept.
   * @param own how busy this host is now, which its last announcement may not say yet
   * @param arrived sessions that this counts
   */
  async spare(hostId: string, own: HostLoad, arrived: readonly string[]): Promise<number> {
    const free = own.maxSessions - own.sessions;
    const places = arrived.map(placeOf);
    return Number(await readRedis(() => this.#redis.parleySpare(HOSTS_KEY, hostId, free, ...places)));
  }

  /** Places that are taken over all hosts, with those kept for calls on their way. What cannot be read takes none. */
  async taken(): Promise<number> {
    return (await readRedis(() => this.#redis.parleyTaken(HOSTS_KEY)))[1];
  }

  /** How many there are. */
  async count(): Promise<number> {
    return (await readRedis(() => this.#redis.parleyTaken(HOSTS_KEY)))[0];
  }

  /** How long ago a host was heard, ms; undefined where it is forgotten. */
  async silentMs(hostId: string): Promise<number | undefined> {
    const leftMs = Number(await readRedis(() => this.#redis.parleyHost(HOSTS_KEY, hostId)));
    return leftMs < 0 ? undefined : Math.max(0, ANNOUNCED_FOR_MS - leftMs);
  }

  /** What hosts say that they can do, each thing once: those of one release and its agents all say the same. */
  async offers(): Promise<HostOffer[]> {
    const nowMs = this.#now();
    if (this.#offers && nowMs < this.#offers.untilMs) return this.#offers.told;
    const [hosts, ...offers] = await readRedis(() => this.#redis.parleyOffers(HOSTS_KEY));
    const told = offers.map((offer) => offerOf(offer === '' ? [] : offer.split(' ')));
    this.#offers = hosts > FEW_HOSTS ? { told, untilMs: nowMs + OFFERS_KEPT_MS } : undefined;
    return told;
  }

  /** How many entries could not be read when they were last read: another program wrote them, or a release to come. */
  get unreadable(): number {
    return this.#unreadable;
  }

  /** Those that can be read; see {@link unreadable}. */
  async all(): Promise<AnnouncedHost[]> {
    const [now, hash] = await readRedis(() => this.#redis.parleyHosts(HOSTS_KEY));
    const entries = Object.entries(asRecord(hash)).filter(([field]) => !field.startsWith(KEPT));
    const read = entries.map(([hostId, value]) => readHost(hostId, value, Number(now)));
    this.#unreadable = read.filter((host) => host === undefined).length;
    return read.flatMap((host) => (host && host.untilMs > Number(now) ? [host.host] : []));
  }
}

/** Undefined where it is nothing that a host has written. A name that cannot be read costs itself alone. */
function readHost(hostId: string, value: string, nowMs: number): { untilMs: number; host: AnnouncedHost } | undefined {
  const [until, sessionsText, mostText, ...offer] = value.split(' ');
  const numbers = [until, sessionsText, mostText].map((text) => Number(text || Number.NaN));
  const [untilMs = 0, sessions = 0, maxSessions = 0] = numbers;
  if (!numbers.every(Number.isFinite)) return undefined;
  const silentMs = Math.max(0, nowMs + ANNOUNCED_FOR_MS - untilMs);
  return { untilMs, host: { hostId, sessions, maxSessions, silentMs, ...offerOf(offer) } };
}

function offerOf([agents, modes, agentModes, release, abilities]: readonly string[]): HostOffer {
  return {
    ...(agents !== undefined && { agents: agents.split(',').flatMap((name) => decodeName(name) || []) }),
    ...(modes !== undefined && { modes: decodeModes(modes) }),
    ...(agentModes !== undefined && { agentModes: decodeAgentModes(agentModes) }),
    ...(release && { release: decodeName(release) ?? '' }),
    ...(abilities !== undefined && { abilities: decodeAbilities(abilities) }),
  };
}

function modesOf({ modes, agentModes = {}, release, abilities }: HostLoad): string[] {
  if (modes === undefined) return [];
  const last = abilities && encodeAbilities(abilities);
  return [
    ...[encodeModes(modes), encodeAgentModes(agentModes)],
    ...(release === undefined && last === undefined ? [] : [encodeURIComponent(release ?? '')]),
    ...(last === undefined ? [] : [last]),
  ];
}

const placeOf = (sessionId: string): string => KEPT + sessionId;
