import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { openApiDocument } from '../../shared/http/openapi.ts';
import type { RouteContract } from '../../shared/http/route.ts';
import type { Session } from '../../shared/sessions/session.ts';
import type { Answer, FunctionsUnderTest } from './functions-under-test.ts';

/**
 * Good requests for every route, whichever there are: the examples of the reference, for a call that stands. So a new
 * route is tried with nothing added here, and its example is one that is answered.
 */

const example = z.looseObject({
  requestBody: z.object({ content: z.object({ 'application/json': z.object({ example: z.unknown() }) }) }).optional(),
});
const { paths } = z.object({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) }).parse(
  openApiDocument({
    version: '1.0.0',
    functionsUrl: 'http://functions.example',
    streamHostUrl: 'http://host.example',
    asked: { api: 'key', eventGrid: 'key' },
  }),
);

/** The example of what a route takes; undefined where it takes nothing. */
export function exampleBody({ path, method }: RouteContract): unknown {
  const operation = example.parse(paths[path.replace('?}', '}').replace(/\?.*$/, '')]?.[method.toLowerCase()]);
  return operation.requestBody?.content['application/json'].example;
}

/** The same with each choice that a field of it has. */
export function exampleBodies(route: RouteContract): unknown[] {
  const body = exampleBody(route);
  const { shape } = route.body instanceof z.ZodObject ? route.body : { shape: {} };
  const variants = Object.entries(shape).flatMap(([name, schema]) => {
    const plain = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
    return plain instanceof z.ZodEnum ? plain.options.map((choice) => ({ ...Object(body), [name]: choice })) : [];
  });
  return variants.length > 0 ? variants : [body];
}

/** A phone call that stands, and that ACS knows. */
export async function standingCall(functions: FunctionsUnderTest, fields: Partial<Session> = {}): Promise<Session> {
  const session = await functions.store.create({
    id: randomUUID(),
    channel: 'phone',
    direction: 'inbound',
    mode: 'media',
    agent: 'orders',
    status: 'connected',
    callConnectionId: `connection-${randomUUID()}`,
    from: '+15551230000',
    to: '+15550100',
    connectedAt: Date.now(),
    ...fields,
  });
  assert.ok(session.callConnectionId);
  await functions.store.bind(session.id, { callConnectionId: session.callConnectionId });
  return session;
}

/** Sends a route's own example, about a call. Events get ids of their own: one that comes twice is passed over. */
export async function sendExample(
  functions: FunctionsUnderTest,
  route: RouteContract,
  call: Pick<Session, 'id' | 'callConnectionId'>,
  example: unknown = exampleBody(route),
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const callId = call.callConnectionId ?? '';
  const path = route.path
    .slice('/api/v1/'.length)
    .replace(/\{(id|sessionId\??)\}/, call.id)
    .replace('{participant}', encodeURIComponent('4:+15551230000'));
  const body = JSON.stringify(example)
    ?.replaceAll('411f8b00-3b2c-4d57-9a55-6f0d2c2e7c11', callId)
    .replaceAll('0f6c2a58-7f0e-4d55-8f0a-0a4f3b9b1d7e', call.id)
    .replace(/"id":"[^"]*"/, `"id":"${randomUUID()}"`)
    .replace(/"incomingCallContext":"[^"]*"/, `"incomingCallContext":"${randomUUID()}"`);
  const headers = {
    ...(route.access === 'acs-token' && { authorization: await functions.acs.authorization() }),
    ...(route.method === 'OPTIONS' && { 'webhook-request-origin': 'eventgrid.azure.net' }),
    ...more,
  };
  // `fetch` sends none with these.
  const sent = route.method === 'GET' || route.method === 'OPTIONS' ? undefined : body;
  return functions.request(route.method, path, sent, headers);
}
