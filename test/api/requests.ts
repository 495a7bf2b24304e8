import fc from 'fast-check';
import { z } from 'zod';
import type { Schemas } from '../../shared/http/examples.ts';
import { openApiDocument } from '../../shared/http/openapi.ts';
import { nearly, valuesOf } from './values.ts';

/** A request as it is sent. */
export interface ApiRequest {
  readonly operation: string;
  readonly method: string;
  /** With the prefix and the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly access: 'acs-token' | 'other';
}

const parameter = z.object({
  in: z.enum(['path', 'query', 'header', 'cookie']),
  name: z.string(),
  required: z.boolean().default(false),
  schema: z.unknown(),
});
const operation = z.object({
  operationId: z.string(),
  parameters: z.array(parameter).default([]),
  security: z.array(z.record(z.string(), z.unknown())),
  requestBody: z
    .object({ content: z.object({ 'application/json': z.object({ schema: z.unknown(), example: z.unknown() }) }) })
    .optional(),
  responses: z.record(z.string(), z.unknown()),
});
type Operation = z.output<typeof operation>;
const reference = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

/**
 * Requests made from the OpenAPI document, of every route: good ones, some with one thing wrong, and some that have little to do
 * with it.
 * @param ids of calls that there are
 */
export function requestsOf(ids: readonly string[]): fc.Arbitrary<ApiRequest> {
  const document = reference.parse(
    JSON.parse(
      JSON.stringify(
        openApiDocument({
          version: '1.0.0',
          functionsUrl: 'http://functions.example',
          streamHostUrl: 'http://host.example',
          asked: { api: 'key', eventGrid: 'key' },
        }),
      ),
    ),
  );
  const each = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      // A socket is opened, not asked.
      .filter(([, { responses }]) => responses['101'] === undefined)
      .map(([method, found]) => requestOf(path, method.toUpperCase(), found, document.components.schemas, ids)),
  );
  return fc.oneof(...each);
}

function requestOf(
  path: string,
  method: string,
  { operationId, parameters, requestBody, security }: Operation,
  schemas: Schemas,
  ids: readonly string[],
): fc.Arbitrary<ApiRequest> {
  const places = (place: string) => parameters.filter((each) => each.in === place);
  const ofPath = fc.record(
    Object.fromEntries(
      places('path').map(({ name, schema }) => [
        name,
        fc.oneof(
          { weight: 3, arbitrary: fc.constantFrom(...ids) },
          { weight: 1, arbitrary: segments(schema, schemas) },
        ),
      ]),
    ),
  );
  const ofQuery = fc.record(
    Object.fromEntries(places('query').map(({ name, schema }) => [name, mostly(valuesOf(schema, schemas))])),
    { requiredKeys: [] },
  );
  const ofHeaders = fc.record(
    Object.fromEntries(places('header').map(({ name, schema }) => [name, valuesOf(schema, schemas)])),
    { requiredKeys: [] },
  );
  const stray = fc.option(fc.tuple(fc.string({ minLength: 1, maxLength: 10 }), fc.string({ maxLength: 10 })), {
    freq: 8,
  });
  return fc
    .record({ ofPath, ofQuery, ofHeaders, stray, body: bodiesOf(requestBody, schemas) })
    .map(({ ofPath: inPath, ofQuery: inQuery, ofHeaders: inHeaders, stray: more, body }) => {
      const query = new URLSearchParams();
      for (const [name, value] of [...Object.entries(inQuery), ...(more ? [more] : [])]) query.set(name, textOf(value));
      const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(wellFormed(inPath[name])));
      return {
        operation: operationId,
        method,
        path: `${filled}${query.size > 0 ? `?${query}` : ''}`,
        headers: Object.fromEntries(
          Object.entries(inHeaders).map(([name, value]) => [name, textOf(value).replace(/[^\x21-\x7e]/g, '')]),
        ),
        ...(body !== undefined && { body }),
        access: security.some((scheme) => 'acsToken' in scheme) ? 'acs-token' : 'other',
      };
    });
}

/** Ids that are none, or might be. Steps within a path are taken by whoever sends it. */
const segments = (schema: unknown, schemas: Schemas) =>
  fc
    .oneof(valuesOf(schema, schemas).map(textOf), fc.stringMatching(/^[\w.:~-]{1,40}$/), fc.string({ minLength: 1 }))
    .filter((text) => text !== '' && !/^\.{1,2}$/.test(text));

const mostly = (values: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 3, arbitrary: values }, { weight: 1, arbitrary: fc.string({ maxLength: 20 }) });

function bodiesOf(given: Operation['requestBody'], schemas: Schemas): fc.Arbitrary<string | undefined> {
  if (given === undefined) return fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, fc.json());
  const { schema, example } = given.content['application/json'];
  const values = valuesOf(schema, schemas);
  const asText = (value: unknown) => JSON.stringify(value) ?? 'null';
  return fc.oneof(
    { weight: 5, arbitrary: values.map(asText) },
    { weight: 4, arbitrary: nearly(values).map(asText) },
    { weight: 3, arbitrary: nearly(fc.constant(example)).map(asText) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }).map(wellFormed) },
  );
}

const textOf = (value: unknown): string =>
  wellFormed(typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? ''));

/** Half of a pair is no text that can be sent. */
const wellFormed = (value: unknown): string => String(value ?? '').toWellFormed();
