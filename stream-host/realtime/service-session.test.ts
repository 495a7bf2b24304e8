import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VIRTUAL_EPOCH_MS } from '../../shared/virtual-clock.ts';
import { openScripted } from './testing/recorded-events.ts';
import { serviceEvents } from './testing/service-events.ts';

const SERVICES = ['openai', 'voice-live'] as const;
const MS_OF_SILENCE = (ms: number, rateHz = 24_000) => new Uint8Array((ms * rateHz * 2) / 1000);

for (const service of SERVICES) {
  test(`${service}: a session is ready when the service has taken its fields, and does what was asked before in order`, async () => {
    const { clock, far, told, session } = openScripted(service);
    session.restore([
      { role: 'caller', text: 'Where is my parcel?' },
      { role: 'tool', call: { callId: 'c1', name: 'look_up', args: { order: 7 } }, result: { day: 'Monday' } },
      { role: 'agent', text: 'It comes', heard: false },
    ]);
    session.typed('[pressed 1]');
    session.respond();
    await clock.advance(100);
    assert.deepEqual(told, [['onReady']]);
    const types = far.sent.map(({ event }) => event.type);
    assert.deepEqual(types, ['session.update', ...Array(5).fill('conversation.item.create'), 'response.create']);
    const items = far.of('conversation.item.create').map(({ item }) => JSON.stringify(item));
    assert.match(items[0] ?? '', /"role":"user".*input_text.*Where is my parcel/);
    assert.match(
      items[1] ?? '',
      /"type":"function_call","call_id":"c1","name":"look_up","arguments":"{\\"order\\":7}"/,
    );
    assert.match(items[2] ?? '', /"function_call_output","call_id":"c1","output":"{\\"day\\":\\"Monday\\"}"/);
    const textType = service === 'openai' ? 'output_text' : 'text';
    assert.match(
      items[3] ?? '',
      new RegExp(`"role":"assistant".*"type":"${textType}","text":"It comes \\[interrupted`),
    );
    assert.match(items[4] ?? '', /\[pressed 1\]/);
  });

  test(`${service}: the caller's audio goes out in order, and what was said before it was ready is not lost`, async () => {
    const { clock, far, session } = openScripted(service);
    const frame = (value: number) => new Uint8Array((session.rateHz / 1000) * 2 * 20).fill(value);
    for (const value of [1, 2]) session.audio(frame(value));
    assert.equal(far.sent.length, 0);
    await clock.advance(10);
    for (const value of [3, 4]) session.audio(frame(value));
    const sent = far.of('input_audio_buffer.append').map(({ audio }) => Buffer.from(String(audio), 'base64'));
    assert.deepEqual(Buffer.concat(sent), Buffer.concat([1, 2, 3, 4].map(frame)));
  });

  test(`${service}: of audio that nobody takes the oldest is dropped, is counted, and moves what the service measures; half a minute waits (reader: replay cut)`, async () => {
    const { clock, far, session, of, wire, logged } = openScripted(service);
    const second = () => session.audio(MS_OF_SILENCE(1000, session.rateHz));
    for (let i = 0; i < 32; i += 1) second();
    await clock.advance(10);
    assert.equal(far.of('input_audio_buffer.append').length * 40, 30_000);
    far.say(wire.speechStarted('i1', 100));
    assert.deepEqual(of('onSpeechStarted'), [['i1', 2_100]]);
    far.bufferedBytes = 1_000_000;
    second();
    assert.equal(far.of('input_audio_buffer.append').length * 40, 30_000);
    far.bufferedBytes = 0;
    second();
    assert.equal(far.of('input_audio_buffer.append').length * 40, 32_000);
    session.close();
    assert.deepEqual(logged.at(-1)?.droppedAudioMs, 2_000);
  });

  test(`${service}: the words of both, the audio and the end of an answer are told`, async () => {
    const { clock, far, told, wire, session } = openScripted(service);
    await clock.advance(10);
    const pcm = MS_OF_SILENCE(40, session.rateHz);
    far.say(
      wire.speechStarted('i1', 200),
      wire.speechStopped('i1', 900),
      wire.committed('i1', 'i0'),
      wire.callerDelta('i1', 'Hello '),
      wire.callerDelta('i1', 'there'),
      wire.responseCreated('r1'),
      wire.callerWords('i1', 'Hello there.'),
      wire.text('r1', 'i2', 'Good day.'),
      wire.audio('r1', 'i2', pcm),
      wire.responseDone('r1'),
    );
    assert.deepEqual(told.slice(1), [
      ['onSpeechStarted', 'i1', 200],
      ['onSpeechStopped', 'i1', 900],
      ['onCommitted', 'i1', 'i0'],
      ['onCallerWords', 'i1', 'Hello ', false],
      ['onCallerWords', 'i1', 'Hello there', false],
      ['onResponseStarted', 'r1', undefined],
      ['onCallerWords', 'i1', 'Hello there.', true],
      ['onText', 'r1', 'i2', 'Good day.'],
      ['onAudio', 'r1', 'i2', Buffer.from(pcm)],
      [
        'onResponseEnded',
        'r1',
        'completed',
        undefined,
        {
          inputTokens: 20,
          outputTokens: 10,
          cachedTokens: 5,
          inputAudioTokens: 15,
          cachedAudioTokens: 0,
          outputAudioTokens: 8,
        },
      ],
    ]);
  });

  test(`${service}: why a response ended is told by a code, never by a sentence (reader: words in the log)`, async () => {
    const { clock, far, wire, of } = openScripted(service);
    await clock.advance(10);
    const said = 'The caller said: my number is 1042';
    const ends = [
      { type: 'failed', error: { type: 'server_error', code: said } },
      { type: said, reason: said },
      { type: 'cancelled', reason: 'turn_detected' },
    ];
    for (const [at, details] of ends.entries()) {
      far.say(wire.responseCreated(`r${at}`), wire.responseDone(`r${at}`, 'failed', details));
    }
    assert.deepEqual(
      of('onResponseEnded').map(([, , reason]) => reason),
      ['server_error', undefined, 'turn_detected'],
    );
  });

  test(`${service}: words that were told are not told again, and empty ones of such an item mean nothing`, async () => {
    const { clock, far, of, wire } = openScripted(service);
    await clock.advance(10);
    far.say(wire.callerWords('i1', 'Yes.'), wire.callerWords('i1', ''), wire.callerWords('i1', 'Yes.'));
    far.say(wire.callerDelta('i1', 'late'), wire.callerWords('i2', ''));
    assert.deepEqual(of('onCallerWords'), [
      ['i1', 'Yes.', true],
      ['i2', '', true],
    ]);
  });

  test(`${service}: samples that were cut in two are whole again`, async () => {
    const { clock, far, of, wire } = openScripted(service);
    await clock.advance(10);
    far.say(wire.responseCreated('r1'));
    for (const cut of [[1], [2, 3], [4, 5, 6]]) far.say(wire.audio('r1', 'i1', Uint8Array.from(cut)));
    const pieces = of('onAudio').map(([, , pcm]) => pcm as Uint8Array);
    assert.deepEqual(
      pieces.map((pcm) => [...pcm]),
      [
        [1, 2],
        [3, 4, 5, 6],
      ],
    );
  });

  test(`${service}: nothing of a cancelled response is told but its end`, async () => {
    const { clock, far, told, wire, session, logged } = openScripted(service);
    await clock.advance(10);
    far.say(wire.responseCreated('r1'), wire.audio('r1', 'i1', MS_OF_SILENCE(20)));
    session.cancel();
    session.cancel();
    assert.deepEqual(
      far.of('response.cancel').map(({ response_id }) => response_id),
      ['r1'],
    );
    const before = told.length;
    far.say(wire.audio('r1', 'i1', MS_OF_SILENCE(20)), wire.text('r1', 'i1', 'and'));
    far.say(
      wire.outputItemDone('r1', { id: 'i3', type: 'function_call', call_id: 'c1', name: 'look_up', arguments: '{}' }),
    );
    far.say(wire.responseDone('r1', 'cancelled', { type: 'cancelled', reason: 'client_cancelled' }));
    far.say(wire.audio('r1', 'i1', MS_OF_SILENCE(20)));
    assert.deepEqual(
      told.slice(before).map((each) => each.slice(0, 4)),
      [['onResponseEnded', 'r1', 'cancelled', 'client_cancelled']],
    );
    session.close();
    assert.equal(logged.at(-1)?.late, 4);
  });

  test(`${service}: a cancelled response whose end is never told has ended after 3 s`, async () => {
    const { clock, far, of, wire, session } = openScripted(service);
    await clock.advance(10);
    far.say(wire.responseCreated('r1'));
    session.cancel();
    const request = session.respond();
    await clock.advance(2_990);
    assert.equal(far.of('response.create').length, 0);
    await clock.advance(20);
    assert.deepEqual(
      of('onResponseEnded').map((each) => each.slice(0, 3)),
      [['r1', 'cancelled', 'unconfirmed']],
    );
    assert.deepEqual(
      far.of('response.create').map(({ event_id }) => event_id),
      [request],
    );
  });

  test(`${service}: the service's complaint that there was nothing to cancel is only counted`, async () => {
    const { clock, far, of, wire, session, logged } = openScripted(service);
    await clock.advance(10);
    far.say(wire.error('response_cancel_not_active'));
    far.say(wire.error('invalid_value', { message: 'Cancellation failed: no active response found' }));
    far.say(wire.error('server_confused', { param: 'session.voice' }));
    assert.deepEqual(of('onProblem'), [[{ code: 'server_confused', param: 'session.voice', message: 'No.' }]]);
    session.close();
    assert.equal(logged.at(-1)?.benign, 2);
  });

  test(`${service}: an item is cut where it was heard, never beyond what there is of it, and left alone where all was heard`, async () => {
    const { clock, far, wire, session } = openScripted(service);
    await clock.advance(10);
    far.say(wire.responseCreated('r1'), wire.audio('r1', 'i1', MS_OF_SILENCE(500, session.rateHz)));
    session.truncate('i1', 320.9);
    assert.deepEqual(
      far.sent.slice(-2).map(({ event }) => event.type),
      ['response.cancel', 'conversation.item.truncate'],
      'nothing may be added to an item that was cut',
    );
    // The service has more than it has sent.
    session.truncate('i1', 900);
    far.say(wire.responseDone('r1', 'cancelled'));
    far.say(wire.responseCreated('r2'), wire.audio('r2', 'i2', MS_OF_SILENCE(500, session.rateHz)));
    far.say(wire.outputItemDone('r2', { id: 'i2', type: 'message' }), wire.responseDone('r2'));
    session.truncate('i2', 500);
    session.truncate('i2', 499);
    session.truncate('unknown', 100);
    const cuts = far.of('conversation.item.truncate').map(({ item_id, audio_end_ms }) => [item_id, audio_end_ms]);
    assert.equal(far.of('response.cancel').length, 1);
    assert.deepEqual(cuts, [
      ['i1', 320],
      ['i1', 500],
      ['i2', 499],
    ]);
  });

  test(`${service}: a call of a tool is told once, however often the service tells it, and answered with a response`, async () => {
    const { clock, far, of, wire, session } = openScripted(service);
    await clock.advance(10);
    const item = { id: 'i1', type: 'function_call', call_id: 'c1', name: 'look_up', arguments: '{"order":7}' };
    far.say(wire.responseCreated('r1'), wire.outputItemAdded('r1', { ...item, arguments: '' }));
    far.say(wire.callArguments('r1', 'i1', 'c1', '{"order":7}'), wire.outputItemDone('r1', item));
    assert.deepEqual(of('onToolRequest'), [['r1', { callId: 'c1', name: 'look_up', argumentText: '{"order":7}' }]]);
    session.toolResult('c1', '{"day":"Monday"}');
    session.respond();
    assert.equal(far.of('response.create').length, 0, 'not while the first response runs');
    far.say(wire.responseDone('r1'));
    assert.deepEqual(
      far.sent.slice(-2).map(({ event }) => event.type),
      ['conversation.item.create', 'response.create'],
    );
  });

  test(`${service}: a service that floods a session with responses or calls is bounded`, async () => {
    const { clock, far, of, wire, session, logged } = openScripted(service);
    await clock.advance(10);
    for (let count = 1; count <= 9; count += 1) far.say(wire.responseCreated(`r${count}`));
    assert.deepEqual(
      of('onResponseEnded').map((each) => each.slice(0, 3)),
      [['r1', 'incomplete', 'too_many']],
    );
    for (let count = 1; count <= 20; count += 1) {
      const call = { id: `i${count}`, type: 'function_call', call_id: `c${count}`, name: 'look_up', arguments: '{}' };
      far.say(wire.outputItemDone('r9', call));
    }
    assert.equal(of('onToolRequest').length, 16);
    session.close();
    assert.equal(logged.at(-1)?.refusedCalls, 4);
  });

  test(`${service}: warnings, words that could not be written down and servers of tools that fail are told by code`, async () => {
    const { clock, far, told, wire } = openScripted(service);
    await clock.advance(10);
    const failed = 'conversation.item.input_audio_transcription.failed';
    far.say({
      type: failed,
      item_id: 'i1',
      error: { type: 'server_error', code: 'audio_unintelligible', message: 'No.' },
    });
    far.say({ type: 'mcp_list_tools.failed', item_id: 'm1' });
    if (service === 'voice-live')
      far.say({ type: 'warning', warning: { code: 'slow', param: 'voice', message: 'Hm.' } });
    far.say(wire.error('Somebody said: my number is 1042'));
    assert.deepEqual(told.slice(1), [
      ['onCallerWordsFailed', 'i1', { code: 'audio_unintelligible', message: 'No.' }],
      ['onWarning', { code: 'mcp_list_tools_failed', message: 'The service cannot get the tools of a server.' }],
      ...(service === 'voice-live' ? [['onWarning', { code: 'slow', param: 'voice', message: 'Hm.' }]] : []),
      // What is no code is not told as one, as it may quote what was said.
      ['onProblem', { code: 'invalid_request_error', message: 'No.' }],
    ]);
  });

  test(`${service}: of a long dialogue the last turns are put back, whole`, async () => {
    const { clock, far, session } = openScripted(service);
    const turns = Array.from({ length: 60 }, (_, turn) => [
      { role: 'caller', text: `question ${turn}` } as const,
      { role: 'agent', text: `answer ${turn}`, heard: true } as const,
    ]).flat();
    session.restore(turns);
    await clock.advance(10);
    const items = far.of('conversation.item.create').map(({ item }) => JSON.stringify(item));
    assert.equal(items.length, 80);
    assert.match(items[0] ?? '', /question 20/);
    assert.match(items.at(-1) ?? '', /answer 59/);
  });

  test(`${service}: when its session ends is told by the service`, async () => {
    const wire = serviceEvents(service);
    const atSeconds = VIRTUAL_EPOCH_MS / 1000 + 1800;
    const { clock, session } = openScripted(service, { scripts: [wire.handshake(atSeconds)] });
    assert.equal(session.expiresAtMs, undefined);
    await clock.advance(10);
    assert.equal(session.expiresAtMs, VIRTUAL_EPOCH_MS + 1_800_000);
  });

  test(`${service}: unknown events are counted, unknown fields pass, and an event that is not as it must be ends nothing`, async () => {
    const { clock, far, of, wire, session, logged } = openScripted(service);
    await clock.advance(10);
    far.say(
      { type: 'brand.new' },
      { type: 'brand.new' },
      { type: 'constructor' },
      { ...wire.speechStarted('i1', 5), new: 1 },
    );
    far.say({ type: 'response.done', response: 'gone' });
    far.sayText('null');
    assert.deepEqual(of('onSpeechStarted'), [['i1', 5]]);
    session.close();
    assert.deepEqual(logged.at(-1)?.unknown, { 'brand.new': 2, constructor: 1 });
    assert.equal(logged.at(-1)?.malformed, 2);
    assert.ok(!JSON.stringify(logged).includes('gone'));
  });

  test(`${service}: a listener may close the session, and one that throws harms nobody`, async () => {
    const first = openScripted(service, {
      also: {
        onReady: () => {
          throw new Error('Oh.');
        },
      },
    });
    await first.clock.advance(10);
    first.far.say(first.wire.speechStarted('i1', 5));
    assert.equal(first.of('onSpeechStarted').length, 1);

    const second = openScripted(service, { also: { onReady: () => second.session.close() } });
    second.session.respond();
    await second.clock.advance(10);
    assert.deepEqual(second.told, [['onReady']]);
    assert.equal(second.far.of('response.create').length, 0);
    assert.ok(second.far.isClosed);
    assert.equal(second.clock.pending, 0);
  });
}
