import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { readJson, validate } from './request-body.ts';
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

test('whatever kind of field is refused: it is named, with what is allowed and what was given, but no text of it (stranger16e 3)', () => {
  const schema = z.strictObject({
    text: z.string().exactOptional(),
    short: z.string().min(1).max(3).exactOptional(),
    key: z
      .string()
      .regex(/^[0-9]$/, 'must be a key')
      .exactOptional(),
    word: z.enum(['start', 'stop']).exactOptional(),
    count: z.int().min(1).max(64).exactOptional(),
    share: z.number().min(0).exactOptional(),
    yes: z.boolean().exactOptional(),
    list: z.array(z.string()).max(1).exactOptional(),
    at: z.iso.datetime().exactOptional(),
    any: z.record(z.string(), z.unknown()).exactOptional(),
  });
  const wrong = (given: unknown) => {
    try {
      return validate(schema, given);
    } catch (error) {
      return error instanceof Error ? error.message.replace('The request is not as it should be: ', '') : error;
    }
  };
  for (const [given, told] of [
    [{ text: 1 }, 'text: must be a text; a number was given'],
    [{ short: undefined }, 'short: must have at least 1 character; nothing was given'],
    [{ short: 'secret' }, 'short: must have at most 3 characters; it has 6'],
    [{ key: null }, 'key: must be a key; null was given'],
    [{ word: 'secret' }, 'word: must be one of start, stop; something else was given'],
    [{ count: 0 }, 'count: must be at least 1; 0 was given'],
    [{ count: '4' }, 'count: must be a whole number from 1 to 64; a text was given'],
    [{ count: 1.5 }, 'count: must be a whole number from 1 to 64; a number was given'],
    [{ share: {} }, 'share: must be a number from 0; an object was given'],
    [{ yes: 'secret' }, 'yes: must be true or false; a text was given'],
    [{ list: ['a', 'b'] }, 'list: must have at most 1 entry; it has 2'],
    [{ list: true }, 'list: must be a list; true or false was given'],
    [
      { at: 'secret' },
      'at: must be a time in ISO 8601 with a zone, such as 2026-05-29T09:30:00Z; something else was given',
    ],
    [{ any: 7 }, 'any: must be an object; a number was given'],
    [[], 'must be an object; a list was given'],
  ] as const) {
    assert.equal(wrong(given), told);
  }
});
