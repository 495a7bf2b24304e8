import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { traceIdOf } from '../../shared/telemetry/call-trace.ts';
import { ATTRIBUTE, ROLE } from '../../shared/telemetry/names.ts';
import { listening } from '../../shared/testing/listening.ts';
import { Faults } from '../faults.ts';
import { TelemetryService } from './telemetry-service.ts';
import { parseTraceArguments } from './trace-arguments.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const log = pino({ level: 'silent' });
const START = Date.parse('2026-11-29T12:00:00.000Z');

async function emulator(context: TestContext): Promise<string> {
  const service = new TelemetryService({ faults: new Faults(log), clock: systemClock, log });
  const server = createServer((request, response) => {
    if (!service.handle(request, response)) response.writeHead(404).end();
  });
  const url = `http://127.0.0.1:${await listening(server)}`;
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return url;
}

/** A call of two spans, of which the second failed; its name would move the cursor of a terminal. */
async function call(url: string, sessionId: string, atMs: number): Promise<void> {
  const spanId = (letter: string) => letter.repeat(16);
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const times = (from: number, to: number) => ({
    startTimeUnixNano: `${BigInt(atMs + from) * 1_000_000n}`,
    endTimeUnixNano: `${BigInt(atMs + to) * 1_000_000n}`,
  });
  const attributes = [text(ATTRIBUTE.session, sessionId)];
  const peer = [text(ATTRIBUTE.httpMethod, 'POST'), text(ATTRIBUTE.peer, 'acs'), text(ATTRIBUTE.errorType, 'acs.busy')];
  const entry = { spanId: spanId('a'), name: 'parley.entry', kind: 2, attributes, ...times(0, 400) };
  const asked = { spanId: spanId('b'), parentSpanId: spanId('a'), name: 'answer\u001b[2J', kind: 3, attributes: peer };
  const spans = [entry, { ...asked, ...times(100, 300), status: { code: 2 } }];
  const resource = { attributes: [text('service.name', ROLE.functions)] };
  const traced = spans.map((span) => ({ ...span, traceId: traceIdOf(sessionId) }));
  await fetch(`${url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: traced }] }] }),
  });
}

async function run(...args: readonly string[]) {
  const child = spawn(process.execPath, ['emulator/telemetry/print-trace.ts', ...args], { cwd: ROOT });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [exitCode] = await once(child, 'close');
  return { exitCode, output };
}

test('the waterfall of a call is printed by its session, and of the newest where none is named', async (context) => {
  const url = await emulator(context);
  await call(url, 'older', START);
  await call(url, 'newer', START + 60_000);
  const { exitCode, output } = await run('older', '--emulator', url);
  assert.equal(exitCode, 0, output);
  const [head = '', , first = '', second = ''] = output.split('\n');
  assert.match(head, /^session older · trace [0-9a-f]{32} · 2026-11-29T12:00:00.000Z · 400 ms · 2 spans · 1 failed$/);
  assert.match(first, /^ +\+0 ms +400 ms functions +entry +█+$/);
  assert.match(second, /^ +\+100 ms +200 ms functions +answer\\u001b\[2J +▒+ +✗ failed: acs\.busy$/);
  assert.match(output, /functions → acs +1 +1 +200 ms +200 ms/);
  assert.match((await run('--emulator', url)).output, /^session newer /);
});

test('all that there is can be listed, and read as JSON', async (context) => {
  const url = await emulator(context);
  await call(url, 'one', START);
  assert.match(
    (await run('--list', '--emulator', url)).output,
    /^2026-11-29 12:00:00 .*session one {2}2 spans, 1 failed {2}entry\n$/,
  );
  const { output } = await run(traceIdOf('one'), '--json', '--emulator', url);
  assert.equal(JSON.parse(output).items.length, 2);
});

test('it ends with 1 where there is nothing and where nobody answers, and with 2 for wrong options', async (context) => {
  const url = await emulator(context);
  const nothing = await run('unknown', '--emulator', url);
  assert.deepEqual([nothing.exitCode, /Nothing has come of unknown/.test(nothing.output)], [1, true]);
  const away = await run('--emulator', 'http://127.0.0.1:1');
  assert.deepEqual([away.exitCode, /npm start/.test(away.output)], [1, true]);
  const wrong = await run('--lst');
  assert.deepEqual([wrong.exitCode, /--lst/.test(wrong.output)], [2, true]);
  assert.match((await run('--help')).output, /npm run trace -- SESSION/);
});

test('the emulator is found by the variable that moves it', () => {
  const of = (given: readonly string[], env = {}) => parseTraceArguments(given, env).emulatorUrl;
  assert.equal(of([]), 'http://127.0.0.1:8090');
  assert.equal(of([], { EMULATOR_PORT: '9000' }), 'http://127.0.0.1:9000');
  assert.throws(() => of([], { EMULATOR_PORT: 'x' }), /EMULATOR_PORT/);
  assert.throws(() => of(['a', 'b']), /One session/);
  assert.throws(() => of(['--list', '--map']), /--map/);
});
