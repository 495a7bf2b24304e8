import { app } from '@azure/functions';
import { answerRoute } from './calls/answer.ts';
import { callbacksRoute } from './calls/callbacks.ts';
import { hangupRoute } from './calls/hangup.ts';
import { initiateRoute } from './calls/initiate.ts';
import { listCallsRoute, readCallRoute } from './calls/read.ts';
import { Composition } from './composition.ts';
import { healthRoute, readinessRoute } from './health/routes.ts';
import { type Route, serve } from './http/route.ts';

const routes: readonly Route[] = [
  initiateRoute,
  answerRoute,
  callbacksRoute,
  listCallsRoute,
  readCallRoute,
  hangupRoute,
  healthRoute,
  readinessRoute,
];

const composition = new Composition(process.env);

for (const route of routes) {
  app.http(route.name, {
    methods: [...route.methods],
    route: route.path,
    authLevel: route.access,
    handler: serve(route, composition),
  });
}

app.hook.appTerminate(() => composition.close());
