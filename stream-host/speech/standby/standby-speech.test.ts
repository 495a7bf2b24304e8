import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { DependencyError } from '../../../shared/errors.ts';
import { VirtualClock } from '../../../shared/virtual-clock.ts';
import type { SynthesisPiece } from '../../contract/speech.ts';
import { collect } from '../testing/synthesiser-conformance.ts';
import { CLIP_TEXTS } from './standby-clips.ts';
import { StandbySpeech } from './standby-speech.ts';

const VOICE = 'en-US-AvaMultilingualNeural';
const never = new AbortController().signal;
const phrase = (text: string) => ({ text, voice: VOICE });

/** A service that speaks its text as bytes, in two pieces with a word in each, and can be away. */
class Service {
  isAway = false;
  refuses: string | undefined;
  bytesPerCharacter = 2;
  readonly asked: string[] = [];

  async *speak(text: string, _voice: string, signal: AbortSignal): AsyncIterable<SynthesisPiece> {
    this.asked.push(text);
    await Promise.resolve();
    if (signal.aborted) return;
    if (this.isAway || text === this.refuses) throw new DependencyError('synthesis.failed', 'The service is away.');
    for (const part of [text.slice(0, 2), text.slice(2)]) {
      yield { type: 'word', text: part, startMs: 0, durationMs: 1 };
      yield { type: 'audio', pcm: new Uint8Array(part.length * this.bytesPerCharacter).fill(part.length) };
    }
  }
}

async function rig(maxBytes?: number) {
  const service = new Service();
  const clock = new VirtualClock();
  const log = pino({ level: 'silent' });
  const standby = new StandbySpeech({ synthesiser: service, clock, log, ...(maxBytes && { maxBytes }) });
  return { service, clock, standby, voice: standby.voiceFor('en-US') };
}

test('a phrase that was made ready is spoken while the service is away, by both ways', async () => {
  const { service, clock, standby, voice } = await rig();
  standby.prepare([phrase('Hello.'), phrase('Goodbye.')]);
  await clock.advance(0);
  service.isAway = true;
  const { audio, words, pieces } = await collect(standby.speak('Hello.', VOICE, never));
  assert.deepEqual(words.map(({ text }) => text).join(''), 'Hello.');
  assert.deepEqual(
    pieces.map(({ type }) => type),
    ['word', 'audio', 'word', 'audio'],
  );
  const ready = voice.speech('greeting', 'Hello.', VOICE);
  assert.equal(ready.text, 'Hello.');
  assert.deepEqual(ready.pcm, audio);
  assert.deepEqual(service.asked, ['Hello.', 'Goodbye.']);
});

test('where a phrase is not ready a bundled clip speaks at once, and says what it says', async () => {
  const { standby, voice } = await rig();
  const { pcm, text } = voice.speech('apology', 'Sorry, dear caller.', VOICE);
  assert.equal(text, CLIP_TEXTS.apology);
  assert.ok(pcm.length > 0);
  assert.equal(standby.voiceFor('de-DE').speech('apology', 'Das tut mir leid.', VOICE).text, '');
});

test('a host that starts without its voice tries again, with growing pauses, until every phrase is there', async () => {
  const { service, clock, standby, voice } = await rig();
  service.isAway = true;
  standby.prepare([phrase('Hello.'), phrase('Goodbye.')]);
  await clock.advance(120_000);
  assert.ok(service.asked.length > 4 && service.asked.length < 10, `${service.asked.length} attempts in two minutes`);
  service.isAway = false;
  await clock.advance(30_000);
  assert.deepEqual([voice.speech('greeting', 'Hello.', VOICE).text, standby.stats.kept], ['Hello.', 2]);
  assert.equal(clock.pending, 0);
});

test('one phrase that the service refuses keeps none of the others out', async () => {
  const { service, clock, standby } = await rig();
  service.refuses = 'Hello.';
  standby.prepare([phrase('Hello.'), phrase('Sorry.'), phrase('Goodbye.')]);
  await clock.advance(3_000);
  assert.equal(standby.stats.kept, 2);
});

test('when agents change, new phrases are made ready, old ones let go, and those that stay not made again', async () => {
  const { service, clock, standby, voice } = await rig();
  standby.prepare([phrase('Hello.'), phrase('Old.')]);
  await clock.advance(0);
  standby.prepare([phrase('Hello.'), phrase('New.')]);
  await clock.advance(0);
  assert.deepEqual(service.asked, ['Hello.', 'Old.', 'New.']);
  assert.equal(voice.speech('filler', 'Old.', VOICE).text, CLIP_TEXTS.filler);
  assert.equal(voice.speech('filler', 'New.', VOICE).text, 'New.');
});

test('agents that change while phrases are made ready cost no phrase twice', async () => {
  const { service, clock, standby } = await rig();
  standby.prepare([phrase('Hello.'), phrase('Old.')]);
  standby.prepare([phrase('New.'), phrase('Hello.')]);
  await clock.advance(0);
  assert.deepEqual(service.asked, ['Hello.', 'New.']);
  assert.equal(standby.stats.kept, 2);
});

test('what is kept is bounded: a phrase too many is left to the clips, and the others stay', async () => {
  const { clock, standby, voice } = await rig(20);
  standby.prepare([phrase('Hello.'), phrase('Goodbye.')]);
  await clock.advance(60_000);
  assert.equal(standby.stats.bytes, 12);
  assert.equal(voice.speech('farewell', 'Goodbye.', VOICE).text, CLIP_TEXTS.farewell);
});

test('a service that answers with nothing has not made the phrase ready', async () => {
  const { service, clock, standby } = await rig();
  service.bytesPerCharacter = 0;
  standby.prepare([phrase('Hello.')]);
  await clock.advance(0);
  assert.equal(standby.stats.kept, 0);
  service.bytesPerCharacter = 2;
  await clock.advance(2_000);
  assert.equal(standby.stats.kept, 1);
});

test('closing ends the preparing', async () => {
  const { service, clock, standby } = await rig();
  service.isAway = true;
  standby.prepare([phrase('Hello.')]);
  await clock.advance(0);
  standby.close();
  standby.close();
  await clock.advance(120_000);
  assert.deepEqual([service.asked.length, clock.pending], [1, 0]);
});
