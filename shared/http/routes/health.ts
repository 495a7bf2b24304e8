import { z } from 'zod';
import { BREAKER_STATES, DEPENDENCY_STATES } from '../../health/check.ts';
import { defineRoute } from '../route.ts';

export const health = defineRoute({
  name: 'health',
  probe: true,
  half: 'both',
  method: 'GET',
  path: '/api/v1/health',
  access: 'anonymous',
  summary: 'Whether the half that is asked answers',
  description: 'Asks nobody else, and speaks for nobody else: `details.service` says who answers.',
  answers: {
    200: z
      .object({
        status: z.literal('healthy'),
        version: z.string().meta({ example: '0.1.0' }),
        timestamp: z.number().describe('Seconds since 1970.').meta({ example: 1_780_047_000.25 }),
        message: z.string().meta({ example: 'Parley functions are running' }),
        details: z.object({
          api_version: z.string().meta({ example: 'v1' }),
          service: z
            .string()
            .describe('`parley-functions` or `parley-stream-host`.')
            .meta({ example: 'parley-functions' }),
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
      .describe('`unhealthy`: calls cannot be taken now. `degraded`: something else fails.'),
    response_time_ms: z.int().meta({ example: 0 }),
    checks: z.array(z.never()).describe('Empty: `/api/v1/health/dependencies` tells whoever may know.'),
    timestamp: z.number().describe('Seconds since 1970.').meta({ example: 1_780_047_000.25 }),
    event_system: z.null(),
  })
  .meta({ id: 'FunctionsReadiness', description: 'The status alone.' });

export const readiness = defineRoute({
  name: 'readiness',
  probe: true,
  half: 'functions',
  method: 'GET',
  path: '/api/v1/readiness',
  access: 'anonymous',
  summary: 'Whether the functions can take calls now',
  description: 'What the last checks found, at most half a minute ago. Nobody is asked.',
  answers: { 200: readinessReport, 503: readinessReport },
  errors: [],
});

const dependencyReport = z
  .object({
    name: z
      .string()
      .describe(
        'redis, acs, acs-keys, speech-recognition, speech-synthesis, chat-model, realtime, call-records or stream-hosts; a second provider has `-fallback` behind it.',
      )
      .meta({ example: 'chat-model' }),
    service: z
      .string()
      .optional()
      .describe('Which one it is, where the settings choose: of `realtime`, Azure Voice Live or Azure OpenAI Realtime.')
      .meta({ example: 'Azure Voice Live' }),
    state: z
      .enum(DEPENDENCY_STATES)
      .describe(
        '`accepted`: it took us. `refused`: it does not take our key, identity, or the name of what we asked for. `throttled`: it would, later. `unreachable`: no answer, none in time, or one that says that it is broken. `not configured`: no setting names it.',
      ),
    latencyMs: z.int().optional().describe('How long the last check took.').meta({ example: 41 }),
    ageMs: z.int().optional().describe('How long ago it ended.').meta({ example: 12_500 }),
    count: z.int().optional().describe('How many there are, where several may be.').meta({ example: 2 }),
    breaker: z
      .enum(BREAKER_STATES)
      .optional()
      .describe(
        'Whether calls ask it now. `open`: not for some seconds, as it has failed several times in a row; they ask the second provider, or their callers are told at once. `probing`: one call finds out.',
      )
      .meta({ example: 'closed' }),
    code: z.string().optional().describe('Why it is not accepted: one of the stable error codes.'),
    advice: z.string().optional().describe('What happened and what to do, in one line that names the settings.'),
  })
  .meta({ id: 'Dependency' });

export const healthDependencies = defineRoute({
  name: 'dependencies',
  half: 'both',
  method: 'GET',
  path: '/api/v1/health/dependencies',
  access: 'api',
  summary: 'How each service stands to this half: accepted, refused, unreachable, throttled, not configured',
  description:
    'What the last checks found, each at most half a minute ago; nobody is asked. The stream host knows no key: it takes a token of Entra where API_AUTH is entra, or nothing where its own machine asks and the emulator runs.',
  answers: {
    200: z
      .object({
        status: z
          .enum(['ready', 'degraded', 'unhealthy', 'full', 'not-ready', 'draining'])
          .describe('That of the readiness of this half.'),
        problems: z
          .array(z.string())
          .describe('What else keeps this half from its work: one line each, and none where all is well.'),
        dependencies: z.array(dependencyReport),
      })
      .meta({ id: 'Dependencies', description: 'A line for each service.' }),
  },
  errors: ['auth.token-missing'],
});

export const liveness = defineRoute({
  name: 'healthz',
  half: 'stream-host',
  method: 'GET',
  path: '/healthz',
  access: 'anonymous',
  summary: 'Whether the stream host’s process lives',
  description: 'Asks nobody else. Sessions and load are told to whoever may read `/api/v1/health/dependencies`.',
  answers: {
    200: z
      .looseObject({
        status: z.literal('ok'),
        sessions: z.int().optional().meta({ example: 3 }),
        maxSessions: z.int().optional().meta({ example: 100 }),
      })
      .meta({ id: 'StreamHostVitals', description: 'It lives.' }),
  },
  errors: [],
});

const hostReadiness = z
  .object({ status: z.enum(['ready', 'degraded', 'full', 'not-ready', 'draining']) })
  .meta({ id: 'StreamHostReadiness', description: 'The status alone.' });

export const hostReadyz = defineRoute({
  name: 'readyz',
  half: 'stream-host',
  method: 'GET',
  path: '/readyz',
  access: 'anonymous',
  summary: 'Whether the stream host can take a session now',
  description:
    'Nobody is asked. `degraded`: a service fails, and the host works as well as it can without. `not-ready`: it is starting, a part of its own has failed, or a service refused it before all had taken it.',
  answers: { 200: hostReadiness, 503: hostReadiness },
  errors: [],
});

export const places = defineRoute({
  name: 'places',
  probe: true,
  half: 'both',
  method: 'GET',
  path: '/api/v1/places',
  access: 'anonymous',
  summary: 'How many places are taken in the whole deployment, by which it is scaled',
  description:
    'Sessions of all stream hosts, and places that are kept for calls on their way. Up to three seconds old. Whoever scales by it asks the functions: stream hosts that are full are taken out of the rotation, and answer nobody.',
  answers: {
    200: z.object({ taken: z.int().meta({ example: 42 }) }).meta({ id: 'Places', description: 'The number.' }),
  },
  errors: ['client.too-many-requests', 'redis.unavailable', 'redis.refused'],
});
