import { readVersion } from '../../shared/version.ts';
import type { Route } from '../http/route.ts';

/** `GET health`: this process answers. Asks nobody else. */
export const healthRoute: Route = {
  name: 'health',
  methods: ['GET'],
  path: 'health',
  access: 'anonymous',
  handle: async () => ({
    headers: { 'cache-control': 'no-store' },
    jsonBody: {
      status: 'healthy',
      version,
      timestamp: Date.now() / 1000,
      message: 'Parley functions are running',
      details: { api_version: 'v1', service: 'parley-functions' },
      active_sessions: null,
      session_metrics: null,
    },
  }),
};

/** `GET readiness`: whether the dependencies answer. 503 where one fails that nothing works without. */
export const readinessRoute: Route = {
  name: 'readiness',
  methods: ['GET'],
  path: 'readiness',
  access: 'anonymous',
  handle: async (_, { readiness }) => {
    const report = await readiness.check();
    return {
      status: report.status === 'unhealthy' ? 503 : 200,
      headers: { 'cache-control': 'no-store' },
      jsonBody: { ...report, timestamp: Date.now() / 1000, event_system: null },
    };
  },
};

const version = readVersion();
