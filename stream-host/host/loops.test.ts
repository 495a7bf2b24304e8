import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { Loops } from './loops.ts';

test('a loop that has stopped is named as long as it stands, and a host in which one never comes back is given up once (issue 17)', async () => {
  const clock = new VirtualClock();
  const stuck: string[] = [];
  const loops = new Loops({ clock, onStuck: ({ message }) => stuck.push(message) });
  const announced = loops.watch('announcement', 1_000);
  const worked = loops.watch('work', 1_000);
  loops.require();
  await clock.advance(900);
  worked();
  await clock.advance(900);
  assert.throws(() => loops.require(), /"announcement" has not come round for 2 s/);
  announced();
  loops.require();
  assert.deepEqual(stuck, []);
  await clock.advance(2_500);
  announced();
  for (let asked = 0; asked < 3; asked += 1) assert.throws(() => loops.require(), /"work"/);
  assert.equal(stuck.length, 1);
});

test('a process that was paused does not take its loops for stopped (SIGSTOP)', async () => {
  const clock = new VirtualClock();
  const loops = new Loops({ clock, onStuck: () => assert.fail('nothing is stuck') });
  loops.watch('announcement', 1_000);
  await clock.advance(60_000);
  loops.require();
  await clock.advance(900);
  loops.require();
  await clock.advance(200);
  assert.throws(() => loops.require(), /announcement/);
});
