import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countedIds } from '../../shared/ids.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import type { KeysOutcome, KeysWanted } from '../contract/keys.ts';
import { KeyDesk } from './key-desk.ts';

const PIN: KeysWanted = {
  name: 'pin',
  most: 4,
  terminators: '#',
  attempts: 3,
  firstKeyMs: 8000,
  betweenKeysMs: 4000,
  secret: false,
  retry: 'Please try again.',
  check: async (keys) => ({ right: keys === '4711' }),
};

class Line {
  readonly clock = new VirtualClock();
  readonly log: string[] = [];
  readonly outcomes: KeysOutcome[] = [];
  readonly listens: boolean[] = [];
  readonly desk = new KeyDesk({
    clock: this.clock,
    newId: countedIds('id'),
    line: {
      onWord: (key) => this.log.push(`word ${key}`),
      onCollected: (key) => this.log.push(`collected ${key}`),
      onBegun: () => this.log.push('begun'),
      onRetry: (line, _, left) => this.log.push(`retry ${left}: ${line}`),
      onCollecting: (wanted) => this.log.push(wanted ? `collecting ${wanted.name}` : 'collecting nothing'),
      onListen: (on) => this.listens.push(on),
      onOver: (outcome) => this.log.push(`over ${outcome.status}`),
      onFailure: (reason) => this.log.push(`failure ${reason}`),
    },
  });

  async press(keys: string, everyMs = 300): Promise<void> {
    for (const key of keys) {
      this.desk.press(key, 'line');
      await this.clock.advance(everyMs);
    }
  }

  collect(changes: Partial<KeysWanted> = {}): void {
    void this.desk.collect({ ...PIN, ...changes }).then((outcome) => this.outcomes.push(outcome));
  }
}

test('keys that nobody collects are words', async () => {
  const line = new Line();
  await line.press('12');
  assert.deepEqual(line.log, ['word 1', 'word 2']);
});

test('a PIN is wrong twice and right the third time', async () => {
  const line = new Line();
  line.collect();
  await line.press('1234');
  await line.press('99#');
  await line.press('4711');
  assert.deepEqual(line.outcomes, [{ name: 'pin', status: 'right', attempts: 3, keys: '4711' }]);
  assert.deepEqual(
    line.log.filter((entry) => /^(begun|retry|over)/.test(entry)),
    ['begun', 'retry 2: Please try again.', 'begun', 'retry 1: Please try again.', 'begun', 'over right'],
  );
});

test('of a secret nothing is told but that it was right, and a name by which a tool gets it', async () => {
  const line = new Line();
  line.collect({
    secret: true,
    check: async (keys) => ({ right: keys === '4711', data: { account: 'A-7', quoted: keys } }),
  });
  await line.press('1234');
  await line.press('4711');
  const told = JSON.stringify([line.log, line.outcomes]);
  for (const digits of ['1234', '4711', 'collected', 'word'])
    assert.ok(!told.includes(digits), `${digits} is in ${told}`);
  const [{ handle = '', ...outcome } = { status: 'none' }] = line.outcomes;
  assert.deepEqual(outcome, { name: 'pin', status: 'right', attempts: 2 });
  assert.equal(line.desk.reveal(handle), '4711');
  line.desk.close();
  assert.equal(line.desk.reveal(handle), undefined);
});

test('what a check brings reaches the outcome of a secret where the secret is not in it', async () => {
  const line = new Line();
  line.collect({ secret: true, check: async () => ({ right: true, data: { account: 'A-7' } }) });
  await line.press('4711');
  assert.deepEqual(line.outcomes[0]?.checked, { account: 'A-7' });
});

test('the rest of a secret, pressed after its end, is no word', async () => {
  const line = new Line();
  line.collect({ secret: true, attempts: 1 });
  await line.press('12');
  await line.clock.advance(4000);
  assert.equal(line.outcomes[0]?.status, 'not_right');
  await line.press('34#');
  assert.ok(!line.log.some((entry) => entry.startsWith('word')));
  await line.clock.advance(5000);
  await line.press('9');
  assert.equal(line.log.at(-1), 'word 9');
});

test('a # out of habit after a wrong PIN that was long enough is no attempt', async () => {
  const line = new Line();
  line.collect();
  await line.press('1234#');
  await line.press('9999#');
  await line.press('4711#');
  assert.deepEqual(line.outcomes, [{ name: 'pin', status: 'right', attempts: 3, keys: '4711' }]);
});

test('a # out of habit after enough keys is no word, and another key is', async () => {
  const line = new Line();
  line.collect({ terminators: '#' });
  await line.press('4711#5');
  assert.deepEqual(
    line.log.filter((entry) => entry.startsWith('word')),
    ['word 5'],
  );
});

test('a pause ends an attempt, and no key at all counts as one', async () => {
  const line = new Line();
  line.collect({ attempts: 2 });
  await line.press('47');
  await line.clock.advance(4000);
  assert.equal(line.log.at(-1), 'retry 1: Please try again.');
  await line.clock.advance(8000);
  assert.deepEqual(line.outcomes, [{ name: 'pin', status: 'nothing', attempts: 2 }]);
});

test('the first key is waited for from when the agent was heard', async () => {
  const line = new Line();
  line.collect();
  await line.clock.advance(7000);
  line.desk.agentWasHeard();
  await line.clock.advance(7000);
  await line.press('4711');
  assert.equal(line.outcomes[0]?.attempts, 1);
  assert.equal(line.outcomes[0]?.status, 'right');
});

test('a check that fails says so, without what was pressed', async () => {
  const line = new Line();
  line.collect({
    secret: true,
    check: async (keys) => {
      throw new Error(`no row for ${keys}`);
    },
  });
  await line.press('4711');
  assert.equal(line.outcomes[0]?.status, 'failed');
  assert.ok(line.log.includes('failure unquotable'));
});

test('other keys that are wanted replace those before, and the end of the call ends them', async () => {
  const line = new Line();
  line.collect();
  await line.press('4');
  line.collect({ name: 'code' });
  line.desk.close();
  line.desk.close();
  await line.clock.advance(20_000);
  assert.deepEqual(
    line.outcomes.map(({ name, status }) => [name, status]),
    [
      ['pin', 'replaced'],
      ['code', 'call_over'],
    ],
  );
});

test('a key that stream and carrier both tell of is collected once', async () => {
  const line = new Line();
  line.collect();
  for (const key of '4711') {
    line.desk.press(key, 'line');
    await line.clock.advance(200);
    line.desk.press(key, 'carrier');
  }
  assert.equal(line.outcomes[0]?.keys, '4711');
});

test('the rest of a secret is dropped where something else is collected by then, whatever has come between (breaker16b A)', async () => {
  const line = new Line();
  const number = { name: 'number', most: 6, check: async () => ({ right: true }) };
  line.collect({ secret: true, most: 8 });
  await line.press('739', 120);
  line.collect({ ...number, name: 'between' });
  line.collect(number);
  await line.press('184#', 120);
  assert.ok(!line.log.some((entry) => /^(word|collected)/.test(entry)), line.log.join());
  assert.ok(!line.listens.includes(true), 'carrier events come by way of Redis');
  await line.clock.advance(5000);
  assert.equal(line.listens.at(-1), true);
  await line.press('112233');
  assert.deepEqual(line.outcomes.at(-1), { name: 'number', status: 'right', attempts: 1, keys: '112233' });
});

test('a row of keys that begins as the rest of a secret is dropped to its end, and not halved (breaker16b A)', async () => {
  const line = new Line();
  line.collect({ secret: true, most: 8 });
  await line.press('73');
  line.collect({ name: 'number', firstKeyMs: 30_000 });
  await line.clock.advance(4000);
  await line.press('918273', 500);
  assert.ok(!line.log.some((entry) => entry.startsWith('collected')));
});

test('a secret that is right and complete has no rest: what is collected next takes the first key (sister of breaker16b A)', async () => {
  const line = new Line();
  line.collect({ secret: true });
  await line.press('4711', 100);
  line.collect({ name: 'number', most: 2, check: async () => ({ right: true }) });
  assert.equal(line.listens.at(-1), true);
  await line.press('42');
  assert.equal(line.outcomes.at(-1)?.keys, '42');
});
