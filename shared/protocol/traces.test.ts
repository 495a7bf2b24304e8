import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ATTRIBUTE, SPAN } from '../telemetry/names.ts';
import { failureText, lengthText, partOf, roleText, type TraceSpan, titleOf, waterfallOf, whomText } from './traces.ts';

const span = (spanId: string, startMs: number, parentSpanId?: string, more: Partial<TraceSpan> = {}): TraceSpan => ({
  ...{ spanId, name: spanId, role: 'r', kind: 'internal', startMs, durationMs: 10, success: true, attributes: {} },
  ...(parentSpanId !== undefined && { parentSpanId }),
  ...more,
});

const drawn = (items: readonly TraceSpan[]) =>
  waterfallOf({ items, startMs: 100 }).map(
    ({ span, depth, offsetMs }) => `${'>'.repeat(depth)}${span.spanId}@${offsetMs}`,
  );

test('children stand under their parent by their start, and a span whose parent has not come at the top', () => {
  const items = [span('turn-2', 300, 'entry'), span('model', 210, 'turn-1'), span('turn-1', 200, 'entry')];
  assert.deepEqual(drawn([...items, span('lost', 250, 'crashed'), span('entry', 100)]), [
    'entry@0',
    '>turn-1@100',
    '>>model@110',
    '>turn-2@200',
    'lost@150',
  ]);
});

test('spans that are their own parents are shown once, however deep they lie', () => {
  assert.deepEqual(drawn([span('a', 100, 'b'), span('b', 101, 'a'), span('c', 102, 'c')]), ['c@2', 'a@0', '>b@1']);
  const chain = Array.from({ length: 20_000 }, (_, index) => span(`s${index}`, index, `s${index - 1}`));
  const rows = waterfallOf({ items: chain, startMs: 0 });
  assert.equal(rows.length, 20_000);
  assert.equal(rows.at(-1)?.depth, 12, 'deeper ones are not moved in further');
});

test('a span is told by what it is of', () => {
  const of = (name: string, more: Partial<TraceSpan> = {}) => partOf(span('x', 0, undefined, { name, ...more }));
  const client = (target: string, type = 'Http') => of('GET', { kind: 'client', type, target });
  assert.deepEqual(
    ['speech', 'openai', 'voice-live', 'realtime', 'acs', 'blob', 'webhook'].map((to) => client(to)),
    [...['speech', 'model', 'model', 'model', 'acs', 'storage', 'other']],
  );
  assert.equal(client('cache.example', 'redis'), 'redis');
  assert.deepEqual(
    ['parley.turn', 'parley.recognition', 'parley.synthesis', 'chat gpt-5'].map((name) => of(name)),
    [...['turn', 'speech', 'speech', 'model']],
  );
  assert.deepEqual(
    ['execute_tool order_status', 'parley.session'].map((name) => of(name)),
    ['tool', 'call'],
  );
});

test('lengths are short to read', () => {
  assert.deepEqual([0.42, 99.6, 1_234, 59_900, 185_400].map(lengthText), [
    '0.4 ms',
    '100 ms',
    '1.23 s',
    '59.9 s',
    '3:05 min',
  ]);
});

test('a dependency is called by what was asked of it, whatever its span is called, and a failure by its reason', () => {
  const attributes = {
    [ATTRIBUTE.dependency]: 'acs',
    [ATTRIBUTE.operation]: 'answer_call',
    [ATTRIBUTE.fault]: 'acs.busy',
  };
  assert.equal(titleOf({ name: 'POST /calling/callConnections:answer', attributes }), 'acs answer call');
  assert.equal(titleOf({ name: 'parley.session.opening', attributes: {} }), 'session.opening');
  assert.equal(titleOf({ name: SPAN.turn, attributes: { [ATTRIBUTE.turn]: '2' } }), 'turn 2');
  assert.equal(roleText('parley-stream-host'), 'stream host');
  const failed = span('x', 0, undefined, { success: false, resultCode: '429' });
  assert.deepEqual([failureText(failed), failureText({ ...failed, attributes })], ['failed: 429', 'failed: acs.busy']);
  assert.equal(failureText(span('x', 0)), '');
  assert.equal(whomText({ type: 'Http', target: 'speech' }), 'speech');
  assert.equal(whomText({ type: 'redis', target: 'cache' }), 'redis at cache');
});
