import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DependencyError, NotFoundError, ParleyError } from '../errors.ts';
import { VIRTUAL_EPOCH_MS, VirtualClock } from '../virtual-clock.ts';
import { parseTraceParent, traceIdOf } from './call-trace.ts';
import { CallTraces, entrySpanIdOf, noCallTraces, traceParentOf, type UntoldCall } from './call-traces.ts';
import { ATTRIBUTE } from './names.ts';
import type { FinishedSpan } from './span.ts';

const REQUEST = { name: 'POST /calls', attributes: { [ATTRIBUTE.httpMethod]: 'POST' } };
const ACS = {
  dependency: 'acs',
  operation: 'answer_the_call',
  url: 'https://acs.example/?key=secret',
  method: 'POST',
} as const;

function setUp() {
  const clock = new VirtualClock();
  const spans: FinishedSpan[] = [];
  let flushes = 0;
  let made = 0;
  const sink = { record: (span: FinishedSpan) => void spans.push(span), flush: () => void flushes++ };
  const newSpanId = () => String(++made).padStart(16, '0');
  const untold: UntoldCall[] = [];
  const onUntold = (call: UntoldCall) => void untold.push(call);
  const traces = new CallTraces({ sink, clock, newSpanId, redisUrl: 'redis://:secret@redis.example:6379', onUntold });
  const named = (name: string) => spans.find((span) => span.name === name) ?? assert.fail(`no span ${name}`);
  return { clock, spans, untold, traces, named, flushes: () => flushes, pass: (ms: number) => clock.advance(ms) };
}

test('the request that makes a session is the entry of its trace, and what is done in it stands below', async () => {
  const { traces, spans, named, flushes, pass } = setUp();
  await traces.request(REQUEST, async () => {
    await traces.within(undefined, 'admission', () => pass(5));
    traces.belongsTo('s', true);
    await traces.within('s', 'answering', () => traces.client(ACS, () => pass(20)));
    traces.tell({ attributes: { [ATTRIBUTE.httpStatus]: 200 } });
  });
  assert.deepEqual(new Set(spans.map(({ traceId }) => traceId)), new Set([traceIdOf('s')]));
  const entry = named('POST /calls');
  assert.deepEqual([entry.kind, entry.spanId, entry.parentSpanId], ['server', entrySpanIdOf('s'), undefined]);
  assert.deepEqual([entry.startMs, entry.endMs], [VIRTUAL_EPOCH_MS, VIRTUAL_EPOCH_MS + 25]);
  assert.equal(entry.attributes[ATTRIBUTE.httpStatus], 200);
  for (const name of ['admission', 'answering']) assert.equal(named(name).parentSpanId, entry.spanId);
  const acs = named('acs answer_the_call');
  assert.deepEqual([acs.kind, acs.parentSpanId, acs.endMs - acs.startMs], ['client', named('answering').spanId, 20]);
  assert.doesNotMatch(JSON.stringify(spans), /secret/);
  for (const span of spans) assert.equal(span.attributes[ATTRIBUTE.session], 's');
  assert.deepEqual(parseTraceParent(traceParentOf('s')), {
    traceId: entry.traceId,
    spanId: entry.spanId,
    sampled: true,
  });
  assert.equal(flushes(), 1);
});

test('a request that belongs to no call leaves nothing behind', async () => {
  const { traces, spans } = setUp();
  await traces.request(REQUEST, () => traces.within(undefined, 'admission', async () => {}));
  await traces.within(undefined, 'of nobody', async () => {});
  await traces.client(ACS, async () => {});
  assert.deepEqual(spans, []);
  assert.equal(traces.traceId, undefined);
});

test('a later request of a call stands below its entry, and its trace is the one that an error names', async () => {
  const { traces, named } = setUp();
  await traces.request(REQUEST, async () => {
    traces.belongsTo('s');
    assert.equal(traces.traceId, traceIdOf('s'));
  });
  assert.equal(named('POST /calls').parentSpanId, entrySpanIdOf('s'));
});

test('a request about two calls is a span in each one’s trace, from the request’s beginning', async () => {
  const { traces, spans, pass } = setUp();
  await traces.request(REQUEST, async () => {
    await pass(10);
    assert.equal(traces.traceId, undefined);
    await Promise.all(['a', 'b'].map((id) => traces.requestOf(id, async () => traces.tell({ attributes: { id } }))));
    // What an error of it names.
    assert.equal(traces.traceId, traceIdOf('b'));
  });
  assert.deepEqual(
    spans.map(({ traceId, name, startMs, attributes }) => [traceId, name, startMs, attributes.id]),
    ['a', 'b'].map((id) => [traceIdOf(id), 'POST /calls', VIRTUAL_EPOCH_MS, id]),
  );
});

test('what is done where nothing of the call is, or after it, stands below the entry', async () => {
  const { traces, spans, named } = setUp();
  const later = Promise.withResolvers<void>();
  let rest: Promise<void> | undefined;
  await traces.request(REQUEST, async () => {
    traces.belongsTo('s', true);
    rest = later.promise.then(async () => {
      await traces.within('s', 'late', async () => {});
      await traces.client(ACS, async () => {});
      traces.command(Promise.resolve());
    });
  });
  const before = spans.length;
  later.resolve();
  await rest;
  await traces.within('other', 'hang up', async () => {});
  assert.equal(spans.length, before + 3);
  for (const name of ['late', 'acs answer_the_call']) assert.equal(named(name).parentSpanId, entrySpanIdOf('s'));
  assert.equal(named('hang up').traceId, traceIdOf('other'));
});

test('work of another call within a request stands in that call’s trace', async () => {
  const { traces, named } = setUp();
  await traces.request(REQUEST, async () => {
    traces.belongsTo('s');
    await traces.within('other', 'overdue', () => traces.client(ACS, async () => {}));
  });
  assert.deepEqual(
    ['overdue', 'acs answer_the_call'].map((name) => named(name).traceId),
    [traceIdOf('other'), traceIdOf('other')],
  );
});

test('a failure is told by its code, and a refusal is none', async () => {
  const { traces, named } = setUp();
  const broken = new ParleyError('acs.unavailable', 'ACS said 503 of +15550100', { details: { acsStatus: 503 } });
  const asking = traces.requestOf('s', () => traces.client(ACS, () => Promise.reject(broken)));
  await assert.rejects(asking, broken);
  const acs = named('acs answer_the_call');
  assert.deepEqual([acs.error, acs.attributes[ATTRIBUTE.httpStatus]], ['acs.unavailable', 503]);
  assert.deepEqual(
    [named('unknown').error, named('unknown').attributes[ATTRIBUTE.httpStatus]],
    ['acs.unavailable', 503],
  );
  const gone = new NotFoundError('call.ended', 'The call is over.');
  await assert.rejects(
    traces.requestOf('t', () => Promise.reject(gone)),
    gone,
  );
  const refused = setUp();
  await assert.rejects(refused.traces.requestOf('t', () => Promise.reject(gone)));
  assert.deepEqual([refused.spans[0]?.error, refused.spans[0]?.attributes[ATTRIBUTE.httpStatus]], [undefined, 404]);
  await assert.rejects(refused.traces.within('t', 'work', () => Promise.reject(new Error('with a secret'))));
  assert.equal(refused.named('work').error, 'internal');
});

test('the traces of others are linked, each once, and what is no traceparent is not', async () => {
  const { traces, named } = setUp();
  const theirs = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  await traces.request({ ...REQUEST, links: [theirs, theirs, 'nonsense', null, undefined] }, async () =>
    traces.belongsTo('s', true),
  );
  assert.deepEqual(named('POST /calls').links, [{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }]);
});

test('the commands of one piece of work are one call of Redis, as long as one was under way', async () => {
  const { traces, named, pass, spans } = setUp();
  await traces.within('s', 'work', async () => {
    const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    traces.command(one.promise);
    await pass(2);
    traces.command(two.promise);
    await pass(1);
    one.resolve();
    await pass(1);
    two.resolve();
    await pass(100);
    traces.command(pass(3));
    await pass(3);
  });
  const redis = named('redis commands');
  assert.equal(redis.parentSpanId, named('work').spanId);
  assert.equal(redis.endMs - redis.startMs, 7);
  assert.equal(redis.attributes[ATTRIBUTE.serverAddress], 'redis.example');
  assert.deepEqual(JSON.parse(String(redis.attributes[ATTRIBUTE.measurements])), { commands: 3, slowestMs: 3 });
  assert.equal(spans.length, 2);
});

test('a command that fails makes the call of Redis a failure; a script that has to be sent again does not', async () => {
  const { traces, spans } = setUp();
  const work = async (message: string) => {
    const reply = Promise.reject(new Error(message));
    await traces.within('s', 'work', async () => {
      traces.command(reply);
      await reply.catch(() => {});
    });
  };
  await work('Command timed out');
  await work('NOSCRIPT No matching script.');
  const errors = spans.filter(({ name }) => name === 'redis commands').map(({ error }) => error);
  assert.deepEqual(errors, ['redis.unavailable', undefined]);
});

test('what is tried again and again while Redis is away is told at once, and then once in ten seconds, with which try it was (stranger17 1)', async () => {
  const { traces, spans, pass } = setUp();
  const away = () => Promise.reject(new DependencyError('redis.unavailable', 'away'));
  const tries = async (count: number, work: () => Promise<unknown>) => {
    for (let n = 0; n < count; n += 1) {
      await traces.redis('s', 'renew_lease', work).catch(() => {});
      await pass(1_500);
    }
  };
  await tries(20, away);
  await tries(1, async () => {});
  await tries(1, away);
  await tries(1, () => Promise.reject(new ParleyError('session.lease-lost', 'It is another host’s.')));
  assert.deepEqual(
    spans.map(({ kind, name, error, attributes }) => [kind, name, error, attributes[ATTRIBUTE.attempt]]),
    [1, 8, 15, 1].map((attempt) => ['client', 'redis renew_lease', 'redis.unavailable', attempt]),
  );
  assert.deepEqual(new Set(spans.map(({ parentSpanId }) => parentSpanId)), new Set([entrySpanIdOf('s')]));
  await traces.redis('s', 'write_session', () => pass(1_000));
  assert.deepEqual([spans.at(-1)?.name, spans.at(-1)?.error], ['redis write_session', undefined]);
});

test('a call of a dependency that gets no span is told all the same: each counts once, as one that went well or as a failure', async () => {
  const { traces, spans, untold, pass } = setUp();
  const away = () => Promise.reject(new DependencyError('redis.unavailable', 'away'));
  const lost = () => Promise.reject(new ParleyError('session.lease-lost', 'It is another host’s.'));
  for (const work of [() => pass(4), away, away, lost]) {
    await traces.redis('s', 'renew_lease', work).catch(() => {});
  }
  assert.deepEqual(
    spans.map(({ error }) => error),
    ['redis.unavailable'],
  );
  assert.deepEqual(untold, [
    { dependency: 'redis', error: undefined, tookMs: 4 },
    { dependency: 'redis', error: 'redis.unavailable', tookMs: 0 },
    { dependency: 'redis', error: undefined, tookMs: 0 },
  ]);
});

test('an answer that says of itself that it is none is a failure, though nothing was thrown', async () => {
  const { traces, named } = setUp();
  const toldOf = (status: number) => ({ status, error: status < 300 ? undefined : 'webhook.refused' });
  const asked = { dependency: 'webhook', operation: 'deliver_words', url: 'https://x.test', sessionId: 's' } as const;
  assert.equal(await traces.client({ ...asked, toldOf }, async () => 503), 503);
  const span = named('webhook deliver_words');
  assert.deepEqual([span.error, span.attributes[ATTRIBUTE.httpStatus]], ['webhook.refused', 503]);
});

test('where nobody wants traces the work is done all the same', async () => {
  const work = () => noCallTraces.within('s', 'work', () => noCallTraces.client(ACS, async () => 'done'));
  assert.equal(await noCallTraces.request(REQUEST, work), 'done');
  assert.equal(await noCallTraces.requestOf('s', work), 'done');
  assert.equal(noCallTraces.traceId, undefined);
});
