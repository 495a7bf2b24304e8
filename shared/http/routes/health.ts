import { z } from 'zod';
import { defineRoute } from '../route.ts';

export const health = defineRoute({
  name: 'health',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/health',
  access: 'anonymous',
  summary: 'Whether the functions answer',
  description: 'Asks nobody else.',
  answers: {
    200: z
      .object({
        status: z.literal('healthy'),
        version: z.string().meta({ example: '0.1.0' }),
        timestamp: z.number().describe('Seconds since 1970.').meta({ example: 1_780_047_000.25 }),
        message: z.string().meta({ example: 'Parley functions are running' }),
        details: z.object({
          api_version: z.string().meta({ example: 'v1' }),
          service: z.string().meta({ example: 'parley-functions' }),
        }),
        active_sessions: z.null(),
        session_metrics: z.null(),
      })
      .meta({ id: 'Health', description: 'They do.' }),
  },
  errors: [],
});

const readinessReport = z
  .object({
    status: z
      .enum(['ready', 'degraded', 'unhealthy'])
      .describe('`unhealthy`: something has failed that calls cannot do without. `degraded`: something else has.'),
    response_time_ms: z.int().meta({ example: 3 }),
    checks: z.array(
      z.object({
        component: z.string().meta({ example: 'redis' }),
        status: z.enum(['healthy', 'degraded', 'unhealthy']),
        check_time_ms: z.int().meta({ example: 2 }),
        code: z.string().optional().describe('Why it is not healthy: one of the stable error codes.'),
        error: z.string().optional().describe('What the code says. The log has the details.'),
        details: z.string().optional(),
      }),
    ),
    timestamp: z.number().describe('Seconds since 1970.').meta({ example: 1_780_047_000.25 }),
    event_system: z.null(),
  })
  .meta({ id: 'FunctionsReadiness', description: 'What each dependency answered.' });

export const readiness = defineRoute({
  name: 'readiness',
  half: 'functions',
  method: 'GET',
  path: '/api/v1/readiness',
  access: 'anonymous',
  summary: 'Whether what the functions depend on answers',
  description: 'The answer is up to two seconds old.',
  answers: { 200: readinessReport, 503: readinessReport },
  errors: [],
});

export const liveness = defineRoute({
  name: 'healthz',
  half: 'stream-host',
  method: 'GET',
  path: '/healthz',
  access: 'anonymous',
  summary: 'How the stream host’s process is',
  description: 'Asks nobody else.',
  answers: {
    200: z
      .looseObject({
        status: z.literal('ok'),
        sessions: z.int().meta({ example: 3 }),
        maxSessions: z.int().meta({ example: 100 }),
      })
      .meta({ id: 'StreamHostVitals', description: 'It lives; sessions, load and lost frames.' }),
  },
  errors: [],
});

const hostReadiness = z
  .object({
    status: z.enum(['ready', 'full', 'not-ready', 'draining']),
    checks: z.record(
      z.string(),
      z.object({
        ok: z.boolean(),
        elapsedMs: z.int().meta({ example: 2 }).optional(),
        code: z.string().optional().describe('Why not: one of the stable error codes.'),
        reason: z.string().optional().describe('What the code says. The log has the details.'),
      }),
    ),
    sessions: z.int().meta({ example: 3 }),
    maxSessions: z.int().meta({ example: 100 }),
  })
  .meta({ id: 'StreamHostReadiness', description: 'What each dependency answered, and how many places are taken.' });

export const hostReadyz = defineRoute({
  name: 'readyz',
  half: 'stream-host',
  method: 'GET',
  path: '/readyz',
  access: 'anonymous',
  summary: 'Whether the stream host can take a session now',
  description: 'The answer is up to a second old.',
  answers: { 200: hostReadiness, 503: hostReadiness },
  errors: [],
});
