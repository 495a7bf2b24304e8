import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../../shared/sessions/session.ts';
import { callView } from './call-view.ts';

const session: Session = {
  ...{ id: 'a-session', version: 1, channel: 'browser', direction: 'inbound', mode: 'media', agent: 'orders' },
  ...{ status: 'connected', createdAt: 1000, connectedAt: 5000, endedAt: 4000 },
};

test('a browser’s session that goes on after its line was lost lasts, and has no end (close reading 9: 0 s, and when it had been lost)', () => {
  const view = callView(session, [], 9000);
  assert.deepEqual([view.duration, view.ended_at, view.end_reason], [4, null, null]);
  const over = callView({ ...session, status: 'disconnected', endedAt: 8000 }, [], 9000);
  assert.deepEqual([over.duration, over.ended_at], [3, '1970-01-01T00:00:08.000Z']);
});
