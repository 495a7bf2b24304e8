import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { tokenRequestOf } from './token-request.ts';

test('a ticket is asked of the stream host of this machine, or of the functions with a key', () => {
  assert.deepEqual(tokenRequestOf(['browser'], {}), {
    url: 'http://127.0.0.1:8080/api/v1/tickets',
    headers: { 'content-type': 'application/json' },
    body: { kind: 'browser' },
    field: 'ticket',
  });
  assert.equal(tokenRequestOf(['dashboard'], { STREAM_HOST_PORT: '9' })?.url, 'http://127.0.0.1:9/api/v1/tickets');
  const given = [
    'browser',
    '--functions',
    'https://f.example/',
    '--key',
    'k',
    '--session',
    's',
    '--origin',
    'https://a.example',
  ];
  assert.deepEqual(tokenRequestOf(given, {}), {
    url: 'https://f.example/api/v1/tickets',
    headers: { 'content-type': 'application/json', 'x-functions-key': 'k' },
    body: { kind: 'browser', session_id: 's', origin: 'https://a.example' },
    field: 'ticket',
  });
  assert.deepEqual(tokenRequestOf(['media'], {}), {
    url: 'http://127.0.0.1:8090/emulator/token',
    headers: { 'content-type': 'application/json' },
    body: { kind: 'socket' },
    field: 'token',
  });
  assert.equal(tokenRequestOf(['--help'], {}), undefined);
});

test('what is wrong is named', () => {
  for (const [given, message] of [
    [[], /No kind was given/],
    [['root'], /"root" was given: browser, dashboard, media or api/],
    [['browser', 'media'], /"media" is too much/],
    [['browser', '--key', 'k'], /--key goes with --functions/],
    [['browser', '--stream-host', 'here'], /--stream-host is "here": it takes an http\(s\) address/],
    [['browser', '--sesion', 'x'], /--sesion/],
  ] as const) {
    assert.throws(() => tokenRequestOf(given, {}), { code: 'config.invalid', message });
  }
});

test('npm run token says who does not answer, and prints nothing else', async () => {
  const child = spawn(process.execPath, ['start/token.ts', 'browser', '--stream-host', 'http://127.0.0.1:1'], {
    cwd: path.join(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, problems] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  assert.deepEqual([out, child.exitCode], ['', 1]);
  assert.match(problems, /Nobody answers at http:\/\/127\.0\.0\.1:1.*npm start/);
});
