/**
 * Whether a call has a session with its service. One that is lost is replaced at once, one that will expire in time and
 * between two turns; a service that fails again and again is given up.
 */
export type LinkState =
  /** No session serves; one is being opened. `lostAtMs`: since when, in a call that had one. */
  | (Trials & { readonly name: 'opening'; readonly lostAtMs: number | undefined; readonly deadlineMs: number })
  /** Before it is tried again. */
  | (Trials & { readonly name: 'pausing'; readonly lostAtMs: number | undefined; readonly deadlineMs: number })
  /** `sinceMs`: when it took the place of a lost one; undefined for others. The deadline is when it must be renewed. */
  | (Serving & { readonly name: 'open'; readonly sinceMs: number | undefined })
  /** It serves, and the next is being opened, or waits for a moment between two turns: then it is known when that ends. */
  | (Serving & { readonly name: 'renewing'; readonly nextExpiresAtMs: number | undefined })
  | { readonly name: 'gone' };

interface Trials {
  /** When sessions failed that were to take a lost one's place, of late. */
  readonly failures: readonly number[];
}

interface Serving extends Trials {
  /** When the service will end the session that serves; infinite where it does not say. */
  readonly expiresAtMs: number;
  readonly deadlineMs: number;
}

export type LinkEvent =
  /** The session that was being opened is ready. The service will end it at `expiresAtMs`. */
  | { readonly type: 'ready'; readonly expiresAtMs: number }
  /** The session that serves, or the only one that was being opened, is over. */
  | { readonly type: 'lost'; readonly final: boolean }
  /** The next session, opened while one serves, is over. */
  | { readonly type: 'next-lost' }
  /** It is a moment between two turns. */
  | { readonly type: 'quiet' }
  | { readonly type: 'deadline' };

export type LinkEffect =
  | { readonly type: 'open' }
  /** The session that was being opened serves from now on. After an outage that began then; undefined without one. */
  | { readonly type: 'serve'; readonly lostAtMs: number | undefined }
  /** The session that serves is no more, or the one that was being opened. */
  | { readonly type: 'drop' }
  | { readonly type: 'drop-next' }
  | { readonly type: 'give-up' };

export interface LinkChange {
  readonly state: LinkState;
  readonly effects: readonly LinkEffect[];
}

const READY_WITHIN_MS = 3000;
/**
 * After the first failure it is tried again so much later, after the second one twice that: together longer than an outage of
 * a second. Each pause is longer or shorter by so much of it, so that calls that have lost it together do not come together.
 */
const PAUSE_MS = 500;
const JITTER = 0.2;
/**
 * The service is given up after so many new sessions have failed in so short a time; and after two, where these alone have
 * taken longer than all three do that are refused at once.
 */
const MOST_FAILURES = 3;
const FAILURES_WITHIN_MS = 10_000;
const TRIED_FOR_MS = 2000;
/** A session is renewed so long before it expires, at the first moment between two turns, and at the latest so late. */
const RENEW_BEFORE_MS = 60_000;
const SWAP_BEFORE_MS = 4000;
const NEXT_TRY_MS = 5000;
/** A session that would be over sooner is one of which the service's clock, or ours, is wrong: it lasts until it is lost. */
const LEAST_LIFE_MS = 2000;

/** At the beginning of a call. */
export const openingLink = (nowMs: number): LinkState => ({
  name: 'opening',
  failures: [],
  lostAtMs: undefined,
  deadlineMs: nowMs + READY_WITHIN_MS,
});

/**
 * Pure: the next state, and what must be done.
 * @param chance between 0 and 1, for the jitter of a pause
 */
export function linkAfter(state: LinkState, event: LinkEvent, nowMs: number, chance: number): LinkChange {
  switch (state.name) {
    case 'gone':
      return stay(state);
    case 'opening':
      return whileOpening(state, event, nowMs, chance);
    case 'pausing':
      if (event.type !== 'deadline') return stay(state);
      return {
        state: { ...state, name: 'opening', deadlineMs: nowMs + READY_WITHIN_MS },
        effects: [{ type: 'open' }],
      };
    case 'open':
      return whileOpen(state, event, nowMs, chance);
    case 'renewing':
      return whileRenewing(state, event, nowMs);
  }
}

function whileOpening(
  state: Extract<LinkState, { name: 'opening' }>,
  event: LinkEvent,
  nowMs: number,
  chance: number,
): LinkChange {
  const { lostAtMs, failures } = state;
  switch (event.type) {
    case 'ready':
      return {
        state: open(failures, lostAtMs === undefined ? undefined : nowMs, event.expiresAtMs, nowMs),
        effects: [{ type: 'serve', lostAtMs }],
      };
    case 'lost':
    case 'deadline': {
      if (event.type === 'lost' && event.final) return giveUp();
      // The first session of a call is no replacement: it takes nobody's trial away.
      const isTrial = lostAtMs !== undefined;
      return again(isTrial ? [...failures, nowMs] : failures, lostAtMs ?? nowMs, nowMs, chance);
    }
    default:
      return stay(state);
  }
}

function whileOpen(
  state: Extract<LinkState, { name: 'open' }>,
  event: LinkEvent,
  nowMs: number,
  chance: number,
): LinkChange {
  switch (event.type) {
    case 'lost': {
      if (event.final) return giveUp();
      const isFailure = state.sinceMs !== undefined && nowMs - state.sinceMs < FAILURES_WITHIN_MS;
      return again(isFailure ? [...state.failures, nowMs] : state.failures, nowMs, nowMs, chance);
    }
    case 'deadline':
      return {
        state: {
          name: 'renewing',
          failures: state.failures,
          expiresAtMs: state.expiresAtMs,
          nextExpiresAtMs: undefined,
          deadlineMs: nowMs + READY_WITHIN_MS,
        },
        effects: [{ type: 'open' }],
      };
    default:
      return stay(state);
  }
}

function whileRenewing(state: Extract<LinkState, { name: 'renewing' }>, event: LinkEvent, nowMs: number): LinkChange {
  const { failures, expiresAtMs, nextExpiresAtMs } = state;
  const retry: LinkState = { name: 'open', failures, sinceMs: undefined, expiresAtMs, deadlineMs: nowMs + NEXT_TRY_MS };
  switch (event.type) {
    case 'ready': {
      const leftMs = expiresAtMs - nowMs;
      const latestMs = expiresAtMs - Math.min(SWAP_BEFORE_MS, leftMs / 4);
      return stay({ ...state, nextExpiresAtMs: event.expiresAtMs, deadlineMs: latestMs });
    }
    case 'next-lost':
      return stay(retry);
    case 'quiet':
    case 'deadline':
      if (nextExpiresAtMs !== undefined) {
        return {
          state: open(failures, undefined, nextExpiresAtMs, nowMs),
          effects: [{ type: 'drop' }, { type: 'serve', lostAtMs: undefined }],
        };
      }
      return event.type === 'quiet' ? stay(state) : { state: retry, effects: [{ type: 'drop-next' }] };
    case 'lost':
      if (nextExpiresAtMs !== undefined) {
        return {
          state: open(failures, nowMs, nextExpiresAtMs, nowMs),
          effects: [{ type: 'drop' }, { type: 'serve', lostAtMs: nowMs }],
        };
      }
      // The next one is on its way already.
      return {
        state: { name: 'opening', failures, lostAtMs: nowMs, deadlineMs: nowMs + READY_WITHIN_MS },
        effects: [{ type: 'drop' }],
      };
  }
}

function open(failures: readonly number[], sinceMs: number | undefined, saidMs: number, nowMs: number): LinkState {
  const expiresAtMs = saidMs - nowMs < LEAST_LIFE_MS ? Number.POSITIVE_INFINITY : saidMs;
  // Of a session that lives for less than twice the margin, half its life.
  const deadlineMs = expiresAtMs - Math.min(RENEW_BEFORE_MS, (expiresAtMs - nowMs) / 2);
  return { name: 'open', failures, sinceMs, expiresAtMs, deadlineMs };
}

/** Another session, at once where none has failed of late; none where enough have. */
function again(failures: readonly number[], lostAtMs: number, nowMs: number, chance: number): LinkChange {
  const recent = failures.filter((atMs) => nowMs - atMs < FAILURES_WITHIN_MS);
  const [firstMs = nowMs, second] = recent;
  const tookLong = second !== undefined && nowMs - firstMs > TRIED_FOR_MS;
  if (recent.length >= MOST_FAILURES || tookLong) return giveUp();
  const drop: LinkEffect[] = [{ type: 'drop' }, { type: 'drop-next' }];
  if (recent.length > 0) {
    const pauseMs = Math.round(PAUSE_MS * 2 ** (recent.length - 1) * (1 - JITTER + 2 * JITTER * chance));
    return {
      state: { name: 'pausing', failures: recent, lostAtMs, deadlineMs: nowMs + pauseMs },
      effects: drop,
    };
  }
  return {
    state: { name: 'opening', failures: recent, lostAtMs, deadlineMs: nowMs + READY_WITHIN_MS },
    effects: [...drop, { type: 'open' }],
  };
}

function giveUp(): LinkChange {
  return { state: { name: 'gone' }, effects: [{ type: 'drop' }, { type: 'drop-next' }, { type: 'give-up' }] };
}

const stay = (state: LinkState): LinkChange => ({ state, effects: [] });
