import { z } from 'zod';
import { expressionOf, resourcesIn } from './expression.ts';
import { settle } from './settle.ts';

const resourceSchema = z.looseObject({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  apiVersion: z.string(),
  tags: z.record(z.string(), z.string()).optional(),
});

const snapshotSchema = z.object({
  predictedResources: z.array(resourceSchema),
  diagnostics: z.array(z.unknown()).default([]),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

/** A resource as `bicep snapshot` predicts it: modules, loops, names and conditions are evaluated. */
export type Resource = z.output<typeof resourceSchema>;

/** All that one parameter file deploys. */
export interface Expansion {
  /** Of the parameter file: `main.dev`. */
  readonly name: string;
  readonly resources: readonly Resource[];
  readonly diagnostics: readonly unknown[];
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** @throws {z.ZodError} what `bicep snapshot` wrote is no snapshot */
export function readExpansion(name: string, json: string): Expansion {
  const { predictedResources, diagnostics, outputs } = snapshotSchema.parse(settle(JSON.parse(json)));
  return { name, resources: predictedResources, diagnostics, outputs };
}

/** A resource and a path in it, for a finding. */
export const placeOf = (expansion: Expansion, { type, name }: Resource, path = ''): string =>
  [`${expansion.name}: ${type}`, expressionOf(name) === undefined ? name : '', path].filter(Boolean).join(' ');

export const isOfType = (resource: Resource, type: string): boolean =>
  resource.type.toLowerCase() === type.toLowerCase();

export const ofType = (expansion: Expansion, type: string): Resource[] =>
  expansion.resources.filter((resource) => isOfType(resource, type));

/** What stands at a path such as `properties.ingress.targetPort`; undefined where nothing does. */
export function at(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null) return undefined;
    const entry = Object.entries(found).find(([key]) => key === name);
    found = entry?.[1];
  }
  return found;
}

export const listAt = (value: unknown, path: string): readonly unknown[] => {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
};

/** How a finding shows a value. */
export const shown = (value: unknown): string => {
  if (value === undefined) return 'not set';
  if (expressionOf(value) !== undefined) return 'known at run time only';
  return JSON.stringify(value);
};

/** The resource that an extension, such as a role assignment, is for. Its own id may be known at run time only. */
export function scopeOf({ id }: Resource): { readonly id: string; readonly type: string; readonly name: string } {
  const expression = expressionOf(id);
  const scope =
    expression === undefined ? id.slice(0, id.lastIndexOf('/providers/')) : (resourcesIn(expression)[0] ?? '');
  const provider = scope.split('/providers/').slice(1).at(-1);
  if (provider === undefined)
    return { id: scope, type: scope.includes('/resourceGroups/') ? 'resource group' : 'subscription', name: scope };
  const [namespace = '', ...rest] = provider.split('/');
  const type = [namespace, ...rest.filter((_, index) => index % 2 === 0)].join('/');
  return { id: scope, type, name: rest.at(-1) ?? '' };
}

/** The two halves of Parley, by their names in azure.yaml. */
export type Half = 'functions' | 'stream-host';
export const HALVES: readonly Half[] = ['functions', 'stream-host'];
export const HALF_TYPES = {
  functions: 'Microsoft.Web/sites',
  'stream-host': 'Microsoft.App/containerApps',
} as const satisfies Record<Half, string>;

/** The resource that runs a half: azd finds it by this tag. */
export const halfOf = (expansion: Expansion, half: Half): Resource | undefined =>
  ofType(expansion, HALF_TYPES[half]).find(({ tags }) => tags?.['azd-service-name'] === half);

/** The ids of the identities that a resource was given. */
export const identitiesOf = (resource: Resource): string[] =>
  Object.keys(z.record(z.string(), z.unknown()).safeParse(at(resource, 'identity.userAssignedIdentities')).data ?? {});
