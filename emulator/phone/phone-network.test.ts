import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { Inbox } from '../acs/testing/inbox.ts';
import { TestPhone } from '../acs/testing/phone.ts';
import { CALLER, startStack } from '../acs/testing/stack.ts';

/** A phone that is expected to be turned away. */
async function turnedAway(port: number, query: string) {
  const messages = new Inbox<Record<string, string>>();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/emulator/phone${query}`);
  socket.on('message', (data) => messages.put(JSON.parse(data.toString())));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  const { type, code } = await messages.first('the refusal');
  return { type, code, closed: await closed };
}

test('a number is good for one phone at a time', async (context) => {
  const { ports } = await startStack(context);
  const first = await TestPhone.plugIn(ports.plain, CALLER);
  const second = await turnedAway(ports.plain, `?number=${encodeURIComponent(CALLER)}`);
  assert.deepEqual(second, { type: 'refused', code: 'phone.number_taken', closed: 1008 });
  assert.equal((await first.event('registered')).number, CALLER);
});

test('a phone needs a number in E.164; a plus sign that was not escaped is understood', async (context) => {
  const { ports } = await startStack(context);
  for (const query of ['', '?number=', '?number=12', '?number=%2B0123']) {
    const { code } = await turnedAway(ports.plain, query);
    assert.equal(code, 'phone.bad_number');
  }
  const { code } = await turnedAway(ports.plain, '?number=+1555x');
  assert.equal(code, 'phone.bad_number');
  const messages = new Inbox<Record<string, string>>();
  const socket = new WebSocket(`ws://127.0.0.1:${ports.plain}/emulator/phone?number=${CALLER}`);
  socket.on('message', (data) => messages.put(JSON.parse(data.toString())));
  assert.deepEqual(await messages.first('registration'), { type: 'registered', number: CALLER });
});

test('a command that makes no sense is refused and harms nothing', async (context) => {
  const { ports } = await startStack(context);
  const phone = await TestPhone.plugIn(ports.plain, CALLER);
  const refusal = async (send: () => void) => {
    phone.events.entries.length = 0;
    send();
    return (await phone.event('refused')).code;
  };
  assert.equal(await refusal(() => phone.send({ type: 'dial', to: 'mother' })), 'phone.bad_command');
  assert.equal(await refusal(() => phone.send({ type: 'answer' })), 'phone.no_call');
  assert.equal(await refusal(() => phone.send({ type: 'hangup' })), 'phone.no_call');
});
