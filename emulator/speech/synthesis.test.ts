import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as sdk from 'microsoft-cognitiveservices-speech-sdk';
import { WebSocket } from 'ws';
import { rmsOf } from '../../shared/audio/pcm.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { ByHeart } from './by-heart.ts';
import { KEY, SpeechHarness } from './testing/speech-harness.ts';

const TEXT = 'Hello & welcome to Parley. Your order, number 1042, ships on Friday!';
const WORDS = 'Hello & welcome to Parley Your order number 1042 ships on Friday'.split(' ');

let harness: SpeechHarness;
before(async () => {
  harness = await SpeechHarness.start(new ByHeart());
});
after(() => harness.close());

/** A synthesiser and what it reported. */
class Synthesis {
  readonly events: ({ type: 'audio'; bytes: number } | { type: 'word'; text: string; at: number; ms: number })[] = [];
  readonly synthesiser: sdk.SpeechSynthesizer;

  constructor(config = harness.config()) {
    // The SDK takes null for "no loudspeaker", whatever its types say.
    this.synthesiser = new sdk.SpeechSynthesizer(config, null as unknown as undefined);
    this.synthesiser.synthesizing = (_, { result }) => {
      this.events.push({ type: 'audio', bytes: result.audioData.byteLength });
    };
    this.synthesiser.wordBoundary = (_, { text, audioOffset, duration }) => {
      this.events.push({ type: 'word', text, at: audioOffset / 10_000, ms: duration / 10_000 });
    };
  }

  speak(text: string): Promise<sdk.SpeechSynthesisResult> {
    return new Promise((resolve, reject) => this.synthesiser.speakTextAsync(text, resolve, reject));
  }

  get words() {
    return this.events.filter((event) => event.type === 'word');
  }

  get audioBytes(): number {
    return this.events.reduce((sum, event) => sum + (event.type === 'audio' ? event.bytes : 0), 0);
  }
}

test('speech comes in pieces of 100 ms, with every word in order and ahead of its own sound', async () => {
  const synthesis = new Synthesis();
  const result = await synthesis.speak(TEXT);
  synthesis.synthesiser.close();

  assert.equal(result.reason, sdk.ResultReason.SynthesizingAudioCompleted);
  assert.deepEqual(
    synthesis.words.map(({ text }) => text),
    WORDS,
  );
  let sentMs = 0;
  let reachedMs = 0;
  for (const event of synthesis.events) {
    if (event.type === 'audio') {
      assert.ok(event.bytes > 0 && event.bytes <= 3200);
      sentMs += event.bytes / 32;
    } else {
      assert.ok(event.at >= sentMs - 1 && event.at >= reachedMs - 0.01 && event.ms > 0, JSON.stringify(event));
      reachedMs = event.at + event.ms;
    }
  }
  assert.ok(reachedMs <= sentMs + 1);
  assert.equal(result.audioData.byteLength, synthesis.audioBytes);
  assert.ok(Math.abs(result.audioDuration / 10_000 - sentMs) < 1);
  assert.ok(rmsOf(new Uint8Array(result.audioData)) > 0.01);
});

test('the words lie where the sound is: their spans are loud, the pause between sentences is not', async () => {
  const { pcm, words } = await harness.voices.speak('Good morning. Goodbye.', 'slt');
  const level = (fromMs: number, toMs: number) =>
    rmsOf(pcm.subarray(2 * Math.round(fromMs * 16), 2 * Math.round(toMs * 16)));
  const [, morning, goodbye] = words;
  assert.ok(morning !== undefined && goodbye !== undefined);
  const pause = level(morning.startMs + morning.durationMs, goodbye.startMs);
  for (const { text, startMs, durationMs } of words) {
    assert.ok(level(startMs, startMs + durationMs) > 5 * pause, `${text} is as quiet as the pause`);
  }
});

test('closing in the middle ends the work, and the next synthesiser works', async () => {
  const synthesis = new Synthesis();
  void synthesis.speak('This is a sentence that nobody hears to its end. '.repeat(100));
  await eventually(() => synthesis.audioBytes > 0);
  synthesis.synthesiser.close();
  await eventually(() => harness.service.status().synthesisSockets === 0);
  await eventually(() => harness.service.status().waitingToSpeak === 0);
  const next = new Synthesis();
  assert.equal((await next.speak('Next.')).reason, sdk.ResultReason.SynthesizingAudioCompleted);
  next.synthesiser.close();
});

test('what cannot be spoken in English is left out, and nothing but that is no failure', async () => {
  const synthesis = new Synthesis();
  await synthesis.speak('Hello 你好 – “world” 😀!');
  assert.deepEqual(
    synthesis.words.map(({ text }) => text),
    ['Hello', 'world'],
  );
  const nothing = await synthesis.speak('你好');
  assert.equal(nothing.reason, sdk.ResultReason.SynthesizingAudioCompleted);
  assert.equal(nothing.audioData.byteLength, 0);
  synthesis.synthesiser.close();
});

test('a sentence is made once and remembered', async () => {
  const first = await harness.voices.speak('Say it again.', 'en-US-AvaNeural');
  const again = await harness.voices.speak('Say it again.', 'slt');
  assert.deepEqual(again, first);
});

test('an aborted text throws, and takes nothing from the others', async () => {
  const abort = new AbortController();
  const unwanted = harness.voices.speak('Nobody wants this sentence. Nor this one.', 'rms', abort.signal);
  abort.abort();
  await assert.rejects(unwanted, { name: 'AbortError' });
  assert.ok((await harness.voices.speak('But this one.', 'rms')).words.length === 3);
});

const ID = 'b'.repeat(32);
const frame = (path: string, body: string, id = ID): string => `Path:${path}\r\nX-RequestId:${id}\r\n\r\n${body}`;
const contextFor = (outputFormat: string): string =>
  frame('synthesis.context', JSON.stringify({ synthesis: { audio: { outputFormat } } }));
const RAW = contextFor('raw-16khz-16bit-mono-pcm');

const BAD_FRAMES: readonly [what: string, frames: readonly string[], code: number, reason: RegExp][] = [
  ['another format', [contextFor('audio-24khz-96kbitrate-mono-mp3')], 1007, /mp3 is not emulated: ask for raw-16khz/],
  ['a context without a format', [frame('synthesis.context', '{"synthesis":{}}')], 1007, /shape/],
  ['text without its context', [frame('ssml', '<speak>Hi</speak>')], 1002, /synthesis.context/],
  ['SSML that is not XML', [RAW, frame('ssml', '<speak>Hi</voice></speak>')], 1007, /not well-formed/],
  ['a text without end', [RAW, frame('ssml', `<speak>${'word '.repeat(5000)}</speak>`)], 1007, /20000 letters/],
];

test('a bad frame closes the socket with a reason', async () => {
  for (const [what, frames, code, reason] of BAD_FRAMES) {
    const path = `/tts/cognitiveservices/websocket/v1?Ocp-Apim-Subscription-Key=${KEY}`;
    const socket = new WebSocket(harness.url + path);
    socket.on('open', () => {
      for (const bad of frames) socket.send(bad);
    });
    const closed = await new Promise<[number, string]>((resolve, reject) => {
      socket.on('close', (closeCode, closeReason) => resolve([closeCode, closeReason.toString()]));
      socket.on('error', reject);
    });
    assert.equal(closed[0], code, what);
    assert.match(closed[1], reason, what);
  }
});
