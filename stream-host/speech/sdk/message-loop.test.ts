import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageLoop } from './message-loop.ts';

/** Receives as the SDK does: one message, and then by a call of itself. */
class Receiver {
  readonly received: number[] = [];
  readonly #loop = new MessageLoop();
  readonly #last: number;
  next = 0;
  /** Calls that are going on at once. */
  depth = 0;
  deepest = 0;

  constructor(last: number) {
    this.#last = last;
  }

  receive(): Promise<void> {
    return this.#loop.run(() => this.#receiveOne());
  }

  async #receiveOne(): Promise<void> {
    this.depth += 1;
    this.deepest = Math.max(this.deepest, this.depth);
    try {
      await Promise.resolve();
      this.received.push(this.next);
      if (this.next++ === this.#last) return;
      return await this.receive();
    } finally {
      this.depth -= 1;
    }
  }
}

test('each message is received once and in order, and the end is the end', async () => {
  const receiver = new Receiver(4);
  await receiver.receive();
  assert.deepEqual(receiver.received, [0, 1, 2, 3, 4]);
});

test('no call waits for another, however many messages there are (trap: the chain of the SDK is kept to the end)', async () => {
  const receiver = new Receiver(20_000);
  await receiver.receive();
  assert.equal(receiver.received.length, 20_001);
  assert.equal(receiver.deepest, 1);
});

test('a second start while it runs is no second reader', async () => {
  const receiver = new Receiver(3);
  const first = receiver.receive();
  await receiver.receive();
  await first;
  assert.deepEqual(receiver.received, [0, 1, 2, 3]);
  assert.equal(receiver.deepest, 1);
});

test('after its end, and after a failure, it can be started again', async () => {
  const loop = new MessageLoop();
  let calls = 0;
  const receive = async () => {
    calls += 1;
    if (calls === 1) throw new Error('of the receiver');
  };
  await assert.rejects(loop.run(receive), (error) => error instanceof Error && error.message === 'of the receiver');
  await loop.run(receive);
  await loop.run(receive);
  assert.equal(calls, 3);
});
