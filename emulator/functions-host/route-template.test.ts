import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RouteTemplate } from './route-template.ts';

const match = (template: string, path: string) => new RouteTemplate(template).match(path);

test('segments match whole, in any case, with or without a slash at the end', () => {
  assert.deepEqual(match('api/v1/calls', '/api/v1/calls'), {});
  assert.deepEqual(match('api/v1/calls', '/API/v1/Calls/'), {});
  assert.equal(match('api/v1/calls', '/api/v1/calls/x'), undefined);
  assert.equal(match('api/v1/calls', '/api/v1/call'), undefined);
  assert.equal(match('a.b', '/axb'), undefined);
});

test('a parameter is a whole segment, decoded', () => {
  assert.deepEqual(match('calls/{id}/hangup', '/calls/a%20b%2Fc/hangup'), { id: 'a b/c' });
  assert.equal(match('calls/{id}', '/calls/'), undefined);
  assert.deepEqual(
    match('calls/{id}', '/calls/%ff'),
    { id: '%ff' },
    'what is no text reaches the function, which says so',
  );
});

test('a parameter may be optional', () => {
  assert.deepEqual(match('callbacks/{id?}', '/callbacks'), {});
  assert.deepEqual(match('callbacks/{id?}', '/callbacks/7'), { id: '7' });
  assert.equal(match('callbacks/{id?}', '/callbacks/7/8'), undefined);
});

test('a parameter may be whatever follows', () => {
  assert.deepEqual(match('api/{*path}', '/api/a/b%20c/'), { path: 'a/b c' });
  assert.deepEqual(match('api/{*path}', '/api'), {});
  assert.equal(match('api/{*path}', '/apis/a'), undefined);
});

test('what this host cannot read stops the start instead of never matching', () => {
  assert.throws(() => new RouteTemplate('files/{name}.txt'), /"\{name\}\.txt"/);
  assert.throws(() => new RouteTemplate('x/{n:int}'), /"\{n:int\}"/);
});
