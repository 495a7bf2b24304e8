import type { Answer } from '../../shared/http/route.ts';
import { health, healthDependencies, places, readiness } from '../../shared/http/routes/health.ts';
import { readVersion } from '../../shared/version.ts';
import { functionRoute } from '../http/route.ts';
import { readinessOf } from './readiness.ts';

/** This process answers. Asks nobody else. */
export const healthRoute = functionRoute(
  health,
  async (_, { clock }): Promise<Answer<typeof health>> => ({
    status: 200,
    body: {
      status: 'healthy',
      version,
      timestamp: clock.wallMs() / 1000,
      message: 'Parley functions are running',
      details: { api_version: 'v1', service: 'parley-functions' },
      active_sessions: null,
      session_metrics: null,
    },
  }),
);

/** Whether calls can be taken; 503 where not. Whoever asks learns no more: the shape is that of the old API. */
export const readinessRoute = functionRoute(readiness, async (_, { dependencies: board, tokens, clock }) => {
  const status = readinessOf(board, () => tokens.hasKeys);
  return {
    status: status === 'unhealthy' ? 503 : 200,
    body: { status, response_time_ms: 0, checks: [], timestamp: clock.wallMs() / 1000, event_system: null },
  };
});

/** How each service stands to the functions. */
export const dependenciesRoute = functionRoute(healthDependencies, async (_, { dependencies: board, tokens }) => ({
  status: 200,
  body: { status: readinessOf(board, () => tokens.hasKeys), problems: [], dependencies: board.reports() },
}));

/** What the stream hosts are scaled by. They could not tell it themselves when all of them are full. */
export const placesRoute = functionRoute(places, async (_, { taken }) => ({
  status: 200,
  body: { taken: await taken.count() },
}));

const version = readVersion();
