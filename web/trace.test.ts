import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace, TraceSpan } from '../shared/protocol/traces.ts';
import { traceIdOf } from '../shared/telemetry/call-trace.ts';
import { describeTrace, factsOf, fetchTrace } from './trace.ts';

const span: TraceSpan = {
  ...{ spanId: 'a1', name: 'POST /x', role: 'parley-functions', kind: 'client', type: 'Http', target: 'acs' },
  ...{ startMs: 0, durationMs: 10, success: true, attributes: { 'parley.operation': 'answer_call', b: 2, a: true } },
};
const trace: Trace = {
  ...{
    traceId: traceIdOf('s1'),
    sessionId: 's1',
    name: 'x',
    startMs: 0,
    durationMs: 61_000,
    roles: ['parley-functions'],
  },
  ...{ spans: 450, failures: 2, items: [span], events: [] },
};

test('the page says how much there is, what failed, and what it does not draw', () => {
  const news = { name: 'found', trace, map: { edges: [] } } as const;
  assert.equal(describeTrace(news, 's1', 0), '450 spans · 1:01 min · 2 failed');
  assert.match(describeTrace(news, 's1', 50), / · the last 50 are not drawn: npm run trace -- s1$/);
});

test('where no emulator runs the page says where traces are, and asks nobody', async () => {
  const news = await fetchTrace(null, 's1');
  assert.match(describeTrace(news, 's1', 0), /Azure Monitor.*A call’s path.*s1/);
});

test('an emulator that does not answer is named, and one that knows nothing yet too', async () => {
  assert.match(describeTrace(await fetchTrace('http://127.0.0.1:1', 's1'), 's1', 0), /does not answer/);
  assert.match(describeTrace({ name: 'none' }, 's1', 0), /some seconds after its end/);
});

test('behind a row stands what the span is, then its attributes by name', () => {
  assert.deepEqual(
    factsOf(span).map(([name, value]) => `${name}=${value}`),
    [
      ...['name=POST /x', 'kind=client', 'target=acs, Http', 'started=1970-01-01T00:00:00.000Z', 'span=a1'],
      ...['a=true', 'b=2', 'parley.operation=answer_call'],
    ],
  );
});
