import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../errors.ts';
import { CallTraces } from '../telemetry/call-traces.ts';
import type { FinishedSpan } from '../telemetry/span.ts';
import { VirtualClock } from '../virtual-clock.ts';
import type { RecordStore } from './record-store.ts';
import { tracedRecords } from './traced-records.ts';

test('a record’s beginning is a call of the storage, and so is an addition that is slow or fails', async () => {
  const clock = new VirtualClock();
  const spans: FinishedSpan[] = [];
  const traces = new CallTraces({
    sink: { record: (span) => void spans.push(span) },
    clock,
    newSpanId: () => 'a'.repeat(16),
  });
  let takesMs = 10;
  let failure: Error | undefined;
  const append = async () => {
    await clock.advance(takesMs);
    if (failure) throw failure;
  };
  const store: RecordStore = {
    begin: async () => ({ number: 1, appendLines: append, appendAudio: append }),
    files: async () => [],
    async *read() {},
    erase: async () => [],
  };
  const url = 'https://account.blob.core.windows.net/records';
  const part = await tracedRecords(store, url, traces)?.begin('s');
  await part?.appendLines(new Uint8Array());
  takesMs = 1_500;
  await part?.appendAudio(new Uint8Array(), { rateHz: 16_000, channels: 1 });
  takesMs = 1;
  failure = new DependencyError('records.throttled', 'too busy');
  await assert.rejects(async () => part?.appendLines(new Uint8Array()), failure);
  assert.deepEqual(
    spans.map(({ name, error, attributes }) => [name, error, attributes['url.full']]),
    [
      ['blob begin_record', undefined, url],
      ['blob append_audio', undefined, url],
      ['blob append_lines', 'records.throttled', url],
    ],
  );
  assert.equal(tracedRecords(store, undefined, traces), store);
});
