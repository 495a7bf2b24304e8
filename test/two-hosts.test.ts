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
import { freePorts } from '../shared/testing/free-ports.ts';
import { localEnvironment } from '../start/environment.ts';
import { startRedisServer } from '../start/redis-server.ts';
import { Balancer } from './testing/balancer.ts';
import { RedisWatch } from './testing/redis-watch.ts';
import { RunningStack } from './testing/running-stack.ts';

/**
 * Two stream hosts behind one address, with a Redis between them: B belongs to `npm start`, A is a process of this test,
 * so that it can be stopped, woken and asked to end. Which of them a new socket reaches is the test's to say.
 */

const ROOT = path.join(import.meta.dirname, '..');
const QUESTION = ['--say', 'What is the status of order 1042?'];
/** Longer than a lease, which is 9 s. */
const PAUSE_MS = 11_000;

const redis = await startRedisServer();

suite('two stream hosts', { skip: redis === undefined && 'no redis-server is on the path' }, () => {
  let stack: RunningStack;
  let balancer: Balancer;
  let toRedisOfA: Balancer;
  let watch: RedisWatch;
  let env: Record<string, string>;
  const hosts: HostA[] = [];
  let portOfA = 0;
  let portOfSecondA = 0;
  let portOfB = 0;

  before(async () => {
    const [functions = 0, streamHost = 0, emulator = 0, emulatorTls = 0, front = 0, a = 0, secondA = 0, redisOfA = 0] =
      await freePorts(8);
    [portOfA, portOfSecondA, portOfB] = [a, secondA, streamHost];
    const given = { STREAM_HOST_PUBLIC_URL: `ws://127.0.0.1:${front}` };
    const url = redis?.url ?? '';
    env = localEnvironment(given, { functions, streamHost, emulator, emulatorTls }, url);
    balancer = await Balancer.listen(front, streamHost);
    toRedisOfA = await Balancer.listen(redisOfA, Number(new URL(url).port));
    watch = await RedisWatch.start(url);
    stack = await RunningStack.start(env);
  });

  after(async () => {
    // One that a failed test has left; a paused one too.
    for (const host of hosts) host.process.kill('SIGKILL');
    await stack.close();
    watch.close();
    await Promise.all([balancer.close(), toRedisOfA.close()]);
    await redis?.close();
  });

  /** Starts A, and has new sockets go there. Its Redis is reached by an address of its own, to tell its writes apart. */
  async function startA(more: Record<string, string> = {}, port = portOfA): Promise<HostA> {
    const settings = { ...env, STREAM_HOST_PORT: String(port), ...more };
    const redisUrl = `redis://127.0.0.1:${toRedisOfA.port}`;
    const host = new HostA({ ...settings, REDIS_URL: redisUrl });
    hosts.push(host);
    await host.logged(/ready on/);
    balancer.moveTo(port);
    return host;
  }

  test('of a host that was paused past its lease and woken not one write lands, and the call goes on (H8, 4.5)', async () => {
    const a = await startA();
    const from = stack.log.length;
    const call = await greeted(a, '+15550007770');
    await asks(call);
    a.process.kill('SIGSTOP');
    balancer.moveTo(portOfB);
    const stoppedAt = Date.now();

    const takenAt = await takenUpByB(call, from, 20_000);
    await sleep(Math.max(0, PAUSE_MS - (Date.now() - stoppedAt)));
    await wakesTooLate(a, call, takenAt);
    await a.close();
  });

  test('callers whose host is killed, or frozen with its sockets kept, hear from the next one that we were cut off, and then their answer (kill -9, SIGSTOP)', async (t) => {
    const frozen = await startA();
    const killed = await startA({}, portOfSecondA);
    const from = stack.log.length;
    balancer.sendNewTo(portOfA);
    const ofFrozen = await greeted(frozen, '+15550007771');
    balancer.sendNewTo(portOfSecondA);
    const ofKilled = await greeted(killed, '+15550007772');
    balancer.sendNewTo(portOfB);
    await Promise.all([asks(ofFrozen), asks(ofKilled)]);
    frozen.process.kill('SIGSTOP');
    killed.process.kill('SIGKILL');
    const lostAt = Date.now();

    const [afterKill, afterFreeze] = await Promise.all([
      takenUpByB(ofKilled, from, 30_000),
      takenUpByB(ofFrozen, from, 40_000),
    ]);
    t.diagnostic(`silence after kill -9: ${afterKill - lostAt} ms; after SIGSTOP: ${afterFreeze - lostAt} ms`);
    ofKilled.phone.unplug();
    await wakesTooLate(frozen, ofFrozen, afterFreeze);
    await frozen.close();
  });

  interface Call {
    readonly phone: TestPhone;
    readonly id: string;
    readonly sessionId: string;
  }

  /** A caller whom a host has greeted. */
  async function greeted(host: HostA, number: string): Promise<Call> {
    const phone = await TestPhone.plugIn(Number(new URL(stack.emulatorUrl).port), number);
    phone.send({ type: 'dial', to: '+15550100' });
    const { callConnectionId } = await phone.event('connected');
    const sessionId = await host.logged(/"session":"([^"]+)".*the conversation begins/);
    await host.logged(/the agent spoke/);
    return { phone, id: callConnectionId, sessionId };
  }

  /** The caller asks for an order. When this resolves the question is on record, and its answer on the way. */
  async function asks({ phone, id }: Call): Promise<void> {
    phone.speak(bytesOf(await stack.record('What is the status of order 1042?')));
    for (const giveUpAt = Date.now() + 20_000; ; await sleep(50)) {
      if ((await transcriptOf(id)).some(({ role }) => role === 'caller')) return;
      assert.ok(Date.now() < giveUpAt, 'what the caller says is not on record');
    }
  }

  async function transcriptOf(id: string): Promise<readonly { readonly role: string; readonly text?: string }[]> {
    const { transcript } = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${id}`);
    return transcript as readonly { readonly role: string; readonly text?: string }[];
  }

  /** B takes the call up, says that it was cut off, and gives the answer. Resolves with the time at which it began. */
  async function takenUpByB({ id }: Call, from: number, withinMs: number): Promise<number> {
    await stack.logged(new RegExp(`stream-host .*call=${id} the conversation begins`), withinMs, from);
    const beganAt = Date.now();
    await stack.logged(new RegExp(`stream-host .*call=${id} the agent spoke`), 40_000, from);
    const transcript = await transcriptOf(id);
    const asked = transcript.findLastIndex(({ role }) => role === 'caller');
    const said = transcript.slice(asked).flatMap(({ role, text }) => (role === 'agent' ? [text] : []));
    assert.match(said.join(' '), /^Sorry, we were cut off for a moment\. .*ten forty-two/is);
    return beganAt;
  }

  /** Wakes a host whose call B has taken up: the call stays there, and nothing that the host still had to write lands. */
  async function wakesTooLate(host: HostA, { phone, sessionId }: Call, takenAt: number): Promise<void> {
    const owner = await ownerOf(sessionId);
    assert.notEqual(owner, '');
    host.process.kill('SIGCONT');
    await host.logged(/the line is closed/);
    assert.equal(await ownerOf(sessionId), owner, 'the session stays with the host that took it over');
    const late = watch.writes(toRedisOfA.sources, sessionId).filter(({ at }) => at > takenAt / 1000);
    assert.deepEqual(late, []);
    assert.ok(watch.writes(toRedisOfA.sources, sessionId).length > 0, 'the writes of A are seen');
    phone.unplug();
  }

  test('a host that is asked to end lets nobody in, and ends when its last call does (review 3.6)', async () => {
    const a = await startA({ DRAIN_MS: '60000' });
    const from = stack.log.length;
    const call = stack.call(...QUESTION);
    await a.logged(/the caller spoke/);
    a.process.kill('SIGTERM');
    await a.logged(/draining/);
    assert.equal((await fetch(`http://127.0.0.1:${portOfA}/readyz`)).status, 503);
    const { exitCode, stderr } = await call;
    assert.equal(exitCode, 0, stderr);
    assert.equal(await a.close(), 0);
    assert.ok(!stack.log.slice(from).some((line) => line.includes('the conversation begins')), 'it stayed at A');
    balancer.moveTo(portOfB);
  });

  test('a call ends all the same when ACS refuses to hang it up five times (4.2)', async () => {
    // Each attempt is three requests, as the SDK tries again by itself.
    const order = { method: 'POST', body: JSON.stringify({ 'acs.hangup': { refuse: 15 } }) };
    assert.equal((await fetch(`${stack.emulatorUrl}/emulator/faults`, order)).status, 200);
    const from = stack.log.length;
    // A caller who does not hang up: who waits for the end is the one who is left in silence.
    const phone = await TestPhone.plugIn(Number(new URL(stack.emulatorUrl).port), '+15550007777');
    phone.send({ type: 'dial', to: '+15550100' });
    const { callConnectionId } = await phone.event('connected');
    await stack.logged(new RegExp(`stream-host .*call=${callConnectionId} the agent spoke`), 30_000, from);
    phone.speak(bytesOf(await stack.record('Thank you, goodbye.')));
    const isOver = ({ type }: PhoneEvent) => type === 'disconnected';
    const end = await phone.events.first('the end of the call', isOver, 60_000);
    assert.match(end.type === 'disconnected' ? end.reason : '', /by bot/);
    phone.unplug();
    assert.deepEqual(await stack.getJson(`${stack.emulatorUrl}/emulator/faults`), { 'acs.hangup': { refuse: 0 } });
    await stack.logged(new RegExp(`functions .*call=${callConnectionId} call over`), 10_000, from);
    const record = await stack.getJson(`${stack.functionsUrl}/api/v1/calls/${callConnectionId}`);
    assert.deepEqual([record.status, record.end_reason], ['disconnected', 'agent-ended']);
  });

  async function ownerOf(sessionId: string): Promise<string> {
    const client = new Redis(redis?.url ?? '');
    const owner = await client.get(`parley:{${sessionId}}:owner`);
    client.disconnect();
    return owner ?? '';
  }
});

/** A stream host that nobody supervises. */
class HostA {
  readonly process: ChildProcess;
  readonly log: string[] = [];

  constructor(env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, [...STREAM_HOST_FLAGS, 'stream-host/main.ts'], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (this.process.stdout) createInterface({ input: this.process.stdout }).on('line', (line) => this.log.push(line));
  }

  /** Resolves with the first group of the first line that matches, or with the line. */
  async logged(pattern: RegExp, withinMs = 30_000): Promise<string> {
    for (const giveUpAt = Date.now() + withinMs; Date.now() < giveUpAt; await sleep(50)) {
      const found = this.log.map((line) => pattern.exec(line)).find((match) => match !== null);
      if (found) return found[1] ?? found[0];
      if (this.process.exitCode !== null) break;
    }
    throw new Error(`Host A never logged ${pattern}. Its last lines:\n${this.log.slice(-30).join('\n')}`);
  }

  /** Resolves with the exit code. */
  async close(): Promise<number | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    this.process.kill('SIGTERM');
    const [code] = (await once(this.process, 'exit', { signal: AbortSignal.timeout(20_000) })) as [number | null];
    return code;
  }
}
