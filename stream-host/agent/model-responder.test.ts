import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type ChatRequest, OpenAiError } from '../../emulator/openai/chat-wire.ts';
import type { RunnableTool, ToolCallContext } from '../../shared/agents/tool.ts';
import { systemClock } from '../../shared/clock.ts';
import type { HistoryItem } from '../../shared/sessions/history.ts';
import type { ReplyPiece } from '../contract/agent.ts';
import { CALLER, call, collect, say, startModel, textOf } from './testing/language-model.ts';

const NEVER = new AbortController().signal;

const numberTool = (
  name: string,
  run: (args: { n: number }, context: ToolCallContext) => Promise<unknown>,
  sideEffects = false,
): RunnableTool => ({
  name,
  description: name,
  parameters: z.object({ n: z.number() }),
  timeoutMs: 2000,
  sideEffects,
  run: (args, context) => run({ n: Number(args.n) }, context),
});

const double = numberTool('double', async ({ n }) => n * 2);

test('text is passed on as it arrives', async (context) => {
  const { responder } = await startModel(context, [say('Good day to you.')]);
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.deepEqual(
    pieces,
    ['Good', ' day', ' to', ' you.'].map((text) => ({ type: 'text', text })),
  );
});

test('a tool is called and its result answered with', async (context) => {
  const { responder, requests } = await startModel(
    context,
    [call('double', { n: 21 }, 'Let me see.'), say('It is forty-two.')],
    { tools: [double] },
  );
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.deepEqual(
    pieces.map(({ type }) => type).filter((type) => type !== 'text'),
    ['tool-started', 'tool-ended'],
  );
  assert.equal(textOf(pieces), 'Let me see.It is forty-two.');
  const ended = pieces.find((piece) => piece.type === 'tool-ended');
  assert.deepEqual([ended?.call.args, ended?.result, ended?.error], [{ n: 21 }, 42, undefined]);

  const [assistant, tool] = requests[1]?.messages.slice(-2) ?? [];
  assert.ok(assistant?.role === 'assistant' && tool?.role === 'tool');
  assert.equal(assistant.content, 'Let me see.');
  assert.equal(assistant.tool_calls?.[0]?.id, tool.tool_call_id);
  assert.equal(tool.content, '42');
});

test('calls of one round run side by side, and each end is told as it comes', { timeout: 5000 }, async (context) => {
  const fastRan = Promise.withResolvers<void>();
  const tools = [
    numberTool('slow', async ({ n }) => {
      await fastRan.promise;
      await delay(20);
      return n;
    }),
    numberTool('fast', async ({ n }) => {
      fastRan.resolve();
      return n;
    }),
  ];
  const both = { ...call('slow', { n: 1 }), calls: [...call('slow', { n: 1 }).calls, ...call('fast', { n: 2 }).calls] };
  const { responder, requests } = await startModel(context, [both, say('Done.')], { tools });
  const pieces = await collect(responder.respond(CALLER, NEVER));
  const ends = pieces.flatMap((piece) => (piece.type === 'tool-ended' ? piece.call.name : []));
  assert.deepEqual(ends, ['fast', 'slow']);
  const results = requests[1]?.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);
  assert.deepEqual(results, ['1', '2'], 'the model sees them in the order of its calls');
});

const MISTAKES: readonly [what: string, name: string, args: string, error: RegExp][] = [
  ['arguments that the schema refuses', 'double', '{"n":"many"}', /invalid_arguments.*expected number/],
  ['arguments that are no JSON', 'double', '{"n":', /invalid_arguments.*no JSON/],
  ['a tool that does not exist', 'fly', '{}', /unknown_tool.*no tool \W+fly/],
];

for (const [what, name, args, error] of MISTAKES) {
  test(`${what} are told to the model, which may try again`, async (context) => {
    const { responder, requests } = await startModel(
      context,
      [{ text: '', calls: [{ name, args }] }, call('double', { n: 2 }), say('Four.')],
      { tools: [double] },
    );
    const pieces = await collect(responder.respond(CALLER, NEVER));
    const ends = pieces.filter((piece) => piece.type === 'tool-ended');
    assert.match(ends[0]?.error ?? '', error);
    assert.equal(ends[1]?.result, 4);
    assert.match(requests[1]?.messages.at(-1)?.content ?? '', error);
    assert.equal(textOf(pieces), 'Four.');
  });
}

test('a tool that takes too long or throws fails alone', async (context) => {
  let stopped = false;
  const slow: RunnableTool = {
    name: 'slow',
    description: 'slow',
    parameters: z.object({}),
    timeoutMs: 20,
    sideEffects: true,
    run: (_args, { signal }) =>
      new Promise(() => {
        signal.addEventListener('abort', () => {
          stopped = true;
        });
      }),
  };
  const broken = numberTool('broken', () => {
    throw new Error('the database is on fire');
  });
  const both = { text: '', calls: [...call('slow', {}).calls, ...call('broken', { n: 1 }).calls] };
  const { responder } = await startModel(context, [both, say('Sorry.')], { tools: [slow, broken] });
  const pieces = await collect(responder.respond(CALLER, NEVER));
  const errors = pieces.flatMap((piece) => (piece.type === 'tool-ended' ? piece.error : []));
  assert.deepEqual(errors, ['failed: the database is on fire', 'timed_out: The tool did not answer within 20 ms.']);
  assert.equal(stopped, true);
  assert.equal(textOf(pieces), 'Sorry.');
});

test('end_call hangs up after the words that go with it', async (context) => {
  const goodbye = { text: 'Goodbye!', calls: [{ name: 'end_call', args: '{"reason":"all done"}' }] };
  const { responder, requests } = await startModel(context, [goodbye]);
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.equal(textOf(pieces), 'Goodbye!');
  assert.deepEqual(pieces.at(-1), { type: 'end-call', reason: 'agent-ended', words: 'all done' });
  assert.ok(requests[0]?.tools?.some((tool) => tool.function.name === 'end_call'));
});

test('a model’s reason to hang up is its words, also where it is a word of ours (left 16-1)', async (context) => {
  const goodbye = { text: 'Goodbye!', calls: [{ name: 'end_call', args: '{"reason":"voicemail-left"}' }] };
  const { responder } = await startModel(context, [goodbye]);
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.deepEqual(pieces.at(-1), { type: 'end-call', reason: 'agent-ended', words: 'voicemail-left' });
});

test('end_call beside another call waits for it and for the words about it', async (context) => {
  const both = { text: '', calls: [...call('double', { n: 2 }).calls, { name: 'end_call', args: '' }] };
  const { responder } = await startModel(context, [both, say('Four. Goodbye!')], { tools: [double] });
  const types = (await collect(responder.respond(CALLER, NEVER))).map(({ type }) => type);
  assert.deepEqual([...new Set(types)], ['tool-started', 'tool-ended', 'text', 'end-call']);
});

test('in the last round the model may not call tools, and one that still does is stopped', async (context) => {
  const { responder, requests } = await startModel(context, [call('double', { n: 1 })], {
    tools: [double],
    limits: { maxRounds: 3 },
  });
  await assert.rejects(collect(responder.respond(CALLER, NEVER)), { code: 'model.loop' });
  assert.deepEqual(
    requests.map(({ tool_choice }) => tool_choice),
    ['auto', 'auto', 'none'],
  );
});

test('an abort in the middle ends the answer quietly and closes the connection', { timeout: 5000 }, async (context) => {
  const { responder, connectionClosed } = await startModel(context, [say('word '.repeat(500))], { tokenMs: 10 });
  const turn = new AbortController();
  const pieces: ReplyPiece[] = [];
  for await (const piece of responder.respond(CALLER, turn.signal)) if (pieces.push(piece) === 3) turn.abort();
  assert.equal(pieces.length, 3);
  assert.equal(await connectionClosed, 'early');
});

test('an abort before the first word ends it quietly, too', { timeout: 5000 }, async (context) => {
  const { responder, connectionClosed } = await startModel(context, [say('Late.')], { firstTokenMs: 4000 });
  const turn = new AbortController();
  setTimeout(() => turn.abort(), 50);
  assert.deepEqual(await collect(responder.respond(CALLER, turn.signal)), []);
  assert.equal(await connectionClosed, 'early');
  assert.deepEqual(await collect(responder.respond(CALLER, AbortSignal.abort())), []);
});

test('a consumer that walks away closes the connection', { timeout: 5000 }, async (context) => {
  const { responder, connectionClosed } = await startModel(context, [say('word '.repeat(500))], { tokenMs: 10 });
  for await (const _ of responder.respond(CALLER, NEVER)) break;
  assert.equal(await connectionClosed, 'early');
});

test('an abort reaches a tool without side effects', { timeout: 5000 }, async (context) => {
  const told = Promise.withResolvers<void>();
  const turn = new AbortController();
  const look = numberTool('look', (_args, { signal }) => {
    signal.addEventListener('abort', () => told.resolve());
    turn.abort();
    return new Promise(() => {});
  });
  const { responder } = await startModel(context, [call('look', { n: 1 })], { tools: [look] });
  const types = (await collect(responder.respond(CALLER, turn.signal))).map(({ type }) => type);
  assert.deepEqual(types, ['tool-started']);
  await told.promise;
});

test('a tool with side effects is left to finish, and the next answer begins with its result', {
  timeout: 5000,
}, async (context) => {
  const turn = new AbortController();
  const release = Promise.withResolvers<void>();
  let sawAbort = false;
  const change = numberTool(
    'change',
    async ({ n }, { signal }) => {
      turn.abort();
      await release.promise;
      sawAbort = signal.aborted;
      return { changed: n };
    },
    true,
  );
  const script = [call('change', { n: 7 }), say('I had already changed it.'), say('Yes?')];
  const { responder, requests } = await startModel(context, script, { tools: [change] });
  const first = await collect(responder.respond(CALLER, turn.signal));
  assert.deepEqual(
    first.map(({ type }) => type),
    ['tool-started'],
  );
  release.resolve();

  const history: HistoryItem[] = [...CALLER, { role: 'caller', text: 'Wait!' }];
  const second = await collect(responder.respond(history, NEVER));
  const late = second[0];
  assert.ok(late?.type === 'tool-ended');
  assert.deepEqual([late.call.args, late.result, sawAbort], [{ n: 7 }, { changed: 7 }, false]);
  assert.deepEqual(
    requests[1]?.messages.slice(-3).map(({ role, content }) => [role, content]),
    [
      ['user', 'Wait!'],
      ['assistant', ''],
      ['tool', '{"changed":7}'],
    ],
  );

  history.push({ role: 'tool', call: late.call, result: late.result }, { role: 'caller', text: 'Hello?' });
  const third = await collect(responder.respond(history, NEVER));
  assert.deepEqual(
    third.map(({ type }) => type),
    ['text'],
    'once it stands in the history it is not told again',
  );
});

test('a model that says nothing, first or midway, is a fault', { timeout: 5000 }, async (context) => {
  const silent = await startModel(context, [say('Late.')], { firstTokenMs: 4000, limits: { firstMs: 60 } });
  await assert.rejects(collect(silent.responder.respond(CALLER, NEVER)), { code: 'model.silent' });
  assert.equal(await silent.connectionClosed, 'early');

  const stuck = await startModel(context, [say('One two three.')], { tokenMs: 4000, limits: { silentMs: 60 } });
  await assert.rejects(collect(stuck.responder.respond(CALLER, NEVER)), { code: 'model.silent' });
});

test('an answer whose waits add up to too much is a fault, but listening to it costs nothing', {
  timeout: 5000,
}, async (context) => {
  const slow = await startModel(context, [say('word '.repeat(100))], { tokenMs: 20, limits: { totalMs: 150 } });
  await assert.rejects(collect(slow.responder.respond(CALLER, NEVER)), { code: 'model.overran' });

  // Only listening takes time on this clock, and the limits are real.
  let nowMs = 0;
  const clock = { ...systemClock, now: () => nowMs };
  const quick = await startModel(context, [say('One two three.')], { limits: { totalMs: 60_000 }, clock });
  const heard: string[] = [];
  for await (const piece of quick.responder.respond(CALLER, NEVER)) {
    if (piece.type === 'text') heard.push(piece.text);
    nowMs += 100_000;
  }
  assert.equal(heard.join(''), 'One two three.');
});

const REFUSALS: readonly [status: number, code: string, expected: string][] = [
  [400, 'content_filter', 'model.filtered'],
  [400, 'bad', 'model.rejected'],
  [401, '401', 'model.unauthorised'],
  [404, 'DeploymentNotFound', 'model.not_found'],
  [429, '429', 'model.throttled'],
  [503, 'down', 'model.failed'],
];

for (const [status, code, expected] of REFUSALS) {
  test(`a refusal with ${status} ${code} is a ${expected}`, async (context) => {
    const headers = { 'retry-after-ms': '1' };
    const refuse = (_request: ChatRequest): never => {
      throw new OpenAiError(status, code, 'The service says no.', { headers });
    };
    const { responder, requests } = await startModel(context, [refuse]);
    // The content filter is asked again without the words that it may have meant.
    const mayPass = status === 429 || status >= 500 || code === 'content_filter';
    await assert.rejects(collect(responder.respond(CALLER, NEVER)), { name: 'DependencyError', code: expected });
    assert.equal(requests.length, mayPass ? 2 : 1, 'only what may pass is tried once more');
  });
}

test('a model that cannot be reached, and one that breaks off, are faults', { timeout: 10_000 }, async (context) => {
  const gone = await startModel(context, [say('Never.')]);
  await gone.stop();
  await assert.rejects(collect(gone.responder.respond(CALLER, NEVER)), { code: 'model.unreachable' });

  const cut = await startModel(context, [say('word '.repeat(100))], { tokenMs: 10 });
  await assert.rejects(
    async () => {
      for await (const _ of cut.responder.respond(CALLER, NEVER)) await cut.stop();
    },
    { code: 'model.cut_off' },
  );
});
