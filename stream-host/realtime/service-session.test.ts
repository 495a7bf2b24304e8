import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../shared/errors.ts';
import { VIRTUAL_EPOCH_MS } from '../../shared/virtual-clock.ts';
import { openScripted, testBrief } from './testing/recorded-events.ts';
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

  test(`${service}: of audio that nobody takes the oldest is dropped, is counted, and moves what the service measures`, async () => {
    const { clock, far, session, of, wire, logged } = openScripted(service);
    const second = () => session.audio(MS_OF_SILENCE(1000, session.rateHz));
    for (let i = 0; i < 7; i += 1) second();
    await clock.advance(10);
    assert.equal(far.of('input_audio_buffer.append').length * 40, 5_000);
    far.say(wire.speechStarted('i1', 100));
    assert.deepEqual(of('onSpeechStarted'), [['i1', 2_100]]);
    far.bufferedBytes = 1_000_000;
    second();
    assert.equal(far.of('input_audio_buffer.append').length * 40, 5_000);
    far.bufferedBytes = 0;
    second();
    assert.equal(far.of('input_audio_buffer.append').length * 40, 7_000);
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
        { inputTokens: 20, outputTokens: 10, cachedTokens: 5, inputAudioTokens: 15, outputAudioTokens: 8 },
      ],
    ]);
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
    far.say(wire.error('response_cancel_not_active'), wire.error('server_confused', { param: 'session.voice' }));
    assert.deepEqual(of('onProblem'), [[{ code: 'server_confused', param: 'session.voice', message: 'No.' }]]);
    session.close();
    assert.equal(logged.at(-1)?.benign, 1);
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
    session.toolResult('c1', '{"day":"Monday"}', true);
    assert.equal(far.of('response.create').length, 0, 'not while the first response runs');
    far.say(wire.responseDone('r1'));
    assert.deepEqual(
      far.sent.slice(-2).map(({ event }) => event.type),
      ['conversation.item.create', 'response.create'],
    );
  });

  test(`${service}: when its session ends is told by the service`, async () => {
    const wire = serviceEvents(service);
    const atSeconds = VIRTUAL_EPOCH_MS / 1000 + 1800;
    const { clock, session } = openScripted(service, { scripts: [wire.handshake(atSeconds)] });
    assert.equal(session.expiresAtMs, undefined);
    await clock.advance(10);
    assert.equal(session.expiresAtMs, VIRTUAL_EPOCH_MS + 1_800_000);
  });

  test(`${service}: unknown events are counted, unknown fields pass, and what cannot be read ends nothing`, async () => {
    const { clock, far, of, wire, session, logged } = openScripted(service);
    await clock.advance(10);
    far.say(
      { type: 'brand.new' },
      { type: 'brand.new' },
      { type: 'constructor' },
      { ...wire.speechStarted('i1', 5), new: 1 },
    );
    far.say({ type: 'response.done', response: 'gone' });
    far.sayText('{');
    far.sayText('null');
    assert.deepEqual(of('onSpeechStarted'), [['i1', 5]]);
    session.close();
    assert.deepEqual(logged.at(-1)?.unknown, { 'brand.new': 2, constructor: 1 });
    assert.equal(logged.at(-1)?.malformed, 3);
    assert.ok(!JSON.stringify(logged).includes('gone'));
  });

  test(`${service}: a field that the service has otherwise than it was asked is a warning that names it`, async () => {
    const wire = serviceEvents(service);
    const settings = { turn_detection: { type: 'server_vad', threshold: 0.4 } } as const;
    const changed = (asked: unknown) =>
      JSON.parse(JSON.stringify(asked).replace('0.4', '0.5').replace('Be kind.', 'Be rude.'));
    const script = [
      { say: [wire.sessionCreated()] },
      { on: 'session.update', say: ({ session }: Record<string, unknown>) => [wire.sessionUpdated(changed(session))] },
    ];
    const { clock, told, logged } = openScripted(service, { scripts: [script], brief: testBrief(settings) });
    await clock.advance(10);
    const place = service === 'openai' ? 'audio.input.turn_detection.threshold' : 'turn_detection.threshold';
    const fields = told
      .filter(([name]) => name === 'onWarning')
      .map(([, warning]) => (warning as { param: string }).param);
    assert.deepEqual(fields.sort(), [place, 'instructions'].sort());
    assert.equal(told[0]?.[0], 'onReady');
    assert.ok(!JSON.stringify(logged).includes('Be rude'), 'instructions may hold what is known of a caller');
  });

  test(`${service}: a session whose audio is of another rate than it was asked is none`, async () => {
    const wire = serviceEvents(service);
    const other = (asked: unknown) =>
      JSON.parse(JSON.stringify(asked).replaceAll('24000', '8000').replace('pcm16_16000hz', 'g711_ulaw'));
    const script = [
      { say: [wire.sessionCreated()] },
      { on: 'session.update', say: ({ session }: Record<string, unknown>) => [wire.sessionUpdated(other(session))] },
    ];
    const { clock, told } = openScripted(service, { scripts: [script] });
    await clock.advance(10);
    assert.deepEqual(ends(told), [['realtime.rejected', true]]);
  });

  test(`${service}: a field that the service refuses ends the session for good`, async () => {
    const wire = serviceEvents(service);
    const script = [
      { say: [wire.sessionCreated()] },
      {
        on: 'session.update',
        say: ({ event_id }: Record<string, unknown>) => [
          wire.error('invalid_value', { param: 'session.temperature', event_id }),
        ],
      },
    ];
    const { clock, told, far } = openScripted(service, { scripts: [script] });
    await clock.advance(10);
    assert.deepEqual(ends(told), [['realtime.rejected', true]]);
    assert.match(endMessage(told), /session\.temperature/);
    assert.ok(far.isClosed);
  });

  test(`${service}: a service that says nothing is given up: after 5 s at the beginning, after 20 s in an answer`, async () => {
    const mute = openScripted(service, { scripts: [[]] });
    await mute.clock.advance(4_990);
    assert.deepEqual(mute.told, []);
    await mute.clock.advance(20);
    assert.deepEqual(ends(mute.told), [['realtime.silent', false]]);
    assert.equal(mute.clock.pending, 0);

    const { clock, far, told, wire } = openScripted(service);
    await clock.advance(60_000);
    far.say(wire.responseCreated('r1'));
    await clock.advance(15_000);
    far.say(wire.text('r1', 'i1', 'Well'));
    await clock.advance(19_000);
    assert.deepEqual(ends(told), []);
    await clock.advance(2_000);
    assert.deepEqual(ends(told), [['realtime.silent', false]]);
    assert.equal(clock.pending, 0);
  });

  test(`${service}: how a session ended says whether another one is worth it`, async () => {
    const closed = { type: 'closed', code: 1006, reason: '' } as const;
    const cases = [
      [{ type: 'refused', status: 401 }, undefined, 'realtime.unauthorised', true],
      [{ type: 'refused', status: 403 }, undefined, 'realtime.unauthorised', true],
      [{ type: 'refused', status: 404 }, undefined, 'realtime.not_found', true],
      [{ type: 'refused', status: 400 }, undefined, 'realtime.rejected', true],
      [{ type: 'refused', status: 302 }, undefined, 'realtime.rejected', true],
      [{ type: 'refused', status: 429 }, undefined, 'realtime.throttled', false],
      [{ type: 'refused', status: 503 }, undefined, 'realtime.failed', false],
      [{ type: 'unreachable', reason: 'ECONNREFUSED 10.0.0.7' }, undefined, 'realtime.unreachable', false],
      [{ type: 'unreachable', reason: 'no identity', isIdentity: true }, undefined, 'realtime.unauthorised', false],
      [{ type: 'silent' }, undefined, 'realtime.silent', false],
      [closed, undefined, 'realtime.lost', false],
      [closed, 'session_expired', 'realtime.expired', false],
      [closed, 'rate_limit_exceeded', 'realtime.throttled', false],
      [closed, 'insufficient_quota', 'realtime.throttled', false],
      [closed, 'model_not_found', 'realtime.not_found', true],
      [closed, 'DeploymentNotFound', 'realtime.not_found', true],
      [closed, 'invalid_api_key', 'realtime.unauthorised', true],
      [closed, 'server_error', 'realtime.failed', false],
    ] as const;
    for (const [end, complaint, code, final] of cases) {
      const { clock, far, told, wire, session } = openScripted(service);
      await clock.advance(10);
      if (complaint) far.say(wire.error(complaint));
      far.end(end);
      assert.deepEqual(ends(told), [[code, final]], `${JSON.stringify(end)} ${complaint}`);
      assert.ok(!endMessage(told).includes('10.0.0.7'), 'addresses of ours are for the log');
      session.close();
      session.audio(MS_OF_SILENCE(100));
      session.typed('Hello?');
      session.respond();
      session.cancel();
      assert.equal(clock.pending, 0);
    }
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

function ends(told: readonly (readonly unknown[])[]): unknown[] {
  return told
    .filter(([name]) => name === 'onClosed')
    .map(([, error, final]) => [error instanceof DependencyError ? error.code : error, final]);
}

function endMessage(told: readonly (readonly unknown[])[]): string {
  const [, error] = told.find(([name]) => name === 'onClosed') ?? [];
  return error instanceof DependencyError ? error.message : '';
}
