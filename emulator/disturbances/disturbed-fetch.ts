import { wait } from '../wait.ts';
import type { Disturbances } from './disturbances.ts';

/** How the emulator asks the application. */
export type Fetch = (url: string, request: RequestInit & { readonly signal: AbortSignal }) => Promise<Response>;

/**
 * The functions, as Event Grid and ACS find them: late, away or unwilling as long as somebody who calls wants to hear it.
 * @throws what `fetch` throws
 */
export const disturbedFetch =
  (disturbances: Disturbances): Fetch =>
  async (url, request) => {
    const fault = disturbances.at('functions');
    if (fault === undefined) return fetch(url, request);
    fault.count.felt += 1;
    switch (fault.fault) {
      case 'slow':
        await wait(disturbances.clock, fault.amountMs, request.signal);
        return fetch(url, request);
      case 'throttled':
        return new Response(null, {
          status: 429,
          headers: { 'retry-after': String(Math.ceil(fault.amountMs / 1000)) },
        });
      case 'refused':
        return new Response(null, { status: 401 });
      case 'silent':
        await wait(disturbances.clock, LONGER_THAN_ANYBODY_WAITS_MS, request.signal);
        throw new Error('No answer came.');
      default:
        throw new Error('The connection was refused.');
    }
  };

const LONGER_THAN_ANYBODY_WAITS_MS = 600_000;
