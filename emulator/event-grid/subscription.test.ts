import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { EventGridDeserializer, isSystemEvent } from '@azure/eventgrid';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { listening } from '../../shared/testing/listening.ts';
import { TestApplication } from '../acs/testing/application.ts';
import type { GridSchema } from './envelope.ts';
import { incomingCallEvent } from './incoming-call-event.ts';
import { GridSubscription } from './subscription.ts';

const event = () =>
  incomingCallEvent({
    from: '+15550001111',
    to: '+15550002222',
    displayName: 'Ann',
    serverCallId: 'server',
    correlationId: 'correlation',
    incomingCallContext: 'context',
  });

async function subscribe(context: TestContext, schema: GridSchema, port?: number) {
  const application = await TestApplication.listen();
  const subscription = new GridSubscription({
    webhookUrl: `http://127.0.0.1:${port ?? application.port}/api/v1/calls/answer`,
    schema,
    name: 'calls',
    topic: '/subscriptions/local',
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
  context.after(async () => {
    subscription.close();
    await application.close();
  });
  return { application, subscription };
}

const soon = () => AbortSignal.timeout(10_000);

test('an event arrives in the Event Grid schema, as its SDK reads it, with its headers', async (context) => {
  const { application, subscription } = await subscribe(context, 'EventGridSchema');
  const sent = event();
  assert.deepEqual(await subscription.deliver(sent, soon()), { delivered: true });
  const [delivery] = application.incoming.entries;
  assert.equal(delivery?.headers['aeg-event-type'], 'Notification');
  assert.equal(delivery?.headers['aeg-subscription-name'], 'CALLS');
  assert.equal(delivery?.headers['aeg-delivery-count'], '0');
  const [read] = await new EventGridDeserializer().deserializeEventGridEvents(delivery?.body ?? '');
  assert.ok(read && isSystemEvent('Microsoft.Communication.IncomingCall', read));
  assert.equal(read.id, sent.id);
  assert.equal(read.data.incomingCallContext, 'context');
});

test('with the CloudEvents schema, permission is asked for and a single object is sent', async (context) => {
  const { application, subscription } = await subscribe(context, 'CloudEventSchemaV1_0');
  assert.deepEqual(await subscription.deliver(event(), soon()), { delivered: true });
  const [delivery] = application.incoming.entries;
  assert.match(delivery?.headers['content-type'] ?? '', /^application\/cloudevents\+json/);
  const [read] = await new EventGridDeserializer().deserializeCloudEvents(delivery?.body ?? '');
  assert.ok(read && isSystemEvent('Microsoft.Communication.IncomingCall', read));
});

test('an event that fails comes again, as the same event', async (context) => {
  const { application, subscription } = await subscribe(context, 'EventGridSchema');
  application.webhookFaults.push(500);
  assert.deepEqual(await subscription.deliver(event(), soon()), { delivered: true });
  const [first, second] = application.incoming.entries;
  assert.equal(first?.id, second?.id);
  assert.deepEqual([first?.headers['aeg-delivery-count'], second?.headers['aeg-delivery-count']], ['0', '1']);
});

test('an event that is refused is not sent again', async (context) => {
  const { application, subscription } = await subscribe(context, 'EventGridSchema');
  application.webhookFaults.push(403);
  assert.deepEqual(await subscription.deliver(event(), soon()), {
    delivered: false,
    problem: 'HTTP 403',
    refused: true,
  });
  assert.equal(application.incoming.entries.length, 1);
});

test('why an application does not take an event is told in its own words (stranger17 13)', async (context) => {
  const server = createServer(async (request, response) => {
    const body = JSON.parse((await request.toArray()).join(''));
    const code = body[0]?.data.validationCode;
    const error = { code: 'redis.unavailable', message: 'Redis does not answer.' };
    response.writeHead(code ? 200 : 403).end(JSON.stringify(code ? { validationResponse: code } : { error }));
  });
  const port = await listening(server);
  context.after(() => server.close());
  const { subscription } = await subscribe(context, 'EventGridSchema', port);
  const problem = 'HTTP 403 (Redis does not answer.)';
  assert.deepEqual(await subscription.deliver(event(), soon()), { delivered: false, problem, refused: true });
});

test('a webhook that comes up later is still validated, and what waited is delivered', async (context) => {
  const gone = await TestApplication.listen();
  const { port } = gone;
  await gone.close();
  const { subscription } = await subscribe(context, 'EventGridSchema', port);
  const delivery = subscription.deliver(event(), soon());
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.equal(subscription.active, false);
  const application = await TestApplication.listen(port);
  context.after(() => application.close());
  assert.deepEqual(await delivery, { delivered: true });
  assert.equal(subscription.active, true);
});

test('an event that is of no use any more is given up, even while nobody answers', async (context) => {
  const gone = await TestApplication.listen();
  const { port } = gone;
  await gone.close();
  const { subscription } = await subscribe(context, 'EventGridSchema', port);
  const delivery = await subscription.deliver(event(), AbortSignal.timeout(50));
  assert.equal(delivery.delivered, false);
});

test('a subscription that names an application of Entra brings its token with either handshake and with each event', async (context) => {
  for (const schema of ['EventGridSchema', 'CloudEventSchemaV1_0'] as const) {
    const brought: string[] = [];
    const server = createServer(async (request, response) => {
      brought.push(`${request.method} ${request.headers.authorization}`);
      const body = JSON.parse((await request.toArray()).join('') || '[]');
      response.writeHead(200, { 'webhook-allowed-origin': '*' });
      response.end(JSON.stringify({ validationResponse: body[0]?.data.validationCode }));
    });
    let made = 0;
    const subscription = new GridSubscription({
      webhookUrl: `http://127.0.0.1:${await listening(server)}`,
      schema,
      name: 'calls',
      topic: '/subscriptions/local',
      token: () => `token-${++made}`,
      clock: systemClock,
      log: pino({ level: 'silent' }),
    });
    context.after(() => {
      subscription.close();
      server.close();
    });
    assert.deepEqual(await subscription.deliver(event(), soon()), { delivered: true });
    const handshake = schema === 'EventGridSchema' ? 'POST' : 'OPTIONS';
    assert.deepEqual(brought, [`${handshake} Bearer token-1`, 'POST Bearer token-2']);
  }
});
