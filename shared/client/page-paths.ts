import type { listAgents } from '../http/routes/agents.ts';
import type { healthDependencies } from '../http/routes/health.ts';
import type { listModes } from '../http/routes/modes.ts';
import type { pageSettings } from '../http/routes/realtime.ts';
import type { makeTicket } from '../http/routes/tickets.ts';
import type { PathsOf } from './route-paths.ts';

/** What our own page asks for. A browser loads no package, so it has types alone of the client. */
export type PagePaths = PathsOf<
  typeof listAgents | typeof listModes | typeof pageSettings | typeof healthDependencies | typeof makeTicket
>;
