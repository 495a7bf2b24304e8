import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { Session } from '../../shared/sessions/session.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { CarrierKeys } from './carrier-keys.ts';
import { ScriptedCarrier } from './testing/scripted-carrier.ts';

const log = pino({ level: 'silent' });
const session: Session = {
  ...{ id: 'a-session', version: 1, channel: 'phone', direction: 'inbound', mode: 'media', from: '+15550001' },
  ...{ agent: 'bank', status: 'connected', createdAt: 1, callConnectionId: 'connection' },
};

/** A carrier that tells of keys, and takes longer to begin than to end. */
class SlowCarrier extends ScriptedCarrier {
  override readonly capabilities = new Set(['listen-for-keys'] as const);
  listens = false;

  override listenForKeys = async (): Promise<void> => {
    await sleep(30);
    this.listens = true;
    this.asked.push('listen');
  };

  override stopListeningForKeys = async (): Promise<void> => {
    this.listens = false;
    this.asked.push('stop');
    if (this.failing.has('stop')) throw this.failing.get('stop');
  };
}

test('a carrier that takes its time to listen for keys does not listen when it was asked last to stop: a secret is on its way (sister of breaker 0)', async () => {
  const carrier = new SlowCarrier();
  const keys = new CarrierKeys({ ports: { carrier }, find: async () => session, keepKeysOut: undefined, session, log });
  keys.listen(true);
  keys.listen(false);
  await eventually(() => carrier.asked.length === 2);
  assert.deepEqual([carrier.asked, carrier.listens], [['listen', 'stop'], false]);
  carrier.failing.set('stop', new Error('later'));
  keys.listen(false);
  keys.listen(true);
  await eventually(() => carrier.listens);
});

test('a Redis that is away while keys are to be kept out of it costs nobody anything', async () => {
  const asked: unknown[] = [];
  const keepKeysOut = async (...args: unknown[]) => {
    asked.push(args);
    throw new Error('Redis is away');
  };
  const ports = { carrier: new ScriptedCarrier() };
  new CarrierKeys({ ports, find: async () => session, keepKeysOut, session, log }).keepOut(5000);
  new CarrierKeys({ ports, find: async () => session, keepKeysOut: undefined, session, log }).keepOut(5000);
  await sleep(1);
  assert.deepEqual(asked, [['a-session', 5000]]);
});
