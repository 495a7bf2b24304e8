import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { eventually } from '../shared/testing/eventually.ts';
import { findRedis } from './redis.ts';
import { startEmbeddedRedis } from './redis-embedded.ts';
import { startRedisServer } from './redis-server.ts';

const log = pino({ level: process.env.TEST_LOG ?? 'silent' });

/** Runs `task` as on a machine that has no programs at all. */
async function withoutPath<Result>(task: () => Promise<Result>): Promise<Result> {
  const { PATH } = process.env;
  process.env.PATH = '/nowhere';
  try {
    return await task();
  } finally {
    process.env.PATH = PATH;
  }
}

async function ask(url: string): Promise<string> {
  const redis = new Redis(url, { retryStrategy: null });
  redis.on('error', () => {}); // The command's own failure is what counts.
  try {
    return await redis.info('server');
  } finally {
    redis.disconnect();
  }
}

test('takes the Redis that was given, and leaves it running', async (t) => {
  const given = await startEmbeddedRedis();
  t.after(() => given.close());
  const found = await findRedis({ url: given.url, log });
  assert.deepEqual([found.kind, found.url], ['given', given.url]);
  await found.close();
  assert.match(await ask(given.url), /redis_version/);
});

test('a REDIS_URL that cannot be used is named, without its password', async (t) => {
  const given = await startEmbeddedRedis();
  t.after(() => given.close());
  const wrong = given.url.replace('//', '//user:secret@');
  await assert.rejects(findRedis({ url: wrong, log }), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'config.invalid');
    assert.match(error.message, /REDIS_URL.*127\.0\.0\.1:\d+.*(AUTH|WRONGPASS)/);
    assert.doesNotMatch(error.message, /secret/);
    return true;
  });
  await given.close();
  await assert.rejects(findRedis({ url: given.url, log }), /REDIS_URL.*ECONNREFUSED/);
  await assert.rejects(findRedis({ url: 'http://localhost', log }), /REDIS_URL must look like/);
});

test('starts a redis-server where there is one, and ends it', async (t) => {
  const found = await findRedis({ log });
  if (found.kind === 'embedded') t.diagnostic('no redis-server is on the path: this ran on the embedded one');
  assert.match(await ask(found.url), /redis_version/);
  await found.close();
  await found.close();
  await assert.rejects(ask(found.url));
});

test('starts the embedded one on a machine without redis-server', async () => {
  const found = await withoutPath(() => findRedis({ log }));
  assert.equal(found.kind, 'embedded');
  assert.match(await ask(found.url), /redis_version/);
  await found.close();
  await found.close();
  await assert.rejects(ask(found.url));
});

test('a web page can give a private Redis no commands (Lesser: local ports)', async (t) => {
  for (const server of [await startEmbeddedRedis(), await startRedisServer()]) {
    if (!server) continue;
    t.after(() => server.close());
    const redis = new Redis(server.url);
    t.after(() => redis.disconnect());
    await redis.set('key', 'ours');
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1').resume();
    const closed = once(socket, 'close', { signal: AbortSignal.timeout(5000) });
    const body = 'SET key theirs\r\nFLUSHALL\r\n*1\r\n$8\r\nFLUSHALL\r\n';
    socket.write(`POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await closed;
    assert.equal(await redis.get('key'), 'ours');
  }
});

test('a port that is taken is a reason, not a wait', async (t) => {
  const squatter = createServer((socket) => socket.end('+PONG\r\n')).listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  t.after(() => squatter.close());
  const address = squatter.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const failed = { code: 'redis.start-failed' };
  await assert.rejects(findRedis({ log, port }), failed);
  await assert.rejects(
    withoutPath(() => findRedis({ log, port })),
    failed,
  );
});

test('a redis-server that dies is reported', async (t) => {
  const { promise: lost, resolve: onLost } = Promise.withResolvers<string>();
  const server = await startRedisServer({ onLost });
  if (!server) return t.diagnostic('no redis-server is on the path');
  t.after(() => server.close());
  const redis = new Redis(server.url, { retryStrategy: null });
  redis.on('error', () => {});
  await redis.shutdown('NOSAVE').catch(() => {});
  assert.equal(await lost, 'exit code 0');
  redis.disconnect();
});

test('a private Redis that dies is replaced at its address, and after too often the start is told (lesser: onLost)', async (t) => {
  let gaveUp = false;
  const onHopeless = () => {
    gaveUp = true;
  };
  const found = await findRedis({ log, onHopeless });
  t.after(() => found.close());
  if (found.kind === 'embedded') return t.diagnostic('no redis-server is on the path');
  const kill = async () => {
    const redis = new Redis(found.url, { retryStrategy: null });
    redis.on('error', () => {});
    await redis.shutdown('NOSAVE').catch(() => {});
    redis.disconnect();
  };
  await kill();
  await eventually(async () => (await ask(found.url).catch(() => '')).includes('redis_version'));
  assert.equal(gaveUp, false);
  await eventually(async () => {
    await kill();
    return gaveUp;
  });
});

test('a redis-server ends with its starter, even one that is killed', async (t) => {
  const source = `
    const { startRedisServer } = await import(${JSON.stringify(new URL('./redis-server.ts', import.meta.url).href)});
    const server = await startRedisServer();
    console.log(server ? server.url : 'none');
  `;
  const starter = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  t.after(() => starter.kill('SIGKILL'));
  const [output] = await once(starter.stdout.setEncoding('utf8'), 'data');
  const url = String(output).trim();
  if (url === 'none') return t.diagnostic('no redis-server is on the path');
  const redis = new Redis(url, { retryStrategy: null });
  redis.on('error', () => {});
  await redis.ping();
  const ended = once(redis, 'end', { signal: AbortSignal.timeout(5000) });
  starter.kill('SIGKILL');
  await ended;
  await assert.rejects(ask(url));
});
