import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expressionOf, templateOf } from './expression.ts';
import { settle } from './settle.ts';
import { standIn } from './stand-in.ts';

const REDIS = "reference('/subscriptions/0/providers/Microsoft.Cache/redisEnterprise/x', '2025-07-01').hostName";

test('a table of settings that is filtered and joined comes out as a table, whose unknown values stay unknown', () => {
  const filtered = `filter(items(createObject('EMPTY', '', 'REDIS_URL', format('rediss://{0}:{1}', ${REDIS}, 10000))), lambda('it', not(empty(lambdaVariables('it').value))))`;
  const table = `toObject(${filtered}, lambda('it', lambdaVariables('it').key), lambda('it', lambdaVariables('it').value))`;
  assert.deepEqual(settle({ properties: `[union(${table}, createObject('LOG_LEVEL', 'info'))]` }), {
    properties: { REDIS_URL: `[format('rediss://{0}:{1}', ${REDIS}, 10000)]`, LOG_LEVEL: 'info' },
  });
  const listed = `map(${filtered}, lambda('it', createObject('name', lambdaVariables('it').key, 'value', lambdaVariables('it').value)))`;
  const more = `if(not(empty(parameters('secret'))), createArray(createObject('name', 'S', 'secretRef', 's')), createArray())`;
  assert.deepEqual(settle(`[concat(${listed}, ${more})]`), [
    { name: 'REDIS_URL', value: `[format('rediss://{0}:{1}', ${REDIS}, 10000)]` },
    { name: 'S', secretRef: 's' },
  ]);
});

test('what is no expression stays as it is, and a text that begins with a bracket is no expression', () => {
  for (const value of ['text', '[[literal]', '[1', 7, null, true, ['a', { b: '[[c]' }]])
    assert.deepEqual(settle(value), value);
  assert.equal(standIn('[[literal]'), '[literal]');
});

test('an expression is written as it was read', () => {
  for (const source of [
    `[${REDIS}]`,
    "[format('it''s {0}', reference(resourceId('a', 'b'))['Azure AI'].list[0])]",
    "[listKeys('/subscriptions/x', '2025-01-01').keys[1].value]",
  ]) {
    const expression = expressionOf(source);
    assert.ok(expression);
    assert.equal(templateOf(expression), source);
  }
});

test('what Azure tells at run time is stood in for by a value of its kind', () => {
  assert.equal(standIn(`[format('rediss://{0}:{1}', ${REDIS}, 10000)]`), 'rediss://name.example.net:10000');
  assert.match(standIn("[reference('/subscriptions/x', '2024').clientId]"), /^[0-9a-f-]{36}$/);
  assert.equal(
    standIn("[reference('/subscriptions/x', '2024').primaryEndpoints.blob]"),
    'https://name.blob.core.windows.net/',
  );
  assert.equal(standIn(8080), '8080');
});
