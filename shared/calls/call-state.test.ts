import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ACS_EVENTS, readAcsEvent } from '../carrier/acs/acs-events.ts';
import type { CallEvent, CallEventKind } from '../carrier/call-events.ts';
import type { Session, SessionStatus } from '../sessions/session.ts';
import { isOver, nextState } from './call-state.ts';
import { consequencesOf } from './handlers/handlers.ts';

const statuses: SessionStatus[] = ['initiating', 'ringing', 'connected', 'disconnected', 'failed'];
const status = fc.constantFrom(...statuses);
const type = fc.oneof(
  fc.constantFrom('CallConnected', 'MediaStreamingStarted', 'CallDisconnected', 'CreateCallFailed', 'AnswerFailed'),
  fc.constantFrom(...ACS_EVENTS),
  fc.string(),
);

/** An event as ACS would send it. */
function event(name: string, at: number): CallEvent {
  const data = { callConnectionId: 'connection', serverCallId: 'server' };
  const read = readAcsEvent({ id: `${name}-${at}`, type: `Microsoft.Communication.${name}`, data }, at);
  assert.ok(read);
  return read;
}
const kindOf = (name: string): CallEventKind => event(name, 0).kind;

const session: Session = {
  id: 'session',
  version: 1,
  channel: 'phone',
  direction: 'inbound',
  mode: 'media',
  agent: 'orders',
  status: 'ringing',
  createdAt: 0,
};

function after(start: Session, events: readonly CallEvent[]): Session {
  const current = { ...start };
  for (const each of events) Object.assign(current, consequencesOf(current, each).patch);
  return current;
}

test('the plain way of a call', () => {
  assert.equal(nextState('ringing', 'connected'), 'connected');
  assert.equal(nextState('connected', 'ended'), 'disconnected');
  assert.equal(nextState('initiating', 'failed'), 'failed');
  assert.equal(nextState('connected', 'participants'), 'connected');
});

test('a call whose media streams stands, though nobody said that it has connected', () => {
  const { status: state, connectedAt } = after(session, [event('MediaStreamingStarted', 7)]);
  assert.deepEqual([state, connectedAt], ['connected', 7]);
  assert.equal(after(session, [event('MediaStreamingStarted', 7), event('CallConnected', 5)]).connectedAt, 5);
});

test('nothing revives a call that is over', () => {
  fc.assert(
    fc.property(status.filter(isOver), type, (over, eventType) => {
      assert.ok(isOver(nextState(over, kindOf(eventType))));
    }),
  );
});

test('the same events end in the same state, whatever their order and however often they come', () => {
  const deliveries = fc.array(type, { maxLength: 8 }).chain((types) => {
    const events = types.map((each, i) => event(each, 1_000 + i));
    const repeated = fc.shuffledSubarray([...events, ...events], { minLength: events.length * 2 });
    return fc.tuple(fc.constant(events), repeated);
  });
  fc.assert(
    fc.property(status, deliveries, (start, [inOrder, anyOrder]) => {
      const expected = after({ ...session, status: start }, inOrder);
      const actual = after({ ...session, status: start }, anyOrder);
      assert.equal(actual.status, expected.status);
      assert.equal(actual.endedAt === undefined, expected.endedAt === undefined);
      assert.equal(actual.connectedAt, expected.connectedAt);
      assert.equal(actual.callConnectionId, expected.callConnectionId);
    }),
  );
});

test('a reason that was set on purpose stays', () => {
  const ended = after({ ...session, status: 'connected', endReason: 'goodbye' }, [event('CallDisconnected', 5)]);
  assert.deepEqual([ended.status, ended.endedAt, ended.endReason], ['disconnected', 5, 'goodbye']);
});

test('an event that says nothing new changes nothing', () => {
  const once = after(session, [event('CallConnected', 1)]);
  assert.equal(consequencesOf(once, event('CallConnected', 2)).patch, undefined);
});

test('media that ends since the call was handed on is no loss', () => {
  const handedOn = after({ ...session, status: 'connected' }, [event('CallTransferAccepted', 3)]);
  assert.equal(handedOn.endReason, 'transferred');
  assert.equal(consequencesOf(handedOn, event('MediaStreamingStopped', 4)).follow, undefined);
});
