import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProcessVitals } from './process-vitals.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Each window takes its samples at moments of its own: what two of them say of one stall differs by less than one. */
const SAMPLE_MS = 10;
const clock = new VirtualClock();
const vitals = new ProcessVitals(clock);
after(() => vitals.close());

/** Holds the event loop up, with moments of rest before and after in which samples are taken. */
async function block(ms: number): Promise<void> {
  await sleep(50);
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
  await sleep(50);
}

test('a reading tells how long the event loop was held up at worst, and that it was not most of the time', async () => {
  await block(300);
  const { p50, p99, max } = vitals.read().eventLoopDelayMs;
  assert.ok(max >= 285, `max ${max}`);
  assert.ok(p50 <= p99 && p99 <= max, `${p50} ${p99} ${max}`);
  assert.ok(p50 < 285, `p50 ${p50}`);
});

test('reading changes nothing for the next reader', () => {
  assert.equal(vitals.read().eventLoopDelayMs.max, vitals.read().eventLoopDelayMs.max);
});

test('of the last seconds there is a reading of its own, which forgets sooner (review 1.3, double clocks)', async () => {
  await block(100);
  const { max } = vitals.readRecentDelay();
  assert.ok(max >= 85, `max ${max}`);
  await clock.advance(6000);
  assert.ok(vitals.readRecentDelay().max < max);
  assert.ok(vitals.read().eventLoopDelayMs.max > max - SAMPLE_MS);
});

test('what is older than two minutes is forgotten, what is younger than one is not', async () => {
  const before = vitals.read().eventLoopDelayMs.max;
  await clock.advance(60_000);
  assert.ok(Math.abs(vitals.read().eventLoopDelayMs.max - before) < SAMPLE_MS);
  await clock.advance(60_000);
  assert.ok(vitals.read().eventLoopDelayMs.max < before);
});

test('memory and uptime are those of this process', () => {
  const { memory, uptimeSeconds } = vitals.read();
  assert.ok(memory.rssMb >= memory.heapUsedMb && memory.heapUsedMb > 0, JSON.stringify(memory));
  assert.equal(uptimeSeconds, Math.round(process.uptime()));
});
