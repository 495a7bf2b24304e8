import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import type { Clock } from '../clock.ts';
import { eventually } from '../testing/eventually.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { CommandInbox } from './command-inbox.ts';
import type { SessionCommand } from './session.ts';
import { newSession, redisesUnderTest } from './testing/redis.ts';

const end = (reason: string): SessionCommand => ({ type: 'end', reason });

const reasonOf = (command: SessionCommand): string => (command.type === 'end' ? command.reason : command.type);

/** What a reader was given, and a way to wait for it. */
function delivered() {
  const reasons: string[] = [];
  return {
    reasons,
    onCommand: (command: SessionCommand) => void reasons.push(reasonOf(command)),
    async until(count: number) {
      await eventually(() => reasons.length >= count);
      return reasons;
    },
  };
}

/** A clock that stands still until it is told that the poll is due. */
function stoppedClock() {
  let due = () => {};
  const clock: Clock = {
    now: () => 0,
    wallMs: () => 0,
    after(_delayMs, task) {
      due = task;
      return () => {};
    },
  };
  return { clock, poll: () => due() };
}

for (const redis of await redisesUnderTest()) {
  describe(`a command inbox on ${redis.kind}`, () => {
    const store = redis.store();
    const raw = redis.connect();
    /** Waits until that many inboxes hear the bell of a session. */
    const heardBy = (id: string, count: number) =>
      eventually(async () => Number((await raw.pubsub('NUMSUB', `parley:{${id}}:commands`))[1]) === count);

    test('a reader that has lost its lease does not say how far the session’s commands were carried out (review 4.5)', async (t) => {
      const inbox = new CommandInbox(raw, { clock: stoppedClock().clock });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      await store.claim(id, 'old', 5000);
      const old = delivered();
      inbox.open(id, old.onCommand, 'old');
      await heardBy(id, 1);
      await store.command(id, end('1'));
      await old.until(1);
      const done = `parley:{${id}}:commands-done`;
      await eventually(async () => (await raw.get(done)) !== null);
      const before = await raw.get(done);

      await store.release(id, 'old');
      await store.claim(id, 'new', 5000);
      await store.command(id, end('2'));
      await old.until(2);
      await delay(50);
      assert.equal(await raw.get(done), before);
      const fresh = delivered();
      inbox.open(id, fresh.onCommand, 'new');
      assert.deepEqual(await fresh.until(1), ['2'], 'the next one carries out what the old one was too late for');
    });

    test('delivers what was asked before it was opened and after, in order', async (t) => {
      const inbox = new CommandInbox(raw, { clock: stoppedClock().clock });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      await store.command(id, end('1'));
      await store.command(id, end('2'));
      const got = delivered();
      inbox.open(id, got.onCommand);
      assert.deepEqual(await got.until(2), ['1', '2']);
      await heardBy(id, 1);
      await Promise.all(['3', '4', '5'].map((reason) => store.command(id, end(reason))));
      assert.deepEqual(await got.until(5), ['1', '2', '3', '4', '5']);
    });

    test('each of two readers gets every command once, and nobody gets those of another session', async (t) => {
      const inboxes = [new CommandInbox(raw), new CommandInbox(redis.connect())];
      t.after(() => {
        for (const inbox of inboxes) inbox.close();
      });
      const { id } = await store.create(newSession());
      const { id: foreign } = await store.create(newSession());
      const readers = inboxes.map((inbox) => {
        const got = delivered();
        inbox.open(id, got.onCommand);
        return got;
      });
      const elsewhere = delivered();
      inboxes[0]?.open(foreign, elsewhere.onCommand);
      await heardBy(id, 2);
      const expected = Array.from({ length: 30 }, (_, i) => String(i));
      for (const reason of expected) await store.command(id, end(reason));
      for (const reader of readers) assert.deepEqual(await reader.until(30), expected);
      assert.deepEqual(elsewhere.reasons, []);
    });

    test('polls do not overlap however slow Redis is, and that it fails is said once, until it works again (READY: the inbox’s poll)', async (t) => {
      const clock = new VirtualClock();
      const lines: string[] = [];
      const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
      const connection = redis.connect();
      const inbox = new CommandInbox(connection, { clock, log });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      const got = delivered();
      inbox.open(id, got.onCommand);
      await store.command(id, end('1'));
      await got.until(1);
      await heardBy(id, 1);
      await delay(30);

      const asked: PromiseWithResolvers<null>[] = [];
      Object.assign(connection, {
        xread() {
          const slow = Promise.withResolvers<null>();
          asked.push(slow);
          return slow.promise;
        },
      });
      await clock.advance(20_000);
      assert.equal(asked.length, 1);
      for (let look = 0; look < 3; look++) {
        asked.at(-1)?.reject(new Error('Command timed out'));
        await clock.advance(2_000);
      }
      assert.equal(lines.filter((line) => /cannot be read.*|timed out/.test(line)).length, 1, lines.join(''));
      asked.at(-1)?.resolve(null);
      await clock.advance(2_000);
      asked.at(-1)?.reject(new Error('Command timed out'));
      await clock.advance(2_000);
      assert.equal(lines.length, 2, 'it had worked meanwhile');
    });

    test('behind a cluster, that cannot look into all streams at once, each outage is said, and not the first alone (reader2 7)', async (t) => {
      const { clock, poll } = stoppedClock();
      const lines: string[] = [];
      const log = pino({ base: null }, { write: (line: string) => void lines.push(line) });
      const connection = redis.connect();
      const inbox = new CommandInbox(connection, { clock, log });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      const got = delivered();
      inbox.open(id, got.onCommand);
      await store.command(id, end('1'));
      await got.until(1);
      await heardBy(id, 1);
      await delay(30);
      let answer: () => Promise<null> = async () => null;
      Object.assign(connection, { xread: () => answer() });
      const afterPoll = async (next: typeof answer) => {
        answer = next;
        poll();
        await delay(5);
      };
      const fails = async () => {
        throw new Error('Command timed out');
      };
      await afterPoll(async () => {
        answer = async () => null;
        throw new Error("CROSSSLOT Keys in request don't hash to the same slot");
      });
      for (const next of [fails, fails, async () => null, fails, fails]) await afterPoll(next);
      assert.equal(lines.length, 2, lines.join(''));
    });

    test('a lost doorbell costs one poll at most', async (t) => {
      const { clock, poll } = stoppedClock();
      const inbox = new CommandInbox(raw, { clock });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      const got = delivered();
      inbox.open(id, got.onCommand);
      await heardBy(id, 1);
      await store.command(id, end('heard'));
      await got.until(1);
      await delay(30); // Opening and the first bell have been dealt with.
      // The stream without the bell: what is left of a command when a publication is lost.
      await raw.xadd(`parley:{${id}}:commands`, '*', 'command', JSON.stringify(end('unheard')));
      await delay(30);
      assert.deepEqual(got.reasons, ['heard']);
      poll();
      assert.deepEqual(await got.until(2), ['heard', 'unheard']);
      poll();
      await delay(10);
      assert.deepEqual(got.reasons, ['heard', 'unheard']);
    });

    // A cluster's client looks after its subscriptions itself, and what it does with one that is cut is not ours.
    test('listens again when its connections come back', { skip: redis.kind === 'cluster' }, async (t) => {
      const connection = redis.connect();
      const inbox = new CommandInbox(connection, { clock: stoppedClock().clock });
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      const got = delivered();
      inbox.open(id, got.onCommand);
      await heardBy(id, 1);
      await store.command(id, end('before'));
      await got.until(1);
      for (const line of String(await raw.client('LIST')).split('\n')) {
        const client = /\bid=(\d+) .*\bsub=[1-9]/.exec(line)?.[1];
        if (client) await raw.client('KILL', 'ID', client);
      }
      await heardBy(id, 0);
      await store.command(id, end('during'));
      await heardBy(id, 1);
      await store.command(id, end('after'));
      assert.deepEqual(await got.until(3), ['before', 'during', 'after']);
    });

    test('the next reader of a session goes on after what was delivered', async (t) => {
      const inbox = new CommandInbox(raw);
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      const first = delivered();
      const closeFirst = inbox.open(id, first.onCommand);
      await store.command(id, end('1'));
      await first.until(1);
      await eventually(async () => (await raw.exists(`parley:{${id}}:commands-done`)) === 1);
      closeFirst();
      await store.command(id, end('2'));
      const second = delivered();
      inbox.open(id, second.onCommand);
      assert.deepEqual(await second.until(1), ['2']);
      assert.deepEqual(first.reasons, ['1']);
      assert.ok((await raw.ttl(`parley:{${id}}:commands-done`)) > 0);
    });

    test('a command of an unknown kind, or one whose reader throws, does not hold up the next', async (t) => {
      const inbox = new CommandInbox(raw);
      t.after(() => inbox.close());
      const { id } = await store.create(newSession());
      await raw.xadd(`parley:{${id}}:commands`, '*', 'command', '{"type":"sing"}');
      await raw.xadd(`parley:{${id}}:commands`, '*', 'foreign', 'entry');
      await store.command(id, end('bad'));
      await store.command(id, end('good'));
      const got = delivered();
      inbox.open(id, (command) => {
        if (reasonOf(command) === 'bad') throw new Error('no');
        got.onCommand(command);
      });
      assert.deepEqual(await got.until(1), ['good']);
    });

    test('one command looks for the lost bells of all sessions of a host (unit costs)', async (t) => {
      const { clock, poll } = stoppedClock();
      const inbox = new CommandInbox(raw, { clock });
      t.after(() => inbox.close());
      const sessions = await Promise.all(Array.from({ length: 5 }, () => store.create(newSession())));
      const readers = sessions.map(({ id }) => {
        const got = delivered();
        inbox.open(id, got.onCommand);
        return { id, got };
      });
      await Promise.all(readers.map(({ id }) => heardBy(id, 1)));
      await delay(30);
      const reads = async () => Number(/cmdstat_xread:calls=(\d+)/.exec(await raw.info('commandstats'))?.[1] ?? 0);
      const before = await reads();
      poll();
      await delay(30);
      if (redis.kind === 'redis-server') assert.equal((await reads()) - before, 1);
      for (const { id } of readers.slice(3)) {
        await raw.xadd(`parley:{${id}}:commands`, '*', 'command', JSON.stringify(end('unheard')));
      }
      poll();
      await Promise.all(readers.slice(3).map(({ got }) => got.until(1)));
      assert.deepEqual(
        readers.map(({ got }) => got.reasons),
        [[], [], [], ['unheard'], ['unheard']],
      );
    });

    test('is silent once it is closed', async () => {
      const inbox = new CommandInbox(raw);
      const { id } = await store.create(newSession());
      const got = delivered();
      inbox.open(id, got.onCommand);
      await heardBy(id, 1);
      inbox.close();
      inbox.close();
      await store.command(id, end('late'));
      await delay(30);
      assert.deepEqual(got.reasons, []);
    });
  });
}
