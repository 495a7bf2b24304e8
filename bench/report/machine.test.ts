import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchMachine } from './machine.ts';

test('what the machine did is told in percent, or not at all', async () => {
  const told = watchMachine();
  const untilMs = performance.now() + 60;
  while (performance.now() < untilMs) Math.sqrt(untilMs);
  await sleep(20);
  const machine = told();
  if (process.platform !== 'linux') assert.equal(machine, undefined);
  for (const percent of Object.values(machine ?? {})) assert.ok(percent >= 0 && percent <= 101, String(percent));
  if (machine) assert.ok(machine.busyPercent > 0);
});
