import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { z } from 'zod';
import type { Session, SessionEvent } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import type { Parts } from '../composition.ts';
import { validate } from '../http/request-body.ts';
import type { Route } from '../http/route.ts';
import { callDetail, callView } from './call-view.ts';
import { findSession } from './find-session.ts';

/** `GET calls`: the index, newest first. */
export const listCallsRoute: Route = {
  name: 'calls-list',
  methods: ['GET'],
  path: 'calls',
  access: 'function',
  handle: listCalls,
};

/** `GET calls/{id}`: one call with its timeline and transcript, by the id of the session or of the call connection. */
export const readCallRoute: Route = {
  name: 'calls-read',
  methods: ['GET'],
  path: 'calls/{id}',
  access: 'function',
  handle: readCall,
};

/** A page by number costs what it leaves out, so they end somewhere. A cursor goes on from where it stands. */
const MAX_PAGE = 50;
const LISTED_EVENTS = 20;
const TIMELINE_EVENTS = 1_000;

const status = z.enum(['initiating', 'ringing', 'connected', 'disconnected', 'failed']);
const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(10),
  cursor: z.string().min(1).max(200).exactOptional(),
  status: status.exactOptional(),
  /** The old API's name for it. */
  status_filter: status.exactOptional(),
  page: z.coerce.number().int().min(1).max(MAX_PAGE, `at most ${MAX_PAGE}; use the cursor to go further`).default(1),
});
type ListQuery = z.infer<typeof listQuery>;

async function listCalls(request: HttpRequest, { store }: Parts): Promise<HttpResponseInit> {
  const query = validate(listQuery, Object.fromEntries(request.query));
  const { sessions, cursor } = await readPage(store, query);
  const events = await Promise.all(sessions.map((session) => store.events(session.id, { limit: LISTED_EVENTS })));
  const now = Date.now();
  return {
    jsonBody: {
      calls: sessions.map((session, i) => callView(session, events[i] ?? [], now)),
      page: query.page,
      limit: query.limit,
      cursor: cursor ?? null,
    },
  };
}

function readPage(store: SessionStore, query: ListQuery): Promise<{ sessions: Session[]; cursor?: string }> {
  const status = query.status ?? query.status_filter;
  return store.list({
    limit: query.limit,
    skip: (query.page - 1) * query.limit,
    ...(query.cursor !== undefined && { cursor: query.cursor }),
    ...(status !== undefined && { status }),
  });
}

async function readCall(request: HttpRequest, { store }: Parts): Promise<HttpResponseInit> {
  const session = await findSession(store, request.params.id ?? '');
  const events: SessionEvent[] = await store.events(session.id, { limit: TIMELINE_EVENTS });
  const history = await store.history(session.id);
  return { jsonBody: callDetail(session, events, history, Date.now()) };
}
