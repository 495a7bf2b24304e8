import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { CallEventResult, CallOperation } from '../carrier/call-events.ts';
import { DueList } from '../sessions/due-list.ts';
import { sessionKeys, WORK_KEY } from '../sessions/keys.ts';
import { askRedis, readRedis } from '../sessions/session-errors.ts';

/**
 * Something that was asked of the carrier and ends later. `asked`: the request is on its way, or got lost. `accepted`: the
 * carrier has taken it. `unknown`: nobody could tell how it ended; an event that comes after all still can.
 */
export type OperationState = 'asked' | 'accepted' | 'succeeded' | 'failed' | 'unknown';

export interface Operation {
  readonly operationContext: string;
  readonly kind: CallOperation;
  readonly state: OperationState;
  /** Milliseconds since 1970. */
  readonly askedAt: number;
  readonly settledAt?: number | undefined;
  /** By when its event should be here; then the carrier is asked. */
  readonly deadlineMs: number;
  /** What the one who asked wants to know of it again. JSON, small. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly result?: OperationResult | undefined;
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
}

export interface NewOperation {
  readonly sessionId: string;
  /** Unique in its session. It goes with the request to the carrier. */
  readonly operationContext: string;
  readonly kind: CallOperation;
  readonly deadlineMs: number;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * A state counts only after those before it, so that the order of what is told makes no difference. `unknown` gives way to what
 * is known; a failure that is told of something that was taken to have succeeded counts.
 */
const RANKS: Readonly<Record<OperationState, number>> = { asked: 0, accepted: 1, unknown: 2, succeeded: 3, failed: 4 };

export const isSettled = (state: OperationState): boolean => RANKS[state] > RANKS.accepted;

/** The name of the to-do that asks the carrier how an operation has ended. */
export const RECONCILE = 'reconcile:';

/**
 * Part of a script: settles an operation where that is news. Its line is `rank JSON`; `operations`, `states` are the keys.
 */
export const SETTLE_LUA = `
  local function settle(operations, states, context, line)
    if redis.call('HEXISTS', operations, context) == 0 then return 0 end
    local before = redis.call('HGET', states, context)
    if before and tonumber(string.match(before, '^%d+')) >= tonumber(string.match(line, '^%d+')) then return 0 end
    redis.call('HSET', states, context, line)
    return 1
  end`;

const SCRIPTS = {
  /** KEYS operations, states, todo. ARGV ttl, context, operation, line, deadline, name of the to-do. -> 1, or 0: taken. */
  parleyOperationBegin: {
    keys: 3,
    lua: `
      if redis.call('HSETNX', KEYS[1], ARGV[2], ARGV[3]) == 0 then return 0 end
      redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
      local time = redis.call('TIME')
      local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]
      redis.call('HSET', KEYS[3], ARGV[6], string.format('%.0f 0 {}', due))
      for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
      return 1`,
  },
  /** KEYS operations, states. ARGV ttl, context, line. -> 1 if it was news. */
  parleyOperationSettle: {
    keys: 2,
    lua: `${SETTLE_LUA}
      redis.call('PEXPIRE', KEYS[1], ARGV[1])
      local news = settle(KEYS[1], KEYS[2], ARGV[2], ARGV[3])
      redis.call('PEXPIRE', KEYS[2], ARGV[1])
      return news`,
  },
} as const;

interface LedgerRedis extends Redis {
  parleyOperationBegin(...args: readonly (string | number)[]): Promise<0 | 1>;
  parleyOperationSettle(...args: readonly (string | number)[]): Promise<0 | 1>;
}

const KINDS = [
  ...(['transfer', 'add-participant', 'remove-participant', 'cancel-add', 'move', 'hold'] as const),
  ...(['send-keys', 'collect-keys', 'listen-for-keys', 'play', 'recording'] as const),
] as const satisfies readonly CallOperation[];

const storedOperation = z.object({
  kind: z.enum(KINDS),
  askedAt: z.number(),
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
  readonly #ttlMs: number;
  readonly #wallMs: () => number;

  /** @param options.ttlMs longer than the longest call */
  constructor(redis: Redis, options: { readonly ttlMs: number; readonly wallMs: () => number }) {
    for (const [name, { keys, lua }] of Object.entries(SCRIPTS)) redis.defineCommand(name, { numberOfKeys: keys, lua });
    this.#redis = redis as LedgerRedis;
    this.#work = new DueList(redis, { key: WORK_KEY, ttlMs: options.ttlMs });
    this.#ttlMs = options.ttlMs;
    this.#wallMs = options.wallMs;
  }

  /**
   * Enters an operation as `asked`, before the request for it is sent.
   * @returns false: there is one with this `operationContext`, and nothing was changed
   */
  async begin({ sessionId, operationContext, kind, deadlineMs, data = {} }: NewOperation): Promise<boolean> {
    const { operations, operationStates, todo } = sessionKeys(sessionId);
    const askedAt = this.#wallMs();
    const operation = JSON.stringify({ kind, askedAt, deadlineMs, data });
    const line = stateLine({ operationContext, state: 'asked' }, askedAt);
    const [begun] = await Promise.all([
      askRedis(() =>
        this.#redis.parleyOperationBegin(
          ...[operations, operationStates, todo],
          ...[this.#ttlMs, operationContext, operation, line, Math.round(deadlineMs), RECONCILE + operationContext],
        ),
      ),
      this.#work.byThen(sessionId, deadlineMs),
    ]);
    return begun === 1;
  }

  /** The carrier has taken the request. @returns whether that was news: its event may have been quicker */
  accepted(sessionId: string, operationContext: string): Promise<boolean> {
    return this.settle(sessionId, { operationContext, state: 'accepted' });
  }

  /** @returns whether that was news */
  async settle(sessionId: string, settlement: Settlement): Promise<boolean> {
    const { operations, operationStates } = sessionKeys(sessionId);
    const line = stateLine(settlement, this.#wallMs());
    const { operationContext } = settlement;
    const settle = () =>
      this.#redis.parleyOperationSettle(operations, operationStates, this.#ttlMs, operationContext, line);
    return (await askRedis(settle)) === 1;
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
    return Object.entries(all)
      .flatMap(([context, operation]) => decodeOperation(context, operation, lines[context]) ?? [])
      .sort((a, b) => a.askedAt - b.askedAt);
  }
}

/** As {@link SETTLE_LUA} takes it. */
export function stateLine({ state, result }: Settlement, at: number): string {
  return `${RANKS[state]} ${JSON.stringify({ state, at, ...(result && { result }) })}`;
}

function decodeOperation(operationContext: string, operation: string, line = ''): Operation | undefined {
  const told = storedOperation.safeParse(jsonOf(operation)).data;
  const how = storedState.safeParse(jsonOf(line.slice(line.indexOf(' ') + 1))).data;
  if (told === undefined || how === undefined) return undefined;
  const { state, at, result } = how;
  return { operationContext, ...told, state, result, ...(isSettled(state) && { settledAt: at }) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
