import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { eventually } from '../../shared/testing/eventually.ts';
import { TestPhone } from '../acs/testing/phone.ts';
import {
  CALLER,
  connectInbound,
  dial,
  framesOf,
  levelOf,
  SPOKEN_LEVEL,
  speak,
  startStack,
} from '../acs/testing/stack.ts';
import { Disturbances } from '../disturbances/disturbances.ts';

async function start(context: TestContext) {
  const disturbances = new Disturbances({ clock: systemClock, log: pino({ level: 'silent' }) });
  return { disturbances, stack: await startStack(context, { disturbances }) };
}

const inForce = (disturbances: Disturbances) => disturbances.status.map(({ dependency }) => dependency);

test('what a telephone wants fails until its call is over, or it is unplugged', async (context) => {
  const { disturbances, stack } = await start(context);
  const { phone } = await connectInbound(stack);
  phone.send({ type: 'faults', faults: 'model=down,voice=slow:1s@0' });
  await phone.event('faultsTaken');
  await eventually(() => inForce(disturbances).length === 2);
  phone.send({ type: 'hangup' });
  await phone.event('disconnected');
  await eventually(() => inForce(disturbances).length === 0);
  const told = phone.events.entries.flatMap((event) =>
    event.type === 'fault' ? [`${event.fault} ${event.state}`] : [],
  );
  assert.deepEqual(told, ['model=down on', 'voice=slow:1s on', 'model=down off', 'voice=slow:1s off']);

  const other = await TestPhone.plugIn(stack.ports.plain, '+15550009999');
  other.send({ type: 'faults', faults: 'model=down' });
  await other.event('faultsTaken');
  assert.deepEqual(inForce(disturbances), ['model']);
  other.unplug();
  await eventually(() => inForce(disturbances).length === 0);
});

test('what is no fault is refused by name, and where nothing can fail that is said', async (context) => {
  const { stack } = await start(context);
  const phone = await TestPhone.plugIn(stack.ports.plain, CALLER);
  phone.send({ type: 'faults', faults: 'model=wobbly' });
  const { code, message } = await phone.event('refused');
  assert.equal(code, 'phone.bad_faults');
  assert.match(message, /model cannot be "wobbly"; it can be: slow/);
  const without = await startStack(context);
  const other = await TestPhone.plugIn(without.ports.plain, CALLER);
  other.send({ type: 'faults', faults: 'model=down' });
  assert.match((await other.event('refused')).message, /Nothing can be made to fail here/);
});

test('functions that are away are told of a call once they are back', async (context) => {
  const { disturbances, stack } = await start(context);
  const phone = await TestPhone.plugIn(stack.ports.plain, CALLER);
  phone.send({ type: 'faults', faults: 'functions=down' });
  await phone.event('faultsTaken');
  phone.send({ type: 'dial', to: '+15550002222' });
  await phone.event('dialling');
  await eventually(() => (disturbances.at('functions')?.count.felt ?? 0) > 0);
  assert.equal(stack.application.incoming.entries.length, 0);
  phone.send({ type: 'faults', faults: '' });
  await stack.application.incoming.first('IncomingCall');
});

test('functions that refuse are not asked again, and the caller is not answered', async (context) => {
  const { stack } = await start(context);
  const phone = await TestPhone.plugIn(stack.ports.plain, CALLER);
  phone.send({ type: 'faults', faults: 'functions=refused' });
  await phone.event('faultsTaken');
  phone.send({ type: 'dial', to: '+15550002222' });
  await phone.event('disconnected');
  assert.equal(stack.application.incoming.entries.length, 0);
});

test('a stream host that is lost breaks the media socket and takes no new one; one that is silent is not heard', async (context) => {
  const { disturbances, stack } = await start(context);
  const { phone, media, call } = await connectInbound(stack);
  phone.send({ type: 'faults', faults: 'stream-host=silent' });
  await phone.event('faultsTaken');
  await eventually(() => disturbances.at('stream-host') !== undefined);
  // What was under way comes.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const frames = media.frames.entries.length;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(media.frames.entries.length, frames, 'nothing of the caller comes any more');
  // The application has said nothing meanwhile (breaker18 3: "nobody has felt it").
  assert.equal(disturbances.at('stream-host')?.count.felt, 1);
  phone.send({ type: 'faults', faults: 'stream-host=down' });
  assert.equal(await media.closed, 1006);
  await stack.application.event('MediaStreamingFailed');
  await call.getCallMedia().startMediaStreaming();
  await stack.application.callbacks.first(
    'the second failure',
    () => stack.application.eventTypes.filter((type) => type === 'MediaStreamingFailed').length === 2,
  );
  phone.send({ type: 'faults', faults: '' });
  await eventually(() => disturbances.at('stream-host') === undefined);
  await call.getCallMedia().startMediaStreaming();
  const again = await stack.application.media.first('the next socket', (peer) => peer !== media);
  await again.frames.first('its audio', ({ kind }) => kind === 'audio');
});

test('a call that never came about leaves nothing that fails', async (context) => {
  const { disturbances, stack } = await start(context);
  const { phone } = await dial(stack);
  phone.send({ type: 'faults', faults: 'model=down' });
  await phone.event('faultsTaken');
  phone.send({ type: 'hangup' });
  await phone.event('disconnected');
  await eventually(() => inForce(disturbances).length === 0);
});

test('a wrong order outside a call leaves what was wanted, and one in it, too (reader phone-line.ts:141)', async (context) => {
  const { disturbances, stack } = await start(context);
  const phone = await TestPhone.plugIn(stack.ports.plain, CALLER);
  phone.send({ type: 'faults', faults: 'model=down' });
  await phone.event('faultsTaken');
  phone.send({ type: 'faults', faults: 'model=wobbly' });
  phone.send({ type: 'hangup' });
  await eventually(() => phone.events.entries.filter(({ type }) => type === 'refused').length === 2);
  assert.deepEqual(inForce(disturbances), ['model']);
});

test('what is typed is said in the order in which it was typed, and no more waits than is said so (reader2 14)', async (context) => {
  const first = Promise.withResolvers<void>();
  const asked: string[] = [];
  const stack = await startStack(context, {
    speak: async (text) => {
      asked.push(text);
      if (text === 'first') await first.promise;
      return { pcm: framesOf(text === 'first' ? 1_000 : 2_000, 2) };
    },
  });
  const { phone, media } = await connectInbound(stack);
  phone.send({ type: 'say', text: 'first' });
  for (let n = 0; n < 20; n++) phone.send({ type: 'say', text: `later ${n}` });
  assert.equal((await phone.event('refused')).code, 'phone.too_much');
  assert.deepEqual(asked, ['first']);
  first.resolve();
  const levels = () =>
    media.frames.entries
      .flatMap((frame) => (frame.kind === 'audio' ? [levelOf(frame.pcm)] : []))
      .filter((level) => level > 0);
  await eventually(() => levels().length >= 4);
  assert.deepEqual(levels().slice(0, 4), [1_000, 1_000, 2_000, 2_000]);
  assert.equal(asked.length, 20);
});

test('what is typed is said in the call, in place of the microphone’s sound (stranger17 10)', async (context) => {
  const stack = await startStack(context, { speak });
  const { phone, media } = await connectInbound(stack);
  phone.send({ type: 'say', text: '   ' });
  assert.equal((await phone.event('refused')).code, 'phone.bad_command');
  phone.send({ type: 'say', text: 'Where is order 1042?' });
  const levels = () =>
    media.frames.entries
      .flatMap((frame) => (frame.kind === 'audio' ? [levelOf(frame.pcm)] : []))
      .filter((level) => level > 0);
  await eventually(() => levels().length === 5);
  assert.deepEqual(levels(), Array(5).fill(SPOKEN_LEVEL));
  const without = await start(context);
  const other = await connectInbound(without.stack);
  other.phone.send({ type: 'say', text: 'Hello?' });
  assert.equal((await other.phone.event('refused')).code, 'phone.no_voice');
});
