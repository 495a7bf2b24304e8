import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReplyPiece } from '../../contract/agent.ts';
import type { Attention } from '../../contract/call-news.ts';
import { PLAIN_POLICY, Rig, type Script, STANDBY_SPEECH, text } from '../testing/rig.ts';
import type { TurnPolicyChanges } from './turn-policy.ts';

type Step =
  | { readonly type: 'voice'; readonly ms: number }
  | { readonly type: 'silence'; readonly ms: number }
  | { readonly type: 'partial' }
  | { readonly type: 'final' }
  | { readonly type: 'no-words' }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'interrupt' }
  | { readonly type: 'typed' }
  | { readonly type: 'attend'; readonly to: Attention }
  | { readonly type: 'break-detector' }
  | { readonly type: 'synthesis'; readonly works: boolean };

const call = { callId: 'c', name: 'look_up', args: {} };
const scripts: readonly Script[] = [
  [text('Short.')],
  [300, text('A rather long answer, '), 200, text('with a second clause that goes on, and on, until its end.')],
  [text('Let me look. '), { type: 'tool-started', call }, 400, toolEnded(), text('There it is.')],
  [{ type: 'tool-started', call }, 1500, toolEnded(), 800, text('Done.')],
  [new Error('the model is away')],
  [text('I was about to'), new Error('the line broke')],
  ['hang'],
  [],
];

const arbitrarySteps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant('voice' as const), ms: fc.integer({ min: 32, max: 900 }) }) },
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('silence' as const), ms: fc.integer({ min: 32, max: 1500 }) }),
    },
    { weight: 3, arbitrary: fc.constant<Step>({ type: 'partial' }) },
    { weight: 4, arbitrary: fc.constant<Step>({ type: 'final' }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 4000 }) }) },
    { weight: 1, arbitrary: fc.constant<Step>({ type: 'no-words' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ type: 'interrupt' }) },
    { weight: 1, arbitrary: fc.constant<Step>({ type: 'typed' }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('attend' as const),
        to: fc.constantFrom<Attention>('caller', 'waiting', 'nobody'),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Step>({ type: 'break-detector' }) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('synthesis' as const), works: fc.boolean() }) },
  ),
  { maxLength: 40 },
);

/** Runs the steps, and tells the words that the recogniser called final. */
async function live(rig: Rig, steps: readonly Step[]): Promise<string[]> {
  const finals: string[] = [];
  let phrase = 0;
  let typed = 0;
  const words = () => `first${phrase} second${phrase}`;
  let onHold: number | undefined;
  const attend = (to: Attention) => {
    const sent = rig.log.slice(onHold ?? rig.log.length);
    assert.ok(!sent.some((entry) => entry.type === 'frame' && entry.speech !== 0), 'spoken to somebody on hold');
    rig.conversation.attend(to);
    onHold = to === 'nobody' ? rig.log.length : undefined;
  };
  for (const step of steps) {
    switch (step.type) {
      case 'voice':
        await rig.voice(0.9, step.ms);
        break;
      case 'silence':
        await rig.voice(0.02, step.ms);
        break;
      case 'partial':
        rig.partial(`first${phrase}`, phrase * 3000);
        break;
      case 'final':
        rig.final(words(), phrase * 3000);
        finals.push(words());
        phrase += 1;
        break;
      case 'no-words':
        rig.noWords(phrase * 3000 + 1500);
        break;
      case 'wait':
        await rig.clock.advance(step.ms);
        break;
      case 'interrupt':
        rig.conversation.interrupt();
        break;
      case 'typed':
        rig.conversation.typed(`typed${typed}`);
        typed += 1;
        break;
      case 'attend':
        attend(step.to);
        break;
      case 'break-detector':
        rig.breakDetector();
        break;
      case 'synthesis':
        rig.synthesisFails = !step.works;
    }
  }
  attend('caller');
  return finals;
}

const policies: Readonly<Record<string, TurnPolicyChanges>> = {
  'with everything on': { onset: { echoGuard: false } },
  'with a fixed hold and a hard stop': PLAIN_POLICY,
};

for (const [name, policy] of Object.entries(policies)) {
  test(`in any order of events, ${name}: never wedged, no word lost or asked twice, no frame of an old turn`, () =>
    holdsInAnyOrder(policy));
}

async function holdsInAnyOrder(policy: TurnPolicyChanges): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      arbitrarySteps,
      fc.array(fc.integer({ min: 0, max: scripts.length - 1 }), { minLength: 1 }),
      async (steps, order) => {
        const rig = new Rig({ policy });
        rig.script = (prompt) => scripts[order[prompt % order.length] ?? 0] ?? [];
        rig.conversation.start();
        const finals = await live(rig, steps);

        // The caller falls silent. Whatever was going on ends by itself.
        await rig.voice(0.02, 640);
        await rig.clock.advance(180_000);
        assert.equal(rig.conversation.state, 'listening');
        const heard = rig.callerWords.replaceAll(/ ?typed\d+/g, '').trim();
        assert.equal(heard, finals.length === 0 ? heard : withoutOpenTail(heard, finals));
        const typed = steps.filter(({ type }) => type === 'typed').map((_, n) => `typed${n}`);
        assert.deepEqual(rig.callerWords.match(/typed\d+/g) ?? [], typed);
        assertNoStaleFrames(rig);

        // And it still works.
        rig.synthesisFails = false;
        rig.script = () => [text('Still here.')];
        await rig.says('hello again', { offsetMs: 1_000_000 });
        await rig.clock.advance(5000);
        assert.equal(rig.of('agentSpoke').at(-1)?.heardText, 'Still here.');

        rig.conversation.close('test over');
        await rig.clock.advance(20_000);
        assert.equal(rig.clock.pending, 0);
      },
    ),
    { numRuns: 300 },
  );
}

/** All finals, in order and once; a partial that never became final may stand behind them. */
function withoutOpenTail(heard: string, finals: readonly string[]): string {
  const all = finals.join(' ');
  return heard.startsWith(`${all} first`) ? heard : all;
}

/** While a turn is held nothing is sent; after it was interrupted only speech that was asked for later may be. */
function assertNoStaleFrames(rig: Rig): void {
  let newest = 0;
  let stoppedAt = 0;
  let held = false;
  for (const entry of rig.log) {
    if (entry.type === 'replyHeld') held = true;
    if (entry.type === 'replyResumed' || entry.type === 'bargeIn' || entry.type === 'agentSpoke') held = false;
    if (entry.type === 'bargeIn') stoppedAt = newest;
    if (entry.type !== 'frame' || entry.speech === 0) continue;
    assert.ok(!held, `speech ${entry.speech} was sent while it was held`);
    if (entry.speech === STANDBY_SPEECH) continue;
    assert.ok(entry.speech > stoppedAt, `speech ${entry.speech} was sent after it had been stopped`);
    newest = Math.max(newest, entry.speech);
  }
}

function toolEnded(): ReplyPiece {
  return { type: 'tool-ended', call, elapsedMs: 1, result: { found: true } };
}
