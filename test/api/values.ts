import fc from 'fast-check';
import { readSchema, type Schema, type Schemas } from '../../shared/http/examples.ts';

/** Values that a JSON schema of the reference describes, extreme ones too: whole Unicode, the ends of what a number may be. */
export function valuesOf(given: unknown, schemas: Schemas): fc.Arbitrary<unknown> {
  const schema = readSchema(given, schemas);
  if ('const' in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => valuesOf(choice, schemas)));
  if (schema.allOf) {
    return fc.tuple(...schema.allOf.map((part) => valuesOf(part, schemas))).map((parts) => Object.assign({}, ...parts));
  }
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return fc.oneof(...types.map((type) => ofType(type, schema, schemas)));
}

function ofType(type: string | undefined, schema: Schema, schemas: Schemas): fc.Arbitrary<unknown> {
  const numbers = { min: numberIn(schema, 'minimum') ?? -1000, max: numberIn(schema, 'maximum') ?? 1_000_000 };
  switch (type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {}).map(
        ([name, part]) => [name, valuesOf(part, schemas)] as const,
      );
      if (fields.length === 0) return fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 5 });
      const model: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(fields);
      return fc.record(model, { requiredKeys: schema.required ?? [] });
    }
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, schemas), { maxLength: 4 });
    case 'string':
      return texts(schema);
    case 'integer':
      return fc.integer(numbers);
    case 'number':
      return fc.double({ ...numbers, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue();
  }
}

function texts(schema: Schema): fc.Arbitrary<string> {
  const { pattern, format } = schema;
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern));
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
  const minLength = numberIn(schema, 'minLength') ?? 0;
  return fc.string({ unit: 'binary', minLength, maxLength: Math.min(numberIn(schema, 'maxLength') ?? 40, 300) });
}

const numberIn = (schema: Schema, name: string): number | undefined =>
  typeof schema[name] === 'number' ? schema[name] : undefined;

/** A value that is nearly what was described: somewhere in it a field less, more, or of another kind. */
export function nearly(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const change = fc.record({
    path: fc.array(fc.nat(20), { minLength: 1, maxLength: 4 }),
    what: fc.constantFrom('drop', 'replace', 'add', 'wrap'),
    by: fc.jsonValue(),
  });
  return fc.tuple(values, change).map(([value, { path, ...how }]) => changed(value, path, how));
}

interface Change {
  readonly what: string;
  readonly by: unknown;
}

/** @param path where: at each step down, of as many fields as there are */
function changed(value: unknown, [at = 0, ...deeper]: readonly number[], how: Change): unknown {
  const { what, by } = how;
  if (Array.isArray(value) && value.length > 0) {
    return value.map((entry, n) => (n === at % value.length ? changed(entry, deeper, how) : entry));
  }
  if (what === 'wrap' || typeof value !== 'object' || value === null || Array.isArray(value)) return [value, by];
  const entries = Object.entries(value);
  const [name, old] = entries[at % Math.max(1, entries.length)] ?? [];
  if (what === 'add' || name === undefined) return { ...value, [`unknown_${at}`]: by };
  if (deeper.length > 0 && typeof old === 'object' && old !== null) {
    return { ...value, [name]: changed(old, deeper, how) };
  }
  if (what === 'replace') return { ...value, [name]: by };
  return Object.fromEntries(entries.filter(([other]) => other !== name));
}
