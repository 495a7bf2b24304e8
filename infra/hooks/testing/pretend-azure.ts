import type { Reach } from '../reach.ts';

const [SUB, GROUP] = ['/subscriptions/sub', 'rg-demo'];

interface App {
  readonly id: string;
  readonly appId: string;
  [field: string]: unknown;
}

/**
 * As much of Azure Resource Manager, of Microsoft Graph and of the functions as the hooks speak to, in memory. It keeps what
 * is written and answers with that, so that a second run meets what the first one left.
 */
export class PretendAzure {
  /** Every request that changes something: `PUT /path`. */
  readonly changes: string[] = [];
  readonly azdCalls: string[] = [];
  readonly said: string[] = [];
  readonly apps = new Map<string, App>();
  readonly principals = new Map<string, string>();
  readonly roles: Record<string, unknown>[] = [];
  readonly regions = new Set(['swedencentral']);
  /** Providers that the subscription has never used. */
  readonly unregistered = new Set<string>();
  groupExists = false;
  /** Of the resource group. */
  resources: Record<string, unknown>[] = [];
  mayGiveRoles = true;
  mayRegisterApps = true;
  quotaLeft = 1000;
  /** How many questions for an app that is there are answered by a server that does not know it yet. */
  unknownFor = 0;
  functionKey = 'key-1';
  /** How many questions of health are answered 503 first. */
  sleepyFor = 0;
  endpointWorks = true;
  subscription: Record<string, unknown> | undefined;
  deletedAccounts: string[] = [];
  assignments: string[] = [];
  /** Of ACS's own identity. */
  assignmentsOfAcs: string[] = [];
  /** Object ids of what is in the resource group: an `azd down` that broke off may have taken some. */
  identities = { host: ['host-principal'], acs: ['acs-principal'] };

  readonly reach: Reach = {
    fetch: async (url, init) => {
      const method = init.method ?? 'GET';
      const { host, pathname, searchParams } = new URL(url);
      const path = decodeURIComponent(pathname);
      if (method !== 'GET' && method !== 'HEAD' && !path.endsWith('/getFullUrl') && !path.endsWith('/listKeys')) {
        this.changes.push(`${method} ${path}`);
      }
      const body: Record<string, unknown> = typeof init.body === 'string' ? JSON.parse(init.body) : {};
      if (host === 'func.example') return this.#health();
      const found =
        host === 'graph.microsoft.com'
          ? this.#graph(method, path.replace('/v1.0', ''), body)
          : this.#arm(method, path, body, searchParams);
      const [status, answer] = found ?? [404, { error: { code: 'NotFound', message: `nothing at ${path}` } }];
      return new Response(status === 204 || method === 'HEAD' ? null : JSON.stringify(answer), { status });
    },
    azd: async (args) => {
      this.azdCalls.push(args.join(' '));
      const claims = Buffer.from(JSON.stringify({ oid: 'me' })).toString('base64url');
      return args[0] === 'auth' ? JSON.stringify({ token: `h.${claims}.s` }) : '';
    },
    say: (line) => void this.said.push(line),
    wait: async () => undefined,
  };

  #health(): Response {
    this.sleepyFor -= 1;
    return new Response('', { status: this.sleepyFor >= 0 ? 503 : 200 });
  }

  #arm(
    method: string,
    path: string,
    body: Record<string, unknown>,
    query: URLSearchParams,
  ): [number, unknown] | undefined {
    const group = `${SUB}/resourceGroups/${GROUP}`;
    if (path.toLowerCase() === group.toLowerCase()) return this.groupExists ? [200, {}] : undefined;
    if (path.endsWith(`${GROUP}/resources`)) return [200, { value: this.resources }];
    const [namespace = '', ...asked] = path.split('/providers/')[1]?.split('/') ?? [];
    if (this.unregistered.has(namespace) && asked.length > 0) {
      const message = `The subscription is not registered to use namespace '${namespace}'.`;
      return [409, { error: { code: 'MissingSubscriptionRegistration', message } }];
    }
    if (path.endsWith('/geoRegions'))
      return [200, { value: [...this.regions].map((name) => ({ name: name.replace('central', ' Central') })) }];
    if (path.endsWith('/permissions')) {
      const notActions = this.mayGiveRoles ? [] : ['Microsoft.Authorization/*/Write'];
      return [200, { value: [{ actions: ['*'], notActions }] }];
    }
    if (path.endsWith('/deletedAccounts')) return [200, { value: this.deletedAccounts.map((id) => ({ id })) }];
    if (path.includes('/deletedAccounts/')) {
      this.deletedAccounts = this.deletedAccounts.filter((id) => id !== path);
      return [204, undefined];
    }
    if (path.endsWith('/models')) return [200, { value: [this.#model('chatty', '1'), this.#model('newer', '2')] }];
    if (path.endsWith('/usages')) {
      return [
        200,
        {
          value: [
            { name: { value: 'OpenAI.GlobalStandard.chatty' }, limit: 1000, currentValue: 1000 - this.quotaLeft },
          ],
        },
      ];
    }
    if (path.endsWith('/userAssignedIdentities'))
      return [200, { value: this.identities.host.map((principalId) => ({ properties: { principalId } })) }];
    if (path.endsWith('/communicationServices')) {
      const properties = { hostName: 'acs.example' };
      return [
        200,
        { value: this.identities.acs.map((principalId) => ({ name: 'acs', identity: { principalId }, properties })) },
      ];
    }
    if (path === '/phoneNumbers') return [200, { phoneNumbers: [{ phoneNumber: '+15550100' }] }];
    if (path.endsWith('/roleAssignments'))
      return [200, { value: this.#assignmentsOf(query.get('$filter')).map((id) => ({ id })) }];
    if (path.includes('/roleAssignments/')) {
      this.assignments = this.assignments.filter((id) => id !== path);
      return [204, undefined];
    }
    if (path.endsWith('/listKeys')) return [200, { functionKeys: { default: this.functionKey } }];
    if (path.includes('/eventSubscriptions/')) return this.#eventSubscription(method, path, body);
    return namespace === '' ? undefined : this.#provider(namespace);
  }

  #assignmentsOf(filter: string | null): string[] {
    if (filter === "principalId eq 'host-principal'") return this.assignments;
    return filter === "principalId eq 'acs-principal'" ? this.assignmentsOfAcs : [];
  }

  #provider(namespace: string): [number, unknown] {
    const locations = [...this.regions].map((name) => name.replace('central', ' Central'));
    const types = [
      'managedEnvironments',
      'redisEnterprise',
      'registries',
      'components',
      'workspaces',
      'storageAccounts',
    ];
    const registrationState = this.unregistered.has(namespace) ? 'NotRegistered' : 'Registered';
    return [200, { registrationState, resourceTypes: types.map((resourceType) => ({ resourceType, locations })) }];
  }

  #model(name: string, version: string): unknown {
    return {
      model: {
        format: 'OpenAI',
        name,
        version,
        skus: [{ name: 'GlobalStandard', usageName: `OpenAI.GlobalStandard.${name}` }],
      },
    };
  }

  #eventSubscription(method: string, path: string, body: Record<string, unknown>): [number, unknown] | undefined {
    if (method === 'PUT') {
      const properties = { ...Object(body.properties), provisioningState: this.endpointWorks ? 'Succeeded' : 'Failed' };
      this.subscription = { name: 'incoming-call', properties };
      return [201, this.subscription];
    }
    if (this.subscription === undefined) return undefined;
    const shown = structuredClone(this.subscription);
    const target = Object(Object(Object(shown.properties).destination).properties);
    if (path.endsWith('/getFullUrl')) return [200, { endpointUrl: target.endpointUrl }];
    // As the service does: the address is shown without its query, under another name.
    target.endpointBaseUrl = String(target.endpointUrl).split('?')[0];
    delete target.endpointUrl;
    return [200, shown];
  }

  #graph(method: string, path: string, body: Record<string, unknown>): [number, unknown] | undefined {
    const uniqueName = /^\/applications\(uniqueName='(.*)'\)$/.exec(path)?.[1];
    if (uniqueName !== undefined) {
      const app = this.apps.get(uniqueName);
      if (method !== 'GET' && !this.mayRegisterApps) {
        return [403, { error: { code: 'Authorization_RequestDenied', message: 'Insufficient privileges.' } }];
      }
      if (method === 'GET' && app && this.unknownFor > 0) {
        this.unknownFor -= 1;
        return undefined;
      }
      if (method === 'GET') return app && [200, app];
      const api = { ...Object(app?.api), ...Object(body.api) };
      this.apps.set(uniqueName, {
        id: `object-of-${uniqueName}`,
        appId: `client-of-${uniqueName}`,
        ...app,
        ...body,
        api,
      });
      return app ? [204, undefined] : [201, this.apps.get(uniqueName)];
    }
    if (path.startsWith('/servicePrincipals') && !path.endsWith('/appRoleAssignedTo'))
      return this.#principal(method, path, body);
    if (path.endsWith('/appRoleAssignedTo')) {
      if (method === 'GET')
        return [200, { value: this.roles.filter(({ resourceId }) => path.includes(`/${resourceId}/`)) }];
      this.roles.push(body);
      return [201, body];
    }
    const [, kind, id] = path.split('/').slice(-3);
    if (method === 'DELETE' && kind !== undefined) {
      for (const [name, app] of this.apps) if (app.id === id) this.apps.delete(name);
      return [204, undefined];
    }
    return undefined;
  }

  #principal(method: string, path: string, body: Record<string, unknown>): [number, unknown] | undefined {
    const appId = /^\/servicePrincipals\(appId='(.*)'\)$/.exec(path)?.[1];
    if (appId !== undefined) {
      const id = this.principals.get(appId);
      if (method === 'GET') return id === undefined ? undefined : [200, { id }];
      this.principals.set(appId, `principal-of-${appId}`);
      return [204, undefined];
    }
    if (path === '/servicePrincipals') {
      const id = `principal-of-${body.appId}`;
      this.principals.set(String(body.appId), id);
      return [201, { id }];
    }
    return undefined;
  }
}
