import { z } from 'zod';

/**
 * Examples of the reference. A field says its own (`.meta({ example })`); those of a body are put together from its
 * fields, so that none can be forgotten where a field is added: whatever must be there, and what has an example of its own.
 */

const schemaShape = z.looseObject({
  $ref: z.string().optional(),
  type: z.union([z.string(), z.array(z.string())]).optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  anyOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  enum: z.array(z.unknown()).optional(),
  examples: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
});
export type Schema = z.output<typeof schemaShape>;
export type Schemas = Readonly<Record<string, unknown>>;

const COMPONENTS = '#/components/schemas/';

/** What a schema says, of whatever it refers to. */
export function readSchema(given: unknown, schemas: Schemas): Schema {
  const schema = schemaShape.safeParse(given).data ?? {};
  return schema.$ref?.startsWith(COMPONENTS)
    ? readSchema(schemas[schema.$ref.slice(COMPONENTS.length)], schemas)
    : schema;
}

/**
 * An example of what a JSON schema describes.
 * @param schemas what references lead to
 */
export function exampleOf(given: unknown, schemas: Schemas): unknown {
  const schema = readSchema(given, schemas);
  const own = ownExample(schema);
  if (own !== undefined) return own.example;
  const [first] = schema.anyOf ?? schema.oneOf ?? [];
  if (first !== undefined) return exampleOf(first, schemas);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => exampleOf(part, schemas)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {})
          .filter(
            ([name, part]) => schema.required?.includes(name) || ownExample(readSchema(part, schemas)) !== undefined,
          )
          .map(([name, part]) => [name, exampleOf(part, schemas)]),
      );
    case 'array':
      return 'not' in readSchema(schema.items, schemas) ? [] : [exampleOf(schema.items, schemas)];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return false;
    case 'string':
      return 'text';
    default:
      return null;
  }
}

function ownExample(schema: Schema): { readonly example: unknown } | undefined {
  if ('example' in schema) return { example: schema.example };
  if (schema.examples?.length) return { example: schema.examples[0] };
  if ('const' in schema) return { example: schema.const };
  if (schema.enum?.length) return { example: schema.enum[0] };
  return 'default' in schema ? { example: schema.default } : undefined;
}

/** Puts an example beside the schema of each body that a route takes, and of each that it answers when all went well. */
export function withExamples<Document extends object>(document: Document): Document {
  const schemas = partOf(partOf(document, 'components'), 'schemas');
  for (const item of Object.values(partOf(document, 'paths'))) {
    for (const operation of partsOf(item)) {
      const good = Object.entries(partOf(operation, 'responses')).filter(([status]) => status.startsWith('2'));
      for (const body of [partOf(operation, 'requestBody'), ...good.map(([, answer]) => answer)]) {
        const json = partOf(partOf(body, 'content'), 'application/json');
        if ('schema' in json) json.example = exampleOf(json.schema, schemas);
      }
    }
  }
  return document;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** A part of an object, or nothing. */
function partOf(value: unknown, name: string): Record<string, unknown> {
  const part = isObject(value) ? value[name] : undefined;
  return isObject(part) ? part : {};
}

const partsOf = (value: unknown): unknown[] => (isObject(value) ? Object.values(value) : []);
