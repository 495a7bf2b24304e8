import type { Answer, Input } from '../../shared/http/route.ts';
import { listCalls, readCall } from '../../shared/http/routes/calls.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { SessionStore } from '../../shared/sessions/session-store.ts';
import type { Parts } from '../composition.ts';
import { functionRoute } from '../http/route.ts';
import { callDetail, callView } from './call-view.ts';
import { findSession } from './find-session.ts';

/** The index, newest first. */
export const listCallsRoute = functionRoute(listCalls, list);

/** One call with its timeline and transcript, by the id of the session or of the call connection. */
export const readCallRoute = functionRoute(readCall, read);

const LISTED_EVENTS = 20;
/** All that Redis keeps, which is about 1000: it drops whole nodes of a stream, of 100 entries at most. */
const TIMELINE_EVENTS = 1_100;

type ListQuery = Input<typeof listCalls>['query'];

async function list({ query }: Input<typeof listCalls>, { store, clock }: Parts): Promise<Answer<typeof listCalls>> {
  const { sessions, cursor } = await readPage(store, query);
  const events = await Promise.all(sessions.map((session) => store.events(session.id, { limit: LISTED_EVENTS })));
  const now = clock.wallMs();
  return {
    status: 200,
    body: {
      calls: sessions.map((session, i) => callView(session, events[i] ?? [], now)),
      page: query.page,
      limit: query.limit,
      cursor: cursor ?? null,
    },
  };
}

function readPage(store: SessionStore, query: ListQuery): Promise<{ sessions: Session[]; cursor?: string }> {
  const { limit, cursor, agent, number, from, to } = query;
  return store.list({
    ...{ limit, cursor, agent, number },
    skip: (query.page - 1) * limit,
    status: query.status ?? query.status_filter,
    fromMs: from === undefined ? undefined : Date.parse(from),
    toMs: to === undefined ? undefined : Date.parse(to),
  });
}

async function read(
  { params }: Input<typeof readCall>,
  { store, ledger, clock }: Parts,
): Promise<Answer<typeof readCall>> {
  const session = await findSession(store, params.id);
  const [events, history, operations] = await Promise.all([
    store.events(session.id, { limit: TIMELINE_EVENTS }),
    store.history(session.id),
    ledger.list(session.id),
  ]);
  return { status: 200, body: callDetail({ session, events, history, operations }, clock.wallMs()) };
}
