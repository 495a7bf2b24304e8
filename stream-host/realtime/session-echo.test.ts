import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences } from './session-echo.ts';

test('an echo that means the same is no difference', () => {
  const asked = {
    modalities: ['text', 'audio'],
    voice: 'ava',
    turn_detection: { threshold: 0.4, silence_duration_ms: 500 },
    tools: [
      { type: 'function', name: 'b' },
      { type: 'mcp', server_label: 'a', authorization: 'secret' },
    ],
  };
  const got = {
    id: 'session-1',
    modalities: ['audio', 'text'],
    voice: { type: 'openai', name: 'ava' },
    turn_detection: { threshold: 0.4000000059604645, silence_duration_ms: 500, extra: true },
    tools: [
      { type: 'mcp', server_label: 'a' },
      { type: 'function', name: 'b', strict: true },
    ],
  };
  assert.deepEqual(differences(asked, got), []);
});

test('what differs, or is not there, is told with its place; of tools their names alone', () => {
  const asked = { turn_detection: { type: 'server_vad', threshold: 0.4 }, temperature: 0.7, tools: [{ name: 'a' }] };
  const got = { turn_detection: { type: 'none', threshold: 0.4 }, tools: [] };
  assert.deepEqual(differences(asked, got), [
    { field: 'turn_detection.type', asked: 'server_vad', got: 'none' },
    { field: 'temperature', asked: 0.7, got: undefined },
    { field: 'tools', asked: ['a'], got: [] },
  ]);
  assert.deepEqual(differences({ turn_detection: { type: 'x' } }, { turn_detection: null }), [
    { field: 'turn_detection', asked: { type: 'x' }, got: null },
  ]);
});
