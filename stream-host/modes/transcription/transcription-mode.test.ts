import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { BYTES_PER_MS, FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import type { HistoryItem } from '../../../shared/sessions/history.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import { defaultPhrases } from '../../agent/phrases.ts';
import type { SessionFacts } from '../../contract/agent.ts';
import type { EventName, SessionEvent } from '../../contract/events.ts';
import type { RecogniserEvents, Synthesiser } from '../../contract/speech.ts';
import { SessionEvents } from '../../dialogue/session-events.ts';
import { type TranscriptionOptions, transcriptionMode } from './transcription-mode.ts';

const CALLER = '4:+15550001111';
const OTHER = '4:+15550002222';
const NOTICE = 'This call is written down.';
const FRAME = new Uint8Array(FRAME_BYTES).fill(1);

/** A recogniser that says what the test tells it to. */
class ScriptedRecogniser {
  readonly events: RecogniserEvents;
  writtenMs = 0;
  closed = false;

  constructor(events: RecogniserEvents) {
    this.events = events;
  }

  write(pcm: Uint8Array): void {
    this.writtenMs += pcm.length / BYTES_PER_MS;
  }

  restart(): void {}

  close(): void {
    this.closed = true;
  }
}

interface Wishes extends Partial<TranscriptionOptions> {
  readonly facts?: Partial<SessionFacts>;
  readonly history?: readonly HistoryItem[];
  readonly turns?: number;
}

function begin({ facts, history = [], turns = 0, ...options }: Wishes = {}) {
  const clock = new VirtualClock();
  const events = new SessionEvents(clock);
  const told: SessionEvent[] = [];
  events.onAny((event) => told.push(event));
  const recognisers: ScriptedRecogniser[] = [];
  const asked: (readonly string[])[] = [];
  const played: number[] = [];
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const synthesiser: Synthesiser = {
    async *speak(text) {
      yield { type: 'audio', pcm: new Uint8Array(text.length * 20 * BYTES_PER_MS).fill(7) };
    },
  };
  const mode = transcriptionMode({
    openRecogniser: (_, languages) => {
      asked.push(languages);
      return (own) => {
        const recogniser = new ScriptedRecogniser(own);
        recognisers.push(recogniser);
        return recogniser;
      };
    },
    languagesOf: () => ['en-US'],
    noticeOf: () => undefined,
    synthesiser,
    acsHears: false,
    ...options,
  }).open({
    clock,
    log,
    events,
    line: {
      sendAudio: (frames) => {
        played.push(frames.length);
        return true;
      },
      stopAudio: () => {},
      modeIs: () => {},
    },
    agent: { locale: 'en-US', voice: 'v', phrases: defaultPhrases('en-US', 'Hello.'), async *respond() {} },
    agentName: 'orders',
    history,
    turns,
    facts: { sessionId: 's-1', direction: 'inbound', callConnectionId: 'c-1', caller: '+15550001111', ...facts },
    beganAtMs: clock.wallMs(),
  });
  const of = <Name extends EventName>(name: Name) =>
    told.filter((event): event is SessionEvent & SessionEvent<Name> => event.type === name);
  /** Audio of these participants, 20 ms at a time. */
  const hear = async (ms: number, ...participants: (string | undefined)[]) => {
    for (let at = 0; at < ms; at += 20) {
      await clock.advance(20);
      for (const participant of participants) mode.audio(FRAME, participant);
    }
  };
  const recogniser = (at: number): ScriptedRecogniser => {
    const found = recognisers[at];
    assert.ok(found, `recogniser ${at} was opened`);
    return found;
  };
  return { clock, mode, of, hear, recogniser, recognisers, asked, played, lines, told };
}

test('two participants are heard apart, each by a recogniser that is opened with its first audio', async () => {
  const { mode, of, hear, recogniser, recognisers } = begin();
  mode.start();
  assert.equal(recognisers.length, 0);
  await hear(1000, CALLER);
  assert.equal(recognisers.length, 1);
  await hear(1000, CALLER, OTHER);
  assert.equal(recognisers.length, 2);
  recogniser(0).events.onPartial('where is', 200, 800);
  recogniser(0).events.onFinal('Where is my order?', 200, 1400, {
    confidence: 0.9,
    words: [{ text: 'where', offsetMs: 200, durationMs: 300 }],
  });
  recogniser(1).events.onFinal('It was sent on Monday.', 100, 900);
  assert.deepEqual(
    of('transcriptPartial').map(({ speaker, text, offsetMs }) => [speaker, text, offsetMs]),
    [['caller', 'where is', 200]],
  );
  assert.deepEqual(
    of('transcript').map(({ atMs: _, ...event }) => event),
    [
      {
        type: 'transcript',
        turn: 1,
        speaker: 'caller',
        participant: CALLER,
        text: 'Where is my order?',
        offsetMs: 200,
        durationMs: 1200,
        confidence: 0.9,
        words: [{ text: 'where', offsetMs: 200, durationMs: 300 }],
      },
      {
        type: 'transcript',
        turn: 2,
        speaker: 'callee',
        participant: OTHER,
        text: 'It was sent on Monday.',
        // Its audio began a second later.
        offsetMs: 1100,
        durationMs: 800,
      },
    ],
  );
  assert.deepEqual(of('historyChanged').at(-1)?.items, [
    { role: 'caller', text: 'It was sent on Monday.', speaker: 'callee' },
  ]);
});

test('in an outbound call the number that was called is the callee’s', async () => {
  const { mode, of, hear, recogniser } = begin({ facts: { direction: 'outbound' } });
  mode.start();
  await hear(20, OTHER, CALLER, '4:+15550003333');
  for (const at of [0, 1, 2]) recogniser(at).events.onFinal('Hello.', 0, 20);
  assert.deepEqual(
    of('transcript').map(({ speaker }) => speaker),
    ['caller', 'callee', 'participant-3'],
  );
});

test('a phone line that tells nobody apart is one speaker, and a browser’s is the caller', async () => {
  for (const [facts, speaker] of [
    [{}, 'line'],
    [{ caller: undefined, callConnectionId: undefined }, 'caller'],
  ] as const) {
    const { mode, of, hear, recogniser } = begin({ facts });
    mode.start();
    await hear(20, undefined);
    recogniser(0).events.onFinal('Hello.', 0, 20);
    assert.deepEqual(
      of('transcript').map((event) => [event.speaker, event.participant]),
      [[speaker, undefined]],
    );
  }
});

test('a notice is spoken once at the start, and stands in the history for whoever takes the session over', async () => {
  const first = begin({ noticeOf: () => NOTICE });
  first.mode.start();
  await first.hear(1000, CALLER);
  assert.equal(
    first.played.reduce((sum, bytes) => sum + bytes, 0),
    NOTICE.length * 20 * BYTES_PER_MS,
  );
  const [spoken] = first.of('agentSpoke');
  assert.deepEqual([spoken?.fullText, spoken?.heardText, spoken?.interrupted], [NOTICE, NOTICE, false]);
  const history = first.of('historyChanged').flatMap(({ items }) => items);
  assert.deepEqual(history, [{ role: 'agent', text: NOTICE, heard: true }]);

  const second = begin({ noticeOf: () => NOTICE, history });
  second.mode.start();
  await second.hear(1000, CALLER);
  assert.equal(second.played.length, 0);
});

test('a call that was taken over from an agent is told that it is written down', async () => {
  const { mode, hear, played } = begin({
    noticeOf: () => NOTICE,
    history: [{ role: 'agent', text: 'Hello, how can I help you?', heard: true }],
  });
  mode.start();
  await hear(1000, CALLER);
  assert.ok(played.length > 0);
});

test('a notice that cannot be spoken is tried again until it is', async () => {
  let failures = 3;
  const { mode, of, hear, played, clock } = begin({
    noticeOf: () => NOTICE,
    synthesiser: {
      async *speak() {
        if (failures-- > 0) throw new Error('no voice');
        yield { type: 'audio', pcm: new Uint8Array(FRAME_BYTES * 10) };
      },
    },
  });
  mode.start();
  await hear(100, CALLER);
  assert.equal(played.length, 0);
  await clock.advance(10_000);
  assert.deepEqual(
    of('fault').map(({ code }) => code),
    ['notice.unspoken', 'notice.unspoken', 'notice.unspoken'],
  );
  assert.equal(of('agentSpoke').length, 1);
});

test('without a notice the line stays silent, and the log says that nobody is told, and for want of which field (stranger16d n7)', async () => {
  const { mode, hear, played, lines } = begin();
  mode.start();
  await hear(3000, CALLER);
  assert.equal(played.length, 0);
  assert.match(String(lines[0]?.msg), /no `notice` \(another than `recording\.notice`/);
});

test('what was being said at the end is told as it was last heard, before the end', async () => {
  const { mode, of, hear, recogniser, told } = begin();
  mode.start();
  await hear(1000, CALLER);
  recogniser(0).events.onPartial('thank you good', 100, 900);
  mode.close('hung-up');
  mode.close('again');
  assert.deepEqual(
    of('transcript').map(({ text, offsetMs, durationMs }) => [text, offsetMs, durationMs]),
    [['thank you good', 100, 800]],
  );
  assert.deepEqual(told.at(-1)?.type, 'ended');
  assert.ok(recogniser(0).closed);
});

test('a participant who is not heard any more is given the silence that ends his phrase, and then no recogniser', async () => {
  const { mode, hear, recogniser, recognisers } = begin();
  mode.start();
  await hear(1000, CALLER, OTHER);
  await hear(3000, CALLER);
  assert.equal(recogniser(0).writtenMs, 4000);
  assert.equal(recogniser(1).writtenMs, 2500);
  await hear(13_000, CALLER);
  assert.ok(recogniser(1).closed && !recogniser(0).closed);
  await hear(20, CALLER, OTHER);
  assert.equal(recognisers.length, 3);
});

test('where nobody is heard any more the last phrase is ended all the same, and then no recogniser is kept (reader: last phrase waits)', async () => {
  const { mode, clock, hear, recogniser } = begin();
  mode.start();
  await hear(1000, CALLER);
  await clock.advance(1600);
  assert.equal(recogniser(0).writtenMs, 2500);
  await hear(1000, CALLER);
  await clock.advance(1600);
  assert.equal(recogniser(0).writtenMs, 5000);
  await clock.advance(14_000);
  assert.ok(recogniser(0).closed);
  await hear(100, CALLER);
  mode.close('hung-up');
  assert.equal(clock.pending, 0);
});

test('words after a gap in the audio are told where they were said', async () => {
  const { mode, of, hear, recogniser, clock } = begin();
  mode.start();
  await hear(1000, CALLER);
  await clock.advance(5000);
  await hear(1000, CALLER);
  recogniser(0).events.onFinal('Still there?', 2600, 3100);
  assert.equal(of('transcript')[0]?.offsetMs, 6100);
});

test('of too many speakers at a time those who came first are heard, and that is told once', async () => {
  const { mode, of, hear, recognisers } = begin();
  mode.start();
  const crowd = Array.from({ length: 12 }, (_, n) => `8:acs:${n}`);
  await hear(1000, ...crowd);
  assert.equal(recognisers.length, 8);
  assert.deepEqual(
    of('fault').map(({ code }) => code),
    ['transcription.too-many-speakers'],
  );
});

test('a recogniser that gave up is replaced, and its trouble is told', async () => {
  const { mode, of, hear, recogniser, recognisers } = begin();
  mode.start();
  await hear(100, CALLER);
  recogniser(0).events.onState('failed', new Error('401'));
  await hear(6000, CALLER);
  assert.equal(recognisers.length, 2);
  recogniser(1).events.onFinal('Hello.', 0, 100);
  assert.deepEqual(
    of('fault').map(({ code }) => code),
    ['recogniser.failed'],
  );
  assert.equal(of('transcript')[0]?.offsetMs, 5080);
});

test('numbers go on from the host before, and the recogniser is asked for all the agent’s languages', async () => {
  const { mode, of, hear, recogniser, asked } = begin({ turns: 7, languagesOf: () => ['de-DE', 'en-US'] });
  mode.start();
  await hear(100, CALLER);
  recogniser(0).events.onFinal('Guten Tag.', 0, 100, { language: 'de-DE' });
  assert.deepEqual(asked, [['de-DE', 'en-US']]);
  assert.deepEqual(
    of('transcript').map(({ turn, language }) => [turn, language]),
    [[8, 'de-DE']],
  );
});

test('where ACS hears, a call’s audio needs no recogniser, and ACS’s words are placed by its own times', async () => {
  const { mode, of, hear, recognisers } = begin({ acsHears: true });
  mode.start();
  await hear(5000, CALLER);
  assert.equal(recognisers.length, 0);
  const phrase = { text: 'where is', final: false, participant: CALLER, offsetMs: 3000, durationMs: 1000, words: [] };
  mode.transcribed?.(phrase);
  await hear(1000, CALLER);
  const words = [{ text: 'order', offsetMs: 3500, durationMs: 200 }];
  mode.transcribed?.({ ...phrase, text: 'Where is my order?', final: true, durationMs: 1800, confidence: 0.7, words });
  const [partial] = of('transcriptPartial');
  const [final] = of('transcript');
  // It was told a second after its end: ACS's clock began no later than 1 s into the session.
  assert.deepEqual([partial?.speaker, partial?.offsetMs], ['caller', 4000]);
  assert.deepEqual([final?.offsetMs, final?.durationMs, final?.confidence], [4000, 1800, 0.7]);
  assert.deepEqual(final?.words, [{ text: 'order', offsetMs: 4500, durationMs: 200 }]);
});

test('finished words of ACS that are handed on twice are written down once', async () => {
  const { mode, of, hear } = begin({ acsHears: true });
  mode.start();
  await hear(5000, CALLER);
  const phrase = { text: 'Yes.', final: true, participant: CALLER, offsetMs: 3000, durationMs: 400, words: [] };
  mode.transcribed?.(phrase);
  mode.transcribed?.(phrase);
  mode.transcribed?.({ ...phrase, offsetMs: 4000 });
  assert.deepEqual(
    of('transcript').map(({ text }) => text),
    ['Yes.', 'Yes.'],
  );
});
