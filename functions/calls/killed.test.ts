import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { pino } from 'pino';
import { bundle } from '../../build/bundle.ts';
import { openCalls } from '../../shared/calls/open-calls.ts';
import { leftovers, NOTHING_LEFT } from '../../shared/calls/testing/worked-off.ts';
import { AcsCarrier } from '../../shared/carrier/acs/acs-carrier.ts';
import { systemClock } from '../../shared/clock.ts';
import { randomIds } from '../../shared/ids.ts';
import { sessionKeys, WORK_KEY } from '../../shared/sessions/keys.ts';
import type { Session } from '../../shared/sessions/session.ts';
import { patientRedis } from '../../shared/sessions/testing/patient-redis.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { type FunctionsUnderTest, startFunctions } from '../testing/functions-under-test.ts';

let functions: FunctionsUnderTest;
let redis: ReturnType<typeof patientRedis>;
/** Bundled as in Azure: two dozen are started, and to load their files one by one is most of what they do. */
const PROGRAM = 'functions/calls/testing/killed-function.ts';
const built = mkdtempSync(join(tmpdir(), 'killed-'));
before(async () => {
  functions = await startFunctions();
  redis = patientRedis();
  await bundle({ entries: [PROGRAM], folder: built, external: [] });
});
after(async () => {
  redis.disconnect();
  await functions.close();
  rmSync(built, { recursive: true });
});

/** What is told, of a call that is like this. */
const STORIES = {
  'a call ends': { type: 'CallDisconnected', fields: { status: 'connected', minutePrice: 1000 } },
  'a call that was given up connects': {
    type: 'CallConnected',
    fields: { status: 'failed', endReason: 'acs.unreachable' },
  },
  'the media is lost': { type: 'MediaStreamingFailed', fields: { status: 'connected' } },
} as const;
type Story = keyof typeof STORIES;

/** Who finds what was left. */
const FINDERS = ['the same event, delivered again', 'a request', 'a stream host'] as const;

interface Killed {
  readonly story: Story;
  readonly finder: (typeof FINDERS)[number];
  readonly session: Session;
  readonly event: { readonly id: string };
  readonly point: string;
}

const LONGEST_MINUTES = 60;

test('a function that is killed anywhere between a callback and what follows from it: nothing is lost, and nothing is done twice', async (context) => {
  // The first commands are the same in all of them.
  const points: readonly [Story, first: number, last: number][] = [
    ['a call ends', 1, 14],
    ['a call that was given up connects', 5, 8],
    ['the media is lost', 5, 8],
  ];
  const wanted = points.flatMap(([story, first, last]) =>
    Array.from({ length: last - first + 1 }, (_, n) => ({ story, at: first + n, when: n % 2 ? 'after' : 'before' })),
  );
  const day = Math.floor(Date.now() / 86_400_000);
  const budget = `parley:outbound:budget:${day}:all`;
  await redis.set(budget, 10_000_000);
  // One that lives leaves what the others load already made ready.
  assert.equal(await kill('a call ends', 0, 'never', 0), undefined);
  const killed: Killed[] = [];
  // As many at once as there are processors.
  for (let n = 0; n < wanted.length; n += 2) {
    const pair = wanted.slice(n, n + 2).map((each, i) => kill(each.story, each.at, each.when, n + i));
    killed.push(...(await Promise.all(pair)).flatMap((each) => each ?? []));
  }
  context.diagnostic(`${killed.length} functions were killed`);
  assert.ok(killed.length >= 20, `only ${killed.length} were killed`);

  // The leases of those who died have run out, and what they left is overdue.
  await delay(3_500);
  const authorization = await functions.acs.authorization();
  for (const { finder, session, event } of killed) {
    if (finder === 'the same event, delivered again') {
      const path = `calls/callbacks/${session.id}`;
      const { status } = await functions.request('POST', path, [event], { authorization });
      assert.equal(status, 200);
    }
  }
  // What is left to stream hosts is kept from the requests, which find all that is overdue.
  const left = killed.filter(({ finder }) => finder === 'a stream host').map(({ session }) => session.id);
  for (const id of left) await redis.zadd(WORK_KEY, 'XX', Date.now() + 3_600_000, id);
  for (const { finder, session, event } of killed) {
    if (finder !== 'a request' || !(await isKnown(session.id, event.id))) continue;
    await eventually(async () => {
      await functions.request('GET', 'calls?limit=1');
      return isDeepStrictEqual(await leftovers(redis, session.id), NOTHING_LEFT);
    });
  }
  for (const id of left) await redis.zadd(WORK_KEY, 'XX', 0, id);
  const log = pino({ level: 'silent' });
  const carrier = new AcsCarrier({
    access: { connectionString: functions.acs.connectionString },
    callbackBase: 'http://f',
    mediaBase: 'ws://m',
  });
  const host = openCalls({
    ...{ redis, store: functions.store, carrier, clock: systemClock, newId: randomIds, log },
    ...{ source: 'stream-host', sessionTtlSeconds: 600, maxCallMs: LONGEST_MINUTES * 60_000 },
  });
  for (const { session, event } of killed) {
    // One that died before its event was written down never answered: ACS delivers it again.
    if (!(await isKnown(session.id, event.id)))
      await functions.request('POST', `calls/callbacks/${session.id}`, [event], { authorization });
    await eventually(async () => {
      await host.work.round(0);
      return isDeepStrictEqual(await leftovers(redis, session.id), NOTHING_LEFT);
    });
  }

  for (const { story, point, session } of killed) {
    const { type } = STORIES[story];
    const now = await functions.store.get(session.id);
    const timeline = (await functions.store.events(session.id)).map((each) => each.type);
    assert.deepEqual(timeline, [`acs.${type}`], point);
    const { callConnectionId = '' } = now ?? {};
    const ofCall = functions.acs.requests.filter(({ path }) => path.includes(`${callConnectionId}:`));
    if (story === 'a call ends') {
      assert.equal(now?.status, 'disconnected', point);
      assert.equal(await redis.xlen(sessionKeys(session.id).commands), 1, point);
      assert.equal(await redis.hget('parley:hosts', `~${session.id}`), null, point);
      assert.deepEqual(ofCall, [], point);
    } else if (story === 'a call that was given up connects') {
      assert.equal(now?.status, 'failed', point);
      assert.equal(functions.acs.ended.filter((each) => each === callConnectionId).length, 1, point);
    } else {
      assert.equal(now?.status, 'connected', point);
      // Of one who died before he could note it, ACS was asked again, and says that it does so already.
      assert.ok(ofCall.length >= 1 && ofCall.length <= 2, `${point}: ${ofCall.length}`);
    }
  }
  const ended = 1 + killed.filter(({ story }) => story === 'a call ends').length;
  assert.equal(Number(await redis.get(budget)), 10_000_000 - ended * 1000 * (LONGEST_MINUTES - 1));
});

/** Whether an event was written down. */
const isKnown = async (sessionId: string, eventId: string) =>
  (await redis.zscore(sessionKeys(sessionId).inboxSeen, eventId)) !== null;

/** @returns undefined where the function was done before */
async function kill(story: Story, at: number, when: string, n: number): Promise<Killed | undefined> {
  const { type, fields } = STORIES[story];
  const id = randomUUID();
  const callConnectionId = `connection-${id}`;
  const session = await functions.store.create({
    ...{ id, channel: 'phone', direction: 'outbound', mode: 'media', agent: 'orders' },
    ...fields,
  });
  await redis.hset('parley:hosts', `~${id}`, String(Date.now() + 600_000));
  const event = {
    id: `event-${id}`,
    type: `Microsoft.Communication.${type}`,
    data: { callConnectionId, serverCallId: 's', correlationId: 'c' },
    time: new Date(Date.now() + 1_000).toISOString(),
  };
  const authorization = await functions.acs.authorization();
  const child = spawn(process.execPath, [join(built, 'dist', PROGRAM.replace(/ts$/, 'js'))], {
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: built,
      KILLED_AT: String(at),
      KILLED_WHEN: when,
      CALLBACK: JSON.stringify({ sessionId: id, authorization, events: [event] }),
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = await once(child, 'exit');
  if (signal !== 'SIGKILL') return undefined;
  const point = `${story}, ${when} command ${at}`;
  return { story, session, event, point, finder: FINDERS[n % FINDERS.length] ?? 'a stream host' };
}
