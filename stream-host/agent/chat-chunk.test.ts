import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CallAssembly } from './call-assembly.ts';
import { readChunk } from './chat-chunk.ts';

const delta = (delta: unknown, more: object = {}) => readChunk({ choices: [{ index: 0, delta, ...more }] });
const callsOf = (...chunks: readonly unknown[]) => {
  const assembly = new CallAssembly();
  for (const chunk of chunks) assembly.add(delta({ tool_calls: chunk }).calls);
  return assembly.finished.map(({ name, argumentText }) => `${name}${argumentText}`);
};
const part = (name: string | undefined, args: unknown, more: object = {}) => ({
  ...more,
  type: 'function',
  function: { ...(name && { name }), arguments: args },
});

test('text is read from whatever a server puts it in (model-filter-chunk-without-delta, speech-reads-markup)', () => {
  const thinking = [{ type: 'thinking', thinking: [{ type: 'text', text: 'hm' }] }];
  assert.equal(delta({ content: 'Hi.' }).text, 'Hi.');
  assert.equal(delta({ content: [{ type: 'text', text: 'Hi.' }] }).text, 'Hi.');
  assert.equal(delta({ content: { type: 'output_text', text: { value: 'Hi.' } } }).text, 'Hi.');
  assert.equal(delta({ content: thinking }).text, '');
  assert.equal(delta({ reasoning_content: 'hm' }).text, '');
  assert.equal(delta({ refusal: 'I cannot.' }).text, 'I cannot.');
  assert.equal(readChunk({ choices: [{ message: { content: 'Hi.' }, finish_reason: 'stop' }] }).text, 'Hi.');
  for (const nothing of [null, 5, 'x', [], {}, { choices: null }, { choices: [] }, { choices: [{ index: 0 }] }]) {
    assert.deepEqual([readChunk(nothing).text, readChunk(nothing).calls], ['', []]);
  }
  assert.equal(delta(null, { finish_reason: 'stop' }).finishReason, 'stop');
  assert.equal(delta({}, { finish_reason: '' }).finishReason, undefined);
});

test('anything at all can be read', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => typeof readChunk({ choices: [{ delta: value }] }).text === 'string'),
  );
});

test('parallel calls are told apart by index, by id, or by being whole (tools-parallel-without-index)', () => {
  const both = ['a{"x":1}', 'b{}'];
  assert.deepEqual(
    callsOf([part('a', '{"x":1}', { index: 0, id: '1' })], [part('b', '{}', { index: 0, id: '2' })]),
    both,
  );
  assert.deepEqual(callsOf([part('a', '{"x":1}', { id: '1' }), part('b', '{}', { id: '2' })]), both);
  assert.deepEqual(callsOf([part('a', { x: 1 }), part('b', {})]), both);
  assert.deepEqual(callsOf([part('a', '{"x":1}', { index: 0 })], [part('b', '{}', { index: 0 })]), both);
  const cut = [part('a', '', { index: 0, id: '1' }), part('b', '', { index: 1, id: '1' })];
  const rest = [
    part(undefined, '{"x"', { index: 0 }),
    part(undefined, '{}', { index: 1 }),
    part(undefined, ':1}', { index: 0 }),
  ];
  assert.deepEqual(callsOf(cut, rest), both);
  assert.deepEqual(callsOf([part('a', '{"x"', { id: '1' })], [part('a', ':1}', { id: '1' })]), ['a{"x":1}']);
  assert.deepEqual(callsOf([part('a', '{"x"')], [part(undefined, ':1}')]), ['a{"x":1}']);
  assert.deepEqual(callsOf([part('a', '{}', { id: '1' })], [part('a', '{}', { id: '2' })]), ['a{}', 'a{}']);
});

test('a chunk that is nested without end has no text and no arguments, and does no harm (fuzz)', () => {
  const deep = JSON.parse(`${'['.repeat(50_000)}"x"${']'.repeat(50_000)}`);
  assert.equal(readChunk({ choices: [{ delta: { content: deep } }] }).text, '');
  const [call] = readChunk({
    choices: [{ delta: { tool_calls: [{ function: { name: 'n', arguments: deep } }] } }],
  }).calls;
  assert.equal(call?.argumentText, '');
});
