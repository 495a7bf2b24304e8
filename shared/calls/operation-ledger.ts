import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { CallEventResult, CallOperation } from '../carrier/call-events.ts';
import type { ErrorCode } from '../error-codes.ts';
import type { ParleyError } from '../errors.ts';
import { jsonOf } from '../json.ts';
import { DueList } from '../sessions/due-list.ts';
import { sessionKeys, WORK_KEY } from '../sessions/keys.ts';
import type { NewEvent, SessionCommand } from '../sessions/session.ts';
import { encodeCommand, encodeEvent } from '../sessions/session-codec.ts';
import { askRedis, readRedis } from '../sessions/session-errors.ts';
import { firstLook, UNSURE_LOOK_MS } from './early-look.ts';
import { TodoList } from './todo-list.ts';

/**
 * Something that was asked of the carrier and ends later. `asked`: the request is on its way, or got lost. `accepted`: the
 * carrier has taken it. `unknown`: nobody could tell how it ended; an event that comes after all still can.
 */
export type OperationState = 'asked' | 'accepted' | 'succeeded' | 'failed' | 'unknown';

export interface Operation {
  readonly operationContext: string;
  readonly kind: CallOperation;
  readonly state: OperationState;
  /** Milliseconds since 1970, by the clock of whoever asked. */
  readonly askedAt: number;
  /** Which of its session's it is, from 0. Of a release before this one it has none. */
  readonly place?: number;
  readonly settledAt?: number | undefined;
  /** By when its event should be here; then the carrier is asked. */
  readonly deadlineMs: number;
  /** What the one who asked wants to know of it again. JSON, small. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly result?: OperationResult | undefined;
  /** How it ended was found out by asking (`Settlement.presumed`). */
  readonly isPresumed?: boolean;
}

/** How it ended, as far as that was told. */
export interface OperationResult extends CallEventResult {
  /** More than the carrier's codes, such as the keys that were pressed. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Settlement {
  readonly operationContext: string;
  readonly state: OperationState;
  readonly result?: OperationResult | undefined;
  /** Of a failure: the carrier has told of it, and it counts although the operation was taken to have succeeded. */
  readonly overrides?: boolean | undefined;
  /** Found out by asking: whatever is told of it after all counts. */
  readonly presumed?: boolean | undefined;
}

export interface NewOperation {
  readonly sessionId: string;
  /** Unique in its session. It goes with the request to the carrier. */
  readonly operationContext: string;
  readonly kind: CallOperation;
  readonly deadlineMs: number;
  /** When the carrier is asked first, where that is before the deadline. */
  readonly lookMs?: number | undefined;
  readonly data?: Readonly<Record<string, unknown>>;
  /** There is no second one while this one is open. */
  readonly alone?: Alone;
  /** What whoever talks on the call is told, in the same step: one that nobody is told of would block others. */
  readonly order?: SessionCommand | undefined;
}

/** Of operations that name one slot a call has one open at a time, however many are asked for at once. */
export interface Alone {
  readonly slot: string;
  readonly refusal: () => ParleyError;
}

/**
 * A state counts only after those before it, so that the order of what a carrier tells makes no difference. `unknown` gives
 * way to what is known. Of how it ended the first word counts; only the carrier's own that it has failed counts later, too.
 */
const RANKS: Readonly<Record<OperationState, number>> = { asked: 0, accepted: 1, unknown: 2, succeeded: 3, failed: 3 };
const OVERRIDES = 4;

export const isSettled = (state: OperationState): boolean => RANKS[state] > RANKS.accepted;

/** What an operation does, where its kind does not say all of it: `unhold`, `warm`, `pause`. */
export function actionOf({ kind, data }: Pick<Operation, 'kind' | 'data'>): string | undefined {
  if (kind === 'hold') return data.on === false ? 'unhold' : 'hold';
  const action = kind === 'transfer' ? data.how : data.action;
  return typeof action === 'string' ? action : undefined;
}

/** Reasons of a recording's end. */
export const TAKEN_BACK = 'recording.taken-back';
const RUNNING = 'recording.running' satisfies ErrorCode;

/** The name of the to-do that asks the carrier how an operation has ended. */
export const RECONCILE = 'reconcile:';

/** Part of a script: adds to the timeline or the commands, where there is a session; `entry` are the fields, or none. */
const TELL_LUA = `
  local function tell(session, stream, entry)
    local ttl = redis.call('PTTL', session)
    if ttl <= 0 or #entry == 0 then return end
    local id = redis.call('XADD', stream, 'MAXLEN', '~', 1000, '*', unpack(entry))
    redis.call('PEXPIRE', stream, ttl)
    return id
  end
  local function order(session, commands, command)
    local id = command ~= '' and tell(session, commands, { 'command', command })
    if id then redis.call('PUBLISH', commands, id) end
  end`;

/**
 * Part of a script: settles an operation where that is news. Its line is `rank JSON`; `operations`, `states`, `session` and
 * `events` are the keys. `failure` are the fields of the event that tells so where a recording comes to nothing, or none: in
 * the same step, as whoever has settled it may die after it.
 */
export const SETTLE_LUA = `${TELL_LUA}
  local function settle(operations, states, session, events, context, line, failure)
    local operation = redis.call('HGET', operations, context)
    if not operation then return 0 end
    local before = redis.call('HGET', states, context)
    if before and tonumber(string.match(before, '^%d+')) >= tonumber(string.match(line, '^%d+')) then return 0 end
    redis.call('HSET', states, context, line)
    if #failure > 0 and not (before and string.find(before, '^%d+ {"state":"failed"')) then
      local asked = cjson.decode(operation)
      if asked.kind == 'recording' and asked.data.action == 'start' then tell(session, events, failure) end
    end
    return 1
  end`;

const SCRIPTS = {
  /**
   * KEYS operations, states, todo, session, events, commands. ARGV ttl, context, operation, line, when to look, name of the
   * to-do, slot or empty, data of the to-do, command or empty, fields of the event. -> 1, 0: there is one of this context, or
   * -1: the slot is taken.
   */
  parleyOperationBegin: {
    keys: 6,
    lua: `${TELL_LUA}
      if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 1 then return 0 end
      if ARGV[7] ~= '' then
        local slot = 'slot ' .. ARGV[7]
        local holder = redis.call('HGET', KEYS[2], slot)
        local line = holder and redis.call('HGET', KEYS[2], holder)
        if line and tonumber(string.match(line, '^%d+')) <= ${RANKS.accepted} then return -1 end
        redis.call('HSET', KEYS[2], slot, ARGV[2])
      end
      local place = redis.call('HLEN', KEYS[1])
      redis.call('HSET', KEYS[1], ARGV[2], '{"place":' .. place .. ',' .. string.sub(ARGV[3], 2))
      redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
      local time = redis.call('TIME')
      local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]
      redis.call('HSET', KEYS[3], ARGV[6], string.format('%.0f 0 %s', due, ARGV[8]))
      for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
      tell(KEYS[4], KEYS[5], { unpack(ARGV, 10) })
      order(KEYS[4], KEYS[6], ARGV[9])
      return 1`,
  },
  /**
   * KEYS operations, states, session, events, commands. ARGV ttl, context, line, command for where it has ended so or empty,
   * how many fields the event has that tells of a recording that failed, these, and the fields of the event. -> 1 if it was news.
   */
  parleyOperationSettle: {
    keys: 5,
    lua: `${SETTLE_LUA}
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      local told = 5 + tonumber(ARGV[5])
      local news = settle(KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[2], ARGV[3], { unpack(ARGV, 6, told) })
      redis.call('PEXPIRE', KEYS[2], ARGV[1])
      if news == 1 then tell(KEYS[3], KEYS[4], { unpack(ARGV, told + 1) }) end
      local now = redis.call('HGET', KEYS[2], ARGV[2])
      local function state(line) return string.match(line, '^%d+ {"state":"(%a+)"') end
      if now and state(now) == state(ARGV[3]) then order(KEYS[3], KEYS[5], ARGV[4]) end
      return news`,
  },
} as const;

interface LedgerRedis extends Redis {
  parleyOperationBegin(...args: readonly (string | number)[]): Promise<0 | 1 | -1>;
  parleyOperationSettle(...args: readonly (string | number)[]): Promise<0 | 1>;
}

const KINDS = [
  ...(['transfer', 'add-participant', 'remove-participant', 'cancel-add', 'move', 'hold'] as const),
  ...(['send-keys', 'collect-keys', 'listen-for-keys', 'play', 'recording'] as const),
] as const satisfies readonly CallOperation[];

const storedOperation = z.object({
  kind: z.enum(KINDS),
  askedAt: z.number(),
  place: z.number().exactOptional(),
  deadlineMs: z.number(),
  data: z.record(z.string(), z.unknown()),
});

const storedState = z.object({
  state: z.enum(['asked', 'accepted', 'succeeded', 'failed', 'unknown']),
  at: z.number(),
  result: z
    .object({
      code: z.number().exactOptional(),
      subCode: z.number().exactOptional(),
      message: z.string().exactOptional(),
      data: z.record(z.string(), z.unknown()).exactOptional(),
    })
    .exactOptional(),
});

/**
 * What was asked of the carrier for each call, by `operationContext`, in Redis. An operation is entered before it is asked
 * for, so that an event which is here before the answer finds it. Where its event stays away, the carrier is asked after the
 * deadline how things stand (`reconcile.ts`), by whichever process finds that first.
 *
 * Every method may fail with `redis.unavailable` or `redis.refused`.
 */
export class OperationLedger {
  readonly #redis: LedgerRedis;
  readonly #work: DueList;
  readonly #todo: TodoList;
  readonly #ttlMs: number;
  readonly #wallMs: () => number;
  readonly #source: NewEvent['source'] | undefined;

  /**
   * @param options.ttlMs longer than the longest call
   * @param options.source who writes into the timeline that something was asked for, and how it ended where no event of the
   * carrier tells that; without it nobody does
   */
  constructor(
    redis: Redis,
    options: { readonly ttlMs: number; readonly wallMs: () => number; readonly source?: NewEvent['source'] },
  ) {
    for (const [name, { keys, lua }] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: keys, lua });
    this.#redis = redis as LedgerRedis;
    this.#work = new DueList(redis, { key: WORK_KEY, ttlMs: options.ttlMs });
    this.#todo = new TodoList(redis, options.ttlMs);
    this.#ttlMs = options.ttlMs;
    this.#wallMs = options.wallMs;
    this.#source = options.source;
  }

  /**
   * Enters an operation as `asked`, before the request for it is sent.
   * @returns false: there is one with this `operationContext`, and nothing was changed
   * @throws {ParleyError} what `alone` says, where another one has its slot
   */
  async begin(wanted: NewOperation): Promise<boolean> {
    const { sessionId, operationContext, kind, deadlineMs, lookMs, data = {}, alone, order } = wanted;
    const dueMs = Math.min(lookMs ?? deadlineMs, deadlineMs);
    const look = JSON.stringify(lookMs === undefined ? {} : firstLook(deadlineMs, lookMs));
    const { operations, operationStates, todo, session, events, commands } = sessionKeys(sessionId);
    const askedAt = this.#wallMs();
    const operation = JSON.stringify({ kind, askedAt, deadlineMs, data });
    const line = stateLine({ operationContext, state: 'asked' }, askedAt);
    const { askedBy } = data;
    const told = this.#event('operation.asked', askedAt, {
      operation_id: operationContext,
      kind,
      action: actionOf({ kind, data }),
      asked_by: askedBy,
    });
    const [begun] = await Promise.all([
      askRedis(() =>
        this.#redis.parleyOperationBegin(
          ...[operations, operationStates, todo, session, events, commands],
          ...[this.#ttlMs, operationContext, operation, line, Math.round(dueMs), RECONCILE + operationContext],
          ...[alone?.slot ?? '', look, order === undefined ? '' : encodeCommand(order), ...told],
        ),
      ),
      this.#work.byThen(sessionId, dueMs),
    ]);
    if (begun === -1 && alone) throw alone.refusal();
    return begun === 1;
  }

  /** Nobody knows whether the carrier has it: it is asked soon, and not at the deadline alone. */
  lookSoon(sessionId: string, operationContext: string, deadlineMs: number): Promise<void> {
    const look = firstLook(deadlineMs, UNSURE_LOOK_MS, true);
    return this.#todo.enter(sessionId, RECONCILE + operationContext, UNSURE_LOOK_MS, look);
  }

  /** The carrier has taken the request. @returns whether that was news: its event may have been quicker */
  accepted(sessionId: string, operationContext: string): Promise<boolean> {
    return this.settle(sessionId, { operationContext, state: 'accepted' });
  }

  /**
   * @param order what whoever talks on the call is told, in the same step, where it has ended so
   * @returns whether that was news
   */
  async settle(sessionId: string, settlement: Settlement, order?: SessionCommand): Promise<boolean> {
    const { operations, operationStates, session, events, commands } = sessionKeys(sessionId);
    const command = order === undefined ? '' : encodeCommand(order);
    const at = this.#wallMs();
    const line = stateLine(settlement, at);
    const { operationContext, state, result } = settlement;
    const data = { operation_id: operationContext, state, reason: result?.message };
    const told = isSettled(state) ? this.#event('operation.ended', at, data) : [];
    const failure = recordingFailure(settlement, at, this.#source);
    const settle = () =>
      this.#redis.parleyOperationSettle(
        ...[operations, operationStates, session, events, commands],
        ...[this.#ttlMs, operationContext, line, command, failure.length, ...failure, ...told],
      );
    return (await askRedis(settle)) === 1;
  }

  #event(type: string, at: number, data: NewEvent['data']): string[] {
    return this.#source === undefined ? [] : encodeEvent({ at, type, source: this.#source, data });
  }

  async get(sessionId: string, operationContext: string): Promise<Operation | undefined> {
    const { operations, operationStates } = sessionKeys(sessionId);
    const [operation, line] = await readRedis(() =>
      Promise.all([
        this.#redis.hget(operations, operationContext),
        this.#redis.hget(operationStates, operationContext),
      ]),
    );
    return operation === null ? undefined : decodeOperation(operationContext, operation, line ?? undefined);
  }

  /** All of a session, in the order in which they were asked for. What this release cannot read is left out. */
  async list(sessionId: string): Promise<Operation[]> {
    const { operations, operationStates } = sessionKeys(sessionId);
    const [all, lines] = await readRedis(() =>
      Promise.all([this.#redis.hgetall(operations), this.#redis.hgetall(operationStates)]),
    );
    const known = Object.entries(all).flatMap(
      ([context, operation]) => decodeOperation(context, operation, lines[context]) ?? [],
    );
    // Clocks differ, and one has many changes in a millisecond; of a release before this one there is nothing else.
    const byTime = known.some(({ place }) => place === undefined);
    return known.sort((a, b) => (byTime ? a.askedAt - b.askedAt : 0) || (a.place ?? 0) - (b.place ?? 0));
  }
}

/** Of a recording: it was taken back, or another one runs. Then nothing has failed. */
const NO_FAILURES: ReadonlySet<string | undefined> = new Set([TAKEN_BACK, RUNNING]);

/** What {@link SETTLE_LUA} tells where it is a recording that is settled so. */
export function recordingFailure(
  { operationContext, state, result }: Settlement,
  at: number,
  source: NewEvent['source'] | undefined,
): string[] {
  if (state !== 'failed' || source === undefined || NO_FAILURES.has(result?.message)) return [];
  const data = { operation_id: operationContext, reason: whyFailed(result) };
  return encodeEvent({ at, type: 'recording.failed', source, data });
}

/** The carrier's codes and words, or a code of ours. */
export function whyFailed({ code, subCode, message }: OperationResult = {}): string {
  const numbers = [code, subCode].filter((each) => each !== undefined).join('/');
  return [numbers, message].filter(Boolean).join(' ') || 'failed';
}

/** As {@link SETTLE_LUA} takes it. */
export function stateLine({ state, result, overrides = false, presumed = false }: Settlement, at: number): string {
  const rank = overrides ? OVERRIDES : presumed ? RANKS.unknown : RANKS[state];
  return `${rank} ${JSON.stringify({ state, at, ...(result && { result }) })}`;
}

function decodeOperation(operationContext: string, operation: string, line = ''): Operation | undefined {
  const told = storedOperation.safeParse(jsonOf(operation)).data;
  const how = storedState.safeParse(jsonOf(line.slice(line.indexOf(' ') + 1))).data;
  if (told === undefined || how === undefined) return undefined;
  const { state, at, result } = how;
  const isPresumed = Number.parseInt(line, 10) === RANKS.unknown;
  return { operationContext, ...told, state, result, isPresumed, ...(isSettled(state) && { settledAt: at }) };
}
