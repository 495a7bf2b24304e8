import { setTimeout as sleep } from 'node:timers/promises';
import { sessionKeys } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { type Before, type StayingRun, sameWords } from './run.ts';

/** So long the address leads nowhere. */
const NOWHERE_MS = 8_000;
const RIGHT_WITHIN_MS = 15_000;
/** Calls that come while what is written of them gets lost. */
const NEWCOMERS = 4;
const COME_WITHIN_MS = 6_000;
/** Between what ACS tells of a call and its sound. */
const PICKED_UP_WITHIN_MS = 2_000;

/** What a session was like on the primary when that died. */
interface Stood {
  readonly before: Before;
  readonly head: Session | undefined;
  readonly owner: string | undefined;
}

/** The primary dies with its last writes, and some seconds later its replica stands at its address. */
export async function failOver(run: StayingRun): Promise<void> {
  const { pair, store } = run.stack;
  if (pair === undefined) throw new Error('This Redis has no replica.');
  const talking = [...run.callers];
  for (const caller of talking) caller.countFromNow();
  const newest = async () => (await store.list({ limit: 1 })).sessions[0]?.id;
  const before = await newest();
  await run.joined();
  // The replica knows the call, and not that a host has it.
  const isKnown = async () => {
    const id = await newest().catch(() => undefined);
    return id !== undefined && id !== before && (await pair.replica.exists(sessionKeys(id).session)) === 1;
  };
  await run.until(isKnown, COME_WITHIN_MS);
  pair.stopReplicating();
  const stalledMs = performance.now();
  for (let at = 1; at < NEWCOMERS; at += 1) await run.joined();
  await run.until(() => run.callers.every(({ media }) => media.length > 0), COME_WITHIN_MS);
  let stood: readonly Stood[] = [];
  const isHeld = async () => {
    stood = await Promise.all((await run.snapshot()).map((before) => stoodOf(run, before)));
    return stood.every(({ head, owner }) => head && owner);
  };
  const areHeld = await run.until(isHeld, COME_WITHIN_MS);
  run.found('each call has a host when the primary dies', areHeld, `${stood.length} calls`);
  const replicated = await Promise.all(
    stood.map(({ before }) => pair.replica.hmget(sessionKeys(before.sessionId).session, 'status', 'wasHeld')),
  );
  const unknown = replicated.filter(([status]) => status === null).length;
  const unclaimed = replicated.filter(([, wasHeld]) => wasHeld === null).length - unknown;
  const diedMs = performance.now();
  await pair.killPrimary();
  await sleep(NOWHERE_MS);
  await pair.promote();
  const backMs = performance.now();
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  run.say(
    `     the address led nowhere for ${seconds(backMs - diedMs)} s; lost: ${seconds(diedMs - stalledMs)} s of writes, ` +
      `with ${unknown} calls and that ${unclaimed} have a host`,
  );

  const looks = { leases: leaseIsRight, heads: headIsRight, histories: historyIsRight };
  for (const result of await Promise.all(
    Object.entries(looks).map(async ([what, isRight]) => {
      const wrong = async () => {
        const all = await Promise.all(stood.map((each) => isRight(run, each).catch(() => 'no answer')));
        return all.flatMap((why, at) => (why === undefined ? [] : [`call ${at}: ${why}`]));
      };
      const isWhole = await run.until(async () => (await wrong()).length === 0, RIGHT_WITHIN_MS);
      return { what, isWhole, afterMs: Math.round(performance.now() - backMs), wrong: isWhole ? [] : await wrong() };
    }),
  )) {
    const { what, isWhole, afterMs, wrong } = result;
    run.found(
      `${what} as they were`,
      isWhole,
      isWhole ? `${afterMs} ms after the address led to Redis again` : `${wrong.length} of ${stood.length} are not`,
    );
    for (const why of wrong) run.say(`     ${why}`);
  }
  const befores = stood.map(({ before }) => before);
  const moved = befores.filter(({ caller }) => caller.media.some(({ atMs }) => atMs > diedMs));
  run.found('calls whose media was touched', moved.length === 0, String(moved.length));
  await run.untilAllGoOn(befores, 'after the failover');
  run.foundSilence(talking);
}

async function stoodOf({ stack: { store } }: StayingRun, before: Before): Promise<Stood> {
  const [head, owner] = await Promise.all([store.get(before.sessionId), store.owner(before.sessionId)]);
  return { before, head, owner };
}

async function leaseIsRight({ stack }: StayingRun, { before, owner }: Stood): Promise<string | undefined> {
  const now = await stack.store.owner(before.sessionId);
  return now === owner ? undefined : `held by ${now}, and not by ${owner}`;
}

/** All that stood in it stands there now, but for what counts on. */
async function headIsRight({ stack }: StayingRun, { before, head }: Stood): Promise<string | undefined> {
  const now: Readonly<Record<string, unknown>> = { ...(await stack.store.get(before.sessionId)) };
  const missing = Object.entries(head ?? {}).filter(([name, value]) => {
    if (name === 'version') return false;
    // Of a call that came then its host knows when it picked it up, and not when ACS told that it stands.
    if (name === 'connectedAt') return !(Math.abs(Number(now.connectedAt) - Number(value)) <= PICKED_UP_WITHIN_MS);
    if (name === 'turns') return Number(now.turns ?? 0) < Number(value);
    return JSON.stringify(now[name]) !== JSON.stringify(value);
  });
  return missing.length === 0 ? undefined : `${missing.map(([name, value]) => `${name} was ${value}`).join(', ')}`;
}

/** The last item may have been in the making. */
async function historyIsRight({ stack }: StayingRun, { before }: Stood): Promise<string | undefined> {
  const now = await stack.store.history(before.sessionId);
  const at = before.history.findIndex((item, each) => !sameWords(item, now[each], Number.POSITIVE_INFINITY));
  const was = JSON.stringify(before.history[at]);
  return at < 0 ? undefined : `item ${at} of ${before.history.length} was ${was}, is ${JSON.stringify(now[at])}`;
}
