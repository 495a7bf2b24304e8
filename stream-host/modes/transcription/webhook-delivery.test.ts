import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Clock } from '../../../shared/clock.ts';
import {
  newSession,
  type RedisUnderTest,
  redisesUnderTest,
  TTL_SECONDS,
} from '../../../shared/sessions/testing/redis.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import { type PostOutcome, WebhookDelivery } from './webhook-delivery.ts';
import type { WebhookMessage } from './webhook-message.ts';
import { WebhookOutbox } from './webhook-outbox.ts';

const log = pino({ level: 'silent' });
const DELIVERED: PostOutcome = { outcome: 'delivered' };
const DOWN: PostOutcome = { outcome: 'refused', reason: 'The webhook cannot be reached (ECONNREFUSED).' };

/** A receiver that drops doubles, as its documentation says that it must. */
class Receiver {
  readonly got: string[] = [];
  givenUp = 0;
  readonly attempts: { readonly id: string; readonly atMs: number }[] = [];
  answer: (message: WebhookMessage) => PostOutcome = () => DELIVERED;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  post = async (message: WebhookMessage): Promise<PostOutcome> => {
    this.attempts.push({ id: message.id, atMs: this.#clock.now() });
    const result = this.answer(message);
    if (result.outcome === 'delivered' && !this.got.includes(message.id)) this.got.push(message.id);
    return result;
  };
}

async function begin(redis: RedisUnderTest) {
  const clock = new VirtualClock();
  const receiver = new Receiver(clock);
  const store = redis.store(() => clock.wallMs());
  const { id } = await store.create({ ...newSession(`webhook-${redis.kind}-${counter++}`), callConnectionId: 'c-1' });
  await store.claim(id, 'host-a#1', 60_000);
  const writer = store.owned(id, 'host-a#1');
  const connections: Redis[] = [];
  /** Whether something has begun since all was settled. */
  let isBusy = true;
  const watched: Clock = {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    after: (ms, task) =>
      clock.after(ms, () => {
        isBusy = true;
        task();
      }),
  };
  const hostNamed = (holder: string) => {
    const connection = redis.connect();
    connections.push(connection);
    const outbox = new WebhookOutbox(connection, { ttlMs: TTL_SECONDS * 1000, clock: watched });
    const delivery = new WebhookDelivery({
      outbox,
      store,
      post: receiver.post,
      onGivenUp: () => {
        receiver.givenUp += 1;
      },
      holder,
      clock: watched,
      random: () => 0.5,
      log,
    });
    delivery.start();
    /** Nothing is given back: it lost its power. */
    const die = () => {
      connection.disconnect();
      void delivery.close();
    };
    return { outbox, delivery, die };
  };
  /** Writes finished words as the session's record does. */
  const say = (turn: number, text = `words ${turn}`) =>
    writer.append({
      type: 'transcript.final',
      source: 'stream-host',
      at: clock.wallMs(),
      data: { turn, speaker: 'caller', text, offsetMs: turn * 1000, durationMs: 800 },
    });
  /** Redis has answered all that was asked of it so far, and what that led to. */
  const settle = async () => {
    for (let round = 0; round < SETTLING_ROUNDS; round += 1) {
      await Promise.all([store.echo('x'), ...connections.map((connection) => connection.ping().catch(() => {}))]);
    }
  };
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 250) {
      await clock.advance(250);
      // Most often nothing was due, and Redis need not be asked whether it is done with it.
      if (isBusy) await settle();
      isBusy = false;
    }
  };
  /** Redis answers as fast as the machine lets it. */
  const passUntil = (holds: () => boolean) =>
    eventually(async () => {
      await pass(250);
      return holds();
    });
  return { clock, receiver, store, id, hostNamed, say, pass, passUntil, idOf: (turn: number) => `${id}:${turn}` };
}

let counter = 0;
/** More than one look at one session asks of Redis, one after the other. */
const SETTLING_ROUNDS = 12;

for (const redis of await redisesUnderTest()) {
  suite(`the webhook’s outbox, on ${redis.kind}`, () => {
    test('finished words are delivered in order, each once, soon after they are on record', async () => {
      const { receiver, id, hostNamed, say, pass, idOf } = await begin(redis);
      const { delivery } = hostNamed('a');
      delivery.attend(id);
      for (const turn of [1, 2, 3]) {
        await say(turn);
        delivery.nudge(id);
        await pass(500);
      }
      assert.deepEqual(receiver.got, [1, 2, 3].map(idOf));
      assert.equal(receiver.attempts.length, 3);
      delivery.close();
    });

    test('with the receiver down for 20 s and the host killed once, each arrives in order', async () => {
      const { clock, receiver, id, hostNamed, say, pass, idOf } = await begin(redis);
      const first = hostNamed('a');
      first.delivery.attend(id);
      await say(1);
      first.delivery.nudge(id);
      await pass(500);
      receiver.answer = () => DOWN;
      for (const turn of [2, 3, 4]) {
        await say(turn);
        first.delivery.nudge(id);
        await pass(2500);
      }
      // The second host learns of nothing but what lies in Redis.
      first.die();
      const second = hostNamed('b');
      await say(5);
      await pass(12_500);
      receiver.answer = () => DELIVERED;
      await pass(60_000);
      assert.deepEqual(receiver.got, [1, 2, 3, 4, 5].map(idOf));
      assert.ok(clock.now() < 120_000);
      second.delivery.close();
    });

    test('a host that dies between the answer and its note has the words delivered again, with the same id', async () => {
      const { receiver, id, hostNamed, say, pass, idOf } = await begin(redis);
      const first = hostNamed('a');
      first.delivery.attend(id);
      await say(1);
      receiver.answer = () => {
        first.die();
        return DELIVERED;
      };
      first.delivery.nudge(id);
      await pass(500);
      const second = hostNamed('b');
      await say(2);
      await pass(60_000);
      assert.deepEqual(receiver.got, [1, 2].map(idOf));
      assert.deepEqual(
        receiver.attempts.map((attempt) => attempt.id),
        [1, 1, 2].map(idOf),
      );
      second.delivery.close();
    });

    test('a host that closes while it posts gives the words back at once, and another one goes on with them', async () => {
      const { clock, receiver, id, hostNamed, say, pass, passUntil, idOf } = await begin(redis);
      const first = hostNamed('a');
      await say(1);
      // It takes what was posted, and the host closes meanwhile.
      receiver.answer = () => {
        void first.delivery.close();
        return DELIVERED;
      };
      first.delivery.nudge(id);
      await passUntil(() => receiver.got.length === 1);
      await pass(500);
      receiver.answer = () => DELIVERED;
      await say(2);
      const second = hostNamed('b');
      const sinceMs = clock.now();
      await passUntil(() => receiver.got.length === 2);
      assert.ok(clock.now() - sinceMs < 12_000, `${clock.now() - sinceMs} ms, where the lease is of 15 s`);
      assert.deepEqual(
        receiver.attempts.map((attempt) => attempt.id),
        [1, 2].map(idOf),
      );
      second.delivery.close();
    });

    test('pauses grow, and a receiver that says when it wants to be asked again is asked then', async () => {
      const { receiver, id, hostNamed, say, pass } = await begin(redis);
      const { delivery } = hostNamed('a');
      await say(1);
      receiver.answer = () => DOWN;
      delivery.nudge(id);
      await pass(40_000);
      const pausesMs = receiver.attempts
        .map(({ atMs }, at) => atMs - (receiver.attempts[at - 1]?.atMs ?? atMs))
        .slice(1);
      assert.ok(pausesMs.length >= 4 && pausesMs.length <= 7, `${pausesMs}`);
      assert.ok(
        pausesMs.every((ms, at) => ms > (pausesMs[at - 1] ?? 0)),
        `${pausesMs}`,
      );
      const before = receiver.attempts.length;
      receiver.answer = () => ({ ...DOWN, retryAfterMs: 120_000 }) as PostOutcome;
      await pass(60_000);
      assert.equal(receiver.attempts.length, before + 1);
      delivery.close();
    });

    test('words that are refused for good become a dead letter, and those after them go on', async () => {
      const { receiver, id, hostNamed, say, passUntil, idOf } = await begin(redis);
      const { delivery, outbox } = hostNamed('a');
      for (const turn of [1, 2, 3]) await say(turn);
      receiver.answer = (message) =>
        message.turn === 2 ? { outcome: 'hopeless', reason: 'The webhook answered 422.' } : DELIVERED;
      delivery.nudge(id);
      await passUntil(() => receiver.got.length === 2);
      assert.deepEqual(receiver.got, [1, 3].map(idOf));
      const [letter] = (await outbox.deadLetters()).map((text) => JSON.parse(text));
      assert.equal(letter.id, idOf(2));
      assert.equal(receiver.givenUp, 1);
      assert.equal(letter.reason, 'The webhook answered 422.');
      assert.equal(JSON.parse(letter.body).data.text, 'words 2');
      delivery.close();
    });

    test('words that nobody takes for an hour are given up', async () => {
      const { clock, receiver, id, hostNamed, say, pass, idOf } = await begin(redis);
      const { delivery, outbox } = hostNamed('a');
      await say(1);
      receiver.answer = () => DOWN;
      delivery.nudge(id);
      await pass(10_000);
      const ours = () => receiver.attempts.filter((attempt) => attempt.id === idOf(1)).length;
      const count = ours();
      // An hour in which every host was asleep.
      delivery.close();
      await clock.advance(3_700_000);
      const later = hostNamed('b');
      await pass(3000);
      assert.equal(ours(), count + 1);
      assert.ok((await outbox.deadLetters()).some((text) => JSON.parse(text).id === idOf(1)));
      later.delivery.close();
    });

    test('a record that was written twice, as its first answer was lost, is delivered once', async () => {
      const { receiver, id, hostNamed, say, pass, idOf } = await begin(redis);
      const { delivery } = hostNamed('a');
      for (const turn of [1, 1, 2, 1]) await say(turn);
      delivery.nudge(id);
      await pass(1000);
      assert.deepEqual(
        receiver.attempts.map((attempt) => attempt.id),
        [1, 2].map(idOf),
      );
      delivery.close();
    });

    test('two hosts deliver the words of one session once', async () => {
      const { receiver, id, hostNamed, say, pass, passUntil } = await begin(redis);
      const [a, b] = [hostNamed('a'), hostNamed('b')];
      for (let turn = 1; turn <= 20; turn += 1) await say(turn);
      a.delivery.nudge(id);
      b.delivery.nudge(id);
      await passUntil(() => receiver.attempts.length >= 20);
      await pass(3000);
      assert.equal(receiver.attempts.length, 20);
      a.delivery.close();
      b.delivery.close();
    });

    test('a session that is over and delivered is looked after no more', async () => {
      const { clock, store, id, hostNamed, say, pass } = await begin(redis);
      const { delivery, outbox } = hostNamed('a');
      await say(1);
      delivery.nudge(id);
      await store.set(id, { status: 'disconnected', endedAt: clock.wallMs() });
      await pass(60_000);
      delivery.close();
      await clock.advance(60_000);
      assert.ok(!(await outbox.due(1000, 0)).includes(id));
    });
  });
}
