import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { CheckFailure, type FailureState } from '../../shared/health/check.ts';
import { DependencyBoard } from '../../shared/health/dependency-board.ts';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { readinessOf } from './readiness.ts';

const NAMES = ['redis', 'acs', 'acs-keys', 'call-records', 'stream-hosts'];

/** A board whose services can be made to fail. */
async function boardOf(failing: Record<string, FailureState> = {}) {
  const clock = new VirtualClock();
  const board = new DependencyBoard({
    clock,
    log: pino({ level: 'silent' }),
    dependencies: NAMES.map((name) => ({
      name,
      late: 'dependency.late',
      gates: name !== 'stream-hosts',
      check: async () => {
        const state = failing[name];
        if (state !== undefined) throw new CheckFailure(state, 'dependency.failed');
        return {};
      },
    })),
  });
  board.start();
  await clock.advance(10);
  return { board, fail: (more: Record<string, FailureState>) => Object.assign(failing, more), clock };
}

test('a failing part that some requests can do without degrades; without Redis, or refused by ACS, no call can be taken', async () => {
  const { board, fail, clock } = await boardOf();
  assert.equal(
    readinessOf(board, () => true),
    'ready',
  );
  fail({ 'stream-hosts': 'unreachable', 'call-records': 'refused', acs: 'unreachable' });
  await clock.advance(31_000);
  assert.equal(
    readinessOf(board, () => true),
    'degraded',
  );
  fail({ acs: 'refused' });
  await clock.advance(31_000);
  assert.equal(
    readinessOf(board, () => true),
    'unhealthy',
  );
  for (const state of ['unreachable', 'refused'] as const) {
    const { board: without } = await boardOf({ redis: state });
    assert.equal(
      readinessOf(without, () => true),
      'unhealthy',
      state,
    );
  }
});

test('without the keys of ACS no call could be answered: that is no mere degradation; old keys will do (H3)', async () => {
  const { board } = await boardOf({ 'acs-keys': 'unreachable' });
  assert.equal(
    readinessOf(board, () => false),
    'unhealthy',
  );
  assert.equal(
    readinessOf(board, () => true),
    'degraded',
  );
});

test('a process that a service has refused from the start is not ready, whatever service that is', async () => {
  const { board } = await boardOf({ 'call-records': 'refused' });
  assert.equal(
    readinessOf(board, () => true),
    'unhealthy',
  );
});

test('a process that has just begun says neither that it works nor that it does not', () => {
  const board = new DependencyBoard({
    clock: new VirtualClock(),
    log: pino({ level: 'silent' }),
    dependencies: [{ name: 'redis', late: 'dependency.late', gates: true, check: async () => ({}) }],
  });
  assert.equal(
    readinessOf(board, () => false),
    'degraded',
  );
});
