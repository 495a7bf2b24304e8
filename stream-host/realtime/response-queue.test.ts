import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openScripted, testBrief } from './testing/recorded-events.ts';
import type { ScriptStep } from './testing/scripted-service.ts';

const OTHER_ACTIVE = 'conversation_already_has_active_response';

for (const service of ['openai', 'voice-live'] as const) {
  const open = () => openScripted(service);
  const asked = (far: ReturnType<typeof open>['far']) => far.of('response.create').map(({ event_id }) => event_id);

  test(`${service}: one response is asked for at a time, also between the request and its response`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    const greeting = session.respond({ say: 'Hello.' });
    const more = session.respond({ instructions: 'Be brief.' });
    assert.deepEqual(asked(far), [greeting]);
    far.say(wire.responseCreated('r1', greeting));
    assert.deepEqual(asked(far), [greeting]);
    far.say(wire.responseDone('r1'));
    assert.deepEqual(asked(far), [greeting, more]);
    far.say(wire.responseCreated('r2', more), wire.responseDone('r2'));
    assert.deepEqual(of('onResponseStarted'), [
      ['r1', greeting],
      ['r2', more],
    ]);
  });

  test(`${service}: two ordinary requests that wait are one`, async () => {
    const { clock, session, far, wire } = open();
    await clock.advance(10);
    far.say(wire.responseCreated('r1'));
    const first = session.respond();
    session.toolResult('c1', '1');
    assert.equal(session.respond(), first);
    session.toolResult('c2', '2');
    session.respond();
    far.say(wire.responseDone('r1'));
    assert.deepEqual(asked(far), [first]);
  });

  test(`${service}: a request that met a response of the service's own is asked again after it`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    session.toolResult('c1', '1');
    const request = session.respond();
    // The service began before it had the tool's result.
    far.say(wire.committed('i1'), wire.responseCreated('r1'), wire.error(OTHER_ACTIVE, { event_id: request }));
    assert.deepEqual(of('onResponseStarted'), [['r1', undefined]]);
    far.say(wire.itemAdded({ id: 'parley-item-1' }), wire.responseDone('r1'));
    assert.deepEqual(asked(far), [request, request]);
    far.say(wire.responseCreated('r2', request));
    assert.deepEqual(of('onResponseStarted').at(-1), ['r2', request]);
    assert.deepEqual(of('onProblem'), []);
  });

  test(`${service}: a request is not asked again where the response that it met had all it was asked for`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    far.say(wire.responseCreated('r0', 'somebody'), wire.responseDone('r0'));
    session.typed('Monday?');
    const request = session.respond();
    far.say(wire.itemAdded({ id: 'parley-item-1' }), wire.responseCreated('r1'));
    far.say(wire.error(OTHER_ACTIVE, { event_id: request }), wire.responseDone('r1'));
    assert.deepEqual(asked(far), [request]);
    assert.deepEqual(of('onResponseDropped'), [[request, undefined]]);
  });

  test(`${service}: a service that does not say whose a response is, is understood by what the caller did`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    const greeting = session.respond({ say: 'Hello.' });
    far.say(wire.responseCreated('r1'), wire.responseDone('r1'));
    const clip = session.respond({ say: 'One moment.' });
    const next = session.respond({ say: 'Still here.' });
    // Its own answer or the clip: nobody refused the clip, so it was that.
    far.say(wire.committed('i1'), wire.responseCreated('r2'), wire.responseDone('r2'));
    assert.deepEqual(of('onResponseStarted'), [
      ['r1', greeting],
      ['r2', undefined],
    ]);
    assert.deepEqual(of('onResponseDropped'), [[clip, undefined]]);
    assert.deepEqual(asked(far), [greeting, clip, next]);
  });

  test(`${service}: a request that waits is answered by the service's own response that had all it was asked for`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    far.say(wire.responseCreated('r1'));
    session.toolResult('c1', '1');
    session.respond();
    // The caller speaks: the service ends its answer and begins another one, which has the tool's result.
    far.say(wire.itemAdded({ id: 'parley-item-1' }), wire.responseCreated('r2'), wire.responseDone('r1', 'cancelled'));
    far.say(wire.responseDone('r2'));
    assert.deepEqual(asked(far), []);
    assert.equal(typeof of('onResponseStarted').at(-1)?.[1], 'string');
  });

  test(`${service}: a request that is refused, or is not answered, is told and holds nobody up`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    const refused = session.respond({ instructions: 'One.' });
    const lost = session.respond({ instructions: 'Two.' });
    const good = session.respond({ instructions: 'Three.' });
    far.say(wire.error('invalid_value', { event_id: refused, param: 'response.instructions' }));
    assert.deepEqual(asked(far), [refused, lost]);
    await clock.advance(10_000);
    assert.deepEqual(asked(far), [refused, lost, good]);
    const told = of('onResponseDropped').map(([id, problem]) => [id, (problem as { code: string }).code]);
    assert.deepEqual(told, [
      [refused, 'invalid_value'],
      [lost, 'no_answer'],
    ]);
    assert.deepEqual(of('onClosed'), []);
  });

  test(`${service}: refused for a response that we know nothing of, it is asked again in a moment, three times at most, and then has failed`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    const request = session.respond();
    for (let count = 1; count <= 4; count += 1) {
      assert.equal(asked(far).length, count);
      const message = 'Conversation already has an active response in progress: r7.';
      far.say(count === 1 ? wire.error('invalid_request', { message }) : wire.error(OTHER_ACTIVE));
      await clock.advance(260);
    }
    assert.equal(asked(far).length, 4);
    // Nobody has seen that response begin: it answers nobody, and whoever waits must be told.
    assert.deepEqual(
      of('onResponseDropped').map(([dropped, problem]) => [dropped, Object(problem).code]),
      [[request, OTHER_ACTIVE]],
    );
  });

  test(`${service}: cancelling drops what waits, ends what was sent once it begins, and leaves asides alone`, async () => {
    const { clock, session, far, wire, of, told } = open();
    await clock.advance(10);
    const sent = session.respond();
    const waiting = session.respond({ instructions: 'One.' });
    const clip = session.respond({ say: 'One moment.', aside: true });
    session.cancel();
    assert.deepEqual(of('onResponseDropped'), [
      [sent, undefined],
      [waiting, undefined],
    ]);
    far.say(wire.responseCreated('r1', sent));
    assert.deepEqual(
      far.of('response.cancel').map(({ response_id }) => response_id),
      ['r1'],
    );
    far.say(wire.audio('r1', 'i1', new Uint8Array(4)), wire.responseDone('r1', 'cancelled'));
    assert.deepEqual(asked(far), [sent, clip]);
    far.say(wire.responseCreated('r2', clip));
    session.cancel();
    far.say(wire.audio('r2', 'i2', new Uint8Array(4)), wire.responseDone('r2'));
    assert.deepEqual(
      told.slice(3).map(([name, id]) => [name, id]),
      [
        ['onResponseEnded', 'r1'],
        ['onResponseStarted', 'r2'],
        ['onAudio', 'r2'],
        ['onResponseEnded', 'r2'],
      ],
    );
    assert.equal(far.of('response.cancel').length, 1);
  });

  test(`${service}: after the service's own tools the answer is asked for, once, when all of them are done`, async () => {
    const { clock, far, wire, of } = open();
    await clock.advance(10);
    const tool = (id: string) => ({ id, type: 'mcp_call', name: 'find', server_label: 'crm' });
    far.say(wire.responseCreated('r1'), wire.outputItemAdded('r1', tool('m1')), wire.outputItemAdded('r1', tool('m2')));
    far.say(wire.serviceTool('m1', 'in_progress'), wire.serviceTool('m1', 'completed'));
    far.say(wire.responseDone('r1'));
    await clock.advance(2_000);
    assert.deepEqual(asked(far), []);
    far.say(wire.serviceTool('m2', 'failed'));
    await clock.advance(2_000);
    assert.equal(asked(far).length, 1);
    assert.deepEqual(
      of('onServiceTool').map(([tool]) => Object.values(tool as object)),
      [
        ['m1', 'find', 'started'],
        ['m2', 'find', 'started'],
        ['m1', 'find', 'completed'],
        ['m2', '', 'failed'],
      ],
    );
    far.say(wire.responseCreated('r2', asked(far)[0]));
    assert.deepEqual(of('onResponseStarted').at(-1), ['r2', undefined], 'nobody asked by respond()');
  });

  test(`${service}: the service's own tools that outlive an answer which was cancelled have nothing asked for (close reader 4)`, async () => {
    const { clock, session, far, wire, of } = open();
    await clock.advance(10);
    far.say(wire.responseCreated('r1'), wire.outputItemAdded('r1', { id: 'm1', type: 'mcp_call', name: 'find' }));
    far.say(wire.responseDone('r1'));
    session.cancel();
    far.say(wire.serviceTool('m1', 'completed'));
    await clock.advance(5_000);
    assert.deepEqual(asked(far), []);
    assert.equal(of('onServiceTool').length, 2, 'that it has ended is told all the same');
  });

  test(`${service}: a service that goes on by itself after its own tools is not asked`, async () => {
    const { clock, far, wire } = open();
    await clock.advance(10);
    far.say(wire.responseCreated('r1'), wire.outputItemAdded('r1', { id: 'm1', type: 'mcp_call', name: 'find' }));
    far.say(wire.serviceTool('m1', 'completed'), wire.audio('r1', 'i1', new Uint8Array(4)), wire.responseDone('r1'));
    await clock.advance(5_000);
    assert.deepEqual(asked(far), []);
  });

  test(`${service}: whatever comes in whatever order, at most one response is asked for at a time, and each request ends`, async () => {
    const step = fc.constantFrom('respond', 'say', 'cancel', 'result', 'own', 'begin', 'end', 'refuse', 'wait');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, session, far, wire, of } = openScripted(service, { brief: testBrief() });
        await clock.advance(10);
        const requests = new Set<string>();
        const running: string[] = [];
        let answered = 0;
        let responses = 0;
        const pending = () => far.of('response.create').slice(answered);
        const begin = () => {
          const request = pending()[0]?.event_id;
          if (request === undefined) return;
          assert.equal(running.length, 0);
          answered += 1;
          running.push(`r${++responses}`);
          far.say(wire.responseCreated(`r${responses}`, request));
        };
        const end = () => {
          const id = running.shift();
          if (id) far.say(wire.responseDone(id));
        };
        const acts: Record<(typeof steps)[number], () => unknown> = {
          respond: () => requests.add(session.respond()),
          say: () => requests.add(session.respond({ say: 'Hello.' })),
          cancel: () => session.cancel(),
          result: () => session.toolResult('c1', '1'),
          own: () => {
            if (running.length > 0) return;
            running.push(`r${++responses}`);
            far.say(wire.committed(`i${responses}`), wire.responseCreated(`r${responses}`));
            const [request] = pending();
            if (!request) return;
            answered += 1;
            far.say(wire.error(OTHER_ACTIVE, { event_id: request.event_id }));
          },
          begin: () => running.length === 0 && begin(),
          end,
          refuse: () => {
            const [request] = pending();
            if (!request) return;
            answered += 1;
            far.say(wire.error('server_error', { event_id: request.event_id }));
          },
          wait: () => clock.advance(300),
        };
        for (const each of steps) {
          await acts[each]();
          assert.ok(pending().length <= 1);
        }
        // A service that answers everything leaves nothing open.
        for (let round = 0; round < 100; round += 1) {
          if (running.length === 0) begin();
          end();
          await clock.advance(300);
        }
        const over = new Set([
          ...of('onResponseStarted').map(([, request]) => request),
          ...of('onResponseDropped').map(([request]) => request),
        ]);
        assert.deepEqual(
          [...requests].filter((request) => !over.has(request)),
          [],
        );
      }),
      { numRuns: 200 },
    );
  });
}

test('a script may wait for what the client sends, and its times are the clock’s', async () => {
  const script: ScriptStep[] = [
    { afterMs: 100, say: [{ type: 'session.created', session: {} }] },
    { on: 'session.update', afterMs: 50, say: ({ session }) => [{ type: 'session.updated', session }] },
    { afterMs: 1000, end: { type: 'closed', code: 1006, reason: '' } },
  ];
  const { clock, told, far } = openScripted('openai', { scripts: [script] });
  await clock.advance(149);
  assert.deepEqual(told, []);
  await clock.advance(1);
  assert.deepEqual(told, [['onReady']]);
  assert.deepEqual(far.sent[0]?.atMs, 100);
  await clock.advance(1000);
  assert.equal(told.at(-1)?.[0], 'onClosed');
});
