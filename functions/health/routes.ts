import type { Answer } from '../../shared/http/route.ts';
import { health, readiness } from '../../shared/http/routes/health.ts';
import { readVersion } from '../../shared/version.ts';
import { functionRoute } from '../http/route.ts';

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

/** Whether the dependencies answer. 503 where one fails that calls cannot do without. */
export const readinessRoute = functionRoute(readiness, async (_, parts) => {
  const report = await parts.readiness.check();
  return {
    status: report.status === 'unhealthy' ? 503 : 200,
    body: { ...report, checks: [...report.checks], timestamp: parts.clock.wallMs() / 1000, event_system: null },
  };
});

const version = readVersion();
