import { closeTrouble, type TroubleName } from './trouble.ts';

/** The state of the page's line to the server, whatever happens to the socket underneath. */
export type Connection =
  | { readonly name: 'idle' }
  /** `attempt` counts the tries since the line last stood. */
  | { readonly name: 'connecting'; readonly attempt: number; readonly trouble?: TroubleName }
  | { readonly name: 'open' }
  | { readonly name: 'waiting'; readonly attempt: number; readonly trouble: TroubleName; readonly retryInMs: number }
  /** Over. Without trouble it ended as it should. `reason`: what the server said of it. */
  | { readonly name: 'closed'; readonly trouble?: TroubleName; readonly reason?: string };

export type ConnectionEvent =
  | { readonly name: 'start' }
  /** The server said `session_ready`. */
  | { readonly name: 'ready' }
  /** `random`: 0 to 1, spreads the pages that lost the same server over time. */
  | { readonly name: 'lost'; readonly code: number; readonly reason?: string; readonly random: number }
  | { readonly name: 'retry' }
  | { readonly name: 'stop' };

const FIRST_RETRY_MS = 400;
const LONGEST_RETRY_MS = 10_000;
/** About half an hour of trying. */
const MOST_ATTEMPTS = 180;

/** Pure: the state after an event. An event that means nothing in a state leaves it as it is. */
export function nextConnection(state: Connection, event: ConnectionEvent): Connection {
  switch (event.name) {
    case 'start':
      return state.name === 'idle' || state.name === 'closed' ? { name: 'connecting', attempt: 1 } : state;
    case 'ready':
      return state.name === 'connecting' ? { name: 'open' } : state;
    case 'retry':
      return state.name === 'waiting'
        ? { name: 'connecting', attempt: state.attempt + 1, trouble: state.trouble }
        : state;
    case 'stop':
      return state.name === 'idle' || state.name === 'closed' ? state : { name: 'closed' };
    case 'lost':
      return afterLoss(state, event);
  }
}

function afterLoss(
  state: Connection,
  { code, reason, random }: Extract<ConnectionEvent, { name: 'lost' }>,
): Connection {
  if (state.name !== 'connecting' && state.name !== 'open') return state;
  const loss = closeTrouble(code);
  if (loss === undefined) return { name: 'closed' };
  const neverStood = state.name === 'connecting' && state.trouble === undefined;
  const trouble = loss.trouble === 'connection-lost' && neverStood ? 'server-down' : loss.trouble;
  const attempt = state.name === 'connecting' ? state.attempt : 0;
  if (!loss.retry || attempt >= MOST_ATTEMPTS) return { name: 'closed', trouble, ...(reason && { reason }) };
  return { name: 'waiting', attempt, trouble, retryInMs: retryDelayMs(attempt, random) };
}

/** Doubles with each attempt up to ten seconds, give or take a fifth. */
export function retryDelayMs(attempt: number, random: number): number {
  const base = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.8 + 0.4 * random));
}
