import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { readJson } from './request-body.ts';
import { defineRoute, type RawRequest, readInput } from './route.ts';

test('a body without end is read up to its limit and no further (review 4.17)', async () => {
  let read = 0;
  let ended = false;
  async function* endless() {
    try {
      for (;;) {
        read += 65_536;
        yield new Uint8Array(65_536);
      }
    } finally {
      ended = true;
    }
  }
  await assert.rejects(readJson(endless(), null), { code: 'request.too-large', status: 413 });
  assert.ok(read <= 1_048_576 + 65_536);
  assert.ok(ended);
});

test('a body that announces too much is not read at all', async () => {
  const unreadable = {
    [Symbol.asyncIterator]: () => assert.fail('it was read'),
  };
  await assert.rejects(readJson(unreadable, '1048577'), { code: 'request.too-large' });
});

test('a byte order mark before the JSON does no harm (Lesser: BOM)', async () => {
  assert.deepEqual(await readJson(new Blob(['\uFEFF{"a":1}']).stream(), null), { a: 1 });
});

test('an empty body and half a letter are no JSON', async () => {
  await assert.rejects(readJson(null, null), { code: 'request.not-json' });
  await assert.rejects(readJson(new Blob(['"']).stream(), null), { code: 'request.not-json' });
});

test('a body that may be left out may be: nothing sent is nothing, and not broken JSON', async () => {
  const contract = defineRoute({
    name: 'x',
    half: 'functions',
    method: 'POST',
    path: '/x',
    access: 'anonymous',
    summary: 'x',
    body: z.strictObject({ a: z.string().exactOptional() }).default({}),
    answers: { 200: z.undefined() },
    errors: [],
  });
  const request = (text?: string): RawRequest => ({
    params: {},
    query: new URLSearchParams(),
    header: (name) => (name === 'content-length' && text !== undefined ? String(text.length) : null),
    body: text === undefined ? null : new Blob([text]).stream(),
  });
  assert.deepEqual((await readInput(contract, request())).body, {});
  assert.deepEqual((await readInput(contract, request('{"a":"b"}'))).body, { a: 'b' });
  await assert.rejects(readInput(contract, request('{')), { code: 'request.not-json' });
});
