import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { DependencyError } from '../errors.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { type Asked, type Check, CheckFailure } from './check.ts';
import { DependencyBoard } from './dependency-board.ts';
import { recordsDependency } from './records-dependency.ts';

const MINUTE_MS = 60_000;

function boardOf(check: Check | undefined, clock = new VirtualClock()) {
  const lines: string[] = [];
  const log = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const spec = { name: 'chat-model', late: 'model.unreachable', gates: true, check } as const;
  const board = new DependencyBoard({ clock, log, dependencies: [spec] });
  board.start();
  return { clock, lines, board, report: () => board.reports()[0] };
}

test('a service is asked when the process starts and then every half minute, one check at a time, and real work is wanted four times an hour', async () => {
  const asked: (Asked & { readonly atMs: number })[] = [];
  let running = 0;
  const clock = new VirtualClock();
  const { board, report } = boardOf(async (each) => {
    assert.equal(running++, 0);
    asked.push({ ...each, atMs: clock.now() });
    await new Promise<void>((resolve) => clock.after(40, resolve));
    running--;
    return { count: 2 };
  }, clock);
  assert.equal(report()?.state, 'unreachable', 'nobody has answered yet');
  await clock.advance(60 * MINUTE_MS);
  board.close();
  const gaps = asked.slice(1).map(({ atMs }, n) => atMs - (asked[n]?.atMs ?? 0));
  assert.ok(
    gaps.every((gap) => gap === 30_040),
    gaps.join(' '),
  );
  assert.equal(asked.filter(({ thorough }) => thorough).length, 4);
  const { latencyMs, ageMs, count, state } = report() ?? {};
  assert.deepEqual({ latencyMs, count, state }, { latencyMs: 40, count: 2, state: 'accepted' });
  assert.ok(Number(ageMs) <= 30_000);
});

test('until a service has taken us once it is asked sooner, and thoroughly, and the process is not ready; then it is for good', async () => {
  let refuses = true;
  const asked: boolean[] = [];
  const { clock, board, lines } = boardOf(async ({ thorough }) => {
    asked.push(thorough);
    if (refuses)
      throw new CheckFailure('refused', 'model.unauthorised', new Error('401 at https://secret.example?key=1'));
    return {};
  });
  await clock.advance(20_000);
  assert.deepEqual(asked, [true, true, true, true, true], 'after 1, 2, 4 and 8 seconds');
  assert.equal(board.admitted, false);
  assert.equal(lines.length, 1, 'one line, however often it is refused');
  assert.match(lines[0] ?? '', /"level":50.*AZURE_OPENAI_API_KEY/);

  refuses = false;
  await clock.advance(MINUTE_MS);
  assert.equal(board.admitted, true);
  refuses = true;
  await clock.advance(MINUTE_MS);
  assert.equal(board.admitted, true, 'a host that was ready stays so');
  assert.equal(board.degraded, true);
  assert.doesNotMatch(JSON.stringify(board.reports()), /secret|https/);
  assert.equal(asked.at(-1), true, 'a failure is followed by thorough checks alone');
});

test('a service that is down or slow from the start keeps nobody from being ready', async () => {
  for (const check of [
    async () => Promise.reject(new Error('ECONNREFUSED')),
    () => new Promise<never>(() => {}),
  ] satisfies Check[]) {
    const { clock, board } = boardOf(check);
    assert.equal(board.admitted, false, 'nothing is known yet');
    await clock.advance(8_000);
    await board.first;
    assert.deepEqual([board.admitted, board.degraded], [true, true]);
  }
});

test('a check that does not end is cut off and told as late, and no second one is begun beside it', async () => {
  let begun = 0;
  const { clock, report } = boardOf(({ signal }) => {
    begun++;
    // It takes a while even to give up.
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => clock.after(5_000, () => reject(new Error('given up')))),
    );
  });
  await clock.advance(8_000);
  assert.deepEqual([report()?.state, report()?.code], ['unreachable', 'model.unreachable']);
  assert.match(report()?.advice ?? '', /^No answer within 8000 ms\. .*AZURE_OPENAI_BASE_URL/);
  await clock.advance(1_500);
  assert.equal(begun, 1);
  await clock.advance(MINUTE_MS);
  assert.ok(begun > 1);
});

test('a check that never ends though it is told to is waited for for half a minute, said, and asked anew (READY: not ready for ever)', async () => {
  let begun = 0;
  const { clock, lines, report } = boardOf(() => {
    begun++;
    return begun === 1 ? new Promise<never>(() => {}) : Promise.resolve({});
  });
  await clock.advance(30_000);
  assert.deepEqual([begun, report()?.state], [1, 'unreachable']);
  await clock.advance(30_000);
  assert.deepEqual([begun, report()?.state], [2, 'accepted']);
  assert.match(lines.join(''), /has not ended though it was told to/);
});

test('a check that throws before it has begun is one that failed, and is asked again (READY: not ready for ever)', async () => {
  let asked = 0;
  const { clock, report } = boardOf(() => {
    asked += 1;
    if (asked === 1) throw new Error('at once');
    return Promise.resolve({});
  });
  await clock.advance(1_000);
  assert.deepEqual([asked, report()?.state], [2, 'accepted']);
});

test('services start beside us: that one is not there yet is no news for a while, that it has gone is', async () => {
  let works = false;
  const { clock, lines } = boardOf(async () => {
    if (!works) throw new Error('connect ECONNREFUSED');
    return {};
  });
  await clock.advance(12_000);
  works = true;
  await clock.advance(10_000);
  assert.deepEqual(lines, []);
  works = false;
  await clock.advance(30_000);
  assert.match(lines[0] ?? '', /"level":40.*ECONNREFUSED/);
  works = true;
  await clock.advance(30_000);
  assert.match(lines[1] ?? '', /works again/);
  assert.equal(lines.length, 2);
});

test('what no setting names is not asked for, and keeps nobody from being ready', async () => {
  const { board, report } = boardOf(undefined);
  await board.first;
  assert.deepEqual(report(), { name: 'chat-model', state: 'not configured' });
  assert.deepEqual([board.admitted, board.degraded], [true, false]);
});

test('a process that has no token to show is told so, however deep that lies in what a client says', async () => {
  const { board, report } = boardOf(async () => {
    const noToken = new DependencyError('identity.no-token', 'There is no token.', new Error('IMDS'));
    throw new CheckFailure('unreachable', 'acs.unreachable', new Error('could not be reached', { cause: noToken }));
  });
  await board.first;
  assert.deepEqual([report()?.state, report()?.code], ['refused', 'identity.no-token']);
  assert.match(report()?.advice ?? '', /AZURE_CLIENT_ID/);
  assert.equal(board.admitted, false);
});

test('of a service that may be one of several it is told which one it is (stranger: which speech to speech)', async () => {
  const clock = new VirtualClock();
  const spec = { name: 'realtime', service: 'Azure Voice Live', late: 'realtime.unreachable', gates: true } as const;
  const board = new DependencyBoard({
    clock,
    log: pino({ level: 'silent' }),
    dependencies: [
      { ...spec, check: async () => ({}) },
      { ...spec, name: 'unset', check: undefined },
    ],
  });
  const services = () => board.reports().map(({ name, service }) => [name, service]);
  const told = [
    ['realtime', 'Azure Voice Live'],
    ['unset', undefined],
  ];
  assert.deepEqual(services(), told, 'before it has answered');
  board.start();
  await clock.advance(1_000);
  assert.deepEqual(services(), told);
  board.close();
});

test('a service that is away is asked again after ten seconds, one that throttles us after half a minute (stranger17 9)', async () => {
  for (const [failure, after] of [
    [new Error('connect ECONNREFUSED'), 3],
    [new CheckFailure('throttled', 'records.throttled', new Error('429')), 1],
  ] as const) {
    let asked = 0;
    let works = true;
    const { clock } = boardOf(async () => {
      asked += 1;
      if (!works) throw failure;
      return {};
    });
    await clock.advance(1_000);
    works = false;
    await clock.advance(30_000);
    const before = asked;
    await clock.advance(30_000);
    assert.equal(asked - before, after, failure.message);
  }
});

test('a folder for records is looked whether it can be written to (stranger17 9)', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'records-'));
  t.after(() => rm(folder, { recursive: true }));
  const tokens = { get: () => Promise.reject(new Error('asked for no token')) };
  const asked = { signal: AbortSignal.timeout(1_000), thorough: false };
  const { service, check } = recordsDependency(undefined, tokens, path.join(folder, 'kept'));
  assert.equal(service, 'a folder');
  assert.deepEqual(await check?.(asked), {});
  await writeFile(path.join(folder, 'file'), '');
  const wrong = recordsDependency(undefined, tokens, path.join(folder, 'file'));
  await assert.rejects(async () => wrong.check?.(asked), { state: 'unreachable' });
  assert.equal(recordsDependency(undefined, tokens).check, undefined);
});
