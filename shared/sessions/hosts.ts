import type { Redis } from 'ioredis';
import { HOSTS_KEY } from './keys.ts';
import { asRecord } from './session-codec.ts';
import { askRedis } from './session-errors.ts';

/** How busy a replica of the stream host is, and what it can do. */
export interface HostLoad {
  readonly sessions: number;
  readonly maxSessions: number;
  /** Names of the agents that it has. Undefined: a release that does not tell. */
  readonly agents?: readonly string[];
}

export interface AnnouncedHost extends HostLoad {
  readonly hostId: string;
}

/**
 * KEYS hosts. ARGV host id, ttl, load. By the clock of Redis, as hosts' own clocks differ. A host that fell silent is
 * dropped here or, where none is left to announce itself, with the whole key.
 */
const ANNOUNCE_LUA = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local last = now + ARGV[2]
      redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', last, ARGV[3]))
      local all = redis.call('HGETALL', KEYS[1])
      for i = 1, #all, 2 do
        local untilMs = tonumber(string.match(all[i + 1], '^%d+'))
        if not untilMs or untilMs <= now then redis.call('HDEL', KEYS[1], all[i])
        elseif untilMs > last then last = untilMs end
      end
      redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now))
      return 1`;

/** KEYS hosts -> { now, host id, 'until sessions maxSessions agents', … } */
const HOSTS_LUA = `
      local time = redis.call('TIME')
      return { string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), redis.call('HGETALL', KEYS[1]) }`;

interface HostRedis extends Redis {
  parleyAnnounce(key: string, hostId: string, ttlMs: number, load: string): Promise<1>;
  parleyHosts(key: string): Promise<[now: string, hash: string[]]>;
}

/** The replicas of the stream host that have spoken lately. */
export class Hosts {
  readonly #redis: HostRedis;

  constructor(redis: Redis) {
    redis.defineCommand('parleyAnnounce', { numberOfKeys: 1, lua: ANNOUNCE_LUA });
    redis.defineCommand('parleyHosts', { numberOfKeys: 1, lua: HOSTS_LUA });
    this.#redis = redis as HostRedis;
  }

  /** Says that a replica lives, how busy it is and whom it can speak as. It is forgotten `ttlMs` after its last word. */
  async announce(hostId: string, load: HostLoad, ttlMs: number): Promise<void> {
    const agents = load.agents?.map(encodeURIComponent).join(',');
    const text = [load.sessions, load.maxSessions, agents].filter((part) => part !== undefined).join(' ');
    await askRedis(() => this.#redis.parleyAnnounce(HOSTS_KEY, hostId, ttlMs, text));
  }

  async all(): Promise<AnnouncedHost[]> {
    const [now, hash] = await askRedis(() => this.#redis.parleyHosts(HOSTS_KEY));
    return Object.entries(asRecord(hash)).flatMap(([hostId, value]) => {
      const [untilMs, sessions, maxSessions, agents] = value.split(' ');
      if (Number(untilMs) <= Number(now)) return [];
      const load = { hostId, sessions: Number(sessions), maxSessions: Number(maxSessions) };
      return [agents === undefined ? load : { ...load, agents: agents.split(',').map(decodeURIComponent) }];
    });
  }
}
