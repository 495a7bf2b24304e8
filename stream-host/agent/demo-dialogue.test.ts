import assert from 'node:assert/strict';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createServices } from '../../agents/services.ts';
import { ScriptedDialogue } from '../../emulator/openai/dialogue/scripted-dialogue.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { ReplyPiece } from '../contract/agent.ts';
import { loadAgents, requireAgent } from './agent-definition.ts';
import { isScripted } from './model-client.ts';
import { collect, startModel, textOf } from './testing/language-model.ts';

/** Saturday, 22 November 2025, noon in New York. */
const SATURDAY = new Date('2025-11-22T17:00:00Z');

/** A call with the bundled agent, its real tools and the scripted dialogue behind the real client. */
async function startCall(context: TestContext) {
  const agents = await loadAgents(path.join(import.meta.dirname, '../../agents'), {
    services: createServices(() => SATURDAY),
  });
  const agent = requireAgent(agents, 'orders');
  const bench = await startModel(context, new ScriptedDialogue(), { agent, now: () => SATURDAY });
  const history: HistoryItem[] = [{ role: 'agent', text: bench.responder.phrases.greeting, heard: true }];

  /** Says something and takes the answer into the history as the engine does; `heard` cuts it off. */
  async function ask(text: string, heard?: string): Promise<{ text: string; pieces: ReplyPiece[] }> {
    history.push({ role: 'caller', text });
    const pieces = await collect(bench.responder.respond(history, new AbortController().signal));
    for (const piece of pieces) {
      if (piece.type === 'tool-ended') history.push({ role: 'tool', call: piece.call, result: piece.result });
    }
    const answer = textOf(pieces);
    history.push({ role: 'agent', text: heard ?? answer, heard: heard === undefined });
    return { text: answer, pieces };
  }
  return { ...bench, ask };
}

const toolsIn = (pieces: readonly ReplyPiece[]): string[] =>
  pieces.flatMap((piece) => (piece.type === 'tool-ended' ? piece.call.name : []));

test('an order is asked after, interrupted, moved, asked after again, and the caller says goodbye', async (context) => {
  const { ask } = await startCall(context);

  const status = await ask('What is the status of order 1042?', 'Here it is. Order ten forty-two, a pair');
  assert.deepEqual(toolsIn(status.pieces), ['look_up_order']);
  assert.equal(
    status.text,
    'Here it is. Order ten forty-two, a pair of walking boots, is packed and about to leave our warehouse. ' +
      'It should reach you on Tuesday the 25th, between nine and noon.',
  );

  const moved = await ask('Can you deliver it on Friday instead?');
  assert.deepEqual(toolsIn(moved.pieces), ['change_delivery_day']);
  assert.match(moved.text, /will now come on Friday the 28th instead of Tuesday/);

  const again = await ask('When will it arrive?');
  assert.match(again.text, /on Friday the 28th/);

  const hours = await ask('When are you open?');
  assert.deepEqual(toolsIn(hours.pieces), ['opening_hours']);
  assert.match(hours.text, /^Right now we are open\. .* We are closed on Sunday\.$/);

  const goodbye = await ask('Thanks, goodbye!');
  assert.equal(goodbye.text, 'Thank you for calling. Goodbye, and have a nice day!');
  assert.deepEqual(goodbye.pieces.at(-1), { type: 'end-call', reason: 'agent-ended', words: 'goodbye' });
});

const MOVES: readonly [order: string, day: string, answer: RegExp][] = [
  ['1001', 'Friday', /cannot move order ten oh one any more\. It was delivered on Tuesday the 18th/],
  ['1013', 'Friday', /already with the driver/],
  ['1031', 'Friday', /was cancelled/],
  ['1042', 'Sunday', /do not deliver on Sundays/],
  ['1042', 'Tuesday', /already comes on Tuesday/],
  ['1050', 'today', /too soon for order ten fifty\. The earliest day is Monday the 24th/],
  ['9999', 'Friday', /cannot find order ninety-nine ninety-nine/],
];

for (const [order, day, answer] of MOVES) {
  test(`moving order ${order} to ${day} is answered by the rule that stands in the way`, async (context) => {
    const { ask } = await startCall(context);
    assert.match((await ask(`Please move order ${order} to ${day}`)).text, answer);
  });
}

test('two orders are looked up side by side', async (context) => {
  const { ask } = await startCall(context);
  const { text, pieces } = await ask('Where are orders 1018 and 1024?');
  assert.deepEqual(toolsIn(pieces), ['look_up_order', 'look_up_order']);
  assert.match(text, /Order ten eighteen, .* Order ten twenty-four, /);
});

test('a far side that is scripted is known for it, and one that is gone is taken for a model', async (context) => {
  const { client, stop } = await startCall(context);
  assert.equal(await isScripted(client), true);
  await stop();
  assert.equal(await isScripted(client), false);
});

test('connections are used again, so that a turn does not wait for a new one', async (context) => {
  const { ask, connections, requests } = await startCall(context);
  for (const text of ['Hello', 'Where is order 1042?', 'When are you open?', 'Thank you']) await ask(text);
  assert.equal(requests.length, 6);
  // A request that follows at once may find the connection before it not free yet.
  assert.ok(connections() <= 2);
});
