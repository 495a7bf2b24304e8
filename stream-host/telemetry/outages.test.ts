import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ATTRIBUTE, METRIC } from '../../shared/telemetry/names.ts';
import type { Telemetry } from './telemetry.ts';
import { Intake } from './testing/intake.ts';
import { type Said, spanOf, startForTest } from './testing/start.ts';

let intake: Intake;
let telemetry: Telemetry;
let said: Said[];
const thrown: unknown[] = [];

before(async () => {
  process.on('unhandledRejection', (error) => thrown.push(error));
  intake = await Intake.open();
  ({ telemetry, said } = await startForTest({ APPLICATIONINSIGHTS_CONNECTION_STRING: intake.connectionString }));
  await telemetry.warmUp();
});

after(() => intake.close());

/** More than the SDK keeps: 2048. */
function aLot(sessionId: string): void {
  for (let count = 0; count < 10_000; count++) {
    telemetry.spans.record(spanOf(sessionId, { attributes: { [ATTRIBUTE.session]: sessionId } }));
  }
  telemetry.metrics.record(METRIC.turns, 1);
}

for (const mood of [429, 500, 402, 206]) {
  test(`an intake that answers ${mood} costs what waits there, and nothing else: nobody is thrown at, and no request is made twice`, async () => {
    intake.mood = mood;
    const before = intake.requests;
    aLot(`refused-${mood}`);
    await telemetry.warmUp();
    // One a batch of 512, and one of metrics.
    assert.ok(intake.requests - before <= 21, `${intake.requests - before} requests`);
    assert.deepEqual(thrown, []);
    intake.mood = 'ok';
    const healthy = spanOf('after');
    telemetry.spans.record(healthy);
    await telemetry.warmUp();
    assert.ok(intake.spans().some(({ data }) => data.baseData.id === healthy.spanId));
  });
}

test('a batch whose connection the intake has closed is sent once more, on another (traces of twenty calls without their beginnings)', async () => {
  intake.mood = 'closes';
  const span = spanOf('closed');
  telemetry.spans.record(span);
  await telemetry.warmUp();
  assert.equal(intake.spans().filter(({ data }) => data.baseData.id === span.spanId).length, 1);
});

test('what is sent in vain is told in our log, once a minute, and never on the console', () => {
  const complaints = said.filter(({ msg }) => msg === 'telemetry could not be sent');
  assert.ok(complaints.length >= 1);
  assert.ok(complaints.length <= 3, JSON.stringify(complaints));
  assert.ok(
    complaints.every(({ reason }) => !/[{\n]/.test(String(reason))),
    JSON.stringify(complaints),
  );
});

test('spans for which the queue had no room are counted, for the alarm on what is dropped', async () => {
  aLot('too-many');
  await telemetry.warmUp();
  // By now there is room, and the queue says how many it had none for.
  await telemetry.warmUp();
  const told = intake.envelopes.flatMap(({ data }) => data.baseData.metrics ?? []);
  const dropped = told.filter(({ name }) => name === METRIC.spansDropped.name);
  assert.ok(dropped.reduce((sum, { value }) => sum + value, 0) > 5_000, JSON.stringify(dropped));
});

test('an intake that never answers keeps no more than the queue, and nobody waits for it: also the end does not', async () => {
  intake.mood = 'never';
  aLot('stalled');
  await telemetry.warmUp();
  await telemetry.close();
  await telemetry.close();
  assert.deepEqual(thrown, []);
  // After its end it takes spans all the same, and they go nowhere.
  telemetry.spans.record(spanOf('too-late'));
});
