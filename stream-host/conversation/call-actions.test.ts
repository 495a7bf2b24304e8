import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ToolItem } from '../../shared/sessions/history.ts';
import type { CallAction, ReplyPiece } from '../contract/agent.ts';
import { PLAIN_POLICY, Rig, text } from './testing/rig.ts';

const ACTION: CallAction = {
  call: { callId: 'call-1', name: 'transfer_call', args: { target: 'sales' } },
  key: 'key-1',
  wish: { kind: 'transfer', target: '+15551230000', how: 'blind', timeoutS: 30 },
};
const PUT_THROUGH = 'I put you through to our colleagues in sales now, one moment please.';
const act: ReplyPiece = { type: 'call-action', action: ACTION };

const resultOf = (rig: Rig, name = 'transfer_call') =>
  rig.conversation.history.flatMap((item) => (item.role === 'tool' && item.call.name === name ? [item.result] : []));

const news = (result: unknown): ToolItem => ({
  role: 'tool',
  call: { callId: 'news-1', name: 'transfer_call', args: {} },
  result,
});

/** The agent is about to say that it puts the caller through. */
async function puttingThrough(): Promise<{ rig: Rig; acts: { readonly key: string; readonly atMs: number }[] }> {
  const acts: { readonly key: string; readonly atMs: number }[] = [];
  const rig: Rig = await new Rig({ act: ({ key }) => acts.push({ key, atMs: rig.clock.now() }) }).started();
  rig.script = (prompt) => (prompt === 1 ? [text(PUT_THROUGH), act] : [text('Very well.')]);
  await rig.says('Sales, please.', { restMs: 1500 });
  assert.equal(rig.conversation.state, 'speaking');
  return { rig, acts };
}

test('what the agent wants done with the call is begun when its words were heard to their end, and once', async () => {
  const { rig, acts } = await puttingThrough();
  assert.deepEqual(acts, []);
  await rig.clock.advance(10_000);
  const [spoke] = rig.of('agentSpoke');
  assert.equal(spoke?.heardText, PUT_THROUGH);
  assert.deepEqual(acts, [{ key: 'key-1', atMs: spoke?.atMs }]);
  assert.partialDeepStrictEqual(resultOf(rig), [{ status: 'begun' }]);
  // It is a tool like any other for whoever follows the session (breaker 7).
  assert.deepEqual(
    rig.of('toolStarted').map(({ call, turn }) => [call.name, turn]),
    [['transfer_call', spoke?.turn]],
  );
  assert.partialDeepStrictEqual(rig.of('toolEnded'), [{ result: { status: 'begun' } }]);
});

test('a caller who cuts in before that cancels it, and the model is told so', async () => {
  const { rig, acts } = await puttingThrough();
  await rig.says('No, wait.');
  await rig.clock.advance(10_000);
  assert.equal(rig.of('bargeIn').length, 1);
  assert.deepEqual(acts, []);
  assert.partialDeepStrictEqual(resultOf(rig), [{ status: 'not_done' }]);
  assert.ok(
    rig.prompts.at(-1)?.some((item) => item.role === 'tool'),
    'the next answer knows it',
  );
});

test('words that came while the agent put the caller through cancel it, too', async () => {
  const { rig, acts } = await puttingThrough();
  // Too quiet for the detector, so that they do not stop the agent.
  rig.partial('billing rather', rig.clock.now());
  await rig.clock.advance(10_000);
  assert.equal(rig.of('bargeIn').length, 0);
  assert.deepEqual(acts, []);
  assert.partialDeepStrictEqual(resultOf(rig), [{ status: 'not_done' }]);
});

test('who puts a caller through does not hang up on him', async () => {
  const acts: string[] = [];
  const rig = await new Rig({ act: ({ key }) => acts.push(key) }).started();
  rig.script = () => [text('Goodbye.'), act, { type: 'end-call', reason: 'done' }];
  await rig.says('Sales, please.', { restMs: 5000 });
  assert.deepEqual(acts, ['key-1']);
  assert.equal(rig.of('ended').length, 0);
});

test('what has come of it is in the history, and spoken of by the model, as soon as nobody speaks', async () => {
  const rig = await new Rig().started();
  rig.script = (prompt) => [text(prompt === 1 ? PUT_THROUGH : 'I am sorry, nobody answered.')];
  await rig.says('Sales, please.', { restMs: 1500 });
  rig.conversation.told({ item: news({ status: 'failed' }), speech: 'own-words' });
  assert.equal(rig.prompts.length, 1, 'not while it speaks');
  await rig.clock.advance(10_000);
  assert.equal(rig.prompts.length, 2);
  assert.deepEqual(rig.prompts[1]?.at(-1), news({ status: 'failed' }));
  assert.deepEqual(
    rig.of('agentSpoke').map(({ heardText }) => heardText),
    [PUT_THROUGH, 'I am sorry, nobody answered.'],
  );
  const roles = rig.conversation.history.map(({ role }) => role);
  assert.deepEqual(roles.slice(-4), ['caller', 'agent', 'tool', 'agent']);
});

test('news that the caller speaks over is told with the answer to what he says, once', async () => {
  const rig = await new Rig().started();
  rig.script = () => [text('Nobody answered. What else?')];
  const heard: boolean[] = [];
  await rig.voice(0.9, 400);
  rig.conversation.told({
    item: news({ status: 'failed' }),
    speech: 'own-words',
    onSpoken: (isHeard) => heard.push(isHeard),
  });
  await rig.says('Are they there?', { restMs: 5000 });
  assert.equal(rig.prompts.length, 1);
  assert.deepEqual(heard, [true]);
});

test('a line is said word for word, and whoever wants it said learns whether it was heard', async () => {
  const rig = await new Rig().started();
  const heard: boolean[] = [];
  const line = { line: 'This call is recorded from now on.' };
  rig.conversation.told({ speech: line, onSpoken: (isHeard) => heard.push(isHeard) });
  await rig.clock.advance(5000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, line.line);
  assert.deepEqual(heard, [true]);
  assert.equal(rig.prompts.length, 0, 'the model has no part in it');

  rig.conversation.told({ speech: line, onSpoken: (isHeard) => heard.push(isHeard) });
  await rig.clock.advance(500);
  await rig.says('What?');
  assert.deepEqual(heard, [true, false]);
});

test('a line whose voice failed is not heard, whatever is said in its place (close reader 2)', async () => {
  const clip = { text: 'Sorry, something went wrong.', pcm: new Uint8Array(32_000) };
  const rig = await new Rig({ standby: { speech: () => clip } }).started();
  const heard: boolean[] = [];
  rig.synthesisFails = true;
  rig.conversation.told({ speech: { line: 'This call is recorded.' }, onSpoken: (isHeard) => heard.push(isHeard) });
  await rig.clock.advance(5000);
  assert.deepEqual([rig.of('agentSpoke')[0]?.heardText, heard], [clip.text, [false]]);
});

test('a caller who is on hold is not heard, and is not asked whether he is there', async () => {
  const policy = { ...PLAIN_POLICY, away: { afterMs: 3000 } };
  const rig = await new Rig({ policy }).started();
  rig.conversation.attend('nobody');
  rig.conversation.pressed('1');
  await rig.clock.advance(20_000);
  assert.equal(rig.of('agentSpoke').length, 0);
  assert.equal(rig.of('callerPressed').length, 0);
  rig.conversation.attend('caller');
  await rig.clock.advance(5000);
  assert.equal(rig.of('agentSpoke')[0]?.heardText, 'Are you still there?');
});
