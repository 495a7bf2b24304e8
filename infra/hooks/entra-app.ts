import { createHash } from 'node:crypto';
import type { Azure } from './azure.ts';
import { listAt, textAt } from './json.ts';
import { HookError, type Reach } from './reach.ts';

/** An app in Entra for which tokens are asked: a door of ours. */
export interface Door {
  /** Within one environment. */
  readonly name: 'api' | 'event-grid';
  /** How its settings begin: `…_AUTH`, and `…_AUDIENCE` for its client id. */
  readonly setting: 'API' | 'EVENT_GRID';
  /** The role that whoever wants a token must have. */
  readonly role: string;
  /** Whether people come in as well, each with a token that a tool of Microsoft's asks for him. */
  readonly forPeople: boolean;
}

export const API_DOOR: Door = { name: 'api', setting: 'API', role: 'Parley.Use', forPeople: true };
/**
 * Event Grid asks for a role of this very name
 * (https://learn.microsoft.com/azure/event-grid/secure-webhook-delivery).
 */
export const EVENT_GRID_DOOR: Door = {
  name: 'event-grid',
  setting: 'EVENT_GRID',
  role: 'AzureEventGridSecureWebhookSubscriber',
  forPeople: false,
};
/** `az account get-access-token` and azd ask for tokens as this app, in every tenant. */
const AZURE_CLI_APP = '04b07795-8ddb-461a-bbee-02f9e1bf7b46';

/** The name that no other app of the tenant has, from which the same run finds the same app. */
export const uniqueNameOf = (environment: string, subscription: string, door: Door): string =>
  `parley-${environment}-${subscription}-${door.name}`;

export interface EntraApp {
  readonly clientId: string;
  readonly principalId: string;
  readonly roleId: string;
}

/** @returns the client id of the app that an earlier run made; undefined where there is none */
export async function findApp(graph: Azure, uniqueName: string): Promise<string | undefined> {
  const { status, body } = await graph.ask('GET', appPath(uniqueName), { expect: [404] });
  return status === 404 ? undefined : textAt(body, 'appId');
}

/**
 * Makes the app, its role and its service principal, or mends them: run again, it changes nothing. Tokens are of version 2,
 * and only who has been given a role gets one.
 *
 * @throws {HookError} whoever is signed in may not register apps
 */
export async function ensureApp(graph: Azure, uniqueName: string, door: Door): Promise<EntraApp> {
  const roleId = guidOf(`${uniqueName}/${door.role}`);
  const upsert = { headers: { prefer: 'create-if-missing' } };
  await graph.ask('PATCH', appPath(uniqueName), {
    ...upsert,
    body: {
      displayName: uniqueName,
      signInAudience: 'AzureADMyOrg',
      api: { requestedAccessTokenVersion: 2, ...(door.forPeople && { oauth2PermissionScopes: [scopeOf(uniqueName)] }) },
      appRoles: [
        {
          id: roleId,
          value: door.role,
          displayName: door.role,
          description: `May ask for tokens of ${uniqueName}.`,
          allowedMemberTypes: ['Application', 'User'],
          isEnabled: true,
        },
      ],
    },
  });
  const { body: app } = await graph.ask('GET', appPath(uniqueName));
  const clientId = idOf(app, 'appId');
  // Both name what only the app itself has since it was made.
  const uri = `api://${clientId}`;
  if (!listAt(app, 'identifierUris').includes(uri)) {
    await graph.ask('PATCH', appPath(uniqueName), { body: { identifierUris: [uri] } });
  }
  const trusted = listAt(app, 'api.preAuthorizedApplications').map((entry) => textAt(entry, 'appId'));
  if (door.forPeople && !trusted.includes(AZURE_CLI_APP)) {
    const preAuthorizedApplications = [{ appId: AZURE_CLI_APP, delegatedPermissionIds: [scopeOf(uniqueName).id] }];
    await graph.ask('PATCH', appPath(uniqueName), { body: { api: { preAuthorizedApplications } } });
  }
  await graph.ask('PATCH', principalPath(clientId), { ...upsert, body: { appRoleAssignmentRequired: true } });
  const { body: principal } = await graph.ask('GET', principalPath(clientId));
  return { clientId, principalId: idOf(principal, 'id'), roleId };
}

/** @returns the object id of an app's service principal in this tenant, which is made where it is missing */
export async function ensurePrincipal(graph: Azure, clientId: string): Promise<string> {
  const found = await graph.ask('GET', principalPath(clientId), { expect: [404] });
  if (found.status !== 404) return idOf(found.body, 'id');
  const { body } = await graph.ask('POST', '/servicePrincipals', { body: { appId: clientId } });
  return idOf(body, 'id');
}

/** Gives a role of the app to a user, an identity or another app, once. */
export async function ensureRole(graph: Azure, app: EntraApp, principalId: string, reach: Reach): Promise<void> {
  const path = `/servicePrincipals/${app.principalId}/appRoleAssignedTo`;
  const given = await graph.all(path);
  const has = given.some(
    (entry) => textAt(entry, 'principalId') === principalId && textAt(entry, 'appRoleId') === app.roleId,
  );
  if (has) return;
  const body = { principalId, resourceId: app.principalId, appRoleId: app.roleId };
  await graph.ask('POST', path, { body });
  reach.say(`  given a role of the app ${app.clientId}: ${principalId}`);
}

/**
 * Deletes the app for good. Nothing happens where there is none.
 * @param forget is told its client id first: one that stayed behind would be taken for an app of somebody else's
 */
export async function deleteApp(
  graph: Azure,
  uniqueName: string,
  forget: (clientId: string) => Promise<void>,
): Promise<boolean> {
  const { status, body } = await graph.ask('GET', appPath(uniqueName), { expect: [404] });
  if (status === 404) return false;
  await forget(idOf(body, 'appId'));
  const id = idOf(body, 'id');
  await graph.ask('DELETE', `/applications/${id}`, { expect: [404] });
  // It would lie among the deleted ones for 30 days, with its name.
  await graph.ask('DELETE', `/directory/deletedItems/${id}`, { expect: [404] });
  return true;
}

const appPath = (uniqueName: string): string => `/applications(uniqueName='${encodeURIComponent(uniqueName)}')`;
const principalPath = (clientId: string): string => `/servicePrincipals(appId='${clientId}')`;

function idOf(value: unknown, name: string): string {
  const id = textAt(value, name);
  if (id === undefined) throw new HookError(`Graph answered without ${name}.`);
  return id;
}

const scopeOf = (uniqueName: string) => ({
  id: guidOf(`${uniqueName}/user_impersonation`),
  value: 'user_impersonation',
  type: 'User',
  isEnabled: true,
  adminConsentDisplayName: 'Use Parley',
  adminConsentDescription: 'Place calls and read them for who is signed in.',
});

/** A GUID that is the same for the same text. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
