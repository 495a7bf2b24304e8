import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import type { ModeHost, ModeKind } from '../../contract/mode.ts';
import { answeringBrain, answerTo } from './testing/answering-brain.ts';
import { LiveRig } from './testing/live-rig.ts';

const brain = (rig: LiveRig, tool = false) => {
  rig.service.brain = (lines, request) => answeringBrain(lines, request, tool);
};
const texts = (rig: LiveRig) => rig.history.slice(1).map((item) => (item.role === 'tool' ? 'tool' : item.text));

test('a session that is lost in the middle of an answer is replaced, and the answer goes on where it broke off', async () => {
  const rig = await new LiveRig().started();
  brain(rig);
  await rig.says([0x20]);
  await rig.pass(1000);
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.equal(rig.service.sessions.length, 2);
  assert.deepEqual(texts(rig), ['word32', answerTo('word32')]);
  assert.equal(rig.of('agentSpoke').length, 1);
  assert.deepEqual(
    rig.of('fault').map(({ code }) => code),
    ['realtime.lost'],
  );
  assert.equal(rig.state, 'listening');
});

test('a session that is lost before an answer is replaced, told what was said, and asked', async () => {
  const rig = await new LiveRig().started();
  brain(rig);
  await rig.says([0x20]);
  await rig.pass(740);
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.deepEqual(texts(rig), ['word32', answerTo('word32')]);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('what the caller was saying as the session was lost is heard by the next one, once', async () => {
  const rig = await new LiveRig().started();
  brain(rig);
  await rig.says([0x20, 0x21]);
  rig.service.session?.end('realtime.lost');
  await rig.says([0x22, 0x23]);
  await rig.pass(12_000);
  assert.deepEqual(rig.callerWords, ['word32', 'word33', 'word34', 'word35']);
  assert.equal(rig.of('agentSpoke').length, 1);
});

test('a tool that runs while the session is lost runs once, and its result is told to the next one', async () => {
  const rig = await new LiveRig({ toolMs: 1500 }).started();
  brain(rig, true);
  await rig.says([0x20]);
  await rig.pass(1200);
  assert.equal(rig.tools.length, 1);
  rig.service.session?.end('realtime.lost');
  await rig.pass(9000);
  assert.deepEqual(texts(rig), ['word32', 'tool', answerTo('word32')]);
  assert.equal(rig.tools.length, 1);
});

test('a session is renewed between two turns before it expires, and the caller notices nothing', async () => {
  const rig = await new LiveRig({ expiresAfterMs: 30_000 }).started();
  brain(rig);
  for (let n = 0; n < 6; n += 1) {
    await rig.says([0x20 + n]);
    await rig.pass(6000);
  }
  assert.ok(rig.service.sessions.length >= 3);
  assert.deepEqual(rig.of('fault'), []);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText, interrupted }) => [fullText, interrupted]),
    [0, 1, 2, 3, 4, 5].map((n) => [answerTo(`word${0x20 + n}`), false]),
  );
});

test('the caller is told why where there was silence for longer than a second', async () => {
  const rig = await new LiveRig().started();
  brain(rig);
  await rig.says([0x20]);
  await rig.pass(740);
  rig.service.openings.push('silent');
  rig.service.session?.end('realtime.lost');
  await rig.pass(12_000);
  assert.match(texts(rig).join('|'), /^word32\|Sorry, we were cut off for a moment\. 32:0 /);
});

test('after three sessions that failed the line is said, and the call ends', async () => {
  const rig = await new LiveRig().started();
  rig.service.openings.push('throttled', 'throttled', 'throttled');
  rig.service.session?.end('realtime.lost');
  await rig.pass(8000);
  assert.equal(rig.service.sessions.length, 4);
  assert.match(rig.of('agentSpoke').at(-1)?.heardText ?? '', /cannot get an answer/);
  assert.deepEqual(
    rig.of('ended').map(({ reason }) => reason),
    ['service-lost'],
  );
  assert.equal(rig.clock.pending, 0);
});

test('a service that refuses for good is asked once', async () => {
  const rig = new LiveRig({ openings: ['refused'] });
  rig.call.start();
  await rig.pass(5000);
  assert.equal(rig.service.sessions.length, 1);
  assert.equal(rig.of('ended').length, 1);
  assert.ok(rig.ear.soundAtMs.length > 0, 'and the caller hears why');
});

for (const rateHz of [16_000, 24_000] as const) {
  test(`a call whose service is gone is taken over by the other mode at ${rateHz} Hz, of which the line is told`, async () => {
    const opened: ModeHost[] = [];
    const done: string[] = [];
    let heardBytes = 0;
    const fallback: ModeKind = {
      answers: true,
      rateHz,
      open: (host) => {
        opened.push(host);
        return {
          start: () => void host.line.sendAudio(new Uint8Array(6 * FRAME_BYTES).fill(40)),
          audio: (pcm) => {
            heardBytes += pcm.length;
          },
          pressed: (tone) => void done.push(tone),
          interrupt: () => void done.push('interrupt'),
          close: (reason) => host.events.emit('ended', { reason }),
        };
      },
    };
    const rig = await new LiveRig({ fallback }).started();
    brain(rig);
    await rig.says([0x20], 6000);
    rig.service.openings.push('throttled', 'refused');
    rig.service.session?.end('realtime.lost');
    await rig.pass(2000);
    assert.equal(opened.length, 1);
    assert.deepEqual(opened[0]?.history, rig.history);
    assert.equal(opened[0]?.turns, 2);
    heardBytes = 0;
    await rig.pass(1024);
    assert.deepEqual(rig.rates, [rateHz]);
    // The line brings the audio to that rate itself: nobody does it once more.
    assert.equal(heardBytes, 1024 * 32);
    rig.call.pressed('7');
    rig.call.interrupt();
    rig.call.typed?.('hello');
    rig.call.close('done');
    assert.deepEqual(done, ['7', 'interrupt']);
    assert.deepEqual(
      rig.of('ended').map(({ reason }) => reason),
      ['done'],
    );
    assert.equal(rig.clock.pending, 0);
  });
}

test('a service that has gone silent is taken for dead while the caller waits', async () => {
  const rig = await new LiveRig().started();
  let asked = 0;
  rig.service.brain = (lines, request) => (asked++ === 0 ? ['hang'] : answeringBrain(lines, request, false));
  await rig.says([0x20]);
  await rig.pass(25_000);
  assert.equal(rig.service.sessions.length, 2);
  assert.match(rig.of('agentSpoke').at(-1)?.fullText ?? '', /32:11/);
});

test('a call that another host takes up goes on with its history, and answers what was left unanswered', async () => {
  const spoken = [
    { role: 'caller', text: 'word32' },
    { role: 'agent', text: answerTo('word32'), heard: true },
  ] as const;
  const idle = new LiveRig({ history: spoken });
  brain(idle);
  idle.call.start();
  await idle.pass(6000);
  assert.deepEqual(idle.service.session?.lines.slice(0, 2), spoken);
  assert.match(idle.of('agentSpoke')[0]?.heardText ?? '', /^Sorry, we were cut off for a moment\. Could you/);

  // Handed over in a pause, it says nothing of it.
  const unnoticed = new LiveRig({ history: spoken });
  brain(unnoticed);
  unnoticed.call.start(true);
  await unnoticed.pass(3000);
  assert.deepEqual(unnoticed.of('agentSpoke'), []);
  await unnoticed.says([0x21]);
  await unnoticed.pass(9000);
  assert.deepEqual(
    unnoticed.of('agentSpoke').map(({ heardText }) => heardText),
    [answerTo('word33')],
  );

  const owing = new LiveRig({ history: [...spoken, { role: 'caller', text: 'word33' }] });
  brain(owing);
  owing.call.start();
  await owing.pass(9000);
  assert.deepEqual(
    owing.of('agentSpoke').map(({ heardText }) => heardText),
    [`Sorry, we were cut off for a moment. ${answerTo('word33')}`],
  );
});

test('what is typed before the first session is ready is answered, and nobody was cut off (breaker 3)', async () => {
  const rig = new LiveRig();
  brain(rig);
  rig.call.start();
  rig.call.typed?.('Where is it?');
  await rig.pass(20_000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText }) => fullText),
    [answerTo('Where is it?')],
  );
});

/** A mode that takes a call over, and does nothing with it. @param unnoticed is told of each whether it is to say nothing of it */
const takesOver = (opened: ModeHost[], unnoticed: boolean[] = []): ModeKind => ({
  answers: true,
  rateHz: 16_000,
  open: (host) => {
    opened.push(host);
    const start = (isUnnoticed = false) => void unnoticed.push(isUnnoticed);
    return { start, audio() {}, pressed() {}, interrupt() {}, close() {} };
  },
});

test('keys that were pressed as the service was lost are known to the mode that goes on (breaker 4)', async () => {
  const opened: ModeHost[] = [];
  const rig = await new LiveRig({ fallback: takesOver(opened) }).started();
  rig.call.pressed('4');
  rig.call.pressed('2');
  rig.service.session?.end('realtime.unauthorised');
  await rig.pass(3000);
  assert.deepEqual(opened[0]?.history.at(-1), { role: 'caller', text: '[pressed 42]' });
});

test('what is typed before the line is ready does not end a call that another mode can take over (breaker 4)', async () => {
  const opened: ModeHost[] = [];
  const rig = new LiveRig({ openings: ['refused'], fallback: takesOver(opened) });
  await rig.pass(500);
  rig.call.typed?.('Hello?');
  rig.call.start();
  await rig.pass(500);
  assert.deepEqual(opened[0]?.history, [{ role: 'caller', text: 'Hello?' }]);
  assert.equal(rig.of('ended').length, 0);
});

for (const ends of ['is over', 'is cut off by a command', 'is cut off by typed words'] as const) {
  test(`an answer that is all there is heard before another mode goes on, when it ${ends} (breaker 9)`, async () => {
    const opened: ModeHost[] = [];
    const rig = await new LiveRig({ fallback: takesOver(opened) }).started();
    brain(rig);
    await rig.says([0x20]);
    await rig.pass(2500);
    rig.service.session?.end('realtime.unauthorised');
    assert.equal(opened.length, 0);
    if (ends === 'is cut off by a command') rig.call.interrupt();
    else if (ends === 'is cut off by typed words') rig.call.typed?.('Stop.');
    else await rig.pass(6000);
    assert.equal(opened.length, 1);
    assert.equal(rig.of('ended').length, 0);
    const [spoke] = rig.of('agentSpoke');
    assert.equal(spoke?.fullText, answerTo('word32'));
    assert.equal(spoke.heardText === answerTo('word32'), ends === 'is over');
    const last = opened[0]?.history.at(-1);
    assert.equal(last?.role !== 'tool' && last?.text === 'Stop.', ends === 'is cut off by typed words');
  });
}

test('an answer that was cut off by the loss of the service is owed by the mode that goes on (breaker 10)', async () => {
  const opened: ModeHost[] = [];
  const rig = await new LiveRig({ fallback: takesOver(opened) }).started();
  brain(rig);
  await rig.says([0x20]);
  await rig.pass(1500);
  rig.service.session?.end('realtime.unauthorised');
  assert.match(rig.of('agentSpoke')[0]?.heardText ?? '', /^32:0/);
  assert.deepEqual(opened[0]?.history.at(-1), { role: 'caller', text: 'word32' });
});

test('a service that is away for a second in the middle of an answer is tried until it is back, and its answer goes on (breaker18 2: MEDIA went on after 0.25 s)', async () => {
  const opened: ModeHost[] = [];
  const rig = await new LiveRig({ fallback: takesOver(opened) }).started();
  brain(rig);
  await rig.says([0x20]);
  await rig.pass(1300);
  rig.service.openings.push('throttled', 'throttled');
  rig.service.session?.end('realtime.lost');
  await rig.pass(12_000);
  assert.deepEqual([opened.length, rig.service.sessions.length], [0, 4]);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText }) => /^32:0 .*32:11\.$/.test(fullText)),
    [true],
  );
});

for (const [moment, ms, unnoticed] of [
  ['whose words are not known yet', 500, false],
  ['who waits for an answer', 740, false],
  ['who hears the end of an answer', 2500, true],
  ['who was answered', 8000, true],
] as const) {
  test(`a caller ${moment} when the service is lost is ${unnoticed ? 'asked for nothing' : 'told why'} by the mode that goes on (breaker18 2: he was to repeat what he never said)`, async () => {
    const told: boolean[] = [];
    const rig = await new LiveRig({ fallback: takesOver([], told) }).started();
    brain(rig);
    await rig.says([0x20], ms);
    rig.service.session?.end('realtime.unauthorised');
    await rig.pass(6000);
    assert.deepEqual(told, [unnoticed]);
  });
}

test('what the service says and nobody can read is taken for a lost line: who has just asked is answered by the next session (breaker18 1: after 14 s)', async () => {
  const rig = await new LiveRig().started();
  brain(rig);
  await rig.says([0x20]);
  const askedMs = rig.clock.now();
  rig.service.isGarbled = true;
  await rig.pass(600);
  rig.service.isGarbled = false;
  await rig.pass(2400);
  assert.deepEqual(rig.of('waitFilled'), []);
  const [heardMs = Number.POSITIVE_INFINITY] = rig.ear.soundAtMs.filter((atMs) => atMs > askedMs);
  assert.ok(heardMs - askedMs <= 3000, `${heardMs - askedMs} ms`);
  await rig.pass(6000);
  assert.match(texts(rig).join('|'), /^word32\|(Sorry, we were cut off for a moment\. )?32:0 /);
});

test('a call that another host takes up when the service is gone has been cut off, and is told so', async () => {
  const told: boolean[] = [];
  const history = [{ role: 'agent', text: answerTo('word32'), heard: true }] as const;
  const rig = new LiveRig({ history, openings: ['refused'], fallback: takesOver([], told) });
  await rig.pass(500);
  rig.call.start();
  assert.deepEqual(told, [false]);
});
