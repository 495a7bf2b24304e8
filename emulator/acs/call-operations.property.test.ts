import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { CallConnection } from '@azure/communication-call-automation';
import fc from 'fast-check';
import { samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { listening } from '../../shared/testing/listening.ts';
import { TestPhone } from './testing/phone.ts';
import { AGENT, CALLER, connectInbound, framesOf, startStack } from './testing/stack.ts';

const NUMBERS = [CALLER, '+15550003333', '+15550004444', '+15550190000', '+15550190040', '+15550190042'];
const FILE = encodeWav([samplesOf(framesOf(2000, 5))], 16_000);

type Step = (call: CallConnection, who: string, file: string) => Promise<unknown>;

/** What an application may ask of a call, in whatever state that is, about whoever it is. */
const STEPS: Readonly<Record<string, Step>> = {
  transfer: (call, phoneNumber) =>
    call.transferCallToParticipant({ phoneNumber }, { transferee: { phoneNumber: CALLER } }),
  add: (call, phoneNumber) =>
    call.addParticipant({ targetParticipant: { phoneNumber }, sourceCallIdNumber: { phoneNumber: AGENT } }),
  remove: (call, phoneNumber) => call.removeParticipant({ phoneNumber }),
  hold: (call, phoneNumber) => call.getCallMedia().hold({ phoneNumber }),
  unhold: (call, phoneNumber) => call.getCallMedia().unhold({ phoneNumber }),
  play: (call, _, url) => call.getCallMedia().playToAll([{ kind: 'fileSource', url }]),
  tones: (call, phoneNumber) => call.getCallMedia().sendDtmfTones(['one'], { phoneNumber }),
  listen: (call, phoneNumber) => call.getCallMedia().startContinuousDtmfRecognition({ phoneNumber }),
  list: (call) => call.listParticipants(),
  leave: (call) => call.hangUp(false),
};
/** What the people do meanwhile. */
const DEEDS = ['answer', 'decline', 'hangup'] as const;

const anyStep = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.constantFrom(...NUMBERS)) },
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...DEEDS), fc.constantFrom(...NUMBERS.slice(0, 3))) },
);

test('whatever is asked of a call and done by its people, it ends once, nothing is told after its end, and every line is free', async (context) => {
  const stack = await startStack(context, { ringTimeoutMs: 3_000 });
  const files = createServer((_, response) => response.end(FILE));
  const url = `http://127.0.0.1:${await listening(files)}/notice.wav`;
  context.after(() => files.close());
  const { application, service, ports } = stack;
  const others = await Promise.all(NUMBERS.slice(1, 3).map((number) => TestPhone.plugIn(ports.plain, number)));
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 12 }), async (steps) => {
      for (const inbox of [application.incoming, application.media, application.callbacks]) inbox.entries.length = 0;
      const { phone, call } = await connectInbound(stack);
      const phones = [phone, ...others];
      for (const [what, who] of steps) {
        const deed = DEEDS.find((known) => known === what);
        if (deed) phones[NUMBERS.indexOf(who)]?.send({ type: deed });
        const refused = await STEPS[what]?.(call, who, url).then(
          () => undefined,
          (error: { statusCode?: number; message?: string }) => error,
        );
        const status = refused?.statusCode ?? 200;
        assert.ok(status < 500, `${what}: ${status} ${refused?.message}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      for (const one of phones) one.send({ type: 'hangup' });
      await call.hangUp(true).catch(() => {});
      await application.event('CallDisconnected');
      while (service.status.calls > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      // Whatever was still on its way.
      await new Promise((resolve) => setTimeout(resolve, 60));
      const types = application.eventTypes;
      assert.equal(types.filter((type) => type === 'CallDisconnected').length, 1, types.join());
      assert.equal(types.at(-1), 'CallDisconnected');
      for (const one of phones) {
        one.events.entries.length = 0;
        one.send({ type: 'hangup' });
        assert.equal((await one.event('refused')).code, 'phone.no_call');
      }
      phone.unplug();
      while (service.status.phones > others.length) await new Promise((resolve) => setTimeout(resolve, 5));
    }),
    // A call that went wrong stays in the emulator: what comes after it shows nothing.
    { numRuns: 40, endOnFailure: true },
  );
});
