import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BYTES_PER_MS } from '../../../shared/audio/pcm.ts';
import type { Synthesiser, SynthesisPiece } from '../../contract/speech.ts';
import type { Line } from './line.ts';

export interface SynthesiserUnderTest {
  readonly synthesiser: Synthesiser;
  /** All its connections run through here. */
  readonly line: Line;
  readonly voice: string;
  /** A text of some seconds. */
  readonly text: string;
  close(): Promise<void> | void;
}

const never = new AbortController().signal;
const wordsIn = (text: string): string[] => text.match(/[\p{L}\p{N}']+/gu) ?? [];

/** A whole synthesis. */
export async function collect(pieces: AsyncIterable<SynthesisPiece>): Promise<Collected> {
  const all: SynthesisPiece[] = [];
  for await (const piece of pieces) all.push(piece);
  const audio = Buffer.concat(all.flatMap((piece) => (piece.type === 'audio' ? [piece.pcm] : [])));
  return { pieces: all, audio: new Uint8Array(audio), words: all.filter((piece) => piece.type === 'word') };
}

export interface Collected {
  readonly pieces: readonly SynthesisPiece[];
  readonly audio: Uint8Array;
  readonly words: readonly Extract<SynthesisPiece, { type: 'word' }>[];
}

/** What the engine relies on in any synthesiser. */
export function synthesiserConformance(name: string, start: () => Promise<SynthesiserUnderTest>): void {
  let subject: SynthesiserUnderTest;
  before(async () => {
    subject = await start();
  });
  after(() => subject.close());
  const speak = (text: string, signal = never) => subject.synthesiser.speak(text, subject.voice, signal);

  test(`${name}: a text becomes audio in whole samples, and every one of its words has a place in it`, async () => {
    const { audio, words } = await collect(speak(subject.text));
    const audioMs = audio.length / BYTES_PER_MS;
    assert.ok(audioMs > 500, `${audioMs} ms of audio`);
    assert.equal(audio.length % 2, 0);
    assert.deepEqual(wordsIn(words.map(({ text }) => text).join(' ')), wordsIn(subject.text));
    for (const [i, word] of words.entries()) {
      assert.ok(subject.text.includes(word.text), `"${word.text}" is a slice of the text`);
      assert.ok(word.startMs >= (words[i - 1]?.startMs ?? 0) && word.durationMs >= 0);
      assert.ok(word.startMs + word.durationMs <= audioMs + 50, `"${word.text}" ends within the audio`);
    }
  });

  test(`${name}: a word comes before the audio that it is in`, async () => {
    let audioMs = 0;
    for (const piece of (await collect(speak(subject.text))).pieces) {
      if (piece.type === 'audio') audioMs += piece.pcm.length / BYTES_PER_MS;
      else assert.ok(piece.startMs >= audioMs - 1, `"${piece.text}" at ${piece.startMs} came after ${audioMs} ms`);
    }
  });

  test(`${name}: the first audio comes long before the last`, async () => {
    const pieces: number[] = [];
    for await (const piece of speak(subject.text)) if (piece.type === 'audio') pieces.push(piece.pcm.length);
    assert.ok(pieces.length > 1, 'in more than one piece');
  });

  test(`${name}: aborting ends it at once, without an exception, and the next text is spoken`, async () => {
    const abort = new AbortController();
    const pieces: SynthesisPiece[] = [];
    for await (const piece of speak(subject.text, abort.signal)) {
      pieces.push(piece);
      if (piece.type === 'audio') abort.abort();
    }
    assert.equal(pieces.filter(({ type }) => type === 'audio').length, 1);
    assert.ok((await collect(speak(subject.text))).audio.length > 0);
  });

  test(`${name}: aborting before the first audio, or before the start, yields nothing`, async () => {
    const abort = new AbortController();
    const spoken = collect(speak(subject.text, abort.signal));
    await sleep(1);
    abort.abort();
    assert.deepEqual((await spoken).pieces, []);
    assert.deepEqual((await collect(speak(subject.text, abort.signal))).pieces, []);
  });

  test(`${name}: one who stops listening half-way leaves nothing running`, async () => {
    for await (const piece of speak(subject.text)) if (piece.type === 'audio') break;
    assert.ok((await collect(speak(subject.text))).audio.length > 0);
  });

  test(`${name}: markup, entities and odd characters are spoken as text, never understood as markup`, async () => {
    const text = 'oak <break time="5s"/> & "elm" \u0000 </voice></speak> &lt; pine';
    const { audio } = await collect(speak(text));
    assert.ok(audio.length > 0 && audio.length < 60_000 * BYTES_PER_MS);
  });

  test(`${name}: a text without anything to say yields nothing`, async () => {
    assert.deepEqual((await collect(speak('  \n'))).pieces, []);
  });

  test(`${name}: warm connections that broke unnoticed cost nobody a word`, async () => {
    await collect(speak(subject.text));
    subject.line.drop();
    assert.ok((await collect(speak(subject.text))).audio.length > 0);
  });

  test(`${name}: a service that is away fails soon, and works again when it is back`, async () => {
    subject.line.goAway();
    await assert.rejects(collect(speak(subject.text)), { name: /Error$/, code: /^synthesis\./ });
    subject.line.mend();
    assert.ok((await collect(speak(subject.text))).audio.length > 0);
  });

  test(`${name}: twenty texts at once are all spoken in full`, async () => {
    const alone = await collect(speak(subject.text));
    const together = await Promise.all(Array.from({ length: 20 }, () => collect(speak(subject.text))));
    for (const { audio, words } of together) {
      assert.equal(audio.length, alone.audio.length);
      assert.equal(words.length, alone.words.length);
    }
  });
}
