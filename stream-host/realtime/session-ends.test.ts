import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError } from '../../shared/errors.ts';
import { openScripted, testBrief } from './testing/recorded-events.ts';
import { serviceEvents } from './testing/service-events.ts';

for (const service of ['openai', 'voice-live'] as const) {
  test(`${service}: a field that the service has otherwise than it was asked is a warning that names it`, async () => {
    const wire = serviceEvents(service);
    const settings = {
      turn_detection: { type: 'server_vad', threshold: 0.4 },
      voice: 'https://l.test/?key=1',
    } as const;
    const changed = (asked: unknown) =>
      JSON.parse(JSON.stringify(asked).replace('0.4', '0.5').replace('Be kind.', 'Be rude.').replace('key=1', 'key=2'));
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
    assert.deepEqual(
      fields.sort(),
      [place, 'instructions', service === 'openai' ? 'audio.output.voice' : 'voice'].sort(),
    );
    assert.equal(told[0]?.[0], 'onReady');
    assert.ok(!JSON.stringify(logged).includes('Be rude'), 'instructions may hold what is known of a caller');
    assert.ok(!JSON.stringify(logged).includes('key='), 'and addresses a key (reader: secrets in the log)');
    assert.ok(JSON.stringify(logged).includes('"asked":0.4,"got":0.5'));
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

  test(`${service}: what is no JSON ends the session as a lost line does: it may have been the end of what the caller said (breaker18 1)`, async () => {
    const { clock, far, told, wire } = openScripted(service);
    await clock.advance(10);
    far.say(wire.speechStarted('i1', 5));
    far.sayText('?"t?pe?:"?np?t_?ud?o_?uf?er?sp?ec?_s?op?ed?}');
    assert.deepEqual(ends(told), [['realtime.lost', false]]);
    assert.ok(far.isClosed);
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
      session.audio(new Uint8Array(6400));
      session.typed('Hello?');
      session.respond();
      session.cancel();
      assert.equal(clock.pending, 0);
    }
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
