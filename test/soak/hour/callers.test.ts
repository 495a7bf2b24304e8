import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { Random } from '../../../bench/random.ts';
import { FRAME_BYTES } from '../../../shared/audio/pcm.ts';
import type { PhoneCommand, PhoneEvent } from '../../../shared/protocol/phone-line.ts';
import { eventually } from '../../../shared/testing/eventually.ts';
import { listening } from '../../../shared/testing/listening.ts';
import { StayingCaller } from '../../staying/caller.ts';
import { Callers } from './callers.ts';

const SOUND = Buffer.alloc(FRAME_BYTES, 0x2f);
const clips = [{ kind: 'turn' as const, text: 'Where is it?', words: [], pcm: new Uint8Array(FRAME_BYTES) }];

/** A network that answers whoever dials, as long as nobody does it in its place. */
async function network(t: TestContext, onDial: (phone: WebSocket, tell: (event: PhoneEvent) => void) => void) {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  const phones: { readonly phone: WebSocket; readonly commands: PhoneCommand[] }[] = [];
  const tellAll = (event: PhoneEvent) => {
    for (const { phone } of phones) phone.send(JSON.stringify(event));
  };
  sockets.on('connection', (phone) => {
    const commands: PhoneCommand[] = [];
    phones.push({ phone, commands });
    const tell = (event: PhoneEvent) => phone.send(JSON.stringify(event));
    phone.on('message', (data: Buffer, isBinary) => {
      if (isBinary) return;
      commands.push(JSON.parse(data.toString()));
      if (commands.at(-1)?.type === 'dial') onDial(phone, tell);
    });
  });
  const emulatorUrl = `http://127.0.0.1:${await listening(server)}`;
  t.after(() => {
    for (const { phone } of phones) phone.terminate();
    sockets.close();
    server.close();
  });
  const register = () => tellAll({ type: 'registered', number: '+15553000001' });
  return { emulatorUrl, phones, tellAll, register };
}

async function oneCaller(t: TestContext, isHeard: boolean) {
  const net = await network(t, (phone, tell) => {
    tell({ type: 'connected', callConnectionId: 'call' });
    if (isHeard) phone.send(SOUND);
  });
  const callers = new Callers({ emulatorUrl: net.emulatorUrl, calls: 1, clips, random: new Random('a') });
  t.after(() => callers.close());
  callers.start();
  await eventually(() => net.phones.length === 1);
  net.register();
  await eventually(() => callers.talking === 1);
  return { callers, net };
}

test('a call that was lost just before the end counts as lost, not as done (soak17 1)', async (t) => {
  const { callers, net } = await oneCaller(t, true);
  net.tellAll({ type: 'disconnected', code: 0, reason: 'ended by bot' });
  await sleep(20);
  await callers.end();
  const { done, lost } = callers.takeTally();
  assert.deepEqual({ done, lost: [...lost] }, { done: 0, lost: [['ended by bot', 1]] });
});

test('a call counts as done where the agent was heard in it, and what is taken is counted no more (soak17 1)', async (t) => {
  const heard = await oneCaller(t, true);
  await sleep(100);
  await heard.callers.end();
  assert.equal(heard.callers.takeTally().done, 1);
  assert.equal(heard.callers.takeTally().done, 0);
  const unheard = await oneCaller(t, false);
  await unheard.callers.end();
  assert.equal(unheard.callers.takeTally().done, 0);
});

test('a caller who is put away while he plugs in does not dial (soak17 2)', async (t) => {
  const net = await network(t, () => {});
  const caller = new StayingCaller({
    ...{ emulatorUrl: net.emulatorUrl, number: '+15553000001', clips, random: new Random('a') },
  });
  const dialled = caller.dial();
  await eventually(() => net.phones.length === 1);
  caller.hangUp();
  caller.close();
  net.register();
  await dialled;
  const [only] = net.phones;
  await eventually(() => only?.phone.readyState === only?.phone.CLOSED);
  assert.deepEqual(only?.commands, []);
});
