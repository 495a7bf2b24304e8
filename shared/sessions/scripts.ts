import type { Redis } from 'ioredis';

/**
 * The changes that must happen at once. A script's keys all belong to one slot. The scripts use nothing newer than
 * Redis 6.0, which is what Azure Cache for Redis runs.
 *
 * Numbers of entries: a stream keeps about its last 1000 events or 100 commands (`~`: whole nodes are dropped, which is
 * cheaper than an exact count); older ones are gone.
 */
const EVENTS_KEPT = 1000;
const COMMANDS_KEPT = 100;

/** A sign of life of a session keeps all that belongs to it. `PEXPIRE` of a key that is not there does nothing. */
const TOUCH = `
  local function touch(keys, from, ttl)
    for i = from, #keys do redis.call('PEXPIRE', keys[i], ttl) end
  end
`;

const SCRIPTS = {
  /** KEYS session. ARGV ttl, field, value, … -> 1, or 0 if the id is taken. */
  parleyCreate: {
    numberOfKeys: 1,
    lua: `
      if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
      redis.call('HSET', KEYS[1], unpack(ARGV, 2))
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`,
  },
  /**
   * KEYS session, events, commands, commandsDone. ARGV ttl, version, field, value, …
   * -> { 1 if changed else 0, the whole hash as it is now }, which is empty where there is no session.
   */
  parleyPatch: {
    numberOfKeys: 4,
    lua: `${TOUCH}
      if redis.call('HGET', KEYS[1], 'version') ~= ARGV[2] then return { 0, redis.call('HGETALL', KEYS[1]) } end
      redis.call('HINCRBY', KEYS[1], 'version', 1)
      if #ARGV > 2 then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
      touch(KEYS, 1, ARGV[1])
      return { 1, redis.call('HGETALL', KEYS[1]) }`,
  },
  /** KEYS session, events, commands, commandsDone. ARGV ttl, field, value, … -> 1, or 0 where there is no session. */
  parleySet: {
    numberOfKeys: 4,
    lua: `${TOUCH}
      if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
      redis.call('HINCRBY', KEYS[1], 'version', 1)
      if #ARGV > 1 then redis.call('HSET', KEYS[1], unpack(ARGV, 2)) end
      touch(KEYS, 1, ARGV[1])
      return 1`,
  },
  /** KEYS calls. ARGV ttl, member, the member before which all others are too old. */
  parleyIndex: {
    numberOfKeys: 1,
    lua: `
      redis.call('ZADD', KEYS[1], 0, ARGV[2])
      redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. ARGV[3])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`,
  },
  /** KEYS call. ARGV ttl, session id -> the session id that is bound. */
  parleyBind: {
    numberOfKeys: 1,
    lua: `
      redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return redis.call('GET', KEYS[1])`,
  },
  /** KEYS events, session, commands, commandsDone. ARGV ttl, field, value, … -> the entry's id, or nil: no session. */
  parleyAppend: {
    numberOfKeys: 4,
    lua: `${TOUCH}
      if redis.call('EXISTS', KEYS[2]) == 0 then return false end
      local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${EVENTS_KEPT}, '*', unpack(ARGV, 2))
      touch(KEYS, 1, ARGV[1])
      return id`,
  },
  /** KEYS commands, session, events, commandsDone. ARGV ttl, command -> the entry's id, or nil: no session. */
  parleyCommand: {
    numberOfKeys: 4,
    lua: `${TOUCH}
      if redis.call('EXISTS', KEYS[2]) == 0 then return false end
      local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${COMMANDS_KEPT}, '*', 'command', ARGV[2])
      touch(KEYS, 1, ARGV[1])
      redis.call('PUBLISH', KEYS[1], id)
      return id`,
  },
  /** KEYS owner, session, events, commands, commandsDone. ARGV ttl, owner, lease -> 1 if it is ours. */
  parleyClaim: {
    numberOfKeys: 5,
    lua: `${TOUCH}
      local holder = redis.call('GET', KEYS[1])
      if holder and holder ~= ARGV[2] then return 0 end
      redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
      touch(KEYS, 2, ARGV[1])
      return 1`,
  },
  /** As parleyClaim, but a lease that has run out stays lost. */
  parleyRenew: {
    numberOfKeys: 5,
    lua: `${TOUCH}
      if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
      redis.call('PEXPIRE', KEYS[1], ARGV[3])
      touch(KEYS, 2, ARGV[1])
      return 1`,
  },
  /** KEYS owner. ARGV owner. */
  parleyRelease: {
    numberOfKeys: 1,
    lua: `
      if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
      return redis.call('DEL', KEYS[1])`,
  },
  /**
   * KEYS hosts. ARGV host id, ttl, sessions, maxSessions. By the clock of Redis, as hosts' own clocks differ. A host
   * that fell silent is dropped here or, where none is left to announce itself, with the whole key.
   */
  parleyAnnounce: {
    numberOfKeys: 1,
    lua: `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      local last = now + ARGV[2]
      redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s %s', last, ARGV[3], ARGV[4]))
      local all = redis.call('HGETALL', KEYS[1])
      for i = 1, #all, 2 do
        local untilMs = tonumber(string.match(all[i + 1], '^%d+'))
        if not untilMs or untilMs <= now then redis.call('HDEL', KEYS[1], all[i])
        elseif untilMs > last then last = untilMs end
      end
      redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now))
      return 1`,
  },
  /** KEYS hosts -> { now, host id, 'until sessions maxSessions', … } */
  parleyHosts: {
    numberOfKeys: 1,
    lua: `
      local time = redis.call('TIME')
      return { string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)), redis.call('HGETALL', KEYS[1]) }`,
  },
} as const;

type Arguments = readonly (string | number)[];

/** A client that knows the scripts. Replies are what the scripts' comments say. */
export interface ScriptedRedis extends Redis {
  parleyCreate(...args: Arguments): Promise<0 | 1>;
  parleyPatch(...args: Arguments): Promise<[changed: 0 | 1, hash: string[]]>;
  parleySet(...args: Arguments): Promise<0 | 1>;
  parleyIndex(...args: Arguments): Promise<1>;
  parleyBind(...args: Arguments): Promise<string>;
  parleyAppend(...args: Arguments): Promise<string | null>;
  parleyCommand(...args: Arguments): Promise<string | null>;
  parleyClaim(...args: Arguments): Promise<0 | 1>;
  parleyRenew(...args: Arguments): Promise<0 | 1>;
  parleyRelease(...args: Arguments): Promise<0 | 1>;
  parleyAnnounce(...args: Arguments): Promise<1>;
  parleyHosts(...args: Arguments): Promise<[now: string, hash: string[]]>;
}

/** Teaches a client the scripts. ioredis sends a script's text once for each connection, then only its digest. */
export function withScripts(redis: Redis): ScriptedRedis {
  for (const [name, script] of Object.entries(SCRIPTS)) redis.defineCommand(name, script);
  return redis as ScriptedRedis;
}
