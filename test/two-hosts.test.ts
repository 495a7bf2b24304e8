import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { TestPhone } from '../emulator/acs/testing/phone.ts';
import { bytesOf } from '../shared/audio/pcm.ts';
import type { PhoneEvent } from '../shared/protocol/phone-line.ts';
import { STREAM_HOST_FLAGS } from '../shared/stream-host-flags.ts';
import { COMPILED } from '../shared/testing/compiled.ts';
import { eventually } from '../shared/testing/eventually.ts';
import { freePorts } from '../shared/testing/free-ports.ts';
import { localEnvironment } from '../start/environment.ts';
import { startRedisServer } from '../start/redis-server.ts';
import { FaultyLine } from './testing/faulty-line.ts';
import { RedisWatch } from './testing/redis-watch.ts';
import { RunningStack } from './testing/running-stack.ts';

/**
 * Stream hosts behind one address, with a Redis between them: B belongs to `npm start`, each A is a process of this test,
 * so that it can be stopped, woken and asked to end. Which of them a new socket reaches is the test's to say.
 */

const ROOT = path.join(import.meta.dirname, '..');
const QUESTION = 'What is the status of order 1042?';
/** Longer than a lease, which is 9 s. */
const PAUSE_MS = 11_000;

const redis = await startRedisServer();

suite('two stream hosts', { skip: redis === undefined && 'no redis-server is on the path' }, () => {
  let stack: RunningStack;
  let balancer: FaultyLine;
  let toRedisOfA: FaultyLine;
  let watch: RedisWatch;
  let env: Record<string, string>;
  let portOfB = 0;
  const hosts: HostA[] = [];

  // What is open when something fails is closed all the same: a process that is left keeps the whole run waiting.
  const opened = new AsyncDisposableStack();

  before(async () => {
    opened.defer(async () => redis?.close());
    const [functions = 0, streamHost = 0, emulator = 0, emulatorTls = 0, front = 0, redisOfA = 0] = await freePorts(6);
    portOfB = streamHost;
    const given = { ...COMPILED, STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${front}`, SPEECH_MODEL: 'by-heart' };
    const url = redis?.url ?? '';
    env = localEnvironment(given, { functions, streamHost, emulator, emulatorTls }, url);
    balancer = await FaultyLine.to(streamHost, front);
    opened.defer(() => balancer.close());
    toRedisOfA = await FaultyLine.to(Number(new URL(url).port), redisOfA);
    opened.defer(() => toRedisOfA.close());
    watch = await RedisWatch.start(url);
    opened.defer(() => watch.close());
    stack = await RunningStack.start(env);
    opened.defer(async () => void (await stack.close()));
  });

  after(async () => {
    // One that a failed test has left; a paused one too.
    for (const host of hosts) host.process.kill('SIGKILL');
    await opened.disposeAsync();
  });

  /** Starts an A. Its Redis is reached by an address of its own, to tell its writes apart. */
  async function startA(more: Record<string, string> = {}): Promise<HostA> {
    const [port = 0] = await freePorts(1);
    const redisUrl = `redis://127.0.0.1:${toRedisOfA.port}`;
    const host = new HostA(port, { ...env, STREAM_HOST_PORT: String(port), ...more, REDIS_URL: redisUrl });
    hosts.push(host);
    await host.logged(/ready on/);
    return host;
  }

  suite('callers whose host goes away hear from the next one that we were cut off, and then their answer', {
    concurrency: true,
  }, () => {
    let [paused, frozen, killed]: HostA[] = [];
    const calls = new Map<HostA | undefined, Call>();

    before(async () => {
      [paused, frozen, killed] = await Promise.all([startA(), startA(), startA()]);
      for (const [at, host] of [paused, frozen, killed].entries()) {
        balancer.sendNewTo(host.port);
        calls.set(host, await connected(host, `+1555000777${at}`));
      }
      balancer.sendNewTo(portOfB);
    });

    const lost: readonly (readonly [how: string, host: () => HostA | undefined, loses: (host: HostA) => void])[] = [
      [
        'paused past its lease, its sockets cut, and woken: not one write lands (H8, 4.5)',
        () => paused,
        (host) => {
          host.process.kill('SIGSTOP');
          balancer.cut(host.port);
        },
      ],
      ['frozen with its sockets kept, and woken (SIGSTOP)', () => frozen, (host) => host.process.kill('SIGSTOP')],
      ['killed (kill -9)', () => killed, (host) => host.process.kill('SIGKILL')],
    ];
    for (const [how, which, loses] of lost) {
      test(`a host that is ${how}`, async (t) => {
        const host = which();
        const call = calls.get(host);
        assert.ok(host && call);
        await asks(host, call);
        loses(host);
        const lostAtMs = Date.now();
        const takenAtMs = await takenUpByB(call);
        t.diagnostic(`silence: ${takenAtMs - lostAtMs} ms`);
        if (host !== killed) {
          await sleep(Math.max(0, PAUSE_MS - (Date.now() - lostAtMs)));
          await wakesTooLate(host, call, takenAtMs);
        }
        call.phone.unplug();
        await host.close();
      });
    }
  });

  suite('calls end in order', { concurrency: true }, () => {
    let draining: HostA;
    let call: ReturnType<RunningStack['call']>;

    before(async () => {
      draining = await startA({ DRAIN_LIMIT_SECONDS: '120' });
      balancer.sendNewTo(draining.port);
      call = stack.call('--say', QUESTION);
      await draining.logged(/the conversation begins/);
      balancer.sendNewTo(portOfB);
    });

    test('a host that is asked to end lets nobody in, and ends when its last call does (review 3.6)', async () => {
      const callId = await draining.logged(/"call":"([^"]+)".*the caller spoke/);
      draining.process.kill('SIGTERM');
      await draining.logged(/draining/);
      assert.equal((await fetch(`http://127.0.0.1:${draining.port}/readyz`)).status, 503);
      const { exitCode, problems } = await call;
      assert.equal(exitCode, 0, problems);
      assert.equal(await draining.close(), 0);
      assert.ok(!stack.log.some((line) => atB(callId, 'the conversation begins').test(line)), 'it stayed at A');
    });

    test('a call ends all the same when ACS refuses to hang it up five times (4.2)', async () => {
      // Each attempt is three requests, as the SDK tries again by itself.
      const order = { method: 'POST', body: JSON.stringify({ 'acs.hangup': { refuse: 15 } }) };
      assert.equal((await fetch(`${stack.emulatorUrl}/emulator/faults`, order)).status, 200);
      // A caller who does not hang up: who waits for the end is the one who is left in silence.
      const phone = await TestPhone.plugIn(Number(new URL(stack.emulatorUrl).port), '+15550007777');
      phone.send({ type: 'dial', to: '+15550100' });
      const { callConnectionId } = await phone.event('connected');
      await stack.logged(atB(callConnectionId, 'the agent spoke'));
      phone.speak(bytesOf(await stack.record('Thank you, goodbye.')));
      const isOver = ({ type }: PhoneEvent) => type === 'disconnected';
      const end = await phone.events.first('the end of the call', isOver, 90_000);
      assert.match(end.type === 'disconnected' ? end.reason : '', /by bot/);
      phone.unplug();
      assert.deepEqual(await stack.getJson(`${stack.emulatorUrl}/emulator/faults`), { 'acs.hangup': { refuse: 0 } });
      await stack.logged(new RegExp(`functions .*call=${callConnectionId} call over`));
      const record = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callConnectionId}`);
      assert.deepEqual([record.status, record.end_reason], ['disconnected', 'agent-ended']);
    });
  });

  const atB = (callId: string, what: string) => new RegExp(`stream-host .*call=${callId} ${what}`);

  interface Call {
    readonly phone: TestPhone;
    readonly id: string;
    readonly sessionId: string;
  }

  /** A caller whose conversation has begun at a host. */
  async function connected(host: HostA, number: string): Promise<Call> {
    const phone = await TestPhone.plugIn(Number(new URL(stack.emulatorUrl).port), number);
    phone.send({ type: 'dial', to: '+15550100' });
    const { callConnectionId } = await phone.event('connected');
    const sessionId = await host.logged(/"session":"([^"]+)".*the conversation begins/);
    return { phone, id: callConnectionId, sessionId };
  }

  /**
   * The caller is greeted, and asks for an order: once more where a starved machine has misheard the number. When this
   * resolves the question is on record, and its answer on the way.
   */
  async function asks(host: HostA, { phone, id }: Call): Promise<void> {
    await host.logged(/the agent spoke/);
    for (let times = 1; ; times += 1) {
      phone.speak(bytesOf(await stack.record(QUESTION)));
      await eventually(async () => (await saidBy('caller', id)).length >= times);
      if (times === 3 || /10.?42|forty.?two/i.test((await saidBy('caller', id)).at(-1) ?? '')) return;
      const answered = (await saidBy('agent', id)).length;
      await eventually(async () => (await saidBy('agent', id)).length > answered);
    }
  }

  const saidBy = async (who: string, id: string) =>
    (await transcriptOf(id)).flatMap(({ role, text }) => (role === who && text !== undefined ? [text] : []));

  async function transcriptOf(id: string): Promise<readonly { readonly role: string; readonly text?: string }[]> {
    const { transcript } = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
    return transcript as readonly { readonly role: string; readonly text?: string }[];
  }

  /** B takes the call up, says that it was cut off, and gives the answer. Resolves with the time at which it began. */
  async function takenUpByB({ id }: Call): Promise<number> {
    await stack.logged(atB(id, 'the conversation begins'));
    const beganAt = Date.now();
    await stack.logged(atB(id, 'the agent spoke'));
    const answered = async () => {
      const transcript = await transcriptOf(id);
      const asked = transcript.findLastIndex(({ role }) => role === 'caller');
      return transcript.slice(asked).flatMap(({ role, text }) => (role === 'agent' ? [text] : []));
    };
    // It is on record a moment later.
    await eventually(async () => (await answered()).length > 0);
    assert.match((await answered()).join(' '), /^Sorry, we were cut off for a moment\. .*ten forty-two/is);
    return beganAt;
  }

  /** Wakes a host whose call B has taken up: the call stays there, and nothing that the host still had to write lands. */
  async function wakesTooLate(host: HostA, { sessionId }: Call, takenAt: number): Promise<void> {
    const owner = await ownerOf(sessionId);
    assert.notEqual(owner, '');
    host.process.kill('SIGCONT');
    await host.logged(/the line is closed/);
    assert.equal(await ownerOf(sessionId), owner, 'the session stays with the host that took it over');
    // What carriers tell of a call is any host's to take in, also one's that has just woken: under a lease of its own.
    const isOfSession = (command: readonly string[]) => !command[1]?.endsWith(':inbox-owner');
    const late = watch
      .writes(toRedisOfA.sources, sessionId)
      .filter(({ at, command }) => at > takenAt / 1000 && isOfSession(command));
    assert.deepEqual(late, []);
    assert.ok(watch.writes(toRedisOfA.sources, sessionId).length > 0, 'the writes of A are seen');
  }

  async function ownerOf(sessionId: string): Promise<string> {
    const client = new Redis(redis?.url ?? '');
    const owner = await client.get(`parley:{${sessionId}}:owner`);
    client.disconnect();
    return owner ?? '';
  }
});

/** A stream host that nobody supervises. */
class HostA {
  readonly port: number;
  readonly process: ChildProcess;
  readonly log: string[] = [];

  constructor(port: number, env: Readonly<Record<string, string>>) {
    this.port = port;
    this.process = spawn(process.execPath, [...STREAM_HOST_FLAGS, 'stream-host/main.ts'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.process.stdout) createInterface({ input: this.process.stdout }).on('line', (line) => this.log.push(line));
  }

  /** Resolves with the first group of the first line that matches, or with the line. */
  async logged(pattern: RegExp, withinMs = 90_000): Promise<string> {
    for (const giveUpAt = Date.now() + withinMs; Date.now() < giveUpAt; await sleep(50)) {
      const found = this.log.map((line) => pattern.exec(line)).find((match) => match !== null);
      if (found) return found[1] ?? found[0];
      if (this.process.exitCode !== null) break;
    }
    throw new Error(`Host A never logged ${pattern}. Its last lines:\n${this.log.slice(-30).join('\n')}`);
  }

  /** Resolves with the exit code. */
  async close(): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    this.process.kill('SIGTERM');
    const [code] = (await once(this.process, 'exit', { signal: AbortSignal.timeout(60_000) })) as [number | null];
    return code;
  }
}
