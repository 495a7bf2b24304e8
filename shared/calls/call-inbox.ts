import type { Redis } from 'ioredis';
import type { CallEvent } from '../carrier/call-events.ts';
import { DependencyError } from '../errors.ts';
import { jsonOf } from '../json.ts';
import { DueList } from '../sessions/due-list.ts';
import { sessionKeys, WORK_KEY } from '../sessions/keys.ts';
import { AGES } from '../sessions/scripts.ts';
import type { NewEvent, Session, SessionCommand, SessionPatch } from '../sessions/session.ts';
import { asRecord, decodeSession, encodeCommand, encodeEvent, encodeSession } from '../sessions/session-codec.ts';
import { askRedis } from '../sessions/session-errors.ts';
import { recordingFailure, SETTLE_LUA, type Settlement, stateLine } from './operation-ledger.ts';
import { encodeCallEvent, readCallEvent } from './stored-event.ts';

/** Events that wait in one call's inbox at most. More are refused, and the sender delivers them again. */
const INBOX_KEPT = 1000;
/** So many of a call's last events are known when they come again. */
const SEEN_KEPT = 1000;
/** How many events are read at once. */
const READ_COUNT = 50;
/** The one who wrote an event down takes it in himself; where he died, another one finds it so much later. */
const FOUND_AFTER_MS = 1_000;
/** Outlives a step of the work by far, and is renewed. Runs out soon under one who died. */
export const WORK_LEASE_MS = 3_000;

/** `KEYS` of the scripts below, in their order. */
const keysOf = (sessionId: string): readonly string[] => {
  const keys = sessionKeys(sessionId);
  return [
    ...[keys.inboxOwner, keys.inbox, keys.inboxSeen, keys.todo, keys.operations, keys.operationStates, keys.secretKeys],
    ...[keys.session, keys.events, keys.commands, keys.commandsDone, keys.history],
  ];
};

const COMMON = `${AGES}
  local owner, inbox, seen, todo, operations, states, secret, session, events, commands = unpack(KEYS)
  local function now()
    local time = redis.call('TIME')
    return time[1] * 1000 + math.floor(time[2] / 1000)
  end
  local at = 0
  local function take(count)
    local taken = {}
    for i = 1, count do taken[i] = ARGV[at + i] end
    at = at + count
    return taken
  end
  local function lists()
    local all = {}
    for i = 1, tonumber(take(1)[1]) do all[i] = take(tonumber(take(1)[1])) end
    return all
  end
`;

const SCRIPTS = {
  /** ARGV ttl, then of each event its id, its JSON and its keys. -> of each 1, 0: told before, or -1: too many. */
  parleyInboxAppend: `
      local ttl = take(1)[1]
      local told = {}
      while at < #ARGV do
        local event = take(3)
        if redis.call('ZSCORE', seen, event[1]) then told[#told + 1] = 0
        elseif redis.call('XLEN', inbox) >= ${INBOX_KEPT} then told[#told + 1] = -1
        else
          redis.call('ZADD', seen, string.format('%.0f', now()), event[1])
          -- Of a session that Redis has lost, nobody knows here whether they are a secret.
          local known = redis.call('EXISTS', session) == 1 and redis.call('EXISTS', secret) == 0
          local keys = known and event[3] or ''
          redis.call('XADD', inbox, '*', 'event', event[2], 'keys', keys)
          told[#told + 1] = 1
        end
      end
      redis.call('ZREMRANGEBYRANK', seen, 0, -${SEEN_KEPT + 1})
      redis.call('PEXPIRE', inbox, ttl)
      redis.call('PEXPIRE', seen, ttl)
      return told`,
  /** ARGV token, lease. -> { 1 if it is ours, now, events, to-dos, the session } */
  parleyInboxClaim: `
      local token, lease = unpack(take(2))
      local holder = redis.call('GET', owner)
      if holder and holder ~= token then return { 0 } end
      redis.call('SET', owner, token, 'PX', lease)
      return { 1, string.format('%.0f', now()), redis.call('XRANGE', inbox, '-', '+', 'COUNT', ${READ_COUNT}),
        redis.call('HGETALL', todo), redis.call('HGETALL', session) }`,
  /**
   * All that one event changes, in one step. ARGV token, ttl, ttl of the session, entry, version or empty, then lists:
   * one of the session's fields, those of its timeline, its commands, settlements, and to-dos.
   * -> 1, -1: somebody else is at it, or -2: the session was changed meanwhile.
   */
  parleyInboxCommit: `${SETTLE_LUA}
      local token, ttl, sessionTtl, entry, version = unpack(take(5))
      if redis.call('GET', owner) ~= token then return -1 end
      local fields, timeline, orders, settled, todos = lists(), lists(), lists(), lists(), lists()
      local known = redis.call('HGET', session, 'version')
      if version ~= '' and known ~= version then return -2 end
      if known then
        for _, list in ipairs(fields) do
          redis.call('HINCRBY', session, 'version', 1)
          redis.call('HSET', session, unpack(list))
        end
        for _, event in ipairs(timeline) do redis.call('XADD', events, 'MAXLEN', '~', 1000, '*', unpack(event)) end
        for _, order in ipairs(orders) do
          local id = redis.call('XADD', commands, 'MAXLEN', '~', 100, '*', 'command', order[1])
          redis.call('PUBLISH', commands, id)
        end
        if ages(session, sessionTtl) or #timeline > 0 and ages(events, sessionTtl) or #orders > 0 and ages(commands, sessionTtl) then
          for i = 8, #KEYS do redis.call('PEXPIRE', KEYS[i], sessionTtl) end
        end
      end
      for _, each in ipairs(settled) do
        settle(operations, states, session, events, each[1], each[2], { unpack(each, 3) })
      end
      for _, each in ipairs(todos) do
        if each[5] == '' or redis.call('HGET', todo, each[1]) == each[5] then
          if each[2] == '' then redis.call('HDEL', todo, each[1])
          elseif each[4] == '' or redis.call('HEXISTS', todo, each[1]) == 0 then
            redis.call('HSET', todo, each[1], string.format('%.0f %s', now() + each[2], each[3])) end
        end
      end
      if entry ~= '' then redis.call('XDEL', inbox, entry) end
      redis.call('PEXPIRE', todo, ttl)
      return 1`,
  /** ARGV token, anything: whatever is left. -> 1: let go, 0: an event came meanwhile and it is ours still. */
  parleyInboxRelease: `
      local token, always = unpack(take(2))
      if redis.call('GET', owner) ~= token then return 1 end
      if always == '' and redis.call('XLEN', inbox) > 0 then return 0 end
      redis.call('DEL', owner)
      return 1`,
  /** ARGV token, lease. -> 1 if it is ours still. */
  parleyInboxRenew: `
      local token, lease = unpack(take(2))
      if redis.call('GET', owner) ~= token then return 0 end
      return redis.call('PEXPIRE', owner, lease)`,
} as const;

type Arguments = readonly (string | number)[];

interface InboxRedis extends Redis {
  parleyInboxAppend(...args: Arguments): Promise<(1 | 0 | -1)[]>;
  parleyInboxClaim(
    ...args: Arguments
  ): Promise<[0] | [1, nowMs: string, entries: [id: string, fields: string[]][], todo: string[], session: string[]]>;
  parleyInboxCommit(...args: Arguments): Promise<1 | -1 | -2>;
  parleyInboxRelease(...args: Arguments): Promise<0 | 1>;
  parleyInboxRenew(...args: Arguments): Promise<0 | 1>;
}

/** An event that is not taken in yet. `event` is undefined where this release cannot read it. */
export interface InboxEntry {
  readonly entry: string;
  readonly event: CallEvent | undefined;
}

/** What follows from events and is not done yet. There is one of a name in a session. */
export interface Todo {
  readonly name: string;
  /** By the clock of Redis, in milliseconds since 1970. */
  readonly dueAt: number;
  /** How often it has failed. */
  readonly tries: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface StoredTodo extends Todo {
  /** As it stands in Redis. */
  readonly line: string;
}

/** How a call stands, for the one who may work at it. */
export interface CallDesk {
  readonly session: Session | undefined;
  readonly entries: readonly InboxEntry[];
  readonly todo: readonly StoredTodo[];
  /** The clock of Redis. */
  readonly nowMs: number;
}

/** What is to be written in one step. */
export interface CallChange {
  /** The event that it comes from, which is taken out of the inbox. */
  readonly entry?: string;
  /** As it was read: where it was changed since, nothing is written. */
  readonly session?: Session | undefined;
  readonly patch?: SessionPatch | undefined;
  readonly timeline?: NewEvent & { readonly at: number };
  readonly commands?: readonly SessionCommand[] | undefined;
  readonly settled?: readonly Settlement[] | undefined;
  /** `inMs` undefined: it is done. */
  readonly todo?: readonly NewTodo[] | undefined;
}

export interface NewTodo {
  readonly name: string;
  readonly inMs: number | undefined;
  readonly tries?: number;
  readonly data?: Readonly<Record<string, unknown>>;
  /** Leaves one of this name as it is. */
  readonly unlessThere?: boolean;
  /** The line that it takes the place of: where another one was entered meanwhile (`TodoList`), that one stays. */
  readonly was?: string;
}

export type Commit = 'made' | 'lease-lost' | 'session-changed';

/**
 * What carriers have told of calls, in Redis, until it is taken in: written down by whoever hears of it, and worked off by
 * one process at a time, which holds a lease. All that a worker writes is checked against that lease in the same step.
 *
 * Every method may fail with `redis.unavailable`, `redis.refused`, `session.id-invalid`.
 */
export class CallInbox {
  readonly #redis: InboxRedis;
  /** The calls at which there is something to do. */
  readonly work: DueList;
  readonly #ttlMs: number;
  readonly #sessionTtlMs: number;
  readonly #wallMs: () => number;

  /** @param options.ttlMs longer than the longest call */
  constructor(
    redis: Redis,
    options: { readonly ttlMs: number; readonly sessionTtlMs: number; readonly wallMs: () => number },
  ) {
    for (const [name, lua] of Object.entries(SCRIPTS)) {
      redis.defineCommand(name, { numberOfKeys: keysOf('any').length, lua: COMMON + lua });
    }
    this.#redis = redis as InboxRedis;
    this.work = new DueList(redis, { key: WORK_KEY, ttlMs: options.ttlMs });
    this.#ttlMs = options.ttlMs;
    this.#sessionTtlMs = options.sessionTtlMs;
    this.#wallMs = options.wallMs;
  }

  /**
   * Writes events down, in one round trip; from then on somebody will take them in. Whether there is such a session is
   * asked then.
   * @returns of each event whether it is told for the first time
   * @throws {DependencyError} `calls.inbox-full`: deliver them again
   */
  async append(sessionId: string, events: readonly CallEvent[]): Promise<boolean[]> {
    const encoded = events.flatMap((event) => encodeCallEvent(event));
    // Sent together, and in this order: whoever finds the call due finds its events.
    const [told] = await Promise.all([
      askRedis(() => this.#redis.parleyInboxAppend(...keysOf(sessionId), this.#ttlMs, ...encoded)),
      this.work.byThen(sessionId, FOUND_AFTER_MS),
    ]);
    if (told.includes(-1)) {
      throw new DependencyError('calls.inbox-full', 'Too many events of this call wait; deliver them again.');
    }
    return told.map((each) => each === 1);
  }

  /**
   * Keeps the keys that are told from now on out of Redis: what is pressed is a secret. The events themselves are kept. So are
   * the keys of a session that is not there.
   * @param forMs 0: no more
   */
  async keepKeysOut(sessionId: string, forMs: number): Promise<void> {
    const { secretKeys } = sessionKeys(sessionId);
    await askRedis(async () => {
      if (forMs > 0) await this.#redis.set(secretKeys, 1, 'PX', forMs);
      else await this.#redis.del(secretKeys);
    });
  }

  /** Takes the work at a call, or goes on with it. @returns undefined where somebody else is at it */
  async claim(sessionId: string, token: string): Promise<CallDesk | undefined> {
    const reply = await askRedis(() => this.#redis.parleyInboxClaim(...keysOf(sessionId), token, WORK_LEASE_MS));
    if (reply[0] === 0) return undefined;
    const [, now, entries, todo, hash] = reply;
    return {
      session: hash.length === 0 ? undefined : decodeSession(sessionId, asRecord(hash)),
      entries: entries.map(([entry, fields]) => ({ entry, event: readCallEvent(asRecord(fields)) })),
      todo: Object.entries(asRecord(todo)).map(([name, line]) => readTodo(name, line)),
      nowMs: Number(now),
    };
  }

  async commit(sessionId: string, token: string, change: CallChange): Promise<Commit> {
    const { entry = '', session, patch, timeline, commands = [], settled = [], todo = [] } = change;
    const at = this.#wallMs();
    const args = [
      ...[token, this.#ttlMs, this.#sessionTtlMs, entry, session?.version ?? ''],
      ...lists(patch === undefined ? [] : [encodeSession(patch)]),
      ...lists(timeline === undefined ? [] : [encodeEvent(timeline)]),
      ...lists(commands.map((command) => [encodeCommand(command)])),
      ...lists(
        settled.map((each) => [
          each.operationContext,
          stateLine(each, at),
          ...recordingFailure(each, at, timeline?.source),
        ]),
      ),
      ...lists(todo.map(encodeTodo)),
    ];
    const outcome = await askRedis(() => this.#redis.parleyInboxCommit(...keysOf(sessionId), ...args));
    return outcome === 1 ? 'made' : outcome === -1 ? 'lease-lost' : 'session-changed';
  }

  /** @returns false: an event came meanwhile, and the work is this one's still */
  async release(sessionId: string, token: string): Promise<boolean> {
    return (await askRedis(() => this.#redis.parleyInboxRelease(...keysOf(sessionId), token, ''))) === 1;
  }

  /** Lets go of work that could not be done: another one may try at once. Never rejects; the lease runs out by itself. */
  async abandon(sessionId: string, token: string): Promise<void> {
    await this.#redis.parleyInboxRelease(...keysOf(sessionId), token, 'always').catch(() => {});
  }

  async renew(sessionId: string, token: string): Promise<void> {
    await askRedis(() => this.#redis.parleyInboxRenew(...keysOf(sessionId), token, WORK_LEASE_MS));
  }
}

/** As the scripts' `lists` takes them: how many there are, then of each its length and its texts. */
const lists = (all: readonly (readonly (string | number)[])[]): (string | number)[] => [
  all.length,
  ...all.flatMap((list) => [list.length, ...list]),
];

const encodeTodo = ({
  name,
  inMs,
  tries = 0,
  data = {},
  unlessThere = false,
  was = '',
}: NewTodo): (string | number)[] => [
  name,
  inMs === undefined ? '' : Math.round(inMs),
  `${tries} ${JSON.stringify(data)}`,
  unlessThere ? 'unless there' : '',
  was,
];

function readTodo(name: string, line: string): StoredTodo {
  const [, dueAt = '0', tries = '0', json = '{}'] = /^(\d+) (\d+) (.*)$/s.exec(line) ?? [];
  return { name, dueAt: Number(dueAt), tries: Number(tries), data: dataOf(json), line };
}

function dataOf(json: string): Record<string, unknown> {
  const said = jsonOf(json);
  return typeof said === 'object' && said !== null ? { ...said } : {};
}
