import { app } from '@azure/functions';

/** A function app with one function for each thing that the host must do right. */

app.http('echo', {
  methods: ['POST', 'OPTIONS'],
  route: 'echo/{name}/{n?}',
  handler: async (request, context) => ({
    status: 201,
    headers: { 'x-function': context.functionName },
    cookies: [{ name: 'c', value: '1' }],
    jsonBody: {
      method: request.method,
      url: request.url,
      params: request.params,
      query: Object.fromEntries(request.query),
      header: request.headers.get('x-given'),
      text: await request.text(),
      traceParent: context.traceContext?.traceParent,
    },
  }),
});
// The host tries overlapping routes in the order of names, not of registration.
app.http('b-overlap', { route: 'overlap/{any}', handler: async () => ({ body: 'b' }) });
app.http('a-overlap', { route: 'overlap/fixed', handler: async () => ({ body: 'a' }) });
app.http('throws', {
  handler: async () => {
    throw new Error('to order');
  },
});
app.http('nothing', { handler: async () => undefined as never });
app.http('slow', {
  handler: async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return { body: `terminated: ${terminated}` };
  },
});
app.http('keyed', { authLevel: 'function', handler: async () => ({ body: 'open' }) });
app.timer('clockwork', { schedule: '0 0 0 * * *', handler: async () => undefined });

export const heard: string[] = [];
export let terminated = false;

app.hook.appTerminate(() => {
  terminated = true;
  heard.push('appTerminate');
});
