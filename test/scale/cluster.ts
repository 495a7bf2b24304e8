import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { CLUSTER_VARIABLE } from '../../shared/sessions/testing/cluster.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { RedisCluster } from './redis-cluster.ts';

/**
 * `node test/scale/cluster.ts [part of a path]...`: every test that runs on each kind of Redis, on a real cluster of three. A
 * script with keys of two slots, or a command with such, fails there.
 */
const ROOT = path.join(import.meta.dirname, '../..');
const NODES = 3;

const parts = process.argv.slice(2);
const files = globSync('{shared,stream-host}/**/*.test.ts', { cwd: ROOT })
  .filter((file) => readFileSync(path.join(ROOT, file), 'utf8').includes('redisesUnderTest('))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
if (files.length === 0)
  throw new Error(`No test on every kind of Redis has one of these in its path: ${parts.join(', ')}`);

const cluster = await RedisCluster.start(await freePorts(NODES));
try {
  process.stdout.write(`${files.length} files on a cluster of ${cluster.nodes.join(', ')}\n`);
  const tests = spawn(process.execPath, ['--test', '--test-concurrency=1', ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, [CLUSTER_VARIABLE]: cluster.nodes.join() },
  });
  const [code] = await once(tests, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await cluster.close();
}
