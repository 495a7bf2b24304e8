import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../../shared/clock.ts';
import type { ProviderEvents } from '../../../shared/providers/breaker.ts';
import { Provider, Providers } from '../../../shared/providers/provider.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { TypedEvents } from '../../../shared/typed-events.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import { Line } from '../testing/line.ts';
import { HearingDiary } from '../testing/recogniser-conformance.ts';
import { ToneService } from '../testing/tone-service.ts';
import { speakTones } from '../testing/tones.ts';
import { type AzureRecogniserOptions, openAzureRecogniser } from './azure-recogniser.ts';

interface Bench {
  readonly first: ToneService;
  readonly second: ToneService;
  readonly line: Line;
  readonly hearing: AzureRecogniserOptions['services'];
  readonly switched: string[];
  open(options?: Partial<AzureRecogniserOptions>): HearingDiary;
}

/**
 * Two regions, the first behind a line that can be cut.
 * @param clock by which they are kept from being asked
 */
async function withTwo(use: (bench: Bench) => Promise<void>, clock: Clock = systemClock): Promise<void> {
  const [first, second] = await Promise.all([ToneService.start(), ToneService.start()]);
  const line = await Line.to(first.port);
  const events = new TypedEvents<ProviderEvents>((_, error) => assert.fail(String(error)));
  const switched: string[] = [];
  events.on('switched', ({ from, to, code }) => switched.push(`${from} > ${to}: ${code}`));
  const provider = (name: string, port: number) =>
    new Provider({
      ...{ provider: name, clock, random: () => 1, events },
      service: { host: `ws://127.0.0.1:${port}`, proof: 'not-a-secret' },
    });
  const hearing = new Providers([provider('a', line.port), provider('b', second.port)], events);
  const diaries: HearingDiary[] = [];
  const open = (options: Partial<AzureRecogniserOptions> = {}) => {
    const diary = new HearingDiary(
      openAzureRecogniser({
        services: hearing,
        clock: systemClock,
        log: pino({ level: 'silent' }),
        random: Math.random,
        language: 'en-US',
        switchMs: 4_000,
        ...options,
      }),
    );
    diaries.push(diary);
    return diary;
  };
  try {
    await use({ first, second, line, hearing, switched, open });
  } finally {
    for (const diary of diaries) diary.recogniser.close();
    line.close();
    first.close();
    second.close();
  }
}

const faults: Readonly<Record<string, (bench: Bench) => void>> = {
  dropped: ({ line }) => line.goAway(),
  throttled: ({ first, line }) => {
    first.faults.refuseWith = 429;
    line.drop();
  },
  'refusing us': ({ first, line }) => {
    first.faults.refuseWith = 401;
    line.drop();
  },
};
for (const [name, strike] of Object.entries(faults)) {
  test(`a region that is ${name} in the middle of a phrase: the other one hears it from its beginning, no word lost, none twice`, () =>
    withTwo(async (bench) => {
      const diary = bench.open();
      await diary.hear(speakTones('oak'));
      await diary.until(() => diary.words === 'oak', 'the first word is final');
      const speech = speakTones('elm pine fir');
      const middle = Math.floor(speech.length / 640 / 2);
      await diary.hear(speech, (frame) => frame === middle && strike(bench));
      await diary.until(() => diary.words === 'oak elm pine fir', 'all words are final');
      assert.deepEqual(diary.states, ['ready', 'recovering', 'ready']);
      assert.equal(bench.switched.length, 1, bench.switched.join());
      assert.equal(bench.second.upgrades.length, 1);
    }));
}

test('a region that takes connections and says nothing is left in time, and its words are heard in the other', () =>
  withTwo(async ({ line, second, open }) => {
    line.stall();
    const diary = open({ switchMs: 500 });
    await diary.hear(speakTones('oak elm'), undefined, 1.5);
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
    assert.equal(second.upgrades.length, 1);
  }));

test('a region that says nothing any more to what is said, over a connection that stands, is left for the other in time', () =>
  withTwo(async ({ line, second, switched, open }) => {
    const diary = open({ switchMs: 1_500 });
    await diary.hear(speakTones('oak'));
    await diary.until(() => diary.words === 'oak', 'the first word is final');
    line.stall();
    const saidMs = performance.now();
    await diary.hear(speakTones('elm pine fir hazel'), undefined, 2);
    await diary.until(() => diary.words === 'oak elm pine fir hazel', 'all words are final');
    assert.deepEqual(switched, ['a > b: recogniser.silent']);
    assert.equal(second.upgrades.length, 1);
    assert.ok(performance.now() - saidMs < 30_000);
  }));

test('a cough that the service says nothing to leads nobody to the other region', () =>
  withTwo(async ({ first, second, open }) => {
    const diary = open({ switchMs: 500 });
    await diary.hear(speakTones('oak'));
    await diary.until(() => diary.words === 'oak', 'the first word is final');
    first.faults.mute = true;
    await diary.hear(speakTones('elm'));
    await diary.hear(new Uint8Array(32 * 3_000));
    assert.equal(second.upgrades.length, 0);
  }));

test('a region that hears nothing any more is changed for the other by a restart', () =>
  withTwo(async ({ first, second, open }) => {
    const diary = open();
    await diary.hear(speakTones('oak'));
    await diary.until(() => diary.words === 'oak', 'the first word is final');
    first.faults.mute = true;
    await diary.hear(speakTones('elm pine'));
    diary.recogniser.restart();
    await diary.until(() => diary.words === 'oak elm pine', 'the missed words are final');
    assert.equal(second.upgrades.length, 1);
  }));

test('after three failures new calls are heard in the other region from the start, and in the first once it works', () => {
  const clock = new VirtualClock();
  return withTwo(async ({ first, second, hearing, open }) => {
    const hears = async (word: string) => {
      const diary = open();
      await diary.hear(speakTones(word));
      await diary.until(() => diary.words === word, `${word} is final`);
      diary.recogniser.close();
    };
    first.faults.refuseWith = 503;
    for (const word of ['oak', 'elm', 'pine']) await hears(word);
    assert.equal(hearing.all[0].breaker.state, 'open');
    assert.deepEqual([first.upgrades.length, second.upgrades.length], [3, 3]);
    await hears('fir');
    assert.deepEqual([first.upgrades.length, second.upgrades.length], [3, 4]);

    first.faults.refuseWith = undefined;
    await clock.advance(1_000);
    await hears('ash');
    assert.deepEqual([first.upgrades.length, second.upgrades.length], [4, 4]);
    assert.equal(hearing.all[0].breaker.state, 'closed');
  }, clock);
});

test('both regions away: ten calls do not knock on and on, one of them finds out, and what was said meanwhile is heard', () =>
  withTwo(async ({ first, second, hearing, open }) => {
    first.faults.refuseWith = 503;
    second.faults.refuseWith = 503;
    const diaries = Array.from({ length: 10 }, () => open({ restartMinMs: 20 }));
    const speech = speakTones('oak elm');
    await Promise.all(diaries.map((diary) => diary.hear(speech)));
    await eventually(() => hearing.all.every(({ breaker }) => breaker.state === 'open'));
    await sleep(300);
    const knocks = () => first.upgrades.length + second.upgrades.length;
    const before = knocks();
    await sleep(1_500);
    assert.ok(knocks() - before <= 8, `${knocks() - before} more for ten calls in 1.5 s`);
    first.faults.refuseWith = undefined;
    second.faults.refuseWith = undefined;
    await Promise.all(
      diaries.map((diary) => diary.until(() => diary.words === 'oak elm', 'what was said meanwhile is final')),
    );
  }));
