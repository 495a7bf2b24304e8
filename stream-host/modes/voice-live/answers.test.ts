import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveRig } from './testing/live-rig.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';

for (const how of ['cut off', 'lost with its session'] as const) {
  test(`a tool of the service’s own has an end on record, too, where its answer is ${how} (issue 14: tool without an end)`, async () => {
    const rig = await new LiveRig().started();
    let asked = 0;
    rig.service.brain = () => (asked++ === 0 ? [{ own: 'search', takesMs: 3000 }] : [{ say: 'Found it.' }]);
    await rig.says([0x20]);
    await rig.pass(1500);
    assert.equal(rig.of('toolStarted').length, 1);
    assert.equal(rig.of('toolEnded').length, 0);
    if (how === 'cut off') rig.call.interrupt();
    else rig.service.session?.end('realtime.lost');
    await rig.pass(6000);
    assert.deepEqual(
      rig.of('toolEnded').map(({ call, turn, error }) => [call.name, turn, error]),
      [['search', 2, 'cancelled: the answer was cut off']],
    );
    assert.equal(rig.state, 'listening');
  });
}

test('a response that fails is asked for once more with the instructions that it had (issue 14: forgotten instructions)', async () => {
  const rig = await new LiveRig().started();
  const instructions: (string | undefined)[] = [];
  rig.service.brain = (_lines, request) => {
    instructions.push(request.instructions);
    return instructions.length === 2 ? ['fail'] : [{ say: LONG }];
  };
  await rig.says([0x20]);
  await rig.pass(1000);
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.equal(instructions.length, 3);
  const codes = rig.of('fault').map(({ code }) => code);
  assert.ok(codes.includes('reply.retried') && !codes.includes('reply.failed'), 'it was answered in the end');
  assert.match(instructions[1] ?? '', /The line broke in the middle/);
  assert.equal(instructions[2], instructions[1]);
});

test('a response that fails twice has failed, and one that is asked for again has not (call that ends with 0)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => ['fail'];
  await rig.says([0x20]);
  await rig.pass(9000);
  assert.deepEqual(
    rig.of('fault').map(({ code }) => code),
    ['reply.retried', 'reply.failed'],
  );
});

test('an answer without end is refused once two minutes of it are unheard, and the service is told how much of it counts (issue 14: a bound in name)', async () => {
  const rig = await new LiveRig().started();
  const endless = 'And so on. '.repeat(400);
  rig.service.brain = () => [{ say: endless }];
  await rig.says([0x20]);
  await rig.pass(45_000);
  assert.deepEqual(
    rig.of('fault').map(({ code }) => code),
    ['reply.too_long'],
  );
  const tag = Math.max(...rig.service.generated.keys());
  const [cut] = rig.service.truncations;
  assert.equal(rig.service.itemTags.get(cut?.itemId ?? ''), tag);
  await rig.pass(108_000);
  const [spoke] = rig.of('agentSpoke');
  assert.equal(rig.of('agentSpoke').length, 1);
  assert.ok(spoke && endless.startsWith(spoke.heardText) && spoke.heardText.length < endless.length / 1.2);
  const heardMs = rig.ear.played.filter((each) => each.tag === tag).length;
  assert.ok(heardMs > 120_000 && heardMs < 170_000, `${heardMs}`);
  assert.ok(Math.abs((cut?.audioEndMs ?? 0) - heardMs) <= 20, `${cut?.audioEndMs} of ${heardMs}`);
  assert.equal(rig.state, 'listening');
});

test('an apology is told with a space between it and the answer that broke off (stranger: a glued apology)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: 'It was sent on Monday.' }, 'fail'];
  await rig.says([0x20]);
  await rig.pass(12_000);
  const told = rig.of('agentText').map(({ text }) => text);
  assert.ok(told.length > 1, told.join('|'));
  assert.match(told.join(''), /on Monday\. \S/);
  assert.equal(told.join(''), rig.of('agentSpoke').at(-1)?.fullText);
});

test('a tool of the service’s own that outlives an answer which was cut off cuts off no later one (close reader 4)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ own: 'search', takesMs: 4000, outlives: true }];
  await rig.says([0x20]);
  await rig.pass(1200);
  assert.equal(rig.of('toolStarted').length, 1);
  assert.deepEqual(rig.of('fault'), [], 'what uses a tool has not failed');
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x21]);
  await rig.pass(14_000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText, interrupted }) => [heardText, interrupted]),
    [[LONG, false]],
  );
});

test('news that stand in the greeting are not told once more after it (close reader 10)', async () => {
  const rig = new LiveRig({ phrases: { greeting: 'This call is recorded. Hello there.' } });
  const heard: boolean[] = [];
  rig.call.told?.({ speech: { line: 'This call is recorded.' }, onSpoken: (isHeard) => heard.push(isHeard) });
  rig.call.start();
  await rig.pass(9000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    ['This call is recorded. Hello there.'],
  );
  assert.deepEqual(heard, [true]);
});
