import { app } from '@azure/functions';
import { allowDeliveryRoute, takeIncomingCallsRoute } from './calls/answer.ts';
import { callbacksRoute } from './calls/callbacks.ts';
import { eraseCallRoute } from './calls/erase.ts';
import { hangupRoute } from './calls/hangup.ts';
import { initiateRoute } from './calls/initiate.ts';
import { keyRoutes } from './calls/keys.ts';
import { operationRoutes } from './calls/operations.ts';
import { listCallsRoute, readCallRoute } from './calls/read.ts';
import { callRecordRoute } from './calls/record.ts';
import { transcribeRoute } from './calls/transcribe.ts';
import { Composition } from './composition.ts';
import { dependenciesRoute, healthRoute, placesRoute, readinessRoute } from './health/routes.ts';
import { NO_ROUTE, refuseUnknown } from './http/no-route.ts';
import { type Route, serve, templateOf } from './http/route.ts';
import { asyncApiRoute, openApiRoute } from './reference/route.ts';
import { ticketsRoute } from './tickets/route.ts';

const routes: readonly Route[] = [
  initiateRoute,
  takeIncomingCallsRoute,
  allowDeliveryRoute,
  callbacksRoute,
  listCallsRoute,
  readCallRoute,
  hangupRoute,
  transcribeRoute,
  callRecordRoute,
  eraseCallRoute,
  ...operationRoutes,
  ...keyRoutes,
  ticketsRoute,
  healthRoute,
  readinessRoute,
  dependenciesRoute,
  placesRoute,
  openApiRoute,
  asyncApiRoute,
];

const composition = new Composition(process.env);

for (const route of routes) {
  const { name, method, access } = route.contract;
  app.http(name, {
    methods: [method],
    route: templateOf(route.contract),
    authLevel: composition.levelOf(access),
    handler: serve(route, composition),
  });
}

app.http(NO_ROUTE.name, {
  methods: [...NO_ROUTE.methods],
  route: NO_ROUTE.route,
  authLevel: 'anonymous',
  handler: refuseUnknown(composition),
});

app.hook.appTerminate(() => composition.close());
