import { ParleyError } from '../errors.ts';
import type { Session, SessionStatus } from './session.ts';
import { readRedis } from './session-errors.ts';
import type { IndexEntry, SessionIndex } from './session-index.ts';

export interface SessionPage {
  readonly limit: number;
  readonly cursor?: string;
  readonly status?: SessionStatus;
  /** How many sessions to leave out before the page begins. */
  readonly skip?: number;
}

const MAX_PAGE = 100;
/** How many entries one request reads where most of them are of sessions that are gone. */
const MAX_SCANNED = 1000;
/** A session is in the index a moment before it exists. */
const CREATION_GRACE_MS = 60_000;

interface SessionListOptions {
  readonly index: SessionIndex;
  readonly read: (id: string) => Promise<Session | undefined>;
  readonly now: () => number;
}

/** The sessions page by page: what the index names, as far as it is there. */
export class SessionList {
  readonly #index: SessionIndex;
  readonly #read: SessionListOptions['read'];
  readonly #now: () => number;

  constructor(options: SessionListOptions) {
    this.#index = options.index;
    this.#read = options.read;
    this.#now = options.now;
  }

  /** As `SessionStore.list` says. */
  async page(page: SessionPage): Promise<{ sessions: Session[]; cursor?: string }> {
    const limit = Math.min(Math.max(1, page.limit), MAX_PAGE);
    const sessions: Session[] = [];
    let { cursor, skip = 0 } = page;
    // One more than a page, to know whether there is a next one.
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += limit + 1) {
      const from = { ...(cursor !== undefined && { cursor }), ...(page.status && { status: page.status }), skip };
      const entries = await readRedis(() => this.#index.entries(limit + 1, from));
      const found = await this.#load(entries, page.status);
      for (const [i, entry] of entries.entries()) {
        const session = found[i];
        if (!session) continue;
        if (sessions.length === limit) return { sessions, ...(cursor !== undefined && { cursor }) };
        sessions.push(session);
        cursor = entry.cursor;
      }
      if (entries.length <= limit) return { sessions };
      cursor = entries.at(-1)?.cursor;
      skip = 0;
    }
    return { sessions, ...(cursor !== undefined && { cursor }) };
  }

  /** The sessions of index entries; undefined where there is none, none that can be read, or one of another status. */
  async #load(entries: readonly IndexEntry[], status: SessionStatus | undefined): Promise<(Session | undefined)[]> {
    const gone: IndexEntry[] = [];
    const loaded = entries.map(async (entry) => {
      const session = await this.#read(entry.id).catch((error: unknown) => {
        if (error instanceof ParleyError && error.status !== 503) return 'unreadable' as const;
        throw error;
      });
      if (session === 'unreadable') return undefined;
      // An id that was taken leaves an entry of another time behind.
      if (session?.createdAt !== entry.createdAt) {
        if (entry.createdAt < this.#now() - CREATION_GRACE_MS) gone.push(entry);
        return undefined;
      }
      if (status === undefined || session.status === status) return session;
      await readRedis(() => this.#index.leave(status, session.id, session.createdAt));
      return undefined;
    });
    const sessions = await Promise.all(loaded);
    await readRedis(() => this.#index.remove(gone, status));
    return sessions;
  }
}
