import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { connectRedis } from '../../shared/sessions/connect.ts';
import { freePorts } from '../../shared/testing/free-ports.ts';
import { localEnvironment } from '../../start/environment.ts';
import { startRedisServer } from '../../start/redis-server.ts';
import { titleOf } from '../../web/dependencies.ts';
import { FaultyLine, type LineFault } from '../testing/faulty-line.ts';
import { answers, LocalDeployment } from './local-deployment.ts';
import { PageServices } from './page-services.ts';
import { Probes } from './probes.ts';

/**
 * `npm run health:table -- [part of a name]`: a deployment on this machine, whose services get wrong keys and wrong names,
 * go down and become slow, all at once; at the product's own intervals. Says for each how soon it had the right word, how
 * long probes took meanwhile, and whether the page shows it. SHOTS=folder photographs the page.
 */
const PATIENCE_MS = 60_000;
const LONGEST_PROBE_MS = 200;
const NAMES = [
  'redis',
  'acs',
  'acs-keys',
  'speech-recognition',
  'speech-synthesis',
  'chat-model',
  'realtime',
  'call-records',
  'stream-hosts',
] as const;
type Name = (typeof NAMES)[number];
const EMULATED = ['acs', 'acs.keys', 'speech.recognition', 'speech.synthesis', 'openai', 'realtime', 'blob'] as const;
const NOBODY = 'no-such-name.invalid';

const all = (state: string): Record<Name, string> =>
  Object.fromEntries(NAMES.map((name) => [name, state])) as Record<Name, string>;

interface Fault {
  readonly begin: () => Promise<void>;
  readonly states: Record<Name, string>;
  /** Settings of the processes, which are started anew with them; else they go on running. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly readyz: string;
}

const only = process.argv[2] ?? '';
const shots = process.env.SHOTS;
if (shots !== undefined) mkdirSync(shots, { recursive: true });
const redis = await startRedisServer();
if (redis === undefined) throw new Error('No redis-server is on the path.');
const redisPort = Number(new URL(redis.url).port);
const admin = connectRedis(redis.url, pino({ level: 'silent' }));
const [functionsPort = 0, streamHostPort = 0, emulatorPort = 0, emulatorTls = 0] = await freePorts(4);
const redisLine = await FaultyLine.to(redisPort);
const hostLine = await FaultyLine.to(streamHostPort);
const functionsUrl = `http://127.0.0.1:${functionsPort}`;
const streamHostUrl = `http://127.0.0.1:${streamHostPort}`;
const emulatorUrl = `http://127.0.0.1:${emulatorPort}`;
const good: Readonly<Record<string, string>> = {
  ...localEnvironment(
    { PATH: process.env.PATH, ...(process.env.HOME && { HOME: process.env.HOME }) },
    { functions: functionsPort, streamHost: streamHostPort, emulator: emulatorPort, emulatorTls },
    `redis://127.0.0.1:${redisLine.port}`,
  ),
  STREAM_HOST_URL: `http://127.0.0.1:${hostLine.port}`,
  CALL_RECORDS_URL: `${emulatorUrl}/devstoreaccount1/call-records`,
  IDENTITY_ENDPOINT: `${emulatorUrl}/msi/token`,
  IDENTITY_HEADER: 'local',
};

const order = (kind: string) =>
  fetch(`${emulatorUrl}/emulator/outages`, {
    method: 'POST',
    body: JSON.stringify(Object.fromEntries(EMULATED.map((name) => [name, kind]))),
  });
const lines = (fault: LineFault) => {
  redisLine.become(fault);
  hostLine.become(fault);
};
const mend = async () => {
  await order('none');
  await admin.config('SET', 'requirepass', '');
  lines('none');
};
const refuse = async () => {
  await order('wrong_key');
  await admin.config('SET', 'requirepass', 'another');
  redisLine.become('none');
  hostLine.become(401);
};

const FAULTS: Readonly<Record<string, Fault>> = {
  'wrong key from the start': {
    begin: async () => {
      await fetch(`${emulatorUrl}/emulator/outages`, {
        method: 'POST',
        body: '{"acs.keys":"wrong_key","blob":"wrong_key"}',
      });
      await admin.config('SET', 'requirepass', 'another');
      hostLine.become(401);
    },
    settings: {
      REDIS_URL: good.REDIS_URL?.replace('//', '//:wrong@') ?? '',
      ACS_CONNECTION_STRING: `endpoint=${emulatorUrl}/;accesskey=${Buffer.from('another').toString('base64')}`,
      SPEECH_KEY: 'another',
      AZURE_OPENAI_API_KEY: 'another',
      AZURE_VOICE_LIVE_API_KEY: 'another',
    },
    states: all('refused'),
    readyz: '503 not-ready',
  },
  'wrong name from the start': {
    begin: async () => {
      // A deployment and a document that are not there.
      await fetch(`${emulatorUrl}/emulator/outages`, {
        method: 'POST',
        body: '{"openai":"wrong_name","acs.keys":"wrong_name"}',
      });
    },
    settings: {
      REDIS_URL: `redis://${NOBODY}:6379`,
      ACS_CONNECTION_STRING: `endpoint=http://${NOBODY}/;accesskey=${Buffer.from('another').toString('base64')}`,
      SPEECH_HOST: `ws://${NOBODY}`,
      AZURE_VOICE_LIVE_MODEL: 'no-such-model',
      CALL_RECORDS_URL: `${emulatorUrl}/devstoreaccount1/no-such-container`,
      STREAM_HOST_URL: `http://${NOBODY}`,
    },
    states: {
      ...all('unreachable'),
      'acs-keys': 'refused',
      'chat-model': 'refused',
      realtime: 'refused',
      'call-records': 'refused',
    },
    readyz: '503 not-ready',
  },
  'wrong key while it runs': { begin: refuse, states: all('refused'), readyz: '200 degraded' },
  down: {
    begin: async () => {
      await order('down');
      lines('down');
    },
    states: all('unreachable'),
    readyz: '200 degraded',
  },
  slow: {
    begin: async () => {
      await order('slow');
      lines('slow');
    },
    states: all('unreachable'),
    readyz: '200 degraded',
  },
};

/** The stream hosts as the functions see them, all else as a stream host does. */
async function states(): Promise<Record<string, string>> {
  const told = await Promise.all(
    [`${functionsUrl}/api/v1`, `${streamHostUrl}/api/v1`].map(async (base) => {
      const answer = await fetch(`${base}/health/dependencies`, { signal: AbortSignal.timeout(2_000) });
      const { dependencies } = (await answer.json()) as {
        dependencies: { name: string; state: string; latencyMs?: number }[];
      };
      // Before its first check a service counts as unreachable: that is no finding.
      const found = dependencies.filter(({ latencyMs }) => latencyMs !== undefined);
      return Object.fromEntries(found.map(({ name, state }) => [name, state]));
    }),
  );
  return { ...told[1], 'stream-hosts': told[0]?.['stream-hosts'] ?? '' };
}

/** Waits for each word. @returns after how many milliseconds each was there */
async function timesTo(wanted: Readonly<Record<Name, string>>): Promise<Partial<Record<Name, number>>> {
  const startMs = performance.now();
  const times: Partial<Record<Name, number>> = {};
  while (performance.now() - startMs < PATIENCE_MS && Object.keys(times).length < NAMES.length) {
    const now = await states().catch(() => ({}) as Record<string, string>);
    for (const name of NAMES) {
      if (now[name] === wanted[name]) times[name] ??= Math.round(performance.now() - startMs);
    }
    await sleep(250);
  }
  return times;
}

const deployment = new LocalDeployment();
const page = await PageServices.open();
const probes = new Probes([
  `${streamHostUrl}/healthz`,
  `${streamHostUrl}/readyz`,
  `${functionsUrl}/api/v1/health`,
  `${functionsUrl}/api/v1/readiness`,
]);
let failures = 0;
try {
  deployment.start('emulator', good);
  await answers(`${emulatorUrl}/readyz`);
  let running = [deployment.start('functions', good), deployment.start('stream-host', good)];
  for (const [name, { begin, states: wanted, settings, readyz }] of Object.entries(FAULTS)) {
    if (!name.includes(only)) continue;
    if (settings === undefined) {
      const recovered = await timesTo(all('accepted'));
      console.log(`\nall accepted again within ${Math.max(...Object.values(recovered))} ms`);
    }
    await begin();
    if (settings !== undefined) {
      await Promise.all(running.map((child) => deployment.stop(child)));
      const env = { ...good, ...settings };
      running = [deployment.start('functions', env), deployment.start('stream-host', env)];
      await answers(`${streamHostUrl}/healthz`);
    }
    probes.begin();
    const times = await timesTo(wanted);
    const shown = await page?.read(
      streamHostUrl,
      shots === undefined ? undefined : { folder: shots, name: name.replaceAll(' ', '-') },
    );
    const probed = probes.read();
    const host = await states();
    console.log(`\n${name}`);
    for (const each of NAMES) {
      const title = titleOf({ name: each, state: 'accepted' });
      // The page shows what the stream host knows; of the other hosts that is how many have spoken in Redis.
      const onPage =
        page === undefined ? 'no browser' : each === 'stream-hosts' ? 'n/a' : shown?.[title] === wanted[each];
      const ok = times[each] !== undefined && (onPage === true || typeof onPage === 'string');
      if (!ok) failures += 1;
      console.log(
        `${ok ? 'ok  ' : 'FAIL'} ${each.padEnd(20)} ${wanted[each].padEnd(12)} after ${String(times[each] ?? `never: ${host[each]}`).padStart(6)} ms; on the page: ${onPage}`,
      );
    }
    const asReady = probed.answers['/readyz'] ?? '';
    const probesHold = probed.maxMs <= LONGEST_PROBE_MS && asReady.includes(readyz);
    if (!probesHold) failures += 1;
    console.log(
      `${probesHold ? 'ok  ' : 'FAIL'} ${probed.count} probes: p99 ${probed.p99Ms} ms, longest ${probed.maxMs} ms`,
    );
    for (const [path, told] of Object.entries(probed.answers)) console.log(`       ${path}: ${told}`);
    await mend();
    if (settings !== undefined) {
      await Promise.all(running.map((child) => deployment.stop(child)));
      running = [deployment.start('functions', good), deployment.start('stream-host', good)];
      await answers(`${streamHostUrl}/healthz`);
    }
  }
} catch (error) {
  console.error(deployment.log.slice(-30).join(''));
  throw error;
} finally {
  await probes.close();
  await page?.close();
  await deployment.close();
  admin.disconnect();
  await redis.close();
  redisLine.close();
  hostLine.close();
}
process.exit(failures === 0 ? 0 : 1);
