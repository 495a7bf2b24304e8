import bicepTypes, { type BicepType, type ObjectTypeProperty } from 'bicep-types';
import { ALLOWED_FINDINGS, type AllowedFinding } from './allowed-findings.ts';
import type { AzureTypes, TypeTable } from './azure-types.ts';
import { type Expansion, placeOf, type Resource, shown } from './expansion.ts';
import { isUnknown } from './expression.ts';
import type { Finding } from './finding.ts';

const { TypeBaseKind: Kind, ObjectTypePropertyFlags: Flags } = bicepTypes;

/** What every resource has and no type tells more of. */
const ENVELOPE: ReadonlySet<string> = new Set([
  'id',
  'type',
  'apiVersion',
  'name',
  'scope',
  'dependsOn',
  'condition',
  'comments',
]);

/**
 * Every resource against Azure's own types: version, properties that are unknown, missing or read-only, kinds of values, and
 * the enumerations that the compiler lets pass because the service takes any text there.
 */
export function typeFindings(
  expansions: readonly Expansion[],
  types: AzureTypes,
  allowed: readonly AllowedFinding[] = ALLOWED_FINDINGS.filter(({ rule }) => rule === 'types'),
): Finding[] {
  const all = expansions.flatMap((expansion) =>
    expansion.resources.flatMap((resource) =>
      resourceMismatches(resource, types).map(({ path, what, right }) => ({
        place: `${resource.type} ${path}`,
        finding: { check: 'types', where: placeOf(expansion, resource, path), what, allowed: right } satisfies Finding,
      })),
    ),
  );
  const idle = allowed.filter(({ where }) => !all.some(({ place }) => place === where));
  return [
    ...all.filter(({ place }) => !allowed.some(({ where }) => where === place)).map(({ finding }) => finding),
    ...idle.map(
      ({ where }): Finding => ({
        check: 'types',
        where: 'infra/check/allowed-findings.ts',
        what: `a mismatch of ${where} is allowed and does not occur`,
        allowed: 'only what occurs',
      }),
    ),
  ];
}

function resourceMismatches(resource: Resource, types: AzureTypes): Mismatch[] {
  const { type, apiVersion } = resource;
  const found = types.bodyOf(type, apiVersion);
  if (found !== undefined) return [...mismatches(found.types, found.body, bodyOf(resource), '')];
  const versions = types.versionsOf(type);
  const right = versions.length > 0 ? `one of ${versions.slice(-3).join(', ')}` : 'a type that Azure has';
  return [{ path: '', what: `Azure has no ${type}@${apiVersion}`, right }];
}

/** The types of an expansion's resources begin with these. */
export const providersIn = (expansions: readonly Expansion[]): string[] =>
  expansions.flatMap(({ resources }) => resources.map(({ type }) => (type.split('/')[0] ?? '').toLowerCase()));

/** Without the envelope, and with the resource's own name: that of a child begins with its parent's. */
const bodyOf = (resource: Resource): Record<string, unknown> => ({
  ...Object.fromEntries(Object.entries(resource).filter(([name]) => !ENVELOPE.has(name))),
  name: isUnknown(resource.name) ? resource.name : resource.name.split('/').at(-1),
});

interface Mismatch {
  readonly path: string;
  readonly what: string;
  readonly right: string;
}

function* mismatches(types: TypeTable, type: BicepType | undefined, value: unknown, path: string): Generator<Mismatch> {
  // A null counts as not set.
  if (type === undefined || value === null || isUnknown(value)) return;
  switch (type.type) {
    case Kind.ObjectType:
      if (isObject(value)) yield* inObject(types, type.properties, type.additionalProperties?.index, value, path);
      else yield otherKind(path, value, 'an object');
      return;
    case Kind.DiscriminatedObjectType: {
      if (!isObject(value)) return yield otherKind(path, value, 'an object');
      const given = value[type.discriminator];
      const element = typeof given === 'string' ? type.elements[given] : undefined;
      const variant = element && types[element.index];
      if (variant?.type === Kind.ObjectType) {
        const properties = { ...type.baseProperties, ...variant.properties };
        yield* inObject(types, properties, variant.additionalProperties?.index, value, path);
      } else if (!isUnknown(given)) {
        yield { path: join(path, type.discriminator), what: shown(given), right: oneOf(Object.keys(type.elements)) };
      }
      return;
    }
    case Kind.ArrayType:
      if (!Array.isArray(value)) return yield otherKind(path, value, 'a list');
      for (const [index, item] of value.entries()) {
        yield* mismatches(types, types[type.itemType.index], item, join(path, String(index)));
      }
      return;
    case Kind.UnionType:
      yield* inUnion(
        types,
        type.elements.map(({ index }) => types[index]),
        value,
        path,
      );
      return;
    case Kind.StringLiteralType:
      if (value !== type.value) yield { path, what: shown(value), right: JSON.stringify(type.value) };
      return;
    case Kind.StringType: {
      if (typeof value !== 'string') return yield otherKind(path, value, 'a text');
      const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern } = type;
      if (value.length < minLength || value.length > maxLength) {
        yield { path, what: `${shown(value)} has ${value.length} characters`, right: `${minLength} to ${maxLength}` };
      }
      if (pattern !== undefined && !new RegExp(pattern).test(value)) yield { path, what: shown(value), right: pattern };
      return;
    }
    case Kind.IntegerType: {
      if (!Number.isInteger(value)) return yield otherKind(path, value, 'a whole number');
      const { minValue = Number.NEGATIVE_INFINITY, maxValue = Number.POSITIVE_INFINITY } = type;
      if (Number(value) < minValue || Number(value) > maxValue) {
        yield { path, what: shown(value), right: `${minValue} to ${maxValue}` };
      }
      return;
    }
    case Kind.BooleanType:
      if (typeof value !== 'boolean') yield otherKind(path, value, 'true or false');
      return;
    default:
      // Any value, or a kind that no body of a resource has.
      return;
  }
}

function* inObject(
  types: TypeTable,
  properties: Readonly<Record<string, ObjectTypeProperty>>,
  additional: number | undefined,
  value: Readonly<Record<string, unknown>>,
  path: string,
): Generator<Mismatch> {
  const isTop = path === '';
  for (const [name, inner] of Object.entries(value)) {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const place = join(path, name);
    if (property === undefined) {
      if (additional !== undefined) yield* mismatches(types, types[additional], inner, place);
      else yield { path: place, what: 'there is no such property', right: nearest(name, Object.keys(properties)) };
    } else if (property.flags & Flags.ReadOnly && !(property.flags & Flags.Required)) {
      yield { path: place, what: 'this can only be read', right: 'leave it out' };
    } else {
      yield* mismatches(types, types[property.type.index], inner, place);
    }
  }
  for (const [name, { flags }] of Object.entries(properties)) {
    const isWanted = Boolean(flags & Flags.Required) && !(flags & Flags.ReadOnly) && !(isTop && ENVELOPE.has(name));
    if (isWanted && value[name] === undefined)
      yield { path: join(path, name), what: 'this is missing', right: 'it must be set' };
  }
}

/** One of the texts, or whatever else the union has. A union of texts and "any text" is meant to be one of the texts. */
function* inUnion(
  types: TypeTable,
  elements: readonly (BicepType | undefined)[],
  value: unknown,
  path: string,
): Generator<Mismatch> {
  const texts = elements.flatMap((element) => (element?.type === Kind.StringLiteralType ? [element.value] : []));
  if (texts.length > 0 && typeof value === 'string') {
    if (!texts.includes(value)) yield { path, what: shown(value), right: oneOf(texts) };
    return;
  }
  const fits = elements.some((element) => [...mismatches(types, element, value, path)].length === 0);
  if (!fits) yield { path, what: shown(value), right: texts.length > 0 ? oneOf(texts) : 'one of several other kinds' };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const otherKind = (path: string, value: unknown, right: string): Mismatch => ({ path, what: shown(value), right });
const join = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);
const oneOf = (values: readonly string[]): string => `one of ${values.join(', ')}`;

function nearest(name: string, names: readonly string[]): string {
  const same = names.find((candidate) => candidate.toLowerCase() === name.toLowerCase());
  return same === undefined ? `one of ${names.join(', ')}` : `"${same}", in these letters`;
}
