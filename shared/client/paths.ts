import type { RouteTable } from '../http/routes/all.ts';
import type { PathsOf } from './route-paths.ts';

/**
 * The routes as `openapi-fetch` wants them, straight from the table that parses requests and makes the reference: nothing is
 * generated, so nothing can be out of date. Webhooks, which Azure calls, are left out.
 */
export type Paths = PathsOf<Exclude<RouteTable[number], { readonly access: 'event-grid' | 'acs-token' }>>;
