import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { systemClock } from '../../shared/clock.ts';
import { ProcessVitals } from '../../shared/process-vitals.ts';
import { describeVitals, watchVitals } from './stack-vitals.ts';

test('both processes are asked before and after; one that does not answer is said not to', async (t) => {
  const vitals = new ProcessVitals(systemClock);
  const server = createServer((request, response) => {
    if (request.url === '/emulator/status') response.end(JSON.stringify({ ready: true, ...vitals.read() }));
    else response.writeHead(404).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    vitals.close();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const readAgain = await watchVitals({ emulatorUrl: url, streamHostUrl: url });
  const [streamHost, emulator] = await readAgain();
  assert.ok(streamHost && emulator);
  assert.equal(streamHost.after, undefined);
  assert.equal(describeVitals(streamHost), `The stream host does not tell how it is at ${url}/healthz.`);
  assert.ok(emulator.before && emulator.after && emulator.after.memory.rssMb > 0);
});

test('what was read is told in one line, a restart too', () => {
  const reading = (uptimeSeconds: number, rssMb: number) => ({
    uptimeSeconds,
    eventLoopDelayMs: { p50: 0.1, p99: 4.2, max: 31 },
    memory: { rssMb, heapUsedMb: 20 },
  });
  const change = { process: 'emulator', url: 'http://x', before: reading(60, 500), after: reading(100, 520) } as const;
  assert.equal(
    describeVitals(change),
    'The emulator, over the last minute or two: event loop late by 0.1 ms (median), 4.2 ms (p99), 31 ms (worst); memory 500 -> 520 MB.',
  );
  assert.match(describeVitals({ ...change, after: reading(2, 480) }), /480 MB\. It was restarted\.$/);
});
