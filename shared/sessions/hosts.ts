import type { Redis } from 'ioredis';
import {
  decodeAgentModes,
  decodeModes,
  decodeName,
  encodeAgentModes,
  encodeModes,
  type ModeOffer,
} from '../modes/offered-modes.ts';
import { HOSTS_KEY } from './keys.ts';
import { asRecord } from './session-codec.ts';
import { askRedis, readRedis } from './session-errors.ts';

/** How busy a replica of the stream host is, and what it can do. */
export interface HostLoad extends ModeOffer {
  readonly sessions: number;
  readonly maxSessions: number;
  /** Names of the agents that it has. Undefined: a release that does not tell. */
  readonly agents?: readonly string[];
  /** What it runs, so that whoever looks can tell two releases side by side apart. Undefined: one that does not tell. */
  readonly release?: string;
}

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

/** For how long a host that has announced itself counts as one that has places. */
export const ANNOUNCED_FOR_MS = 6_000;
/**
 * A host that was not heard for so long is taken for dead or frozen, and its calls are others' to take over. Hosts announce
 * themselves each second; those of 0.1, every two.
 */
export const SILENT_AFTER_MS = 3_000;

/** What a host learns as it announces itself. */
export interface Heard {
  /** Redis did not know it: its data is lost, or this host was taken for dead. */
  readonly wasUnknown: boolean;
  /** Hosts that are taken for dead or frozen. Each is told a few times, then forgotten. */
  readonly silent: readonly string[];
  /** When the next one will be, unless it is heard; undefined where there is no other. */
  readonly nextSilentInMs: number | undefined;
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

/** Marks the field of a place that is kept. No host's id begins so. */
const KEPT = '~';

const NOW = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS hosts. ARGV host id, ttl, load, field of a place that is not needed any more, … By the clock of Redis, as hosts' own clocks differ. A host that fell silent is
 * dropped here or, where none is left to announce itself, with the whole key.
 */
const ANNOUNCE_LUA = `${NOW}
      local last = now + ARGV[2]
      local wasNew = redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', last, ARGV[3]))
      for i = 4, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
      local all = redis.call('HGETALL', KEYS[1])
      local heard, nextIn = { wasNew, '-1' }, -1
      for i = 1, #all, 2 do
        local untilMs = tonumber(string.match(all[i + 1], '^%d+'))
        if not untilMs or untilMs <= now then redis.call('HDEL', KEYS[1], all[i])
        elseif untilMs > last then last = untilMs end
        if untilMs and all[i] ~= ARGV[1] and string.sub(all[i], 1, 1) ~= '${KEPT}' then
          local inMs = untilMs - now - ${ANNOUNCED_FOR_MS - SILENT_AFTER_MS}
          if inMs <= 0 then heard[#heard + 1] = all[i]
          elseif nextIn < 0 or inMs < nextIn then nextIn = inMs end
        end
      end
      heard[2] = string.format('%.0f', nextIn)
      redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now))
      return heard`;

/** KEYS hosts -> { now, host id, 'until sessions maxSessions agents modes agentModes', … } */
const HOSTS_LUA = `${NOW}
      return { string.format('%.0f', now), redis.call('HGETALL', KEYS[1]) }`;

/** KEYS hosts. ARGV field of the place, ttl, agent, mode -> index into RESERVATIONS. */
const RESERVE_LUA = `${NOW}
      local alive, able, fit, free = 0, 0, 0, 0
      local all = redis.call('HGETALL', KEYS[1])
      for i = 1, #all, 2 do
        local untilMs, load = string.match(all[i + 1], '^(%d+) ?(.*)$')
        if untilMs and tonumber(untilMs) > now then
          if string.sub(all[i], 1, 1) == '${KEPT}' then
            if all[i] ~= ARGV[1] then free = free - 1 end
          else
            alive = alive + 1
            local sessions, most, agents, modes = string.match(load, '^(%d+) (%d+) ?(%S*) ?(%S*)')
            if sessions and (agents == '' or string.find(agents, ',' .. ARGV[3] .. ',', 1, true)) then
              able = able + 1
              if modes == '' or string.find(modes, ',' .. ARGV[4] .. ':', 1, true) then
                fit = fit + 1
                free = free + math.max(0, most - sessions)
              end
            end
          end
        end
      end
      if alive == 0 then return 3 end
      if able == 0 then return 2 end
      if fit == 0 then return 4 end
      if free <= 0 then return 0 end
      redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]))
      if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
      return 1`;

interface HostRedis extends Redis {
  parleyAnnounce(
    key: string,
    hostId: string,
    ttlMs: number,
    load: string,
    ...places: string[]
  ): Promise<[wasNew: 0 | 1, nextInMs: string, ...silent: string[]]>;
  parleyReserve(key: string, place: string, ttlMs: number, agent: string, mode: string): Promise<number>;
  parleyHosts(key: string): Promise<[now: string, hash: string[]]>;
}

/** The replicas of the stream host that have spoken lately. */
export class Hosts {
  readonly #redis: HostRedis;
  #unreadable = 0;

  constructor(redis: Redis) {
    redis.defineCommand('parleyAnnounce', { numberOfKeys: 1, lua: ANNOUNCE_LUA });
    redis.defineCommand('parleyReserve', { numberOfKeys: 1, lua: RESERVE_LUA });
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
    const [wasNew, next, ...silent] = await askRedis(() =>
      this.#redis.parleyAnnounce(HOSTS_KEY, hostId, ttlMs, text, ...places),
    );
    const nextInMs = Number(next);
    return { wasUnknown: wasNew === 1, silent, nextSilentInMs: nextInMs < 0 ? undefined : nextInMs };
  }

  /**
   * Keeps a place for a call that is about to be answered or placed: between that and its first audio no replica counts
   * it. It is given back when a replica has taken the call, by {@link giveBack}, or after `ttlMs`.
   */
  async reserve(sessionId: string, { agent, mode }: CallNeeds, ttlMs: number): Promise<Reservation> {
    const [who, how] = [encodeURIComponent(agent), encodeURIComponent(mode)];
    const outcome = await askRedis(() => this.#redis.parleyReserve(HOSTS_KEY, placeOf(sessionId), ttlMs, who, how));
    return RESERVATIONS[outcome] ?? 'full';
  }

  /** The call did not come about. */
  async giveBack(sessionId: string): Promise<void> {
    await askRedis(() => this.#redis.hdel(HOSTS_KEY, placeOf(sessionId)));
  }

  /**
   * Places that are free over all hosts beyond those kept for calls on their way; below 0 where one was taken that was
   * kept.
   * @param own how busy this host is now, which its last announcement may not say yet
   * @param arrived sessions that this counts
   */
  async spare(hostId: string, own: HostLoad, arrived: readonly string[]): Promise<number> {
    const [now, hash] = await readRedis(() => this.#redis.parleyHosts(HOSTS_KEY));
    const counted = new Set(arrived.map(placeOf));
    let spare = own.maxSessions - own.sessions;
    for (const [field, value] of Object.entries(asRecord(hash))) {
      const [untilMs, sessions = 0, maxSessions = 0] = value.split(' ').map(Number);
      if (!(Number(untilMs) > Number(now)) || field === hostId || counted.has(field)) continue;
      // What cannot be read has no place for anybody.
      spare += field.startsWith(KEPT) ? -1 : Math.max(0, maxSessions - sessions) || 0;
    }
    return spare;
  }

  /** Places that are taken over all hosts, with those kept for calls on their way. What cannot be read takes none. */
  async taken(): Promise<number> {
    const [now, hash] = await readRedis(() => this.#redis.parleyHosts(HOSTS_KEY));
    return Object.entries(asRecord(hash)).reduce((sum, [field, value]) => {
      const [untilMs = 0, sessions = 0] = value.split(' ').map(Number);
      const counts = untilMs > Number(now) ? (field.startsWith(KEPT) ? 1 : sessions) : 0;
      return sum + (Number.isFinite(counts) ? counts : 0);
    }, 0);
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
  const [until, sessionsText, mostText, agents, modes, agentModes, release] = value.split(' ');
  const numbers = [until, sessionsText, mostText].map((text) => Number(text || Number.NaN));
  const [untilMs = 0, sessions = 0, maxSessions = 0] = numbers;
  if (!numbers.every(Number.isFinite)) return undefined;
  const host = {
    ...{ hostId, sessions, maxSessions, silentMs: Math.max(0, nowMs + ANNOUNCED_FOR_MS - untilMs) },
    ...(agents !== undefined && { agents: agents.split(',').flatMap((name) => decodeName(name) || []) }),
    ...(modes !== undefined && { modes: decodeModes(modes) }),
    ...(agentModes !== undefined && { agentModes: decodeAgentModes(agentModes) }),
    ...(release !== undefined && { release: decodeName(release) ?? '' }),
  };
  return { untilMs, host };
}

const modesOf = ({ modes, agentModes = {}, release }: HostLoad): string[] =>
  modes === undefined
    ? []
    : [
        ...[encodeModes(modes), encodeAgentModes(agentModes)],
        ...(release === undefined ? [] : [encodeURIComponent(release)]),
      ];

const placeOf = (sessionId: string): string => KEPT + sessionId;
