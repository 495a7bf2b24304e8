import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type ChatAnswer, type ChatRequest, OpenAiError } from '../../emulator/openai/chat-wire.ts';
import type { RunnableTool } from '../../shared/agents/tool.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import { CALLER, call, collect, say, startModel, textOf } from './testing/language-model.ts';

const NEVER = new AbortController().signal;

const double: RunnableTool = {
  name: 'double',
  description: 'Doubles.',
  parameters: z.object({ n: z.number() }),
  timeoutMs: 2000,
  sideEffects: false,
  run: async ({ n }) => Number(n) * 2,
};

test('a model that asks for more patience than a caller has is a model.throttled at once (model-retry-after)', {
  timeout: 5000,
}, async (context) => {
  const refuse = (_request: ChatRequest): never => {
    throw new OpenAiError(429, '429', 'Please retry after 33 seconds.', { headers: { 'retry-after': '33' } });
  };
  const { responder, requests } = await startModel(context, [refuse]);
  await assert.rejects(collect(responder.respond(CALLER, NEVER)), { code: 'model.throttled', message: /for 33 s/ });
  assert.equal(requests.length, 1);
});

test('a model that answers without a word is asked once more, and then it is a fault (model-empty-answer)', async (context) => {
  const { responder, requests } = await startModel(context, [say(''), say('Here it is.'), say('👍')]);
  assert.equal(textOf(await collect(responder.respond(CALLER, NEVER))), 'Here it is.');
  await assert.rejects(collect(responder.respond(CALLER, NEVER)), { code: 'model.empty' });
  assert.equal(requests.length, 4);
});

test('a model that says nothing about what a tool found is asked once more (model-empty-answer)', async (context) => {
  const { responder } = await startModel(context, [call('double', { n: 2 }, 'One moment.'), say(''), say('Four.')], {
    tools: [double],
  });
  assert.equal(textOf(await collect(responder.respond(CALLER, NEVER))), 'One moment.Four.');
});

test('a sentence that a model says with each of its bad calls is heard once (issue 12, a)', async (context) => {
  const bad = { text: 'One moment, I look that up.', calls: [{ name: 'fly', args: '{}' }] };
  const { responder } = await startModel(context, [bad, bad, bad, bad, say('It is on its way.')], { tools: [double] });
  assert.equal(textOf(await collect(responder.respond(CALLER, NEVER))), 'One moment, I look that up.It is on its way.');
});

test('an answer that begins as an earlier round did goes on where that ended, and loses no other word', async (context) => {
  const begins = call('double', { n: 2 }, 'Let me see.');
  const last = say('Let me see. It is four, and let me say that again: four.');
  const { responder } = await startModel(context, [begins, call('double', { n: 3 }, 'Let me'), last], {
    tools: [double],
  });
  const heard = textOf(await collect(responder.respond(CALLER, NEVER)));
  assert.equal(heard, 'Let me see.Let me It is four, and let me say that again: four.');
});

test('an answer that repeats what its first round said is an answer, and no reason to ask again', async (context) => {
  const { responder, requests } = await startModel(context, [call('double', { n: 2 }, 'Done.'), say('Done.')], {
    tools: [double],
  });
  assert.equal(textOf(await collect(responder.respond(CALLER, NEVER))), 'Done.');
  assert.equal(requests.length, 2);
});

test('words that the content filter refuses do not have later turns refused (model-poisoned-history)', async (context) => {
  const filter = (request: ChatRequest): ChatAnswer => {
    if (/kill/.test(JSON.stringify(request.messages))) throw new OpenAiError(400, 'content_filter', 'Filtered.');
    return say('It is on its way.');
  };
  const { responder, requests } = await startModel(context, [filter]);
  const history: HistoryItem[] = [{ role: 'caller', text: 'How do I kill a process?' }];
  assert.equal(textOf(await collect(responder.respond(history, NEVER))), 'It is on its way.');
  history.push({ role: 'agent', text: 'It is on its way.', heard: true }, { role: 'caller', text: 'Thanks.' });
  assert.equal(textOf(await collect(responder.respond(history, NEVER))), 'It is on its way.');
  assert.equal(requests.length, 3, 'the refused words are not tried again');
});

test('after a change of hosts the refused words are no longer the last ones, and the call goes on all the same (model-poisoned-history)', async (context) => {
  const filter = (request: ChatRequest): ChatAnswer => {
    if (/kill/.test(JSON.stringify(request.messages))) throw new OpenAiError(400, 'content_filter', 'Filtered.');
    return say('It is on its way.');
  };
  const { responder } = await startModel(context, [filter]);
  const history: HistoryItem[] = [
    { role: 'caller', text: 'How do I kill a process?' },
    { role: 'agent', text: 'I cannot help with that.', heard: true },
    { role: 'caller', text: 'Where is my order?' },
  ];
  assert.equal(textOf(await collect(responder.respond(history, NEVER))), 'It is on its way.');
});

test('a parameter that the model refuses is left out from then on (model-refuses-a-parameter)', async (context) => {
  const refuse = (request: ChatRequest): ChatAnswer => {
    if (request.tool_choice !== undefined) throw new OpenAiError(400, 'unsupported', "'tool_choice' is not supported.");
    return say('Yes.');
  };
  const { responder, requests } = await startModel(context, [refuse]);
  for (let turn = 0; turn < 3; turn++) assert.equal(textOf(await collect(responder.respond(CALLER, NEVER))), 'Yes.');
  assert.equal(requests.length, 4, 'it is found out once');
});

test('an answer without end is stopped (Lesser: endless tokens)', async (context) => {
  const { responder } = await startModel(context, [say('word '.repeat(2000))], { tokenMs: 0 });
  await assert.rejects(collect(responder.respond(CALLER, NEVER)), { code: 'model.endless' });
});

test('hundreds of calls in one round are not all made (Lesser: 500 calls)', async (context) => {
  const many = { text: '', calls: Array.from({ length: 500 }, (_, n) => ({ name: 'double', args: `{"n":${n}}` })) };
  const { responder } = await startModel(context, [many, say('Done.')], { tools: [double] });
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.equal(pieces.filter(({ type }) => type === 'tool-ended').length, 16);
});

test('a result that is no plain JSON, or too long, harms neither the record nor the next request (review 4.3)', async (context) => {
  const returning = (result: unknown): RunnableTool => ({ ...double, name: 'double', run: async () => result });
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const quoted = Array.from({ length: 3_000 }, () => '"\\');
  for (const result of [{ rowId: 12n }, circular, 'x'.repeat(5_000_000), quoted, undefined, () => 1]) {
    const { responder } = await startModel(context, [call('double', { n: 1 }), say('Done.')], {
      tools: [returning(result)],
    });
    const pieces = await collect(responder.respond(CALLER, NEVER));
    const ended = pieces.find((piece) => piece.type === 'tool-ended');
    // Whole JSON of a length that neither the model's messages nor the page's cut once more.
    assert.ok(JSON.stringify(ended?.result).length <= 8_000);
    assert.equal(textOf(pieces), 'Done.');
  }
});

test('a call that another host makes again has the same idempotency key, another call another (review 4.12)', async (context) => {
  const keys: string[] = [];
  const noting: RunnableTool = {
    ...double,
    run: async (_args, context) => {
      keys.push(context.idempotencyKey);
      return {};
    },
  };
  for (const n of [1, 1, 2]) {
    const { responder } = await startModel(context, [call('double', { n }), say('Done.')], { tools: [noting] });
    await collect(responder.respond(CALLER, NEVER));
  }
  const { responder } = await startModel(
    context,
    [{ text: '', calls: [...call('double', { n: 1 }).calls, ...call('double', { n: 1 }).calls] }, say('Done.')],
    { tools: [noting] },
  );
  await collect(responder.respond(CALLER, NEVER));
  assert.equal(keys[0], keys[1]);
  assert.equal(keys[3], keys[0]);
  assert.equal(new Set(keys).size, 3);
});
