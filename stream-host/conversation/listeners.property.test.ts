import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { EventName } from '../contract/events.ts';
import { PLAIN_POLICY, Rig, type Script, text } from './testing/rig.ts';

const EVENTS = [
  'callerPartial',
  'callerFinal',
  'callerCorrected',
  'callerAcknowledged',
  'agentText',
  'agentSpoke',
  'waitFilled',
  'bargeIn',
  'replyHeld',
  'replyResumed',
  'draftDropped',
  'toolStarted',
  'toolEnded',
  'turnLatency',
  'state',
  'fault',
  'historyChanged',
] as const satisfies EventName[];

const call = { callId: 'c', name: 'look_up', args: {} };
const scripts: readonly Script[] = [
  [text('A rather long answer, '), 200, text('with a second clause that goes on, and on, until its end.')],
  [text('Let me look. '), { type: 'tool-started', call }, 400, toolEnded(), text('There it is.')],
  [4000, text('That took a while.')],
  [text('Goodbye.'), { type: 'end-call', reason: 'goodbye' }],
  [new Error('the model is away')],
  [],
];

/** What a listener does at an event: what hand-offs, transfers and broken sockets come to. */
const DEEDS = {
  closes: (rig: Rig) => rig.conversation.close('a listener closed it'),
  interrupts: (rig: Rig) => rig.conversation.interrupt(),
  throws: () => {
    throw new Error('a listener failed');
  },
  'closes and throws': (rig: Rig) => {
    rig.conversation.close('a listener closed it');
    throw new Error('a listener failed');
  },
  'interrupts and closes': (rig: Rig) => {
    rig.conversation.interrupt();
    rig.conversation.close('a listener closed it');
  },
  'speaks and closes': (rig: Rig) => {
    rig.final('what about this', 900_000);
    rig.conversation.close('a listener closed it');
  },
} as const;

test('listeners that close, interrupt, speak or throw at any event: nothing is sent, asked or told after the end (review 4.4)', () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...EVENTS),
      fc.nat({ max: 6 }),
      fc.constantFrom(...(Object.keys(DEEDS) as (keyof typeof DEEDS)[])),
      fc.array(fc.nat({ max: scripts.length - 1 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      async (name, nth, deed, order, plain) => {
        const rig = new Rig(plain ? {} : { policy: { onset: { echoGuard: false } } });
        rig.script = (prompt) => scripts[order[prompt % order.length] ?? 0] ?? [];
        let seen = 0;
        let ended = false;
        rig.events.on(name, () => {
          assert.ok(!ended, `${name} was told after the end`);
          if (seen++ === nth) DEEDS[deed](rig);
        });
        rig.events.on('ended', () => {
          ended = true;
          throw new Error('a listener failed at the very end');
        });
        rig.conversation.start();
        await talk(rig);
        rig.conversation.close('the test is over');
        await rig.clock.advance(30_000);

        const endAt = rig.log.findIndex(({ type }) => type === 'ended');
        assert.deepEqual(rig.log.slice(endAt + 1), [], 'nothing comes after the end');
        assert.equal(rig.conversation.state, 'closed');
        assert.equal(rig.clock.pending, 0, 'no timer is left');
        assert.equal(rig.openAnswers, 0, 'no answer is being asked for');
        assert.equal(rig.openSyntheses, 0, 'nothing is being synthesised');
      },
    ),
    { numRuns: 400 },
  ));

test('a listener that closes at a barge-in leaves no answer begun (review 4.4)', async () => {
  const rig = await new Rig({ policy: PLAIN_POLICY }).started();
  rig.script = () => [text('It is on its way, and it arrives tomorrow before noon, at the door.')];
  await rig.says('Where is my order?');
  const asked = rig.prompts.length;
  rig.events.on('bargeIn', () => rig.conversation.close('handed over'));
  await rig.voice(0.9, 400);
  await rig.clock.advance(5000);
  assert.equal(rig.conversation.state, 'closed');
  assert.equal(rig.prompts.length, asked);
  assert.equal(rig.log.at(-1)?.type, 'ended');
});

async function talk(rig: Rig): Promise<void> {
  await rig.clock.advance(1000);
  await rig.says('Where is my order?', { offsetMs: 0 });
  await rig.voice(0.05, 300);
  await rig.voice(0.9, 200);
  await rig.voice(0.05, 700);
  rig.final('Where is my blue order?', 0);
  await rig.says('And the other one?', { offsetMs: 5000, restMs: 3000 });
  await rig.voice(0.9, 500);
  rig.partial('no', 12_000);
  await rig.voice(0.05, 3000);
  rig.conversation.interrupt();
  await rig.says('mhm', { offsetMs: 20_000, restMs: 6000 });
}

function toolEnded() {
  return { type: 'tool-ended', call, elapsedMs: 1, result: { found: true } } as const;
}
