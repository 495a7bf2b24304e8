import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readJson } from './request-body.ts';

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
