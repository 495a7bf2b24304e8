import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { ERROR_CODES } from '../error-codes.ts';
import { openApiDocument } from './openapi.ts';
import { errorsOf, toldStatus } from './route.ts';
import { ALL_ROUTES } from './routes/all.ts';
import { ALL_SOCKETS } from './routes/sockets.ts';

const document = openApiDocument({
  version: '1.0.0',
  functionsUrl: 'https://functions.example',
  streamHostUrl: 'https://host.example',
  asked: { api: 'entra', eventGrid: 'entra' },
});
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({ path, method, operation })),
);

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly security: readonly Record<string, unknown>[];
  readonly responses: Record<string, { readonly description: string }>;
}

test('the document is valid OpenAPI 3.1, and every reference in it leads somewhere', async () => {
  const validator = new Validator();
  const result = await validator.validate(JSON.parse(JSON.stringify(document)));
  assert.deepEqual([result.valid, result.errors], [true, undefined]);
  assert.equal(validator.version, '3.1');
  const json = JSON.stringify(document);
  for (const [, ref = ''] of json.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = ref
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    assert.ok(target, `#/${ref} leads nowhere`);
  }
});

test('every route of both halves is in it once, with each code that it may answer', () => {
  for (const route of [...ALL_ROUTES, ...ALL_SOCKETS]) {
    const found = operations.filter(
      ({ method, operation }) => method === route.method.toLowerCase() && operation.operationId === route.name,
    );
    assert.equal(found.length, 1, route.name);
    for (const code of errorsOf(route)) {
      const response = found[0]?.operation.responses[toldStatus(route, ERROR_CODES[code].status)];
      assert.ok(response?.description.includes(`\`${code}\``), `${route.name} does not name ${code}`);
    }
  }
  assert.deepEqual(document['x-error-codes'], ERROR_CODES);
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length);
});

test('every parameter of a path is described, and every route says who may use it', () => {
  for (const { path, operation } of operations) {
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const described = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
    assert.deepEqual(
      described.map(({ name }) => name),
      named,
      path,
    );
  }
  const secured = operations.filter(({ operation }) => operation.security.length > 0);
  assert.ok(secured.every(({ path }) => /^\/api\/v1\/(calls|media\/|tickets|health\/dependencies$)/.test(path)));
});

test('the sockets are in it: how they are opened, what is said on them, and how they close (promise 5)', () => {
  for (const { path } of ALL_SOCKETS) {
    const socket = operations.find((operation) => operation.path === path && operation.method === 'get');
    assert.ok(socket?.operation.responses['101'], path);
  }
  assert.ok(document.components?.schemas?.ConversationMessage && document.components.schemas.ConversationCommand);
});

test('no two operations have one title, and no number has the limits of a double for its own', () => {
  const titles = operations.map(({ operation }) => operation.summary);
  assert.equal(new Set(titles).size, titles.length);
  assert.doesNotMatch(JSON.stringify(document), /9007199254740991/);
});

test('no two routes are at one place, where one would never be asked', () => {
  const places = [...ALL_ROUTES, ...ALL_SOCKETS].map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(
    places.filter((place, n) => places.indexOf(place) !== n),
    [],
  );
});
