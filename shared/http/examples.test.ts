import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { exampleOf } from './examples.ts';
import { openApiDocument } from './openapi.ts';
import type { RouteContract } from './route.ts';
import { ALL_ROUTES } from './routes/all.ts';

const json = z.object({ 'application/json': z.looseObject({ example: z.unknown().optional() }) }).partial();
const operation = z.object({
  parameters: z
    .array(z.looseObject({ in: z.string(), name: z.string(), required: z.boolean().optional(), schema: z.unknown() }))
    .default([]),
  requestBody: z.object({ content: json }).optional(),
  responses: z.record(z.string(), z.object({ content: json.optional() })),
});
const document = z
  .object({
    paths: z.record(z.string(), z.record(z.string(), z.unknown())),
    components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  })
  .parse(
    openApiDocument({
      version: '1.0.0',
      functionsUrl: 'https://functions.example',
      streamHostUrl: 'https://host.example',
      asked: { api: 'key', eventGrid: 'key' },
    }),
  );

const operationOf = ({ path, method }: RouteContract) =>
  operation.parse(document.paths[path.replace('?}', '}')]?.[method.toLowerCase()]);

for (const route of ALL_ROUTES) {
  test(`the examples of ${route.method} ${route.path} are what its schemas take`, () => {
    const { parameters, requestBody, responses } = operationOf(route);
    const given = (place: string) =>
      Object.fromEntries(
        parameters
          .filter((parameter) => parameter.in === place && parameter.required)
          // A field without an example would be filled with a word that means nothing.
          .map(({ name, schema }) => [name, exampleOf(schema, document.components.schemas)]),
      );
    const parts = [
      [route.params, given('path'), 'path'],
      [route.query, given('query'), 'query'],
      [route.headers, given('header'), 'headers'],
      [route.body, requestBody?.content['application/json']?.example, 'body'],
      ...Object.entries(route.answers)
        .filter(([status]) => status.startsWith('2'))
        .map(
          ([status, schema]) =>
            [
              route.produces === undefined ? schema : undefined,
              responses[status]?.content?.['application/json']?.example,
              `answer ${status}`,
            ] as const,
        ),
    ] as const;
    for (const [schema, example, part] of parts) {
      const result = schema?.safeParse(example);
      assert.ok(
        result === undefined || result.success,
        `${part}: ${JSON.stringify(example)} is refused: give its fields .meta({ example }). ${result?.error?.message}`,
      );
    }
  });
}
