import { z } from 'zod';
import type { Finding } from './finding.ts';

/** As much of a compiled template as says what waits for what, and what is given out. */
const templateSchema = z.looseObject({
  parameters: z.record(z.string(), z.looseObject({ type: z.string().optional() })).default({}),
  variables: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.looseObject({ type: z.string().optional(), value: z.unknown() })).default({}),
  resources: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      name: z.unknown().optional(),
      existing: z.boolean().default(false),
      condition: z.unknown().optional(),
      dependsOn: z.array(z.string()).default([]),
      properties: z.unknown().optional(),
    }),
  ),
});
type Template = z.output<typeof templateSchema>;
type Resource = Template['resources'][string];

const moduleSchema = z.looseObject({
  parameters: z.record(z.string(), z.unknown()).default({}),
  template: templateSchema,
});

interface Module {
  readonly name: string;
  readonly resource: Resource;
  readonly given: Readonly<Record<string, unknown>>;
  readonly template: Template;
}

/**
 * What shows in the template itself and no longer in an expansion, where every name and secret has its value.
 *
 * @throws {z.ZodError} that is no template of `bicep build`
 */
export function templateFindings(json: string): Finding[] {
  const main = templateSchema.parse(JSON.parse(json));
  const modules = Object.entries(main.resources).flatMap(([name, resource]): Module[] => {
    if (resource.type !== 'Microsoft.Resources/deployments' || resource.existing) return [];
    const { parameters, template } = moduleSchema.parse(resource.properties);
    return [{ name, resource, given: parameters, template }];
  });
  return [
    ...secretOutputs('main.bicep', main),
    ...modules.flatMap(({ name, template }) => secretOutputs(`main.bicep module ${name}`, template)),
    ...unawaited(main, modules),
  ];
}

/** Outputs that are no secret and reach a parameter that is one, by way of whatever variables. */
function secretOutputs(where: string, { parameters, variables, outputs }: Template): Finding[] {
  const isSecret = (type: string | undefined) => /^secure/i.test(type ?? '');
  const reached = (value: unknown, seen: Set<string>): string[] => {
    const text = JSON.stringify(value) ?? '';
    const further = matches(text, /variables\('(\w+)'\)/g).filter((name) => !seen.has(name));
    for (const name of further) seen.add(name);
    return [
      ...matches(text, /parameters\('(\w+)'\)/g).filter((name) => isSecret(parameters[name]?.type)),
      ...further.flatMap((name) => reached(variables[name], seen)),
    ];
  };
  return Object.entries(outputs)
    .filter(([, { type }]) => !isSecret(type))
    .flatMap(([output, { value }]) =>
      [...new Set(reached(value, new Set()))].map(
        (secret): Finding => ({
          check: 'outputs',
          where: `infra/${where}: output ${output}`,
          what: `it gives out the secret parameter ${secret}`,
          allowed: 'names and addresses: whoever may read a deployment reads its outputs',
        }),
      ),
    );
}

/** Which resources are no things of their own, but something about another. */
const EXTENSION = /\/(roleAssignments|diagnosticSettings)$/;
const baseOf = (type: string): string => type.split('/').slice(0, 2).join('/');

/** What one module makes and another names without waiting for it: the first deployment would fail, by luck or not. */
function unawaited(main: Template, modules: readonly Module[]): Finding[] {
  const made = new Map<string, string>(
    modules.flatMap((module) =>
      Object.values(module.template.resources)
        .filter(({ existing, type }) => !existing && !EXTENSION.test(type) && type.split('/').length === 2)
        .flatMap(({ type, name }) =>
          namesIn(main, module, name).map((key) => [`${baseOf(type)} ${key}`, module.name] as const),
        ),
    ),
  );
  return modules.flatMap((module) => {
    const awaited = waitsFor(main, module);
    const missing = referencesOf(main, module).flatMap((reference) => {
      const maker = made.get(reference);
      return maker === undefined || maker === module.name || awaited.has(maker) ? [] : [`${reference} ${maker}`];
    });
    return [...new Set(missing)].map((line): Finding => {
      const [type, key, maker] = line.split(' ');
      return {
        check: 'dependencies',
        where: `infra/main.bicep: module ${module.name}`,
        what: `it reads the ${type} names.${key}, which module ${maker} makes, and does not wait for it`,
        allowed: `${maker} in its dependsOn, or in that of one that it waits for in every deployment`,
      };
    });
  });
}

/** Types and names of what a module reads, and of what it names by an id. */
function referencesOf(main: Template, module: Module): string[] {
  const references = (type: string, name: unknown) =>
    namesIn(main, module, name).map((key) => `${baseOf(type)} ${key}`);
  return Object.values(module.template.resources).flatMap((resource) => {
    if (resource.existing) return references(resource.type, resource.name);
    const ids = inlined(JSON.stringify(resource), module.template).matchAll(RESOURCE_ID);
    return [...ids].flatMap(([, type = '', name]) => references(type, name));
  });
}

/** With what it calls inside its parentheses. */
const RESOURCE_ID = /resourceId\('([\w./]+)'((?:[^()]|\([^()]*\))*)\)/g;

const inlined = (text: string, { variables }: Template): string =>
  text.replace(/variables\('(\w+)'\)/g, (_, name: string) => textOf(variables[name]));

/** The names of names.bicep that an expression of a module comes to, when its parameters are what main.bicep gives it. */
function namesIn(main: Template, { given, template }: Module, value: unknown): string[] {
  let text = inlined(String(value), template).replace(
    /parameters\('(\w+)'\)(?:\[copyIndex\(\)\])?((?:\.\w+)*)/g,
    (_, name: string, path: string) => stepped(given[name], `.value${path}`),
  );
  for (let depth = 0; depth < 5; depth += 1) {
    text = text.replace(/variables\('(?!names')(\w+)'\)((?:\.\w+)*)/g, (_, name: string, path: string) =>
      stepped(main.variables[name], path),
    );
  }
  return matches(text, /variables\('names'\)\.(\w+)/g);
}

/** What stands at a path such as `.plan.names`: as far as the value is a structure, and then what is left of the path. */
function stepped(value: unknown, path: string): string {
  const [, head, ...rest] = path.split('.');
  if (head === undefined || typeof value !== 'object' || value === null || Array.isArray(value))
    return `${textOf(value)}${path}`;
  const inner = Object.entries(value).find(([name]) => name === head)?.[1];
  return stepped(inner, rest.map((name) => `.${name}`).join(''));
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.replace(/^\[(.*)\]$/s, '$1') : (JSON.stringify(value) ?? '');

/** What is made before a module in every deployment in which the module is made. */
function waitsFor(main: Template, module: Module): Set<string> {
  const seen = new Set<string>();
  const follow = (name: string): void => {
    for (const next of main.resources[name]?.dependsOn ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      const condition = main.resources[next]?.condition;
      if (condition === undefined || condition === module.resource.condition) follow(next);
    }
  };
  follow(module.name);
  return seen;
}

const matches = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, found = '']) => found);
