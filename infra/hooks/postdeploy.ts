// After azd has deployed: subscribes the functions to ringing calls, now that they can answer Event Grid's question. Run
// again, it changes nothing; `azd hooks run postdeploy` takes over a key that was changed.
import { management } from './azure.ts';
import { type Delivery, ensureSubscription, functionKey } from './incoming-calls.ts';
import { type Environment, HookError, need, type Reach } from './reach.ts';

const TRIES = 24;
const BETWEEN_MS = 5_000;

export async function postdeploy(reach: Reach, env: Environment): Promise<void> {
  const arm = management(reach);
  const group = `/subscriptions/${need(env, 'AZURE_SUBSCRIPTION_ID')}/resourceGroups/${need(env, 'RESOURCE_GROUP')}`;
  const functionsUrl = need(env, 'FUNCTIONS_PUBLIC_URL');
  await untilAlive(reach, `${functionsUrl}/api/v1/health`);
  const auth: Delivery['auth'] =
    (env.EVENT_GRID_AUTH || 'entra') === 'entra'
      ? { kind: 'entra', tenantId: need(env, 'AZURE_TENANT_ID'), audience: need(env, 'EVENT_GRID_AUDIENCE') }
      : {
          kind: 'key',
          key: await functionKey(arm, `${group}/providers/Microsoft.Web/sites/${need(env, 'FUNCTIONS_NAME')}`),
        };
  const topicId = `${group}/providers/Microsoft.EventGrid/systemTopics/${need(env, 'EVENT_GRID_TOPIC_NAME')}`;
  const changed = await ensureSubscription(arm, { topicId, functionsUrl, auth });
  reach.say(
    changed ? `Ringing calls are delivered to ${functionsUrl}` : 'The subscription to ringing calls is as it should be',
  );
  reach.say(
    'A phone number: since October 2026 a new customer gets one through Teams Phone only. docs/operations.md has the steps.',
  );
}

async function untilAlive(reach: Reach, url: string): Promise<void> {
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    const status = await reach.fetch(url, { method: 'GET' }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    await reach.wait(BETWEEN_MS);
  }
  throw new HookError(`${url} does not answer 200. Read the functions' log, mend it, then: azd hooks run postdeploy`);
}
