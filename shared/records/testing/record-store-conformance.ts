import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { parseWav } from '../../audio/wav.ts';
import { readLines, usageBefore } from '../read-record.ts';
import { RecordErased, type RecordStore } from '../record-store.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const FORMAT = { rateHz: 16_000, channels: 2 };
const pcm = (...samples: number[]): Uint8Array => new Uint8Array(new Int16Array(samples).buffer);

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

/** What every store of records does. */
export function recordStoreConformance(name: string, open: () => RecordStore): void {
  test(`${name}: a record is read as it was written, in the order of its parts`, async () => {
    const [store, id] = [open(), randomUUID()];
    const first = await store.begin(id);
    await first.appendLines(bytes('{"a":1}\n{"a":2}\n'));
    const second = await open().begin(id);
    await second.appendLines(bytes('{"b":1}\n'));
    // A host that has lost the call and does not know it yet: its lines stay in its own part.
    await first.appendLines(bytes('{"a":3}\n'));
    assert.deepEqual([first.number, second.number], [1, 2]);
    assert.deepEqual(
      (await store.files(id)).map((file) => file.name),
      ['record.jsonl', 'record-2.jsonl'],
    );
    assert.equal(await textOf(readLines(store, id)), '{"a":1}\n{"a":2}\n{"a":3}\n{"b":1}\n');
  });

  test(`${name}: many hosts that begin at once have a part each`, async () => {
    const id = randomUUID();
    const parts = await Promise.all(Array.from({ length: 5 }, () => open().begin(id)));
    assert.deepEqual(parts.map(({ number }) => number).sort(), [1, 2, 3, 4, 5]);
    await Promise.all(parts.map((part) => part.appendLines(bytes(`{"part":${part.number}}\n`))));
    assert.equal((await textOf(readLines(open(), id))).split('\n').length, 6);
  });

  test(`${name}: audio is a whole WAV file after each addition`, async () => {
    const [store, id] = [open(), randomUUID()];
    const part = await store.begin(id);
    for (const samples of [
      [1, -1, 2, -2],
      [3, -3],
    ]) {
      await part.appendAudio(pcm(...samples), FORMAT);
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.read(id, 'audio.wav')) chunks.push(chunk);
      const wav = parseWav(Buffer.concat(chunks));
      assert.equal(wav.channels[0]?.at(-1), samples.at(-2));
      assert.equal(wav.channels[1]?.at(-1), samples.at(-1));
    }
    const [lines, audio] = await store.files(id);
    assert.deepEqual([lines?.name, audio?.name, audio?.bytes], ['record.jsonl', 'audio.wav', 44 + 12]);
  });

  test(`${name}: what was erased is gone, is told once, and is not made again by a host that writes on`, async () => {
    const [store, id] = [open(), randomUUID()];
    const part = await store.begin(id);
    await part.appendLines(bytes('{"unique":"zyzzyva"}\n'));
    await part.appendAudio(pcm(1, 1), FORMAT);
    const erased = await store.erase(id);
    assert.deepEqual(
      erased.map((file) => file.name),
      ['record.jsonl', 'audio.wav'],
    );
    assert.ok(erased.every((file) => file.bytes > 0));
    await assert.rejects(part.appendLines(bytes('{"late":1}\n')), RecordErased);
    await assert.rejects(part.appendAudio(pcm(2, 2), FORMAT), RecordErased);
    assert.deepEqual(await store.files(id), []);
    assert.deepEqual(await store.erase(id), []);
    assert.equal(await textOf(store.read(id, 'record.jsonl')), '');
  });

  test(`${name}: audio that begins after the record was erased makes nothing`, async () => {
    const [store, id] = [open(), randomUUID()];
    const part = await store.begin(id);
    await store.erase(id);
    await assert.rejects(part.appendAudio(pcm(1, 1), FORMAT), RecordErased);
    assert.deepEqual(await store.files(id), []);
  });

  test(`${name}: ids that a file system would take for something else are folders like others`, async () => {
    const store = open();
    const ids = ['..', '.', 'A:b', 'a:b', `x${'~'.repeat(127)}`, randomUUID().toUpperCase()];
    for (const id of ids) await (await store.begin(id)).appendLines(bytes(`${JSON.stringify({ id })}\n`));
    for (const id of ids) assert.equal(await textOf(readLines(store, id)), `${JSON.stringify({ id })}\n`);
    for (const id of ids) assert.equal((await store.erase(id)).length, 1);
  });

  test(`${name}: what hosts before have used is found, whatever one of them left half written`, async () => {
    const [store, id] = [open(), randomUUID()];
    const line = (n: number) => `{"at_ms":1.5,"line":"usage","service":"chat-model","used":{"input_tokens":${n}}}`;
    await (await store.begin(id)).appendLines(bytes(`{"at_ms":1,"line":"head"}\n${line(5)}\n${line(7).slice(0, 40)}`));
    await (await store.begin(id)).appendLines(bytes(`${line(11)}\n`));
    const third = await store.begin(id);
    await third.appendLines(bytes(`${line(1000)}\n`));
    let sum = 0;
    for await (const { used } of usageBefore(store, id, third.number)) sum += used.input_tokens ?? 0;
    assert.equal(sum, 16);
  });
}
