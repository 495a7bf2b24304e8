import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Agent, loadAgents, requireAgent } from '../agent-definition.ts';
import { CALLER, call, collect, say, startModel, testAgent, textOf } from '../testing/language-model.ts';
import { callToolSettings } from './call-tool-settings.ts';
import { callToolsOf } from './call-tools.ts';

const NEVER = new AbortController().signal;
const YAML = `
greeting: Hello.
prompt: Be kind.
call_tools:
  transfer_call:
    targets:
      sales: { to: '+15551230001', about: new orders }
      billing: { to: '8:orgid:3f1c', kind: warm, timeout_s: 20 }
  hand_to_human: { to: '+15551230002' }
  hold_call:
  hang_up:
`;

async function loaded(context: TestContext, text: string): Promise<Agent> {
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'desk.yaml'), text);
  return requireAgent(await loadAgents(folder), 'desk');
}

const SETTINGS = callToolSettings.parse({
  transfer_call: {
    targets: { sales: { to: '+15551230001', about: 'new orders' }, billing: { to: '+15551230002', kind: 'warm' } },
  },
});
const withCallTools = (): Agent => ({ ...testAgent(), callTools: callToolsOf(SETTINGS) });

test('what an agent may do with the call, and with whom, stands in its definition', async (context) => {
  const agent = await loaded(context, YAML);
  assert.deepEqual([...(agent.callTools?.keys() ?? [])], ['transfer_call', 'hand_to_human', 'hold_call']);
  assert.deepEqual([agent.canEndCall, agent.endCallName], [true, 'hang_up']);
  const wishOf = (name: string, args: object) => agent.callTools?.get(name)?.wishOf({ ...args });
  assert.deepEqual(wishOf('transfer_call', { target: 'billing', summary: 'Ann, about a bill.' }), {
    kind: 'transfer',
    target: '8:orgid:3f1c',
    how: 'warm',
    summary: 'Ann, about a bill.',
    timeoutS: 20,
  });
  assert.partialDeepStrictEqual(wishOf('hand_to_human', {}), { target: '+15551230002', how: 'warm', timeoutS: 30 });
  assert.deepEqual(wishOf('hold_call', { seconds: 10 }), { kind: 'hold', forS: 10 });
});

test('a definition that names no target, or somebody who cannot be called, is refused by the field', async (context) => {
  const bad: readonly [RegExp, string][] = [
    [/targets.*at least one/s, YAML.replace(/ {4}targets:[\s\S]*?(?= {2}hand)/, '    targets: {}\n')],
    [/billing.*E\.164/s, YAML.replace('8:orgid:3f1c', 'sip:billing@example.com')],
    [
      /hand_to_human.*timeout_s.*warm/s,
      YAML.replace("'+15551230002' }", "'+15551230002', kind: blind, timeout_s: 20 }"),
    ],
    [/sales.*timeout_s.*warm/s, YAML.replace('about: new orders }', 'about: new orders, timeout_s: 20 }')],
    [/most_s/, YAML.replace('hold_call:', 'hold_call: { most_s: 2 }')],
  ];
  for (const [message, text] of bad) await assert.rejects(loaded(context, text), message);
});

test('a transfer that goes with words is done after them, and the model is not asked again', async (context) => {
  const { responder, requests } = await startModel(
    context,
    [call('transfer_call', { target: 'sales', summary: 'Wants a tent.' }, 'I put you through.')],
    { agent: withCallTools() },
  );
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.equal(textOf(pieces), 'I put you through.');
  const last = pieces.at(-1);
  assert.ok(last?.type === 'call-action');
  assert.deepEqual(last.action.wish, {
    kind: 'transfer',
    target: '+15551230001',
    how: 'blind',
    summary: 'Wants a tent.',
    timeoutS: 30,
  });
  assert.equal(requests.length, 1);
  const declared = requests[0]?.tools?.find(({ function: { name } }) => name === 'transfer_call');
  assert.deepEqual(declared?.function.parameters.properties.target?.enum, ['sales', 'billing']);
  assert.ok(!JSON.stringify(requests).includes('15551230001'), 'the model never sees a number');
});

test('a transfer without a word is spoken of first, and done once, however often it is asked for', async (context) => {
  const silent = call('transfer_call', { target: 'sales' });
  const { responder, requests } = await startModel(context, [silent, { ...silent, text: 'I put you through.' }], {
    agent: withCallTools(),
  });
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.equal(textOf(pieces), 'I put you through.');
  assert.equal(pieces.filter(({ type }) => type === 'call-action').length, 1);
  assert.equal(requests.length, 2);
});

test('a target that is not listed is refused, and the model is told which there are', async (context) => {
  const { responder, requests } = await startModel(
    context,
    [call('transfer_call', { target: '+19005550000' }), say('I cannot do that.')],
    { agent: withCallTools() },
  );
  const pieces = await collect(responder.respond(CALLER, NEVER));
  assert.equal(textOf(pieces), 'I cannot do that.');
  assert.ok(!pieces.some(({ type }) => type === 'call-action'));
  assert.match(JSON.stringify(requests[1]?.messages.at(-1)), /invalid_arguments.*sales/);
});

test('the same call of the same turn has one key, whoever makes it', async (context) => {
  const transfer = call('transfer_call', { target: 'sales' }, 'I put you through.');
  const keys: string[] = [];
  for (let host = 1; host <= 2; host += 1) {
    const { responder } = await startModel(context, [transfer], { agent: withCallTools() });
    const action = (await collect(responder.respond(CALLER, NEVER))).find(({ type }) => type === 'call-action');
    if (action?.type === 'call-action') keys.push(action.action.key);
    const request = { callId: 'other', name: 'transfer_call', argumentText: '{"target":"sales"}' };
    const live = responder.openTools(CALLER).action?.(request);
    if (live && 'action' in live) keys.push(live.action.key);
  }
  assert.equal(keys.length, 4);
  assert.equal(new Set(keys).size, 1);
});
