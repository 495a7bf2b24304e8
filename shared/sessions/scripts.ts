import type { Redis } from 'ioredis';

/**
 * The changes of a session that must happen at once. Each script takes all keys of one session, in the order of
 * `scriptKeys`; they belong to one slot. The scripts use nothing newer than Redis 6.0, which is what Azure Cache for
 * Redis runs.
 *
 * Numbers of entries: a stream keeps about its last 1000 events or 100 commands (`~`: whole nodes are dropped, which is
 * cheaper than an exact count); older ones are gone.
 */
const EVENTS_KEPT = 1000;
const COMMANDS_KEPT = 100;

/** `KEYS` of a session. */
const SESSION = 1;
const EVENTS = 2;
const COMMANDS = 3;
const COMMANDS_DONE = 4;
const HISTORY = 5;
const OWNER = 6;

/** What a script answers that changes a session. */
export const CHANGED = 1;
export const NO_SESSION = 0;
/** The write came from an owner that has lost its lease. */
export const LEASE_LOST = -1;
/** The history is shorter than the place where the new items belong. */
export const HISTORY_GAP = -2;
/** The history still stands in the session's hash, as release 0.1 wrote it. */
export const OLD_HISTORY = -3;
/** Changed, and the session's keys are to be kept. */
export const KEYS_AGE = 2;

/** Whether a key has lost an eighth of its time to live, or has none. */
export const AGES = `
  local function ages(key, ttl) return redis.call('PTTL', key) * 8 < ttl * 7 end
`;

/**
 * `touch`: a sign of life of a session keeps all that belongs to it. All its keys get their time together, so that one of
 * them tells how much is left of all, and nothing is done while that is seven eighths: five commands for each sign of life
 * were more than half of all that a call asked of Redis. `PEXPIRE` of a key that is not there does nothing; whoever makes a
 * key keeps all of them anew.
 *
 * `isOwner`: whether a write is the present owner's. The field `heldBy` remembers the last owner, because a lease that
 * ran out leaves no key: its owner may go on as long as nobody else has had the session since. An empty owner is a
 * function, which owns nothing and may always write.
 *
 * `refusal`: what is told to an owner who does not hold the session. Where nobody ever did, as far as is known here, a replica of
 * Redis has become the primary before it heard of his claim: that is a session that is lost, and he may claim it anew. A session
 * that was let go of, or that another has had, keeps `wasHeld`.
 */
const COMMON = `${AGES}
  local function keep(ttl)
    for i = 1, 5 do redis.call('PEXPIRE', KEYS[i], ttl) end
  end
  local function touch(ttl)
    if ages(KEYS[${SESSION}], ttl) then keep(ttl) end
  end
  local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local function isOwner(owner)
    local holder = redis.call('GET', KEYS[${OWNER}])
    if holder then return holder == owner end
    return redis.call('HGET', KEYS[${SESSION}], 'heldBy') == owner
  end
  local function refusal()
    local isUnclaimed = redis.call('EXISTS', KEYS[${OWNER}]) == 0 and redis.call('HEXISTS', KEYS[${SESSION}], 'wasHeld') == 0
    return isUnclaimed and ${NO_SESSION} or ${LEASE_LOST}
  end
  local function outcome(owner)
    if redis.call('EXISTS', KEYS[${SESSION}]) == 0 then return ${NO_SESSION} end
    if owner ~= '' and not isOwner(owner) then return refusal() end
    return ${CHANGED}
  end
`;

const LUA = {
  /** ARGV ttl, field, value, … -> 1, or 0 if the id is taken. */
  parleyCreate: `
      if redis.call('EXISTS', KEYS[${SESSION}]) == 1 then return 0 end
      redis.call('HSET', KEYS[${SESSION}], unpack(ARGV, 2))
      redis.call('DEL', KEYS[${HISTORY}])
      keep(ARGV[1])
      return 1`,
  /**
   * ARGV ttl, owner, lease, number of fields and values, field, value, …, history item, … -> 1, or 0 if there is a
   * session, or -1 if somebody else has its lease.
   */
  parleyRestore: `
      if redis.call('EXISTS', KEYS[${SESSION}]) == 1 then return 0 end
      local holder = redis.call('GET', KEYS[${OWNER}])
      if holder and holder ~= ARGV[2] then return ${LEASE_LOST} end
      local last = 4 + ARGV[4]
      redis.call('HSET', KEYS[${SESSION}], 'heldBy', ARGV[2], 'wasHeld', 1, unpack(ARGV, 5, last))
      redis.call('DEL', KEYS[${HISTORY}])
      for i = last + 1, #ARGV do redis.call('RPUSH', KEYS[${HISTORY}], ARGV[i]) end
      redis.call('SET', KEYS[${OWNER}], ARGV[2], 'PX', ARGV[3])
      keep(ARGV[1])
      return 1`,
  /**
   * ARGV ttl, version, field, value, …
   * -> { 1 if changed else 0, the whole hash as it is now }, which is empty where there is no session.
   */
  parleyPatch: `
      if redis.call('HGET', KEYS[${SESSION}], 'version') ~= ARGV[2] then
        return { 0, redis.call('HGETALL', KEYS[${SESSION}]) }
      end
      redis.call('HINCRBY', KEYS[${SESSION}], 'version', 1)
      if #ARGV > 2 then redis.call('HSET', KEYS[${SESSION}], unpack(ARGV, 3)) end
      touch(ARGV[1])
      return { 1, redis.call('HGETALL', KEYS[${SESSION}]) }`,
  /**
   * All that one moment of a session changes. ARGV ttl, owner, number of the first event or 0, number of fields and values, field, value, …, from which item
   * on the history changes or -1, number of its items, item, …, then of each event 'at', at, 'type', type, 'source', source,
   * 'data', data. Nothing is written unless all of it is.
   * -> { outcome, length of the history, the history of release 0.1 or '', id of an event, … }
   *
   * The field \`streamed\` says that the stream of events is there, and has its time to live. The field \`told\` says up to which
   * number its owner has told what happened: he tells it again where he got no answer, and it is added once.
   */
  parleyWrite: `
      local ttl, owner = ARGV[1], ARGV[2]
      local number = tonumber(table.remove(ARGV, 3))
      local known = redis.call('HMGET', KEYS[${SESSION}], 'version', 'heldBy', 'history', 'streamed', 'told')
      if not known[1] then return { ${NO_SESSION}, 0, '' } end
      if owner ~= '' and (redis.call('GET', KEYS[${OWNER}]) or known[2]) ~= owner then return { refusal(), 0, '' } end
      local at = 3 + ARGV[3]
      local from, count = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
      local first, isNew = at + 3, false
      local answer = { ${CHANGED}, 0, '' }
      if from >= 0 then
        if known[3] then return { ${OLD_HISTORY}, 0, known[3] } end
        local function add()
          local length = 0
          for i = first, first + count - 1, 1000 do
            length = redis.call('RPUSH', KEYS[${HISTORY}], unpack(ARGV, i, math.min(i + 999, first + count - 1)))
          end
          return length
        end
        local function cut(to)
          if to == 0 then redis.call('DEL', KEYS[${HISTORY}]) else redis.call('LTRIM', KEYS[${HISTORY}], 0, to - 1) end
        end
        -- As a rule it grows at its end, which one command does.
        local before = count > 0 and add() - count or redis.call('LLEN', KEYS[${HISTORY}])
        isNew = before == 0 or from == 0
        if before ~= from then
          if count > 0 then cut(before) end
          if from > before then return { ${HISTORY_GAP}, before, '' } end
          cut(from)
          add()
        end
        answer[2] = from + count
      end
      if ARGV[3] ~= '0' then
        redis.call('HINCRBY', KEYS[${SESSION}], 'version', 1)
        redis.call('HSET', KEYS[${SESSION}], unpack(ARGV, 4, at))
      end
      first = first + count
      local told = known[5] and string.sub(known[5], 1, #owner + 1) == owner .. ' ' and
        tonumber(string.sub(known[5], #owner + 2)) or 0
      for i = first, #ARGV, 8 do
        if number == 0 or number + (i - first) / 8 > told then
          answer[#answer + 1] =
            redis.call('XADD', KEYS[${EVENTS}], 'MAXLEN', '~', ${EVENTS_KEPT}, '*', unpack(ARGV, i, i + 7))
        end
      end
      if number > 0 and #answer > 3 then
        local last = number + (#ARGV + 1 - first) / 8 - 1
        redis.call('HSET', KEYS[${SESSION}], 'told', string.format('%s %.0f', owner, last))
      end
      if first <= #ARGV and not known[4] then
        redis.call('HSET', KEYS[${SESSION}], 'streamed', 1)
        isNew = true
      end
      -- Who has the lease renews it, which keeps the keys as well.
      if isNew then keep(ttl) elseif owner == '' then touch(ttl) end
      return answer`,
  /**
   * ARGV ttl, call connection id, field, value, … A session that has no call takes this one, with those of the fields
   * that it lacks. -> the whole hash as it is now.
   */
  parleyJoin: `
      local own = redis.call('HGET', KEYS[${SESSION}], 'callConnectionId')
      if redis.call('EXISTS', KEYS[${SESSION}]) == 1 and (not own or own == ARGV[2]) then
        local added = redis.call('HSETNX', KEYS[${SESSION}], 'callConnectionId', ARGV[2])
        for i = 3, #ARGV, 2 do added = added + redis.call('HSETNX', KEYS[${SESSION}], ARGV[i], ARGV[i + 1]) end
        if added > 0 then redis.call('HINCRBY', KEYS[${SESSION}], 'version', 1) end
        touch(ARGV[1])
      end
      return redis.call('HGETALL', KEYS[${SESSION}])`,
  /** -> { the history of release 0.1 or nil, the items }. */
  parleyHistory: `
      return { redis.call('HGET', KEYS[${SESSION}], 'history'), redis.call('LRANGE', KEYS[${HISTORY}], 0, -1) }`,
  /** ARGV ttl, schema, the history of release 0.1, its items, … Puts it where this release keeps it. -> 1 if done. */
  parleyMoveHistory: `
      if redis.call('HGET', KEYS[${SESSION}], 'history') ~= ARGV[3] then return 0 end
      redis.call('DEL', KEYS[${HISTORY}])
      for i = 4, #ARGV do redis.call('RPUSH', KEYS[${HISTORY}], ARGV[i]) end
      redis.call('HDEL', KEYS[${SESSION}], 'history')
      redis.call('HSET', KEYS[${SESSION}], 'schema', ARGV[2])
      keep(ARGV[1])
      return 1`,
  /** ARGV ttl, command -> the entry's id, or nil: no session. */
  parleyCommand: `
      if redis.call('EXISTS', KEYS[${SESSION}]) == 0 then return false end
      local id = redis.call('XADD', KEYS[${COMMANDS}], 'MAXLEN', '~', ${COMMANDS_KEPT}, '*', 'command', ARGV[2])
      if ages(KEYS[${COMMANDS}], ARGV[1]) then keep(ARGV[1]) end
      redis.call('PUBLISH', KEYS[${COMMANDS}], id)
      return id`,
  /** ARGV ttl, owner, id of the last command that the owner has carried out -> outcome. */
  parleyCommandsDone: `
      local answer = outcome(ARGV[2])
      if answer == ${CHANGED} then redis.call('SET', KEYS[${COMMANDS_DONE}], ARGV[3], 'PX', ARGV[1]) end
      return answer`,
  /**
   * ARGV ttl, owner, lease -> 1 if it is ours. The field `aloneSince` says since when nobody had the session before: here, of one
   * who never let go of it, since he renewed his lease last.
   */
  parleyClaim: `
      local holder = redis.call('GET', KEYS[${OWNER}])
      if holder and holder ~= ARGV[2] then return 0 end
      redis.call('SET', KEYS[${OWNER}], ARGV[2], 'PX', ARGV[3])
      if redis.call('EXISTS', KEYS[${SESSION}]) == 1 then
        local last = redis.call('HMGET', KEYS[${SESSION}], 'heldBy', 'silentSince')
        if last[1] and last[1] ~= ARGV[2] then
          redis.call('HSET', KEYS[${SESSION}], 'aloneSince', string.format('%.0f', (last[2] or now()) - ARGV[3]))
        end
        redis.call('HSET', KEYS[${SESSION}], 'heldBy', ARGV[2], 'wasHeld', 1)
        redis.call('HDEL', KEYS[${SESSION}], 'silentSince')
      end
      touch(ARGV[1])
      return 1`,
  /** -> { 1 if nobody holds the session, for how many ms since this was first asked, 1 if somebody did before }. */
  parleySilence: `
      if redis.call('EXISTS', KEYS[${SESSION}]) == 0 or redis.call('EXISTS', KEYS[${OWNER}]) == 1 then return { 0, 0, 0 } end
      local time = now()
      redis.call('HSETNX', KEYS[${SESSION}], 'silentSince', string.format('%.0f', time))
      local since = redis.call('HGET', KEYS[${SESSION}], 'silentSince')
      return { 1, time - since, redis.call('HEXISTS', KEYS[${SESSION}], 'wasHeld') }`,
  /** ARGV ttl. Keeps all that belongs to the session. */
  parleyKeep: `
      keep(ARGV[1])
      return 1`,
  /** ARGV owner, for how many ms nobody has had the session in truth. After it that owner writes nothing more. */
  parleyRelease: `
      if redis.call('HGET', KEYS[${SESSION}], 'heldBy') == ARGV[1] then
        redis.call('HDEL', KEYS[${SESSION}], 'heldBy')
        redis.call('HSET', KEYS[${SESSION}], 'aloneSince', string.format('%.0f', now() - ARGV[2]))
      end
      if redis.call('GET', KEYS[${OWNER}]) ~= ARGV[1] then return 0 end
      return redis.call('DEL', KEYS[${OWNER}])`,
} as const;

/**
 * KEYS session, owner. ARGV ttl, owner, lease -> outcome, or {@link KEYS_AGE}: renewed, and the session's keys are to be kept. A
 * lease that ran out is ours still where nobody has had it since. See `refusal` above.
 */
const RENEW_LUA = `
      local holder = redis.call('GET', KEYS[2])
      if holder and holder ~= ARGV[2] then return ${LEASE_LOST} end
      local leftMs = redis.call('PTTL', KEYS[1])
      if leftMs == -2 then return ${NO_SESSION} end
      if holder then redis.call('PEXPIRE', KEYS[2], ARGV[3])
      else
        if redis.call('HGET', KEYS[1], 'heldBy') ~= ARGV[2] then
          return redis.call('HEXISTS', KEYS[1], 'wasHeld') == 0 and ${NO_SESSION} or ${LEASE_LOST}
        end
        redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
        redis.call('HDEL', KEYS[1], 'silentSince')
      end
      return leftMs * 8 < ARGV[1] * 7 and ${KEYS_AGE} or ${CHANGED}`;

/** KEYS calls. ARGV ttl, member, the member before which all others are too old. */
const INDEX_LUA = `
      redis.call('ZADD', KEYS[1], 0, ARGV[2])
      redis.call('ZREMRANGEBYLEX', KEYS[1], '-', '(' .. ARGV[3])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return 1`;

/** KEYS call. ARGV ttl, session id -> the session id that is bound. */
const BIND_LUA = `
      redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[1])
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      return redis.call('GET', KEYS[1])`;

type Arguments = readonly (string | number)[];

/** A client that knows the scripts. Replies are what the scripts' comments say. */
export interface ScriptedRedis extends Redis {
  parleyCreate(...args: Arguments): Promise<0 | 1>;
  parleyRestore(...args: Arguments): Promise<number>;
  parleyPatch(...args: Arguments): Promise<[changed: 0 | 1, hash: string[]]>;
  parleyWrite(...args: Arguments): Promise<[outcome: number, length: number, old: string, ...ids: string[]]>;
  parleyJoin(...args: Arguments): Promise<string[]>;
  parleyHistory(...args: Arguments): Promise<[old: string | null, items: string[]]>;
  parleyMoveHistory(...args: Arguments): Promise<0 | 1>;
  parleyCommand(...args: Arguments): Promise<string | null>;
  parleyCommandsDone(...args: Arguments): Promise<number>;
  parleyClaim(...args: Arguments): Promise<0 | 1>;
  /** Keys: session, owner. */
  parleyRenew(...args: Arguments): Promise<number>;
  parleyKeep(...args: Arguments): Promise<1>;
  parleySilence(...args: Arguments): Promise<[silent: 0 | 1, forMs: number, wasHeld: 0 | 1]>;
  parleyRelease(...args: Arguments): Promise<0 | 1>;
  parleyIndex(...args: Arguments): Promise<1>;
  parleyBind(...args: Arguments): Promise<string>;
}

/** Teaches a client the scripts. ioredis sends a script's text once for each connection, then only its digest. */
export function withScripts(redis: Redis): ScriptedRedis {
  for (const [name, lua] of Object.entries(LUA)) redis.defineCommand(name, { numberOfKeys: 6, lua: COMMON + lua });
  redis.defineCommand('parleyRenew', { numberOfKeys: 2, lua: RENEW_LUA });
  redis.defineCommand('parleyIndex', { numberOfKeys: 1, lua: INDEX_LUA });
  redis.defineCommand('parleyBind', { numberOfKeys: 1, lua: BIND_LUA });
  return redis as ScriptedRedis;
}
