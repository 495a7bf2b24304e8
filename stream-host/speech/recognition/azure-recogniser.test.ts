import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../../../shared/clock.ts';
import type { ParleyError } from '../../../shared/errors.ts';
import { onlyProvider } from '../../../shared/providers/provider.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { Line } from '../testing/line.ts';
import { HearingDiary, recogniserConformance, wordsOf } from '../testing/recogniser-conformance.ts';
import { ToneService } from '../testing/tone-service.ts';
import { speakTones } from '../testing/tones.ts';
import { type AzureRecogniserOptions, openAzureRecogniser } from './azure-recogniser.ts';

const optionsFor = (port: number): AzureRecogniserOptions => ({
  services: onlyProvider('tones', { host: `ws://127.0.0.1:${port}`, proof: 'not-a-secret' }, systemClock),
  clock: systemClock,
  log: pino({ level: 'silent' }),
  random: Math.random,
  language: 'en-US',
});

recogniserConformance('tones', async () => {
  const service = await ToneService.start();
  const line = await Line.to(service.port);
  return {
    open: openAzureRecogniser(optionsFor(line.port)),
    line,
    say: speakTones,
    phrases: ['oak elm pine', 'birch willow fir ash'],
    close: () => {
      line.close();
      service.close();
    },
  };
});

test('a wrong key is given up with a message that names the setting, and without the key (trap: every URL holds it)', () =>
  withService(async ({ service, errors, open }) => {
    service.faults.refuseWith = 401;
    const diary = open({ restartMinMs: 1 });
    await diary.until(() => diary.states.includes('failed'), 'it has failed');
    assert.deepEqual(diary.states, ['recovering', 'recovering', 'failed']);
    assert.equal(service.upgrades.length, 3, 'the SDK adds no attempts of its own (trap: five, without a pause)');
    assert.match(service.upgrades[0] ?? '', /not-a-secret/, 'the SDK does put the key into the URL');
    assert.match(errors.at(-1)?.message ?? '', /401.*SPEECH_KEY/);
    assert.doesNotMatch(JSON.stringify(errors.map((error) => ({ ...error, text: String(error) }))), /not-a-secret|ws:/);
  }));

test('a service that refuses for a while is tried again with growing pauses until it answers (trap: no back-off)', () =>
  withService(async ({ service, open }) => {
    service.faults.refuseWith = 503;
    const beganMs = performance.now();
    const diary = open({ restartMinMs: 50, restartMaxMs: 200, random: () => 1 });
    await eventually(() => service.upgrades.length >= 4);
    const passedMs = performance.now() - beganMs;
    assert.ok(passedMs >= 300, `50, 100 and 200 ms, and not ${passedMs} in all`);
    service.faults.refuseWith = undefined;
    await diary.hear(speakTones('oak'));
    await diary.until(() => diary.words === 'oak', 'the word is final');
    assert.equal(diary.states.filter((state) => state === 'failed').length, 0);
  }));

test('a connection that could not be made is noticed although the start resolves (trap: only canceled tells)', () =>
  withService(async ({ line, open }) => {
    line.goAway();
    const diary = open();
    await diary.until(() => diary.states.includes('recovering'), 'it is recovering');
  }));

test('a server that accepts the connection and never answers the upgrade is left after the connect limit', () =>
  withService(async ({ line, open }) => {
    line.stall();
    const diary = open({ connectTimeoutMs: 100, closeTimeoutMs: 50, restartMinMs: 10 });
    await diary.until(() => diary.states.length >= 2, 'it tries again');
    line.mend();
    await diary.until(() => diary.states.at(-1) === 'ready', 'it is ready');
  }));

test('a service that says nothing to audible speech is left for a new session, which hears it all (trap: silent stall)', () =>
  withService(async ({ service, errors, open }) => {
    const diary = open({ noSignMs: 600, closeTimeoutMs: 50 });
    await diary.until(() => diary.states.includes('ready'), 'it is ready');
    service.faults.mute = true;
    await diary.hear(speakTones('oak elm pine fir oak elm pine fir'));
    await diary.until(() => diary.states.includes('recovering'), 'it is recovering');
    assert.equal(errors[0]?.code, 'recogniser.silent');
    service.faults.mute = false;
    service.drop();
    await diary.until(() => diary.words === 'oak elm pine fir oak elm pine fir', 'the words are final');
  }));

test('long silence alone is no reason to restart', () =>
  withService(async ({ service, open }) => {
    const diary = open({ noSignMs: 600 });
    await diary.hear(new Uint8Array(32 * 6_000));
    assert.deepEqual(diary.states, ['ready']);
    assert.equal(service.upgrades.length, 1);
  }));

test('silence is sent in few messages, and nothing of it is lost or moved (trap: messages cost more than their audio)', () =>
  withService(async ({ service, open }) => {
    const diary = open();
    await diary.hear(new Uint8Array(32 * 5_000));
    await diary.hear(speakTones('oak elm'));
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
    const long = service.audioMessages.filter((bytes) => bytes === 32 * 300).length;
    assert.ok(long >= 10, `${long} messages of 300 ms in: ${service.audioMessages.join(' ')}`);
    assert.ok(
      Math.abs((diary.finals[0]?.offsetMs ?? 0) - 5_000) < 100,
      `the words were at ${diary.finals[0]?.offsetMs} ms`,
    );
  }));

test('a sound is sent at once, and so is the silence after it until its phrase is over', () =>
  withService(async ({ service, open }) => {
    const diary = open();
    await diary.hear(new Uint8Array(32 * 3_100));
    const before = service.audioMessages.length;
    await diary.hear(speakTones('oak elm pine fir'));
    await diary.hear(new Uint8Array(32 * 900));
    const [first = 0, ...others] = service.audioMessages.slice(before);
    assert.ok(first <= 32 * 300, `the first sound came with ${first} bytes`);
    assert.ok(others.length >= 14, `${others.length} messages`);
    assert.deepEqual(new Set(others), new Set([32 * 100]));
  }));

test('after minutes without a phrase the connection is renewed in a pause, unnoticed (trap: the SDK keeps all audio)', () =>
  withService(async ({ service, open }) => {
    const diary = open({ renewMs: 3_000 });
    await diary.hear(new Uint8Array(32 * 4_000));
    await diary.hear(speakTones('oak elm'));
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
    assert.equal(service.upgrades.length, 2);
    assert.deepEqual(diary.states, ['ready']);
    assert.ok((diary.finals[0]?.offsetMs ?? 0) >= 4_000);
  }));

test('a long call renews its connection between phrases and loses no words (trap: the SDK grows with each block)', () =>
  withService(async ({ service, open }) => {
    const diary = open({ maxSessionMs: 2_000 });
    for (const words of ['oak elm', 'pine fir', 'ash larch', 'maple']) {
      const before = diary.words.length;
      await diary.hear(speakTones(words));
      await diary.hear(new Uint8Array(32 * 900));
      await diary.until(() => diary.words.length > before, 'the words are final');
    }
    await diary.until(() => diary.words.endsWith('maple'), 'the last word is final');
    assert.equal(diary.words, 'oak elm pine fir ash larch maple');
    assert.ok(service.upgrades.length >= 2, `${service.upgrades.length} connections`);
    assert.equal(service.mostConnections, 1);
    assert.deepEqual(diary.states, ['ready']);
  }));

for (const code of [1002, 1007, 1011, 4000]) {
  test(`a server that closes with ${code} in the middle of a phrase costs no words, and is reconnected to only once`, () =>
    withService(async ({ service, open }) => {
      service.faults.closeAfterHypotheses = { count: 2, code };
      const diary = open();
      await diary.hear(speakTones('oak elm'));
      await diary.until(() => diary.states.includes('recovering'), 'it is recovering');
      service.faults.closeAfterHypotheses = undefined;
      await diary.hear(speakTones('pine'));
      await diary.until(() => diary.words.endsWith('pine'), 'the words are final');
      assert.equal(diary.words, 'oak elm pine');
      assert.equal(service.mostConnections, 1, 'there are never two at once (trap: canceled, and reconnected anyway)');
      assert.equal(service.upgrades.length, 2);
    }));
}

test('a phrase that reports a quota is a failure to recover from, not a result', () =>
  withService(async ({ service, open }) => {
    service.faults.phraseStatus = 'TooManyRequests';
    const diary = open();
    await diary.hear(speakTones('oak elm'));
    await diary.until(() => diary.states.includes('recovering'), 'it is recovering');
    service.faults.phraseStatus = undefined;
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
  }));

test('turns that the service ends change no times and no words (trap: the SDK then sends audio twice)', () =>
  withService(async ({ service, open }) => {
    service.faults.endTurnAfterPhrase = true;
    const diary = open();
    for (const word of ['oak', 'elm', 'pine']) {
      await diary.hear(speakTones(word));
      await diary.until(() => diary.words.endsWith(word), `${word} is final`);
    }
    assert.equal(diary.words, 'oak elm pine');
    assert.deepEqual(diary.states, ['ready']);
    const times = diary.finals.flatMap(({ offsetMs, endMs }) => [offsetMs, endMs]);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  }));

test('closing does not wait for a turn.end that never comes (trap: stopping and closing hang for ever)', () =>
  withService(async ({ service, open }) => {
    service.faults.neverEndTurn = true;
    const diary = open();
    await diary.hear(speakTones('oak elm'));
    await diary.until(() => diary.partials.length > 0, 'there is a partial');
    diary.recogniser.close();
    await eventually(() => service.connections === 0);
  }));

test('a view of a larger buffer is sent as what it shows (trap: the SDK reads the whole ArrayBuffer)', () =>
  withService(async ({ open }) => {
    const diary = open();
    const speech = speakTones('oak elm');
    const larger = new Uint8Array(speech.length + 10_001).fill(0x55);
    larger.set(speech, 5_001);
    for (let at = 0; at < speech.length; at += 641) {
      diary.recogniser.write(larger.subarray(5_001 + at, 5_001 + Math.min(at + 641, speech.length)));
    }
    await diary.until(() => diary.words === 'oak elm', 'the words are final');
  }));

test('an outage longer than what is kept loses the oldest audio, not the newest, and says how much', () =>
  withService(async ({ service, warnings, open }) => {
    service.faults.refuseWith = 503;
    const diary = open({ replayMs: 1_000, restartMinMs: 10, restartMaxMs: 50 });
    await diary.hear(speakTones('ash birch cedar elm fir hazel juniper larch maple oak'));
    service.faults.refuseWith = undefined;
    await diary.until(() => diary.words.endsWith('oak'), 'the newest word is final');
    assert.doesNotMatch(diary.words, /ash|birch|cedar/);
    assert.ok(warnings().some((line) => (line.lostMs ?? 0) >= 600));
  }));

test('a listener that throws does not end the recognition', () =>
  withService(async ({ options }) => {
    const finals: string[] = [];
    const recogniser = openAzureRecogniser(options)({
      onPartial: () => {
        throw new Error('of no concern to the recogniser');
      },
      onFinal: (text) => finals.push(wordsOf(text)),
      onNoWords: () => {},
      onState: () => {
        throw new Error('of no concern either');
      },
    });
    while (finals.length === 0) {
      recogniser.write(finals.length === 0 ? speakTones('oak elm') : new Uint8Array(640));
      recogniser.write(new Uint8Array(32 * 400));
      await sleep(200);
    }
    assert.match(finals[0] ?? '', /^oak elm/);
    recogniser.close();
  }));

test('a restart loses nothing: what was not final is heard again, on another connection (review 4.15)', () =>
  withService(async ({ service, errors, open }) => {
    const diary = open();
    await diary.hear(speakTones('oak'));
    await diary.until(() => diary.words === 'oak', 'the first word is final');
    service.faults.mute = true;
    await diary.hear(speakTones('elm pine'));
    await diary.hear(new Uint8Array(32 * 500));
    service.faults.mute = false;
    diary.recogniser.restart();
    await diary.until(() => diary.words === 'oak elm pine', 'the missed words are final');
    assert.equal(service.upgrades.length, 2);
    assert.deepEqual(errors, []);
  }));

test('the service is asked for the words as they were said, none masked (recogniser-masks-profanity)', () =>
  withService(async ({ service, open }) => {
    open({ language: 'de-DE' }).recogniser.write(new Uint8Array(32_000));
    await eventually(() => service.upgrades.length > 0);
    assert.match(service.upgrades[0] ?? '', /profanity=raw/);
    assert.match(service.upgrades[0] ?? '', /language=de-DE/);
  }));

interface Bench {
  readonly service: ToneService;
  readonly line: Line;
  readonly options: AzureRecogniserOptions;
  /** Errors that came with a state. */
  readonly errors: ParleyError[];
  /** Log lines of warnings and errors. */
  warnings(): { lostMs?: number }[];
  open(options?: Partial<AzureRecogniserOptions>): HearingDiary;
}

async function withService(use: (bench: Bench) => Promise<void>): Promise<void> {
  const service = await ToneService.start();
  const line = await Line.to(service.port);
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (text: string) => void lines.push(text) });
  const options = { ...optionsFor(line.port), log };
  const errors: ParleyError[] = [];
  const diaries: HearingDiary[] = [];
  const open = (changes: Partial<AzureRecogniserOptions> = {}) => {
    const openRecogniser = openAzureRecogniser({ ...options, ...changes });
    const diary = new HearingDiary((events) =>
      openRecogniser({
        ...events,
        onState: (state, error) => {
          if (error) errors.push(error as ParleyError);
          events.onState(state, error);
        },
      }),
    );
    diaries.push(diary);
    return diary;
  };
  try {
    await use({ service, line, options, errors, warnings: () => lines.map((text) => JSON.parse(text)), open });
    assert.doesNotMatch(lines.join(''), /not-a-secret|ws:\/\//, 'no log line holds a URL');
  } finally {
    for (const diary of diaries) diary.recogniser.close();
    line.close();
    service.close();
  }
}
