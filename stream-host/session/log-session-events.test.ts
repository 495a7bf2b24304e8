import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { VirtualClock } from '../../shared/virtual-clock.ts';
import { SessionEvents } from '../dialogue/session-events.ts';
import { logSessionEvents } from './log-session-events.ts';

test('a tool that the model has made up stands in the log without its name; one that there is, with it', () => {
  const lines: string[] = [];
  const events = new SessionEvents(new VirtualClock());
  logSessionEvents(events, pino({}, { write: (line: string) => void lines.push(line) }), false);
  const ended = { turn: 1, elapsedMs: 0, result: null };
  const call = { callId: 'tool-1', args: {} };
  events.emit('toolEnded', { ...ended, call: { ...call, name: 'look_up_order' }, error: 'failed: no answer' });
  events.emit('toolEnded', {
    ...ended,
    call: { ...call, name: 'call_annabel' },
    error: 'unknown_tool: There is no tool "call_annabel".',
  });
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).tool),
    ['look_up_order', 'unknown'],
  );
  assert.doesNotMatch(lines.join(), /annabel/);
});
