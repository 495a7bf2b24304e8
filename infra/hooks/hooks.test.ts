import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { patchedAt } from '../check/testing/patch.ts';
import { management } from './azure.ts';
import { EVENT_GRID_APP } from './incoming-calls.ts';
import { at, textAt } from './json.ts';
import { postdeploy } from './postdeploy.ts';
import { postdown } from './postdown.ts';
import { keepLeftovers, predown } from './predown.ts';
import { preprovision } from './preprovision.ts';
import { profilesFile } from './profile.ts';
import { PretendAzure } from './testing/pretend-azure.ts';

const GROUP = '/subscriptions/sub/resourceGroups/rg-demo';
const INPUTS = { AZURE_ENV_NAME: 'demo', AZURE_SUBSCRIPTION_ID: 'sub', AZURE_LOCATION: 'swedencentral' };
const OUTPUTS = {
  ...INPUTS,
  AZURE_TENANT_ID: 'tenant',
  RESOURCE_GROUP: 'rg-demo',
  FUNCTIONS_NAME: 'func',
  FUNCTIONS_PUBLIC_URL: 'https://func.example',
  EVENT_GRID_TOPIC_NAME: 'topic',
  EVENT_GRID_AUDIENCE: 'client-of-event-grid',
};
const CHATTY = [{ model: 'chatty', version: '1', sku: 'GlobalStandard', capacity: 100 }];

test('before provisioning, both doors get an app, and a second run changes nothing', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, INPUTS, CHATTY);
  assert.deepEqual(
    azure.azdCalls.filter((call) => call.startsWith('env')),
    [
      'env set API_AUDIENCE client-of-parley-demo-sub-api',
      'env set EVENT_GRID_AUDIENCE client-of-parley-demo-sub-event-grid',
    ],
  );
  const given = azure.roles.map(({ principalId, resourceId }) =>
    `${principalId} ${resourceId}`.replaceAll('principal-of-client-of-parley-demo-sub-', ''),
  );
  assert.deepEqual(given, ['me api', `principal-of-${EVENT_GRID_APP} event-grid`, 'me event-grid']);

  const [apps, roles] = [structuredClone(azure.apps), structuredClone(azure.roles)];
  const settings = {
    API_AUDIENCE: 'client-of-parley-demo-sub-api',
    EVENT_GRID_AUDIENCE: 'client-of-parley-demo-sub-event-grid',
  };
  await preprovision(azure.reach, { ...INPUTS, ...settings }, CHATTY);
  assert.deepEqual([azure.apps, azure.roles], [apps, roles]);
  assert.equal(azure.azdCalls.filter((call) => call.startsWith('env')).length, 2);
});

test('tokens of an app that a hook made are of version 2 and only for who has a role; people get one by az', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, INPUTS, CHATTY);
  const [api, grid] = ['api', 'event-grid'].map((door) => azure.apps.get(`parley-demo-sub-${door}`));
  assert.equal(at(api, 'api.requestedAccessTokenVersion'), 2);
  assert.deepEqual(at(api, 'identifierUris'), [`api://${api?.appId}`]);
  assert.equal(
    JSON.stringify(at(api, 'api.preAuthorizedApplications')).includes('04b07795-8ddb-461a-bbee-02f9e1bf7b46'),
    true,
  );
  assert.equal(at(grid, 'api.preAuthorizedApplications'), undefined);
  assert.equal(JSON.stringify(at(grid, 'appRoles')).includes('"AzureEventGridSecureWebhookSubscriber"'), true);
});

test('with keys at both doors no app is made, and an app of somebody else is left as it is', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, { ...INPUTS, API_AUTH: 'key', EVENT_GRID_AUTH: 'key' }, CHATTY);
  assert.deepEqual(azure.changes, []);
  await preprovision(azure.reach, { ...INPUTS, API_AUDIENCE: 'their-app', EVENT_GRID_AUTH: 'key' }, CHATTY);
  assert.deepEqual(azure.changes, []);
  assert.match(azure.said.join('\n'), /API_AUDIENCE is an app of yours/);
});

test('all that a region lacks is told at once, with what to do, before anything is made', async () => {
  const azure = new PretendAzure();
  azure.mayGiveRoles = false;
  azure.quotaLeft = 40;
  azure.deletedAccounts = [
    '/subscriptions/sub/x/resourceGroups/rg-demo/deletedAccounts/ai',
    '/subscriptions/sub/x/resourceGroups/other/deletedAccounts/b',
  ];
  const wanted = [...CHATTY, { model: 'gone', version: '1', sku: 'GlobalStandard', capacity: 1 }];
  await assert.rejects(preprovision(azure.reach, INPUTS, wanted), ({ message }: Error) => {
    assert.match(message, /chatty has 40 left of 1000, and 100 are asked for/);
    assert.match(message, /has no gone 1 as GlobalStandard\. .* one of: chatty 1, newer 2\./);
    assert.match(message, /You may not give roles/);
    assert.match(message, /az resource delete --ids \S*rg-demo\S*ai$/m);
    return !message.includes('/other/');
  });
  await assert.rejects(
    preprovision(azure.reach, { ...INPUTS, AZURE_LOCATION: 'atlantis' }, []),
    /atlantis has no Functions on Flex Consumption/,
  );
  assert.deepEqual(azure.changes, []);
});

test('a subscription that has used none of the services is told the commands, all at once', async () => {
  const azure = new PretendAzure();
  for (const name of ['Microsoft.Web', 'Microsoft.CognitiveServices', 'Microsoft.App']) azure.unregistered.add(name);
  await assert.rejects(preprovision(azure.reach, INPUTS, CHATTY), ({ message }: Error) => {
    assert.deepEqual(message.match(/az provider register --wait --namespace \S+/g)?.sort(), [
      'az provider register --wait --namespace Microsoft.App',
      'az provider register --wait --namespace Microsoft.CognitiveServices',
      'az provider register --wait --namespace Microsoft.Web',
    ]);
    return true;
  });
  assert.deepEqual(azure.changes, []);
  // One whose registration is under way may refuse all the same.
  await assert.rejects(
    management(azure.reach).ask('GET', '/subscriptions/sub/providers/Microsoft.Web/geoRegions'),
    /register --wait --namespace Microsoft\.Web$/,
  );
});

test('what Azure registers by itself at the deployment stops nobody', async () => {
  const azure = new PretendAzure();
  azure.unregistered.add('Microsoft.Network');
  await preprovision(azure.reach, INPUTS, CHATTY);
});

test('where azd is not on the path, that is said, and not to sign in', async () => {
  const hook = path.join(import.meta.dirname, 'main.ts');
  const run = promisify(execFile)(process.execPath, [hook, 'preprovision'], {
    env: { ...process.env, ...INPUTS, PATH: '', Path: '' },
  });
  await assert.rejects(run, ({ stderr }: Error & { stderr: string }) => {
    assert.match(stderr, /^azd is not on the PATH/);
    return !stderr.includes('Sign in');
  });
});

test('a profile without a network is not deployed over one with it, nor the other way', async () => {
  assert.deepEqual(profilesFile(), [
    { name: 'dev', network: 'public' },
    { name: 'production', network: 'private' },
  ]);
  const azure = new PretendAzure();
  azure.groupExists = true;
  const tags = { 'azd-env-name': 'demo' };
  const environment = { type: 'Microsoft.App/managedEnvironments', tags };
  azure.resources = [environment, { type: 'Microsoft.Network/virtualNetworks', tags }];
  const production = { ...INPUTS, PARLEY_PROFILE: 'production' };
  await assert.rejects(preprovision(azure.reach, INPUTS, CHATTY), /opened .*azd env set PARLEY_PROFILE production\)/);
  assert.deepEqual(azure.changes, []);
  await preprovision(azure.reach, production, CHATTY);

  // A network that somebody put there says nothing of ours.
  azure.resources = [environment, { type: 'Microsoft.Network/virtualNetworks' }];
  await assert.rejects(preprovision(azure.reach, production, CHATTY), /can't be moved .*PARLEY_PROFILE dev\)/);
  await preprovision(azure.reach, INPUTS, CHATTY);
  // A first run that was broken off.
  azure.resources = [];
  await preprovision(azure.reach, production, CHATTY);
});

test('a mistyped profile is refused, and not taken for dev', async () => {
  const azure = new PretendAzure();
  await assert.rejects(
    preprovision(azure.reach, { ...INPUTS, PARLEY_PROFILE: 'prod' }, CHATTY),
    /no profile "prod".* PARLEY_PROFILE <dev or production>/,
  );
  assert.deepEqual(azure.changes, []);
});

test('who may not register apps in Entra is told of the way without', async () => {
  const azure = new PretendAzure();
  azure.mayRegisterApps = false;
  await assert.rejects(preprovision(azure.reach, INPUTS, CHATTY), /azd env set API_AUTH key/);
});

test('an app that Entra does not know everywhere yet, as it was just made, is asked for again', async () => {
  const azure = new PretendAzure();
  azure.unknownFor = 3;
  await preprovision(azure.reach, INPUTS, CHATTY);
  assert.equal(azure.apps.size, 2);
  azure.unknownFor = 1_000;
  await assert.rejects(preprovision(azure.reach, INPUTS, CHATTY), /was refused: NotFound/);
});

test('who may not register apps deploys with those that somebody else made', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, INPUTS, CHATTY);
  const [apps, roles] = [structuredClone(azure.apps), structuredClone(azure.roles)];
  azure.mayRegisterApps = false;
  const settings = {
    API_AUDIENCE: 'client-of-parley-demo-sub-api',
    EVENT_GRID_AUDIENCE: 'client-of-parley-demo-sub-event-grid',
  };
  await preprovision(azure.reach, { ...INPUTS, ...settings }, CHATTY);
  assert.deepEqual([azure.apps, azure.roles], [apps, roles]);
  assert.match(azure.said.join('\n'), /The app of EVENT_GRID_AUDIENCE is left as it is/);
});

test('after the deployment ringing calls are subscribed to once: two attempts, a minute, one event, with a token', async () => {
  const azure = new PretendAzure();
  azure.sleepyFor = 3;
  await postdeploy(azure.reach, OUTPUTS);
  const properties = at(azure.subscription, 'properties');
  assert.deepEqual(at(properties, 'retryPolicy'), { maxDeliveryAttempts: 2, eventTimeToLiveInMinutes: 1 });
  assert.deepEqual(at(properties, 'filter'), { includedEventTypes: ['Microsoft.Communication.IncomingCall'] });
  assert.deepEqual(at(properties, 'destination.properties'), {
    endpointUrl: 'https://func.example/api/v1/calls/answer',
    maxEventsPerBatch: 1,
    azureActiveDirectoryTenantId: 'tenant',
    azureActiveDirectoryApplicationIdOrUri: 'client-of-event-grid',
  });
  assert.equal(azure.changes.length, 1);
  await postdeploy(azure.reach, OUTPUTS);
  assert.equal(azure.changes.length, 1);
});

test('a subscription that differs in any one field is made anew once (e2)', async () => {
  const azure = new PretendAzure();
  await postdeploy(azure.reach, OUTPUTS);
  const right = azure.subscription;
  const { provisioningState: _, ...properties } = Object(at(right, 'properties'));
  const places = placesOf(properties, 'properties');
  assert.equal(places.length, 9);
  for (const place of places) {
    azure.changes.length = 0;
    azure.subscription = Object(
      patchedAt(right, place, (old: unknown) => (typeof old === 'number' ? old + 1 : `${old}x`)),
    );
    await postdeploy(azure.reach, OUTPUTS);
    await postdeploy(azure.reach, OUTPUTS);
    assert.equal(azure.changes.filter((change) => change.startsWith('PUT ')).length, 1, place);
    assert.deepEqual(azure.subscription, right, place);
  }
});

/** The paths of all single values. */
const placesOf = (value: unknown, path: string): string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([name, inner]) => placesOf(inner, `${path}.${name}`))
    : [path];

test('with keys the address has the functions’ key, and a key that was changed is taken over', async () => {
  const azure = new PretendAzure();
  const env = { ...OUTPUTS, EVENT_GRID_AUTH: 'key' };
  await postdeploy(azure.reach, env);
  await postdeploy(azure.reach, env);
  azure.functionKey = 'key-2';
  await postdeploy(azure.reach, env);
  assert.equal(azure.changes.length, 2);
  const url = textAt(azure.subscription, 'properties.destination.properties.endpointUrl');
  assert.equal(url, 'https://func.example/api/v1/calls/answer?code=key-2');
  assert.doesNotMatch(azure.said.join(''), /key-/);
});

test('functions that do not answer, or not as Event Grid wants it, are told of', async () => {
  const azure = new PretendAzure();
  azure.sleepyFor = 1_000;
  await assert.rejects(postdeploy(azure.reach, OUTPUTS), /does not answer 200/);
  azure.sleepyFor = 0;
  azure.endpointWorks = false;
  await assert.rejects(postdeploy(azure.reach, OUTPUTS), /incoming-call is Failed/);
});

test('before and after azd down: nothing is deleted before the question, then all that is left and nothing of others', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, INPUTS, CHATTY);
  azure.groupExists = true;
  const theirs =
    '/subscriptions/sub/resourceGroups/theirs/providers/x/providers/Microsoft.Authorization/roleAssignments/1';
  azure.assignments = [theirs, `${GROUP}/providers/y/providers/Microsoft.Authorization/roleAssignments/2`];
  azure.changes.length = 0;
  const written: unknown[] = [];
  await predown(azure.reach, INPUTS, async (_, assignments) => void written.push(assignments));
  assert.deepEqual([azure.changes, written], [[], [[theirs]]]);
  assert.match(azure.said.join('\n'), /THE PHONE NUMBER \+15550100 IS RELEASED/);

  const leftovers = async () => ({ assignments: [theirs], forget: async () => undefined });
  await assert.rejects(postdown(azure.reach, INPUTS, leftovers), /rg-demo is still there/);
  assert.deepEqual(azure.changes, []);

  azure.groupExists = false;
  const [own, other] = ['rg-demo', 'rg-demo-2'].map(
    (group) => `/subscriptions/sub/z/resourceGroups/${group}/deletedAccounts/ai`,
  );
  azure.deletedAccounts = [own ?? '', other ?? ''];
  await postdown(azure.reach, INPUTS, leftovers);
  assert.deepEqual([azure.deletedAccounts, azure.assignments.length, azure.apps.size], [[other], 1, 0]);
  await postdown(azure.reach, INPUTS, leftovers);
});

test('roles that ACS itself has outside are removed too, and those of an azd down that broke off before are not forgotten', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'parley-leftovers-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'demo', 'left-behind.json');
  const keep = (_: string, assignments: readonly string[]) => keepLeftovers(file, assignments);
  const azure = new PretendAzure();
  azure.groupExists = true;
  const theirs = '/subscriptions/sub/resourceGroups/theirs/providers/x/providers/Microsoft.Authorization';
  azure.assignments = [`${theirs}/roleAssignments/host`];
  azure.assignmentsOfAcs = [`${theirs}/roleAssignments/acs`];
  await predown(azure.reach, INPUTS, keep);
  const both = { assignments: [`${theirs}/roleAssignments/host`, `${theirs}/roleAssignments/acs`] };
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), both);
  // It took the identities before it broke off: whose roles were theirs can't be asked any more.
  azure.identities = { host: [], acs: [] };
  await predown(azure.reach, INPUTS, keep);
  assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), both);
});

test('what was taken down can be put up again: the ids of the deleted apps are forgotten, and that of somebody else’s is not', async () => {
  const azure = new PretendAzure();
  await preprovision(azure.reach, INPUTS, CHATTY);
  const env = { ...INPUTS, API_AUDIENCE: 'client-of-parley-demo-sub-api', EVENT_GRID_AUDIENCE: 'their-app' };
  azure.azdCalls.length = 0;
  await postdown(azure.reach, env, async () => ({ assignments: [], forget: async () => undefined }));
  assert.deepEqual(
    azure.azdCalls.filter((call) => call.startsWith('env')),
    ['env set API_AUDIENCE '],
  );
  await preprovision(azure.reach, { ...env, API_AUDIENCE: '' }, CHATTY);
  assert.deepEqual([...azure.apps.keys()], ['parley-demo-sub-api']);
});
