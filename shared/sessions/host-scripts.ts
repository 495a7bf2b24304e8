/** What is asked of the list of hosts inside Redis, so that a thousand of them need not come over the wire. */

/** Marks the field of a place that is kept. No host's id begins so. */
export const KEPT = '~';

/**
 * Beyond so many entries a count of all of them is not made for each call: the last one, less what was kept since, is good
 * for `COUNTED_FOR_MS`. Hosts themselves say how full they are each second only. Fewer are counted each time.
 */
export const FEW_HOSTS = 100;
const COUNTED_FOR_MS = 200;

/** For how long a host that has announced itself counts as one that has places. */
export const ANNOUNCED_FOR_MS = 6_000;
/**
 * A host that was not heard for so long is taken for dead or frozen, and its calls are others' to take over. Hosts announce
 * themselves each second; those of 0.1, every two.
 */
export const SILENT_AFTER_MS = 3_000;
const ANNOUNCED_EVERY_MS = 1_000;

/** For how long a host that is gone has been so: it went somewhere between its last word and the next that was due. */
export const goneFor = (silentMs = ANNOUNCED_FOR_MS): number => Math.max(0, silentMs - ANNOUNCED_EVERY_MS / 2);

/** Many hosts are looked through by one of them at a time, so often: each looks through all of them otherwise. */
const LOOKED_THROUGH_MS = 400;

export const NOW = `
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/**
 * KEYS hosts, counted, looked through, roomy. ARGV host id, ttl, load, field of a place that is not needed any more, … By the
 * clock of Redis, as hosts' own clocks differ. A host that fell silent is dropped here or, where none is left to announce
 * itself, with the whole key. -> { 1 if it was not known, ms until the next one falls silent or -1, hosts, others that are heard
 * and have a place or -1, a silent host, … }
 */
export const ANNOUNCE_LUA = `${NOW}
      local last = now + ARGV[2]
      local hosts = redis.call('GET', KEYS[3])
      local before = hosts and redis.call('HGET', KEYS[1], ARGV[1])
      local wasNew = redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', last, ARGV[3]))
      if #ARGV > 3 then redis.call('HDEL', KEYS[1], unpack(ARGV, 4)) end
      local function hasRoom(sessions, most) return sessions and tonumber(most) > tonumber(sessions) end
      local isFull = not hasRoom(string.match(ARGV[3], '^(%d+) (%d+)'))
      if hosts then
        local hadRoom = before and hasRoom(string.match(before, '^%d+ (%d+) (%d+)'))
        -- Nobody may be let in on the strength of places that are gone.
        if isFull and hadRoom then redis.call('DEL', KEYS[2]) end
        if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
        local others = tonumber(redis.call('GET', KEYS[4]) or -1)
        if others > 0 and hadRoom then others = others - 1 end
        return { wasNew, '-1', hosts, string.format('%.0f', others) }
      end
      local all = redis.call('HGETALL', KEYS[1])
      local heard, nextIn, others = { wasNew, '-1', '0', '0' }, -1, 0
      hosts = 0
      for i = 1, #all, 2 do
        local untilMs = tonumber(string.match(all[i + 1], '^%d+'))
        local isHost = string.sub(all[i], 1, 1) ~= '${KEPT}'
        if not untilMs or untilMs <= now then redis.call('HDEL', KEYS[1], all[i])
        else
          if untilMs > last then last = untilMs end
          if isHost then hosts = hosts + 1 end
        end
        if untilMs and isHost and all[i] ~= ARGV[1] then
          local inMs = untilMs - now - ${ANNOUNCED_FOR_MS - SILENT_AFTER_MS}
          if inMs <= 0 then heard[#heard + 1] = all[i]
          else
            if nextIn < 0 or inMs < nextIn then nextIn = inMs end
            if hasRoom(string.match(all[i + 1], '^%d+ (%d+) (%d+)')) then others = others + 1 end
          end
        end
      end
      heard[2] = string.format('%.0f', nextIn)
      heard[3] = string.format('%.0f', hosts)
      heard[4] = string.format('%.0f', others)
      redis.call('PEXPIRE', KEYS[1], string.format('%.0f', last - now))
      if #all > ${2 * FEW_HOSTS} then
        redis.call('SET', KEYS[3], heard[3], 'PX', ${LOOKED_THROUGH_MS})
        redis.call('SET', KEYS[4], string.format('%.0f', others + (isFull and 0 or 1)), 'PX', ${LOOKED_THROUGH_MS})
      end
      return heard`;

/**
 * `each` is told of every entry that stands: of a host its sessions, its places, its agents and modes as they are written,
 * of a place that is kept its field alone.
 */
const EACH = `${NOW}
      local function each(onHost, onKept)
        local all = redis.call('HGETALL', KEYS[1])
        for i = 1, #all, 2 do
          local untilMs, load = string.match(all[i + 1], '^(%d+) ?(.*)$')
          if untilMs and tonumber(untilMs) > now then
            if string.sub(all[i], 1, 1) == '${KEPT}' then onKept(all[i])
            else onHost(all[i], load, string.match(load, '^(%d+) (%d+) ?(%S*) ?(%S*)')) end
          end
        end
        return #all / 2
      end`;

/** KEYS hosts, counted. ARGV field of the place, ttl, agent, mode -> index into RESERVATIONS. */
export const RESERVE_LUA = `${EACH}
      local field = ARGV[3] .. ' ' .. ARGV[4]
      local function keepPlace()
        if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
        return redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]))
      end
      local counted = tonumber(redis.call('HGET', KEYS[2], field) or -1)
      -- Below 0 is no count: the embedded Redis may let it expire within a script, and what is taken off then is all there is.
      if counted >= 0 then
        if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
          if counted == 0 then return 0 end
          redis.call('HINCRBY', KEYS[2], field, -1)
        end
        keepPlace()
        return 1
      end
      local alive, able, fit, free = 0, 0, 0, 0
      local count = each(
        function (_, _, sessions, most, agents, modes)
          alive = alive + 1
          if sessions and (agents == '' or string.find(agents, ',' .. ARGV[3] .. ',', 1, true)) then
            able = able + 1
            if modes == '' or string.find(modes, ',' .. ARGV[4] .. ':', 1, true) then
              fit = fit + 1
              free = free + math.max(0, most - sessions)
            end
          end
        end,
        function (place) if place ~= ARGV[1] then free = free - 1 end end
      )
      if alive == 0 then return 3 end
      if able == 0 then return 2 end
      if fit == 0 then return 4 end
      if count > ${FEW_HOSTS} then
        redis.call('HSET', KEYS[2], field, string.format('%.0f', math.max(0, free - 1)))
        if redis.call('PTTL', KEYS[2]) < 0 then redis.call('PEXPIRE', KEYS[2], ${COUNTED_FOR_MS}) end
      end
      if free <= 0 then return 0 end
      keepPlace()
      return 1`;

/**
 * KEYS hosts. ARGV whose load is known better, how many places he has free, a place that he counts, … -> free places over all
 * hosts beyond those that are kept.
 */
export const SPARE_LUA = `${EACH}
      local known, spare = {}, tonumber(ARGV[2])
      for i = 3, #ARGV do known[ARGV[i]] = true end
      each(
        function (id, _, sessions, most)
          if id ~= ARGV[1] and sessions then spare = spare + math.max(0, most - sessions) end
        end,
        function (place) if not known[place] then spare = spare - 1 end end
      )
      return string.format('%.0f', spare)`;

/** KEYS hosts -> { hosts, places that are taken or kept } */
export const TAKEN_LUA = `${EACH}
      local hosts, taken = 0, 0
      each(
        function (_, _, sessions)
          if sessions then hosts, taken = hosts + 1, taken + sessions end
        end,
        function () taken = taken + 1 end
      )
      return { hosts, taken }`;

/** KEYS hosts -> { hosts, how one of them describes what it can do, … }, each description once. */
export const OFFERS_LUA = `${EACH}
      local told, hosts = { 0 }, 0
      local seen = {}
      each(
        function (_, load, sessions)
          if not sessions then return end
          hosts = hosts + 1
          local offer = string.match(load, '^%d+ %d+ (.+)$') or ''
          if not seen[offer] then
            seen[offer] = true
            told[#told + 1] = offer
          end
        end,
        function () end
      )
      told[1] = hosts
      return told`;

/** KEYS hosts. ARGV host id -> for how many ms it is announced still, or -1. */
export const HOST_LUA = `${NOW}
      local line = redis.call('HGET', KEYS[1], ARGV[1])
      local untilMs = line and tonumber(string.match(line, '^%d+')) or 0
      return string.format('%.0f', untilMs > now and untilMs - now or -1)`;
