import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesOf } from '../../shared/audio/pcm.ts';
import { AudioHistory } from './audio-history.ts';

test('any stretch that is still there is what was put in, whatever was forgotten', () => {
  const chunks = fc.array(fc.int16Array({ maxLength: 20 }), { maxLength: 10 });
  fc.assert(
    fc.property(chunks, fc.nat(100), fc.nat(100), fc.nat(100), (given, dropped, from, length) => {
      const history = new AudioHistory();
      for (const chunk of given) history.append(bytesOf(chunk));
      const all = given.flatMap((chunk) => [...chunk]);
      history.dropBefore(dropped);
      assert.equal(history.end, all.length);
      assert.ok(history.start <= Math.max(0, Math.min(dropped, all.length)));
      const expected = Int16Array.from(all.slice(Math.max(from, history.start), from + length));
      assert.deepEqual(history.slice(from, from + length), new Uint8Array(bytesOf(expected)));
    }),
  );
});
