import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../../../shared/testing/eventually.ts';
import type { OpenRecogniser, Recogniser } from '../../contract/speech.ts';
import type { Line } from './line.ts';

const FRAME_BYTES = 640;
/** A busy machine may take long to recognise; only what never comes is a failure. */
const PATIENCE_MS = 60_000;

export interface RecogniserUnderTest {
  readonly open: OpenRecogniser;
  /** All its connections run through here. */
  readonly line: Line;
  /** Speech of these words, 16 kHz PCM16. */
  say(words: string): Uint8Array;
  /** Two things to say, which the recogniser understands without a mistake. */
  readonly phrases: readonly [string, string];
  close(): Promise<void> | void;
}

/** Everything that was heard from one recogniser. */
export class HearingDiary {
  readonly partials: { text: string; offsetMs: number }[] = [];
  readonly finals: { text: string; offsetMs: number; endMs: number }[] = [];
  readonly states: string[] = [];
  /** Up to where the service has said that there are no words. */
  wordlessUntilMs = 0;
  readonly order: ('partial' | 'final')[] = [];
  readonly recogniser: Recogniser;

  constructor(open: OpenRecogniser) {
    this.recogniser = open({
      onPartial: (text, offsetMs) => {
        this.partials.push({ text, offsetMs });
        this.order.push('partial');
      },
      onFinal: (text, offsetMs, endMs) => {
        this.finals.push({ text, offsetMs, endMs });
        this.order.push('final');
      },
      onNoWords: (_, endMs) => {
        this.wordlessUntilMs = endMs;
      },
      onState: (state) => this.states.push(state),
    });
  }

  /** The final words so far, without capitals and punctuation. */
  get words(): string {
    return wordsOf(this.finals.map(({ text }) => text).join(' '));
  }

  /** Writes audio in frames, ten times as fast as speech or at a speed of one's own. */
  async hear(pcm: Uint8Array, beforeFrame?: (index: number) => unknown, timesAsFast = 10): Promise<void> {
    for (let at = 0, index = 0; at < pcm.length; at += FRAME_BYTES, index += 1) {
      await beforeFrame?.(index);
      this.recogniser.write(pcm.subarray(at, at + FRAME_BYTES));
      if (index % 5 === 4) await sleep(100 / timesAsFast);
    }
  }

  /** Keeps the line alive with silence until something is so. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    while (!condition()) {
      assert.ok(performance.now() < deadline, `${what}; heard "${this.words}", states ${this.states.join(' ')}`);
      this.recogniser.write(new Uint8Array(FRAME_BYTES));
      await sleep(20);
    }
  }
}

export const wordsOf = (text: string): string => (text.toLowerCase().match(/[a-z0-9']+/g) ?? []).join(' ');
const silence = (ms: number) => new Uint8Array(ms * 32);

/** What the engine relies on in any recogniser. */
export function recogniserConformance(name: string, start: () => Promise<RecogniserUnderTest>): void {
  let subject: RecogniserUnderTest;
  before(async () => {
    subject = await start();
  });
  after(() => subject.close());

  const withDiary = async (use: (diary: HearingDiary) => Promise<void>) => {
    const diary = new HearingDiary(subject.open);
    try {
      await use(diary);
    } finally {
      diary.recogniser.close();
      subject.line.mend();
    }
  };

  test(`${name}: words arrive, each phrase first as partials that grow and then once as final`, () =>
    withDiary(async (diary) => {
      const [first, second] = subject.phrases;
      await diary.hear(silence(300));
      const speech = subject.say(first);
      const nearItsEnd = Math.floor(((speech.length / FRAME_BYTES) * 3) / 4);
      // However slow the recogniser is: it has its partial before the phrase is over.
      await diary.hear(speech, (index) => index === nearItsEnd && eventually(() => diary.order.length > 0), 1.5);
      await diary.until(() => diary.finals.length === 1, 'the first phrase is final');
      await diary.hear(subject.say(second), undefined, 1.5);
      await diary.until(() => diary.words === wordsOf(`${first} ${second}`), 'both phrases are final');
      assert.equal(diary.order[0], 'partial');
      // A recogniser that is behind may skip the partials of a later phrase, but has no final before its time.
      assert.equal(diary.order.at(-1), 'final');
      assert.deepEqual(diary.states, ['ready']);
    }));

  test(`${name}: times are those of the audio that was written`, () =>
    withDiary(async (diary) => {
      const speech = subject.say(subject.phrases[0]);
      await diary.hear(silence(700));
      await diary.hear(speech);
      await diary.until(() => diary.finals.length === 1, 'the phrase is final');
      const { offsetMs, endMs } = diary.finals[0] ?? { offsetMs: 0, endMs: 0 };
      assert.ok(Math.abs(offsetMs - 700) < 350, `begins at ${offsetMs} ms`);
      assert.ok(Math.abs(endMs - 700 - speech.length / 32) < 700, `ends at ${endMs} ms`);
    }));

  test(`${name}: a connection that drops in the middle of a phrase loses no words and repeats none`, () =>
    withDiary(async (diary) => {
      const [first, second] = subject.phrases;
      await diary.hear(subject.say(first));
      await diary.until(() => diary.finals.length === 1, 'the first phrase is final');
      const speech = subject.say(second);
      const middle = Math.floor(speech.length / FRAME_BYTES / 2);
      await diary.hear(speech, (index) => index === middle && subject.line.drop());
      await diary.until(() => diary.words === wordsOf(`${first} ${second}`), 'both phrases are final');
      assert.deepEqual(diary.states, ['ready', 'recovering', 'ready']);
      const [before, after] = diary.finals;
      assert.ok((after?.offsetMs ?? 0) >= (before?.endMs ?? 0), 'times go on across the restart');
    }));

  test(`${name}: when the service was away for two seconds, what was said meanwhile is heard afterwards`, () =>
    withDiary(async (diary) => {
      await diary.until(() => diary.states.includes('ready'), 'it is ready');
      subject.line.goAway();
      await diary.hear(subject.say(subject.phrases[0]));
      await sleep(2_000);
      assert.equal(diary.states.at(-1), 'recovering');
      subject.line.mend();
      await diary.until(() => diary.words === wordsOf(subject.phrases[0]), 'the phrase is final');
      assert.equal(diary.states.at(-1), 'ready');
    }));

  test(`${name}: closing it at any moment is silent and leaves no connection behind`, async () => {
    const moments = [0, 5, 30, 120, 400];
    for (const afterMs of moments) {
      const diary = new HearingDiary(subject.open);
      void diary.hear(subject.say(subject.phrases[0]));
      await sleep(afterMs);
      diary.recogniser.close();
      diary.recogniser.close();
      const { length } = diary.order;
      await sleep(20);
      assert.equal(diary.order.length, length);
    }
    const deadline = performance.now() + 3_000;
    while (subject.line.open > 0 && performance.now() < deadline) await sleep(20);
    assert.equal(subject.line.open, 0);
  });

  test(`${name}: twenty at once all hear their words`, async () => {
    const diaries = Array.from({ length: 20 }, () => new HearingDiary(subject.open));
    const speech = subject.say(subject.phrases[0]);
    try {
      await Promise.all(
        diaries.map(async (diary) => {
          await diary.hear(speech);
          await diary.until(() => diary.words === wordsOf(subject.phrases[0]), 'the phrase is final');
        }),
      );
    } finally {
      // One that is left open would keep the process, and the whole run, from ending.
      for (const diary of diaries) diary.recogniser.close();
    }
  });
}
