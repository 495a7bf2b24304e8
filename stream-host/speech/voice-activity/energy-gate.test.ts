import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EnergyGate } from './energy-gate.ts';

const rmsOfDbfs = (dbfs: number) => 10 ** (dbfs / 20);

test('the gate closes on a quiet line only after the model has called it quiet for a while', () => {
  const gate = new EnergyGate();
  for (let frame = 0; frame < 10; frame += 1) {
    assert.equal(gate.isOpenFor(rmsOfDbfs(-60)), true);
    gate.learn(0.01);
  }
  assert.equal(gate.isOpenFor(rmsOfDbfs(-60)), false);
});

test('a quiet frame that may be part of a word keeps the gate open', () => {
  const gate = new EnergyGate();
  for (let frame = 0; frame < 50; frame += 1) {
    assert.equal(gate.isOpenFor(rmsOfDbfs(-60)), true);
    gate.learn(0.3);
  }
});

test('the gate follows a line whose noise grows, and opens for what stands out of it', () => {
  const gate = new EnergyGate();
  const hear = (dbfs: number) => {
    const open = gate.isOpenFor(rmsOfDbfs(dbfs));
    if (open) gate.learn(0.01);
    return open;
  };
  for (let frame = 0; frame < 20; frame += 1) hear(-62);
  assert.equal(hear(-52), true, 'noise that is new might be a whisper');
  for (let frame = 0; frame < 400; frame += 1) hear(-52);
  assert.equal(hear(-52), false, 'noise that stays is noise');
  assert.equal(hear(-46), true);
});

test('a frame as loud as speech always passes, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.double({ min: -96, max: 0, noNaN: true }), fc.double({ min: 0, max: 1 }))),
      (past) => {
        const gate = new EnergyGate();
        for (const [dbfs, probability] of past) if (gate.isOpenFor(rmsOfDbfs(dbfs))) gate.learn(probability);
        return gate.isOpenFor(rmsOfDbfs(-44));
      },
    ),
  );
});

test('digital silence closes the gate', () => {
  const gate = new EnergyGate();
  for (let frame = 0; frame < 10; frame += 1) {
    gate.isOpenFor(0);
    gate.learn(0);
  }
  assert.equal(gate.isOpenFor(0), false);
});
