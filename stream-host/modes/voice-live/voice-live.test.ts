import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LiveRig } from './testing/live-rig.ts';
import { HUM, type Line, MS_PER_CHAR } from './testing/talking-service.ts';

const LONG = 'It was sent on Monday, it is on its way, and it arrives tomorrow before noon at your door.';

test('opens the session at once, and greets in its voice when the line is ready', async () => {
  const rig = new LiveRig();
  assert.equal(rig.service.sessions.length, 1, 'before the line is ready');
  await rig.pass(200);
  rig.call.start();
  await rig.pass(3000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText, interrupted }) => ({ heardText, interrupted })),
    [{ heardText: 'Hello there.', interrupted: false }],
  );
  assert.deepEqual(rig.history, [{ role: 'agent', text: 'Hello there.', heard: true }]);
  assert.equal(rig.state, 'listening');
  const [first] = rig.ear.soundAtMs;
  assert.ok(first !== undefined && first < 700, `${first}`);
});

test('holds a dialogue with a tool: one answer, its words, the tool and the caller’s words in their order', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines) =>
    lines.at(-1)?.role === 'tool' ? [{ say: 'It is on its way.' }] : [{ say: 'Let me look.' }, { tool: 'look_up' }];
  await rig.says([0x20, 0x21, 0x22]);
  await rig.pass(6000);
  assert.deepEqual(
    rig.history.slice(1).map((item) => (item.role === 'tool' ? item.result : item.text)),
    ['word32 word33 word34', 'Let me look.', { found: true }, 'It is on its way.'],
  );
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText, heardText, turn }) => [fullText, heardText, turn]),
    [['Let me look. It is on its way.', 'Let me look. It is on its way.', 2]],
  );
  assert.deepEqual(
    rig.of('callerFinal').map(({ text, turn }) => [text, turn]),
    [['word32 word33 word34', 2]],
  );
  assert.equal(rig.of('toolStarted').length, 1);
  assert.equal(rig.of('toolEnded').length, 1);
  const [latency] = rig.of('turnLatency');
  assert.ok(latency && latency.firstAudioMs > 400 && latency.firstAudioMs < 850, JSON.stringify(latency));
});

test('words that the service tells after the answer has begun stand before it', async () => {
  const rig = await new LiveRig().started();
  rig.service.wordsAfterMs = 1500;
  await rig.says([0x20]);
  await rig.pass(4000);
  assert.deepEqual(
    rig.history.map((item) => item.role === 'tool' || item.text),
    ['Hello there.', 'word32', 'All right.'],
  );
  const audible = rig.log.findIndex(({ type }) => type === 'agentText');
  const final = rig.log.findIndex(({ type }) => type === 'callerFinal');
  assert.ok(audible >= 0 && final > audible);
});

test('our own detector silences the agent first, and the words make it an interruption', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1500);
  const beganMs = rig.clock.now();
  await rig.sound(0x30, 192);
  assert.equal(rig.stops, 1);
  assert.ok((rig.of('replyHeld')[0]?.atMs ?? Number.NaN) - beganMs <= 64);
  assert.equal(rig.of('replyHeld').length, 1);
  assert.equal(rig.of('bargeIn').length, 0, 'the service has not said so yet');
  await rig.pass(1000);
  const [bargeIn] = rig.of('bargeIn');
  assert.ok(bargeIn && bargeIn.atMs - beganMs <= 1000, 'as soon as there are words');
  assert.equal(rig.stops, 1);
  const [spoke] = rig.of('agentSpoke');
  assert.ok(spoke?.interrupted);
  assert.ok(LONG.startsWith(spoke.heardText) && spoke.heardText.length < LONG.length);
  await rig.pass(7000);
  assert.deepEqual(rig.callerWords, ['word32', 'word48']);
  assert.equal(rig.of('agentSpoke').length, 2);
});

test('the service hears the caller first: the agent stops, and its item is cut where it was heard', async () => {
  const rig = await new LiveRig({
    policy: { onset: { onsetMs: 5000, doubtfulOnsetMs: 5000, echoGuard: false } },
  }).started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(2000);
  const beganMs = rig.clock.now();
  await rig.sound(0x30, 192);
  assert.equal(rig.stops, 1);
  assert.ok((rig.of('replyHeld')[0]?.atMs ?? Number.NaN) - beganMs <= 192, 'at once');
  await rig.pass(1000);
  assert.equal(rig.of('bargeIn').length, 1);
  const [cut] = rig.service.truncations;
  assert.ok(cut);
  const heardMs = rig.ear.heardMs(rig.service.itemTags.get(cut.itemId) ?? 0);
  assert.ok(cut.audioEndMs <= heardMs && cut.audioEndMs >= heardMs - 40, `${cut.audioEndMs} of ${heardMs}`);
});

test('a cough is no interruption: the agent goes on where the caller’s ear was', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1500);
  await rig.sound(0x30, 96);
  await rig.pass(7000);
  assert.equal(rig.of('replyHeld').length, 1);
  const [resumed] = rig.of('replyResumed');
  assert.ok(resumed && resumed.silentMs < 800, `${resumed?.silentMs}`);
  assert.equal(rig.of('bargeIn').length, 0);
  assert.equal(rig.service.truncations.length, 0);
  const [spoke] = rig.of('agentSpoke');
  assert.equal(spoke?.heardText, LONG);
  const tag = [...rig.service.generated].find(([, ms]) => ms === LONG.length * MS_PER_CHAR)?.[0];
  const places = rig.ear.played.filter((each) => each.tag === tag).map(({ place }) => place);
  assert.deepEqual([...new Set(places)].length, LONG.length * MS_PER_CHAR, 'no millisecond is lost');
  assert.ok(places.length - new Set(places).size <= 20, 'and none is said twice beyond a frame');
});

test('a command silences the agent, and ends the response', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }, 'hang'];
  await rig.says([0x20]);
  await rig.pass(1500);
  rig.call.interrupt();
  assert.deepEqual(
    rig.of('bargeIn').map(({ by }) => by),
    ['command'],
  );
  await rig.pass(500);
  assert.equal(rig.service.session?.isAnswering, false);
  await rig.pass(3000);
  assert.equal(rig.state, 'listening');
});

test('what is typed, or pressed on the telephone, is a turn', async () => {
  const rig = await new LiveRig().started();
  rig.call.typed?.('Where is it?');
  await rig.pass(2000);
  rig.call.pressed('1');
  rig.call.pressed('#');
  await rig.pass(2000);
  assert.deepEqual(
    rig.history.slice(1).map((item) => item.role === 'tool' || item.text),
    ['Where is it?', 'All right.', '[pressed 1#]', 'All right.'],
  );
  assert.deepEqual(
    rig.of('callerFinal').map(({ text }) => text),
    ['Where is it?', '[pressed 1#]'],
  );
});

test('a caller who says nothing is asked, and the call ends with a farewell', async () => {
  const rig = await new LiveRig({
    policy: { away: { afterMs: 8000 } },
    phrases: { farewell: 'I hang up now.' },
  }).started();
  await rig.pass(40_000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    ['Are you still there?', 'I am still here. Take your time.', 'I hang up now.'],
  );
  assert.deepEqual(
    rig.of('ended').map(({ reason }) => reason),
    ['caller-away'],
  );
});

test('a speech-to-speech model that gives a word of ours as its reason has ended the call for a reason of its own (left 16-1)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: 'Goodbye!' }, { tool: 'end_call', args: { reason: 'no-answer' } }];
  await rig.says([0x20]);
  await rig.pass(5000);
  assert.deepEqual(
    rig.of('ended').map(({ reason, words }) => [reason, words]),
    [['agent-ended', 'no-answer']],
  );
});

test('a speech-to-speech model that hangs up where its agent may not is told that there is no such tool, and the call goes on', async () => {
  const rig = await new LiveRig({ mayHangUp: false }).started();
  let asked = 0;
  rig.service.brain = () => (asked++ === 0 ? [{ tool: 'end_call' }] : [{ say: 'I am still here.' }]);
  await rig.says([0x20]);
  await rig.pass(5000);
  assert.equal(rig.of('ended').length, 0);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'I am still here.');
  assert.deepEqual(rig.tools, ['end_call']);
});

test('the model hangs up once its farewell was heard, and says one where it has not', async () => {
  for (const steps of [[{ say: 'Goodbye!' }, { tool: 'end_call' }], [{ tool: 'end_call', args: { reason: 'done' } }]]) {
    const rig = await new LiveRig().started();
    rig.service.brain = () => steps;
    await rig.says([0x20]);
    await rig.pass(5000);
    const [spoke] = rig.of('agentSpoke');
    assert.ok(spoke && !spoke.interrupted && /Goodbye/.test(spoke.heardText), JSON.stringify(spoke));
    assert.equal(rig.of('ended').length, 1);
    assert.equal(rig.tools.length, 0);
    assert.equal(rig.clock.pending, 0);
  }
});

test('a wait is filled by the session’s own voice, made when the call began; then it is explained', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [9000, { say: 'Here it is.' }];
  await rig.says([0x20]);
  await rig.pass(14_000);
  assert.deepEqual(
    rig.of('waitFilled').map(({ kind, text }) => [kind, text]),
    [
      ['filler', 'One moment, please.'],
      ['filler', 'Let me see.'],
      ['filler', 'Just a second.'],
    ],
  );
  assert.equal(rig.ear.played.filter(({ tag }) => tag === 30_000).length, 0, 'no other voice');
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'Here it is.');
});

test('a response that fails is asked for once more, and then there is an apology', async () => {
  const rig = await new LiveRig().started();
  let asked = 0;
  rig.service.brain = () => (asked++ === 0 ? ['fail'] : [{ say: 'Here it is.' }]);
  await rig.says([0x20]);
  await rig.pass(3000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    ['Here it is.'],
  );
  rig.service.brain = () => ['nothing'];
  await rig.says([0x21]);
  await rig.pass(6000);
  assert.match(rig.of('agentSpoke').at(-1)?.heardText ?? '', /something went wrong/);
  assert.equal(rig.state, 'listening');
});

test('the model goes on once after all tools of a response, though one was done before the next was asked for (breaker 1)', async () => {
  const rig = await new LiveRig().started();
  const count = (lines: readonly Line[]) => lines.filter(({ role }) => role === 'tool').length;
  rig.service.brain = (lines) =>
    count(lines) > 0 ? [{ say: `Found ${count(lines)}.` }] : [{ tool: 'look_up' }, 800, { tool: 'look_up' }];
  await rig.says([0x20]);
  await rig.pass(8000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText }) => fullText),
    ['Found 2.'],
  );
});

test('a response that fails while a tool runs is answered by what the tool gives, once (breaker 1)', async () => {
  const rig = await new LiveRig({ toolMs: 1500 }).started();
  rig.service.brain = (lines) =>
    lines.at(-1)?.role === 'tool' ? [{ say: 'It is on its way.' }] : [{ tool: 'look_up' }, 100, 'fail'];
  await rig.says([0x20]);
  await rig.pass(8000);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ fullText }) => fullText),
    ['It is on its way.'],
  );
  assert.equal(rig.tools.length, 1);
});

for (const said of ['Let me look.', '']) {
  test(`an answer without sound after a tool (and "${said}") is asked for once more, and then there is an apology (breaker 5)`, async () => {
    for (const [mutes, expected] of [
      [1, /^(Let me look\. )?It is on its way\.$/],
      [9, /something went wrong/],
    ] as const) {
      const rig = await new LiveRig().started();
      let asked = 0;
      rig.service.brain = (lines) => {
        if (lines.at(-1)?.role !== 'tool') return [...(said === '' ? [] : [{ say: said }]), { tool: 'look_up' }];
        asked += 1;
        return asked <= mutes ? ['nothing'] : [{ say: 'It is on its way.' }];
      };
      await rig.says([0x20]);
      await rig.pass(7000);
      assert.match(rig.of('agentSpoke').at(-1)?.heardText ?? '', expected);
      assert.equal(rig.tools.length, 1);
      assert.equal(rig.state, 'listening');
    }
  });
}

test('words of the service that have no sound are nothing that the agent has said (breaker 8)', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = (lines) =>
    lines.at(-1)?.role === 'tool' ? [{ mute: 'It is lost.' }] : [{ mute: 'Wait.' }, { tool: 'look_up' }];
  await rig.says([0x20]);
  await rig.pass(7000);
  const said = rig.history.flatMap((item) => (item.role === 'agent' ? [item.text] : [])).slice(1);
  assert.equal(said.length, 1);
  assert.match(said.join(), /^Sorry, something went wrong/);
  assert.doesNotMatch(rig.of('agentSpoke')[0]?.fullText ?? '', /Wait|lost/);
});

test('warnings and problems of the service are told as faults, without its words', async () => {
  const rig = await new LiveRig().started();
  rig.service.session?.warn('audio_slow');
  rig.service.session?.complain('bad_item');
  assert.deepEqual(
    rig.of('fault').map(({ code, error }) => [code, error instanceof Error ? error.message : '']),
    [
      ['realtime.warning', 'audio_slow'],
      ['realtime.problem', 'bad_item'],
    ],
  );
});

test('a cough that the service takes for a caller is none: it has no words, the agent goes on, and nobody answers it', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1500);
  await rig.sound(0x74, 256);
  await rig.pass(8000);
  assert.equal(rig.of('replyHeld').length, 1);
  assert.equal(rig.of('replyResumed').length, 1);
  assert.equal(rig.of('bargeIn').length, 0);
  assert.deepEqual(rig.callerWords, ['word32']);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    [LONG],
  );
});

test('a caller who goes on speaking is let speak before there are words', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1500);
  const beganMs = rig.clock.now();
  await rig.says([0x30, 0x31, 0x32, 0x33]);
  const [bargeIn] = rig.of('bargeIn');
  assert.ok(bargeIn && bargeIn.atMs - beganMs < 700);
});

test('an acknowledgement takes no floor while the agent speaks, and is a word like others where it answers', async () => {
  const rig = await new LiveRig().started();
  rig.service.brain = () => [{ say: LONG }];
  await rig.says([0x20]);
  await rig.pass(1500);
  await rig.says([HUM]);
  await rig.pass(8000);
  assert.deepEqual(
    rig.of('callerAcknowledged').map(({ text }) => text),
    ['mhm'],
  );
  assert.equal(rig.of('replyResumed').length, 1);
  assert.deepEqual(rig.callerWords, ['word32']);
  // Its words come when the answer to it is heard already.
  rig.service.wordsAfterMs = 1500;
  await rig.says([HUM]);
  await rig.pass(8000);
  assert.deepEqual(rig.callerWords, ['word32', 'mhm']);
  assert.equal(rig.of('callerAcknowledged').length, 1);
  assert.deepEqual(
    rig.of('agentSpoke').map(({ interrupted }) => interrupted),
    [false, false],
  );
});
