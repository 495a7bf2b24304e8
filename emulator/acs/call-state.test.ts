import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CALL_ENDS, type CallEvent, type CallState, nextState } from './call-state.ts';

const ORDER = ['ringing', 'connecting', 'connected', 'disconnecting', 'disconnected'];

const anyEvent: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.constant<CallEvent>({ type: 'accepted' }),
  fc.constant<CallEvent>({ type: 'established' }),
  fc.constant<CallEvent>({ type: 'released' }),
  fc.constantFrom(...Object.values(CALL_ENDS)).map((end): CallEvent => ({ type: 'ended', end })),
);
const anyStart = fc.constantFrom<CallState>({ name: 'ringing' }, { name: 'connecting' });

test('whatever happens in whatever order, a call only goes forward and keeps its first end', () => {
  fc.assert(
    fc.property(anyStart, fc.array(anyEvent, { maxLength: 20 }), (start, events) => {
      let state = start;
      let firstEnd: unknown;
      for (const event of events) {
        const next = nextState(state, event);
        assert.ok(ORDER.indexOf(next.name) >= ORDER.indexOf(state.name), `${state.name} went back to ${next.name}`);
        if (event.type === 'ended') firstEnd ??= event.end;
        if ('end' in next) {
          assert.equal(next.end, firstEnd);
          assert.equal(next.established, 'end' in state ? state.established : state.name === 'connected');
        }
        state = next;
      }
    }),
  );
});

test('a hang-up ends a call in every state that it can be in', () => {
  fc.assert(
    fc.property(anyStart, fc.array(anyEvent, { maxLength: 20 }), (start, events) => {
      const reached = events.reduce(nextState, start);
      const ended = nextState(nextState(reached, { type: 'ended', end: CALL_ENDS.phoneHungUp }), { type: 'released' });
      assert.equal(ended.name, 'disconnected');
    }),
  );
});
