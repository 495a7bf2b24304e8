import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import {
  codesOf,
  eventOf,
  framesOf,
  levelOf,
  order,
  SPOKEN_LEVEL,
  type Stack,
  speak,
  startStack,
} from '../acs/testing/stack.ts';
import { HELP } from './caller-arguments.ts';
import { scriptOf } from './phone-scripts.ts';

const AGENT = { phoneNumber: '+15550002222' };

async function call(stack: Stack, number: string) {
  const invite = { targetParticipant: { phoneNumber: number }, sourceCallIdNumber: AGENT };
  const options = { mediaStreamingOptions: stack.application.mediaStreamingOptions, operationContext: number };
  const { callConnection } = await stack.client.createCall(invite, stack.application.callbackUri, options);
  return callConnection;
}

test('numbers of the help do what it says', async () => {
  for (const ending of ['40', '41', '42', '43', '50', '51', '52', '00', '29']) {
    assert.ok(scriptOf(`+155501900${ending}`), ending);
  }
  assert.match(HELP, /\+15550190040 41 42/);
  assert.equal(scriptOf('+15550190007')?.after_ms, 7_000);
  assert.equal(scriptOf('+15550191234')?.keys, '1234#');
  for (const other of ['+15550190030', '+15550190099', '+15550100', '+155501900', '+155501900400']) {
    assert.equal(scriptOf(other), undefined, other);
  }
});

test('a number that is busy, and one that declines, fail as a phone’s does', async (context) => {
  const stack = await startStack(context);
  await call(stack, '+15550190040');
  assert.deepEqual(codesOf(await eventOf(stack, 'CreateCallFailed', '+15550190040')), [486, 560_486]);
  await call(stack, '+15550190042');
  assert.deepEqual(codesOf(await eventOf(stack, 'CreateCallFailed', '+15550190042')), [603, 560_603]);
});

test('a scripted person speaks up when he has answered, and thanks whoever has spoken to him', async (context) => {
  const stack = await startStack(context, { speak });
  await call(stack, '+15550190000');
  const media = await stack.application.media.first('the media socket');
  const loud = () =>
    media.frames.entries.filter((frame) => frame.kind === 'audio' && levelOf(frame.pcm) === SPOKEN_LEVEL).length;
  await media.frames.first('his greeting', () => loud() === 5);
  const audioData = { data: Buffer.from(framesOf(3000, 30)).toString('base64') };
  media.socket.send(JSON.stringify({ kind: 'AudioData', audioData }));
  await media.frames.first('his thanks', () => loud() === 10);
});

test('a menu answers the key that it was given, and a caller of a script presses his', async (context) => {
  const stack = await startStack(context, { speak });
  const menu = await call(stack, '+15550190051');
  const media = await stack.application.media.first('the media socket');
  const loud = () =>
    media.frames.entries.filter((frame) => frame.kind === 'audio' && levelOf(frame.pcm) === SPOKEN_LEVEL).length;
  await media.frames.first('the menu', () => loud() === 5);
  await menu.getCallMedia().sendDtmfTones(['one'], { phoneNumber: '+15550190051' });
  await media.frames.first('its answer', () => loud() === 10);

  await call(stack, '+15550191234');
  const line = await stack.application.media.first('the second media socket', (peer) => peer !== media);
  const pressed = () => line.frames.entries.flatMap((frame) => (frame.kind === 'dtmf' ? [frame.tone] : []));
  await line.frames.first('the last key', () => pressed().at(-1) === '#');
  assert.deepEqual(pressed(), ['1', '2', '3', '4', '#']);
});

test('a mailbox says its text, then its tone; one of a clip plays that, and hangs up in time', async (context) => {
  const stack = await startStack(context, { speak });
  const clip = encodeWav([samplesOf(framesOf(5000, 10))], 16_000).toString('base64');
  const script = { after_ms: 0, clip, beeps: true, hangs_up_after_ms: 1_500 };
  assert.equal((await order(stack, 'phones', { number: '+15550107777', script })).status, 200);
  await call(stack, '+15550107777');
  const media = await stack.application.media.first('the media socket');
  const at = async (what: string, fits: (frame: Uint8Array) => boolean) => {
    const found = await media.frames.first(what, (frame) => frame.kind === 'audio' && fits(frame.pcm));
    return media.frames.entries.indexOf(found);
  };
  const text = await at('the clip', (frame) => levelOf(frame) === 5000);
  // A sine of 8000 has this root mean square.
  const tone = await at('the tone', (frame) => Math.abs(levelOf(frame) - 5657) < 5);
  assert.ok(text < tone);
  assert.deepEqual(codesOf(await eventOf(stack, 'CallDisconnected', '+15550107777')), [200, 560_000]);
  const bad = { number: '+15550107777', script: { clip: 'AAAA' } };
  assert.equal((await order(stack, 'phones', bad)).status, 400);
});
