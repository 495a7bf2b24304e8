import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../errors.ts';
import { TypedEvents } from '../typed-events.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { ProviderEvents } from './breaker.ts';
import { type Blame, firstAnswer } from './first-answer.ts';
import { Provider, Providers } from './provider.ts';

/** What a provider does: answers, fails, or nothing at all, after so long. */
type Deed = { readonly afterMs: number; readonly answer?: string; readonly error?: Error };

const USUAL_MS = 500;
const LATE_MS = 1_200;
const broken = new DependencyError('model.unreachable', 'broken');

function bench(deeds: Record<string, Deed>) {
  const clock = new VirtualClock();
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const switched: string[] = [];
  events.on('switched', ({ from, to, code }) => switched.push(`${from} > ${to}: ${code ?? 'late'}`));
  const [first, ...others] = Object.keys(deeds).map(
    (name) =>
      new Provider({
        ...{ provider: name, service: name, clock, random: () => 1, events },
        usualMs: USUAL_MS,
        lateMs: LATE_MS,
      }),
  );
  assert.ok(first);
  const providers = new Providers([first, ...others], events);
  const asked: string[] = [];
  const aborted: string[] = [];
  const abandoned: string[] = [];
  let blame: Blame = 'provider';
  const ask = async (): Promise<{ answer: string; afterMs: number }> => {
    const fromMs = clock.now();
    const answer = await firstAnswer({
      providers,
      clock,
      ask: ({ name }, signal) => {
        asked.push(`${name} ${clock.now() - fromMs}`);
        signal.addEventListener('abort', () => aborted.push(name));
        const { promise, resolve, reject } = Promise.withResolvers<string>();
        const { afterMs, answer: words, error } = deeds[name] ?? { afterMs: 0 };
        clock.after(afterMs, () => {
          if (error) reject(error);
          else if (words !== undefined) resolve(words);
        });
        return promise;
      },
      abandon: (late) => abandoned.push(late),
      judge: () => ({ blame, code: 'model.unreachable' }),
      away: () => new DependencyError('model.away', 'nobody is asked now'),
    });
    return { answer, afterMs: clock.now() - fromMs };
  };
  /** Asks, and lets time pass until there is an outcome. */
  const outcome = async () => {
    const settled = ask().then(
      (value) => value,
      (error: unknown) => ({ error: error instanceof DependencyError ? error.code : String(error) }),
    );
    let result: Awaited<typeof settled> | undefined;
    void settled.then((value) => {
      result = value;
    });
    for (let n = 0; n < 2_000 && result === undefined; n++) await clock.advance(10);
    return result;
  };
  const blaming = (whose: Blame) => {
    blame = whose;
  };
  return { clock, deeds, providers, outcome, asked, aborted, abandoned, switched, blaming };
}

const statesOf = (providers: Providers<string>) => providers.all.map(({ breaker }) => breaker.state);

test('a provider that answers in time is the only one that is asked', async () => {
  const { outcome, asked, switched } = bench({ a: { afterMs: 1_600, answer: 'yes' }, b: { afterMs: 10, answer: 'b' } });
  assert.deepEqual(await outcome(), { answer: 'yes', afterMs: 1_600 });
  assert.deepEqual([asked, switched], [['a 0'], []]);
});

test('one that fails is replaced at once, and one that is silent 1.2 s after its usual time: nobody waits 3 s', async () => {
  for (const deed of [{ afterMs: 20, error: broken }, { afterMs: 60_000 }]) {
    const { outcome, switched, aborted } = bench({ a: deed, b: { afterMs: 600, answer: 'b' } });
    const result = await outcome();
    assert.ok(result && 'afterMs' in result && result.afterMs <= USUAL_MS + LATE_MS + 600 + 20, JSON.stringify(result));
    assert.equal(switched.length, 1);
    assert.deepEqual(aborted, 'error' in deed ? [] : ['a'], 'whoever is late is not listened to any more');
  }
});

test('the one that is late may still be the first, and the other is told to stop', async () => {
  const { outcome, aborted, providers } = bench({
    a: { afterMs: 1_900, answer: 'a' },
    b: { afterMs: 900, answer: 'b' },
  });
  assert.deepEqual(await outcome(), { answer: 'a', afterMs: 1_900 });
  assert.deepEqual(aborted, ['b']);
  assert.deepEqual(statesOf(providers), ['closed', 'closed']);
});

test('after three requests that came too late the second is asked at once, until the first works again', async () => {
  const { clock, deeds, outcome, asked, providers } = bench({
    a: { afterMs: 60_000 },
    b: { afterMs: 300, answer: 'b' },
  });
  for (let n = 0; n < 3; n++) await outcome();
  assert.deepEqual(statesOf(providers), ['open', 'closed']);
  asked.length = 0;
  assert.deepEqual(await outcome(), { answer: 'b', afterMs: 300 });
  assert.deepEqual(asked, ['b 0']);

  deeds.a = { afterMs: 400, answer: 'a' };
  await clock.advance(1_000);
  assert.deepEqual(await outcome(), { answer: 'a', afterMs: 400 });
  assert.deepEqual(statesOf(providers), ['closed', 'closed']);
});

test('where all fail it is the first one’s failure that is told; once they are kept out, that is told without a wait', async () => {
  const other = new DependencyError('model.throttled', 'too much');
  const { outcome, asked } = bench({ a: { afterMs: 20, error: broken }, b: { afterMs: 20, error: other } });
  for (let n = 0; n < 3; n++) assert.deepEqual(await outcome(), { error: 'model.unreachable' });
  asked.length = 0;
  assert.deepEqual(await outcome(), { error: 'model.away' });
  assert.deepEqual(asked, []);
});

test('what nobody could do better is asked of nobody else, and is no fault of the provider', async () => {
  const { outcome, asked, providers, blaming } = bench({
    a: { afterMs: 20, error: broken },
    b: { afterMs: 1, answer: 'b' },
  });
  blaming('nobody');
  for (let n = 0; n < 5; n++) assert.deepEqual(await outcome(), { error: 'model.unreachable' });
  assert.deepEqual(asked, Array(5).fill('a 0'));
  assert.deepEqual(statesOf(providers), ['closed', 'closed']);

  blaming('elsewhere');
  for (let n = 0; n < 5; n++) assert.deepEqual(await outcome(), { answer: 'b', afterMs: 21 });
  assert.deepEqual(statesOf(providers), ['closed', 'closed']);
});

test('an answer that comes after another one is let go of', async () => {
  const { clock, outcome, abandoned } = bench({ a: { afterMs: 2_500, answer: 'a' }, b: { afterMs: 100, answer: 'b' } });
  assert.deepEqual(await outcome(), { answer: 'b', afterMs: 1_800 });
  await clock.advance(5_000);
  assert.deepEqual(abandoned, ['a']);
});

test('a provider that is slow by nature is given its time: the other one is not asked for nothing', async () => {
  const { outcome, asked, switched, deeds } = bench({
    a: { afterMs: 1_500, answer: 'a' },
    b: { afterMs: 5_000, answer: 'b' },
  });
  for (const afterMs of [1_500, 2_400, 3_500, 3_500, 3_500, 3_500, 3_500]) {
    deeds.a = { afterMs, answer: 'a' };
    await outcome();
  }
  switched.length = 0;
  asked.length = 0;
  await outcome();
  assert.deepEqual([asked, switched], [['a 0'], []]);
});
