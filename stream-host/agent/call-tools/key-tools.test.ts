import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../shared/clock.ts';
import { loadAgent } from '../agent-definition.ts';
import { checkKeys } from '../key-checks.ts';
import { CallKeys } from '../tool-calls.ts';
import { checkCallTool } from './check-call-tool.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-key-tools-'));
});
after(() => rm(folder, { recursive: true }));

async function load(callTools: string, tools: Readonly<Record<string, string>> = {}) {
  const file = join(folder, 'bank.yaml');
  await writeFile(file, `greeting: Hello.\nprompt: You are a bank.\ncall_tools:\n${callTools}`);
  for (const [name, source] of Object.entries(tools)) await writeFile(join(folder, name), source);
  const { agent } = await loadAgent(file, { toolsFolder: pathToFileURL(`${folder}/`) });
  return agent;
}

const INPUT = `  collect_keys:
    inputs:
      pin:
        most: 4
        secret: true
`;

test('an input of an agent’s definition is what the tool collects, and the model only names it', async () => {
  const agent = await load(
    `${INPUT}        attempts: 2\n        retry: Again, please.\n        prompt: Your PIN, please.\n`,
  );
  const tool = agent.callTools?.get('collect_keys');
  assert.ok(tool);
  assert.equal(tool.parameters.safeParse({ input: 'account' }).success, false);
  assert.deepEqual(tool.wishOf({ input: 'pin' }), { kind: 'collect-input', input: 'pin' });
  assert.deepEqual(agent.keyInputs?.get('pin'), {
    kind: 'collect-keys',
    name: 'pin',
    least: 1,
    most: 4,
    terminators: '#',
    attempts: 2,
    secret: true,
    prompt: 'Your PIN, please.',
    retry: 'Again, please.',
    pattern: undefined,
    oneOf: undefined,
    check: undefined,
    firstKeyMs: 10_000,
    betweenKeysMs: 4000,
  });
  assert.deepEqual(tool.tellOf?.({ input: 'pin' }), { status: 'accepted', say: 'Your PIN, please.' });
});

for (const [what, lines, said] of [
  ['more attempts without words between them', '        attempts: 3\n', /retry.*must say what the caller hears/],
  ['a pattern that is none', "        pattern: '('\n", /pattern.*regular expression/],
  ['fewer at most than at least', '        least: 5\n', /least.*not be more than most/],
  ['a check that is no tool', '        check: check_pin\n', /inputs\.pin\.check: there is no tool "check_pin"/],
] as const) {
  test(`${what} is refused by its name`, async () => {
    await assert.rejects(load(INPUT + lines), said);
  });
}

test('send_keys sends keys and nothing else', async () => {
  const agent = await load('  send_keys:\n');
  const tool = agent.callTools?.get('send_keys');
  assert.deepEqual(tool?.wishOf({ keys: '1#' }), { kind: 'send-keys', keys: '1#' });
  assert.equal(tool?.parameters.safeParse({ keys: 'hello' }).success, false);
});

test('which keys a model has pressed stands nowhere but in what the carrier is asked for (breaker16c n6)', async () => {
  const { callTools = new Map() } = await load('  send_keys:\n');
  const keysOf = () => new CallKeys({ ...CONTEXT, direction: 'outbound' }, []);
  const asked = (argumentText: string) =>
    checkCallTool(callTools, { callId: 'c', name: 'send_keys', argumentText }, keysOf());
  const wanted = asked('{"keys":"4711"}');
  assert.ok(wanted && 'action' in wanted);
  const { wish, ...kept } = wanted.action;
  assert.deepEqual(wish, { kind: 'send-keys', keys: '4711' });
  assert.deepEqual(kept.call, { callId: 'c', name: 'send_keys', args: { count: 4 } });
  assert.deepEqual(asked('{"keys":"9358"}'), { action: { ...wanted.action, wish: { ...wish, keys: '9358' } } });
  for (const wrong of ['{"keys":"4711x"}', '{"keys":"4711"', '{"keys": 4711x}', '{"keys":4711}']) {
    const refused = asked(wrong);
    assert.ok(refused && 'refused' in refused && refused.refused.error);
    assert.doesNotMatch(JSON.stringify(refused), /4711/, wrong);
  }
});

const CONTEXT = {
  idempotencyKey: 'k',
  sessionId: 's',
  callConnectionId: undefined,
  caller: undefined,
  locale: 'en-US',
  timeZone: 'UTC',
};

test('a check says whether keys are right, alone or with what else the agent shall know; anything else is a fault', async () => {
  const source = `export default { description: 'Checks.', timeoutMs: 50,
    parameters: { type: 'object', properties: { keys: { type: 'string' } }, required: ['keys'] },
    run: ({ keys }) => keys === '1' ? true : keys === '2' ? { right: true, name: 'Anna' } : keys === '3' ? 'yes' : new Promise(() => {}) };`;
  const agent = await load(`${INPUT}        check: check_right\n`, { 'check-right.ts': source });
  const tool = agent.keyChecks?.get('check_right');
  assert.ok(tool);
  assert.equal(agent.tools.has('check_right'), false, 'the model cannot call it');
  assert.deepEqual(await checkKeys(tool, '1', CONTEXT, systemClock), { right: true });
  assert.deepEqual(await checkKeys(tool, '2', CONTEXT, systemClock), { right: true, data: { name: 'Anna' } });
  await assert.rejects(checkKeys(tool, '3', CONTEXT, systemClock), /does not say whether they are right/);
  await assert.rejects(checkKeys(tool, '4', CONTEXT, systemClock), /did not answer within 50 ms/);
});
