import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { AccessTokens } from '../../emulator/identity/access-tokens.ts';
import { RedisProxy } from '../../emulator/redis-proxy/redis-proxy.ts';
import { loadCertificate } from '../../emulator/tls/certificates.ts';
import { startEmbeddedRedis } from '../../start/redis-embedded.ts';
import type { PrivateRedis } from '../../start/redis-server.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { systemClock } from '../clock.ts';
import { TokenSource } from '../identity/token-source.ts';
import { eventually } from '../testing/eventually.ts';
import { CommandInbox } from './command-inbox.ts';
import { connectRedis } from './connect.ts';
import { SessionStore } from './session-store.ts';
import { newSession } from './testing/redis.ts';

const LIFE_SECONDS = 3;
const silent = pino({ level: 'silent' });

for (const [kind, start] of [
  ['redis-server', startRedisServer],
  ['embedded', startEmbeddedRedis],
] as const) {
  describe(`a Redis that knows identities only (${kind})`, () => {
    let server: PrivateRedis | undefined;
    let proxy: RedisProxy;
    let tokens: AccessTokens;
    let port: number;

    before(async () => {
      server = await start();
      if (!server) return;
      tokens = await AccessTokens.open(systemClock);
      proxy = new RedisProxy({ upstreamUrl: server.url, tokens, clock: systemClock, log: silent });
      port = await proxy.listen('127.0.0.1', 0);
    });
    after(async () => {
      if (!server) return;
      await proxy.close();
      await server.close();
    });

    /** Tokens of `client` from the issuer, and how many were asked for. */
    const sourceOf = (client: string) => {
      const state = { asked: 0, fails: false, audience: 'https://redis.azure.com' };
      const fetchToken = async () => {
        state.asked += 1;
        if (state.fails) throw new Error('the endpoint is away');
        const { token, expiresOn } = tokens.issue(state.audience, client, LIFE_SECONDS);
        return { token, expiresOnTimestamp: expiresOn * 1000 };
      };
      const log = silent;
      return { state, source: new TokenSource({ scope: 'redis', fetchToken, clock: systemClock, log }) };
    };

    test('connections outlive their tokens: each renewed one is shown on them, also where one only listens', async (t) => {
      if (!server) return t.diagnostic('no redis-server is on the path');
      const { state, source } = sourceOf('outlives');
      const redis = connectRedis(`redis://127.0.0.1:${port}`, silent, { tokens: source });
      const closes: string[] = [];
      const store = new SessionStore(redis, { ttlSeconds: 60 });
      // The poll is off: only the bell, a connection that listens, can bring a command.
      const inbox = new CommandInbox(redis, { pollMs: 600_000 });
      t.after(() => {
        inbox.close();
        redis.disconnect();
        source.close();
      });
      redis.on('close', () => closes.push('commands'));
      const { id } = await store.create(newSession());
      const heard: string[] = [];
      inbox.open(id, (command) => command.type === 'end' && heard.push(command.reason));
      const before = { ...proxy.status };
      const untilMs = performance.now() + 1.8 * LIFE_SECONDS * 1000;
      for (let sent = 0; performance.now() < untilMs; sent++) {
        assert.ok(await store.get(id));
        await store.command(id, { type: 'end', reason: `order ${sent}` });
        await eventually(() => heard.length === sent + 1);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      assert.deepEqual(closes, []);
      assert.equal(proxy.status.cut - before.cut, 0);
      if (kind === 'redis-server') assert.ok(proxy.status.renewed - before.renewed >= 4, JSON.stringify(proxy.status));
      const most = 2 * Math.ceil((1.8 * LIFE_SECONDS * 1000) / (LIFE_SECONDS * 1000));
      assert.ok(state.asked <= most, `${state.asked} requests for tokens`);
    });

    test('a connection that shows no newer token is cut, and the next one comes with a fresh one', async (t) => {
      if (!server) return t.diagnostic('no redis-server is on the path');
      const { state, source } = sourceOf('late');
      const redis = connectRedis(`redis://127.0.0.1:${port}`, silent, { tokens: source });
      t.after(() => {
        redis.disconnect();
        source.close();
      });
      await redis.set('kept', 'yes');
      state.fails = true;
      const cut = proxy.status.cut;
      await eventually(() => proxy.status.cut > cut);
      await assert.rejects(redis.get('kept'));
      state.fails = false;
      await eventually(() =>
        redis.get('kept').then(
          (value) => value === 'yes',
          () => false,
        ),
      );
    });

    test('who shows nothing, a wrong user, another service’s token or an expired one is refused, in the order of commands', async (t) => {
      if (!server) return t.diagnostic('no redis-server is on the path');
      const issue = (audience: string, seconds: number) => tokens.issue(audience, 'someone', seconds).token;
      const oid = JSON.parse(atob(issue('a', 1).split('.')[1] ?? '')).oid as string;
      const good = issue('https://redis.azure.com', 60);
      const connect = (more: object) => {
        const redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => null, ...more });
        redis.on('error', () => {});
        t.after(() => redis.disconnect());
        return redis;
      };
      for (const [username, password] of [
        [oid, issue('https://ai.azure.com', 60)],
        [oid, issue('https://redis.azure.com', 0)],
        ['somebody-else', good],
        [oid, 'a-password'],
      ]) {
        await assert.rejects(connect({ username, password }).ping());
      }
      await assert.rejects(connect({}).ping());
      for (const protocol of [2, 3]) {
        const redis = connect({ username: oid, password: good, protocol });
        const answers = await redis
          .pipeline()
          .set('n', 1)
          .auth(oid, 'wrong')
          .incr('n')
          .auth(oid, good)
          .incr('n')
          .exec();
        const said = answers?.map(([error, value]) => error?.message.split(' ')[0] ?? value);
        assert.deepEqual(said, ['OK', 'WRONGPASS', 2, 'OK', 3]);
      }
    });
  });
}

test('over TLS a client must trust the certificate, and then all is the same', async (t) => {
  const server = (await startRedisServer()) ?? (await startEmbeddedRedis());
  const [tokens, certificate] = [await AccessTokens.open(systemClock), await loadCertificate()];
  const proxy = new RedisProxy({ upstreamUrl: server.url, tokens, tls: certificate, clock: systemClock, log: silent });
  const port = await proxy.listen('127.0.0.1', 0);
  const { token } = tokens.issue('https://redis.azure.com', 'x', 60);
  const username = JSON.parse(atob(token.split('.')[1] ?? '')).oid as string;
  const connect = (tls: object) => {
    const redis = new Redis({ port, host: 'localhost', username, password: token, tls, retryStrategy: () => null });
    redis.on('error', () => {});
    t.after(() => redis.disconnect());
    return redis;
  };
  t.after(async () => {
    await proxy.close();
    await server.close();
  });
  await assert.rejects(connect({}).ping());
  assert.equal(await connect({ ca: certificate.cert }).ping(), 'PONG');
});
