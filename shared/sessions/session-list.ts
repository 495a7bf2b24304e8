import { ParleyError } from '../errors.ts';
import type { Session } from './session.ts';
import { readRedis } from './session-errors.ts';
import { fits, type IndexEntry, type IndexRange, type SessionFilter, type SessionIndex } from './session-index.ts';

export interface SessionPage extends SessionFilter {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** How many sessions to leave out before the page begins. */
  readonly skip?: number | undefined;
}

const MAX_PAGE = 100;
/** How many entries one request reads where most of them are of sessions that are gone, or fit only one of its filters. */
const MAX_SCANNED = 1000;
/** So many are read at once where few of them may fit. */
const MIXED_BATCH = 250;
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
    let { cursor } = page;
    let range = await readRedis(() => this.#index.range(page, cursor));
    // One more than a page, to know whether there is a next one.
    const batch = range.isMixed ? MIXED_BATCH : limit + 1;
    // Where every entry fits, those that are left out need not be read.
    let [entriesOut, sessionsOut] = range.isMixed ? [0, page.skip ?? 0] : [page.skip ?? 0, 0];
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += batch) {
      const entries = await readRedis(() => this.#index.entries(range, batch, entriesOut));
      entriesOut = 0;
      for await (const [session, entry] of this.#fitting(entries, range, page, limit + 1)) {
        if (sessionsOut-- > 0) continue;
        if (sessions.length === limit) return { sessions, ...(cursor !== undefined && { cursor }) };
        sessions.push(session);
        cursor = entry.cursor;
      }
      if (entries.length < batch) return { sessions };
      cursor = entries.at(-1)?.cursor;
      if (cursor !== undefined) range = this.#index.after(range, cursor);
    }
    return { sessions, ...(cursor !== undefined && { cursor }) };
  }

  /** The sessions of entries that fit, read a few at a time. */
  async *#fitting(
    read: readonly IndexEntry[],
    range: IndexRange,
    filter: SessionFilter,
    atOnce: number,
  ): AsyncGenerator<[Session, IndexEntry]> {
    const entries = range.isMixed ? await readRedis(() => this.#index.fitting(read, filter)) : read;
    for (let start = 0; start < entries.length; start += atOnce) {
      const some = entries.slice(start, start + atOnce);
      const sessions = await this.#load(some, range, filter);
      for (const [i, entry] of some.entries()) {
        const session = sessions[i];
        if (session) yield [session, entry];
      }
    }
  }

  /** The sessions of index entries; undefined where there is none, none that can be read, or one that does not fit. */
  async #load(
    entries: readonly IndexEntry[],
    range: IndexRange,
    filter: SessionFilter,
  ): Promise<(Session | undefined)[]> {
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
      if (fits(session, filter)) return session;
      const { status } = filter;
      if (status !== undefined && session.status !== status) {
        await readRedis(() => this.#index.leave(status, session.id, session.createdAt));
      }
      return undefined;
    });
    const sessions = await Promise.all(loaded);
    await readRedis(() => this.#index.remove(gone, range));
    return sessions;
  }
}
