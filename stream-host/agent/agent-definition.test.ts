import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { ConfigError, NotFoundError } from '../../shared/errors.ts';
import { loadAgents, requireAgent } from './agent-definition.ts';
import { toolDeclarations } from './tool-calls.ts';

const GOOD = `
name: desk
description: A desk.
greeting: Hello.
voice: en-US-AvaMultilingualNeural
prompt: Be kind.
tools: [look_up_order, end_call]
`;

async function folderWith(context: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'agents-'));
  context.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test('the bundled agent loads with all its tools', async () => {
  const agent = requireAgent(await loadAgents(join(import.meta.dirname, '../../agents')), 'orders');
  assert.deepEqual([...agent.tools.keys()], ['look_up_order', 'change_delivery_day', 'opening_hours']);
  assert.equal(agent.canEndCall, true);
  assert.deepEqual(agent.model, { temperature: 0.4, maxTokens: 300, omit: [] });
  assert.match(agent.phrases.greeting, /^Hello/);
});

test('an agent that wants its callers judged by their sound, too, is still one, and judges by their words', async (context) => {
  const turns = 'turns: { endpointing: { judgement: text-and-sound } }\n';
  const folder = await folderWith(context, { 'desk.yaml': GOOD + turns });
  const agent = requireAgent(await loadAgents(folder), 'desk');
  assert.deepEqual(agent.turns, { endpointing: { judgement: 'text' } });
});

test('an agent without a model section or tools has sensible ones', async (context) => {
  const folder = await folderWith(context, { 'desk.yaml': GOOD.replace(/tools:.*/, '') });
  const agent = requireAgent(await loadAgents(folder), 'desk');
  assert.equal(agent.timeZone, Intl.DateTimeFormat().resolvedOptions().timeZone);
  assert.deepEqual(agent.model, { temperature: undefined, maxTokens: 300, omit: [] });
  assert.deepEqual([agent.tools.size, agent.canEndCall], [0, false]);
});

test('an agent needs a greeting and a prompt; a tool a description and what it does (newcomer 5.2-2)', async (context) => {
  const folder = await folderWith(context, {
    'desk.yaml': 'greeting: Hello.\nprompt: Be kind.\ntools: [ring_bell, count_bells]\n',
    'ring-bell.ts': "export default { description: 'Rings.', run: () => 'ding' };",
    'count-bells.ts': `export default {
      description: 'Counts.',
      parameters: { type: 'object', properties: { floor: { type: 'integer', description: 'Which' } }, required: ['floor'] },
      run: ({ floor }) => floor + 1,
    };`,
  });
  const agent = requireAgent(await loadAgents(folder, { toolsFolder: pathToFileURL(`${folder}/`) }), 'desk');
  assert.deepEqual([agent.name, agent.description, agent.locale], ['desk', '', 'en-US']);
  const [ring, count] = agent.tools.values();
  assert.ok(ring && count);
  assert.deepEqual([ring.name, ring.timeoutMs, ring.sideEffects], ['ring_bell', 10_000, true]);
  assert.deepEqual(ring.parameters.parse({}), {});
  assert.deepEqual(count.parameters.safeParse({ floor: 'x' }).success, false);
  const [, declared] = toolDeclarations(agent.tools);
  assert.deepEqual(declared?.function.parameters?.required, ['floor']);
});

test('an agent whose calls are written down may have a notice, and languages beside its own', async (context) => {
  const more = 'notice: "  This call is written down.  "\nlanguages: [de-de, en-US]\nmode: transcription\n';
  const agent = requireAgent(await loadAgents(await folderWith(context, { 'desk.yaml': GOOD + more })), 'desk');
  assert.equal(agent.notice, 'This call is written down.');
  assert.deepEqual(agent.languages, ['en-US', 'de-DE']);
  const plain = requireAgent(await loadAgents(await folderWith(context, { 'desk.yaml': GOOD })), 'desk');
  assert.deepEqual([plain.notice, plain.languages], [undefined, ['en-US']]);
  for (const [wrong, what] of [
    ['languages: [klingonish-1]', /a locale such as de-DE/],
    [`languages: [${Array(10).fill('de-DE').join(', ')}]`, /at most 9 entries/],
    ['notice: ""', /notice/],
  ] as const) {
    await assert.rejects(loadAgents(await folderWith(context, { 'desk.yaml': `${GOOD}${wrong}\n` })), what);
  }
});

test('an agent says how it takes turns, in the spelling of its file', async (context) => {
  const turns = 'turns: { endpointing: { min_hold_ms: 200 }, drafts: { mode: "off" }, away: { after_ms: 0 } }\n';
  const agents = await loadAgents(await folderWith(context, { 'desk.yaml': GOOD + turns }));
  assert.deepEqual(requireAgent(agents, 'desk').turns, {
    endpointing: { minHoldMs: 200 },
    drafts: { mode: 'off' },
    away: { afterMs: 0 },
  });
});

test('all that is wrong with a file is told at once, whatever kind it is of (faults came in rounds)', async (context) => {
  const wrong = `name: other
greeting: ""
prompt: Be kind.
turns: { endpointing: { min_hold_ms: 5000, max_hold_ms: 100 } }
tools: [no_such_tool, nor_this_one, end_call]
colour: red
`;
  await assert.rejects(loadAgents(await folderWith(context, { 'desk.yaml': wrong })), ({ message }: Error) => {
    for (const fault of [/greeting: must/, /colour: is no field/, /name: is "other"/, /no_such_tool/, /nor_this_one/]) {
      assert.match(message, fault);
    }
    assert.match(message, /hold/i);
    return true;
  });
});

test('an agent that does not exist is refused with the names of those that do', async (context) => {
  const agents = await loadAgents(await folderWith(context, { 'desk.yaml': GOOD }));
  assert.throws(
    () => requireAgent(agents, 'chef'),
    (error) => {
      assert.ok(error instanceof NotFoundError);
      assert.equal(error.code, 'agent.unknown');
      assert.match(error.message, /"chef".*desk/);
      return true;
    },
  );
});

test('an agent speaks the language that it names, or else that of its voice, or the host’s with a multilingual one (speech-defaults-are-english)', async (context) => {
  const load = async (change: (yaml: string) => string, hostLanguage = 'en-US') => {
    const folder = await folderWith(context, { 'desk.yaml': change(GOOD) });
    return requireAgent(await loadAgents(folder, { hostLanguage }), 'desk');
  };
  const withVoice = (voice: string) => (yaml: string) => yaml.replace('en-US-AvaMultilingualNeural', voice);
  assert.equal((await load((yaml) => yaml)).locale, 'en-US');
  assert.equal((await load(withVoice('sr-Latn-RS-NicholasNeural'))).locale, 'sr-Latn-RS');
  assert.equal((await load(withVoice('de-DE-KatjaNeural'), 'fr-FR')).locale, 'de-DE');
  assert.equal((await load((yaml) => yaml, 'de-DE')).locale, 'de-DE');
  assert.equal((await load((yaml) => `${yaml}language: es-419\n`, 'de-DE')).locale, 'es-419');
  const katja = await load(withVoice('de-DE-KatjaNeural'));
  assert.match(katja.phrases.apology, /^Entschuldigung/);
  assert.ok(katja.phrases.fillers.length >= 3);
});

test('an agent of a language without phrases here greets again rather than speak English, and its author is told', async (context) => {
  const warnings: object[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => warnings.push(JSON.parse(line)) });
  const folder = await folderWith(context, {
    'desk.yaml': `${GOOD.replace('Hello.', 'こんにちは。')}language: ja-JP\nphrases: { apology: すみません。 }\n`,
  });
  const { phrases } = requireAgent(await loadAgents(folder, { log }), 'desk');
  assert.deepEqual([phrases.apology, phrases.resumption], ['すみません。', 'こんにちは。']);
  assert.deepEqual(
    warnings.map((line) => 'missing' in line && line.missing),
    [['resumption', 'fillers', 'explanation', 'give_up', 'not_understood', 'goodbye', 'prompts']],
  );
});

test('an agent gives its own phrases, those of old under turns as well', async (context) => {
  const folder = await folderWith(context, {
    'desk.yaml': `${GOOD}phrases: { give_up: No luck. }\nturns: { recovery: { apology: Oh dear., stall_ms: 9000 }, away: { farewell: Bye. } }\n`,
  });
  const { phrases, turns } = requireAgent(await loadAgents(folder), 'desk');
  assert.deepEqual([phrases.giveUp, phrases.apology, phrases.farewell], ['No luck.', 'Oh dear.', 'Bye.']);
  assert.deepEqual(turns, { recovery: { stallMs: 9000 }, away: {} });
});

const bomb = (of: string, name: string) => `${name}: &${name} [${Array(10).fill(`*${of}`).join(', ')}]\n`;

const FAULTS: readonly [what: string, files: Record<string, string>, message: RegExp][] = [
  ['a folder without agents', { 'readme.md': '' }, /AGENTS_FOLDER is ".*": it takes a folder with \*\.yaml files/],
  ['broken YAML', { 'desk.yaml': 'name: "desk\nprompt: x' }, /desk\.yaml is no valid YAML: .*line/s],
  ['an alias of nothing', { 'desk.yaml': `${GOOD}turns: *none\n` }, /desk\.yaml is no valid YAML: Unresolved alias/],
  [
    'an alias bomb (known faults)',
    { 'desk.yaml': `${GOOD}a: &a [1, 1]\n${bomb('a', 'b')}${bomb('b', 'c')}${bomb('c', 'd')}` },
    /desk\.yaml is no valid YAML: Excessive alias count/,
  ],
  ['an empty file', { 'desk.yaml': '' }, /desk\.yaml: the whole: /],
  ['a missing field', { 'desk.yaml': GOOD.replace(/greeting:.*/, '') }, /desk\.yaml: greeting: /],
  ['a field nobody knows', { 'desk.yaml': `${GOOD}colour: red\n` }, /desk\.yaml: .*colour/],
  [
    'a turn setting nobody knows',
    { 'desk.yaml': `${GOOD}turns: { endpointing: { minHoldMs: 200 } }\n` },
    /desk\.yaml: turns\.endpointing.*minHoldMs/,
  ],
  [
    'a turn setting out of range',
    { 'desk.yaml': `${GOOD}turns: { onset: { onset_ms: 0 } }\n` },
    /desk\.yaml: turns\.onset\.onset_ms/,
  ],
  [
    'turn settings that contradict',
    { 'desk.yaml': `${GOOD}turns: { endpointing: { hold_ms: 3000 } }\n` },
    /desk\.yaml: .*max_hold_ms is 1800.*hold_ms \(3000\)/,
  ],
  [
    'a time that is none (newcomer 5)',
    { 'desk.yaml': `${GOOD}turns: { endpointing: { hold_ms: soon } }\n` },
    /desk\.yaml: turns\.endpointing\.hold_ms: must be a number, and is "soon"$/,
  ],
  [
    'a choice and a bound that are none (newcomer 5)',
    { 'desk.yaml': `${GOOD}turns: { drafts: { mode: loud, max_per_turn: 11 }, away: { after_ms: 5 } }\n` },
    /drafts\.mode: must be one of off, text, speech, and is "loud"\n.*per_turn: must be at most 10, and is 11\n.*after_ms: must be 0, or at least 2000, and is 5$/,
  ],
  [
    'a greeting that is not there (newcomer 5)',
    { 'desk.yaml': 'greeting:\nprompt: x' },
    /greeting: must be a text, and nothing stands there$/,
  ],
  ['a bad number', { 'desk.yaml': `${GOOD}model: { temperature: hot }\n` }, /desk\.yaml: model\.temperature: /],
  [
    'a voice that is none',
    { 'desk.yaml': GOOD.replace('en-US-AvaMultilingualNeural', 'Ava!') },
    /voice: .*Azure voice/,
  ],
  ["a name that is not the file's", { 'chef.yaml': GOOD }, /chef\.yaml: name: is "desk".*"chef"/],
  [
    'an unknown tool',
    { 'desk.yaml': GOOD.replace('look_up_order', 'fly') },
    /desk\.yaml: tools\[0\]: there is no tool "fly".*fly\.ts/,
  ],
  [
    'a language that is none',
    { 'desk.yaml': `${GOOD}language: German please\n` },
    /desk\.yaml: language: must be a locale such as de-DE, and is "German please"$/,
  ],
  [
    'a time zone that is none',
    { 'desk.yaml': `${GOOD}time_zone: Mars/Olympus\n` },
    /desk\.yaml: time_zone: must be an IANA/,
  ],
  ['too few fillers', { 'desk.yaml': `${GOOD}phrases: { fillers: [Hm.] }\n` }, /desk\.yaml: phrases\.fillers: /],
  [
    'a phrase that is given twice',
    { 'desk.yaml': `${GOOD}phrases: { apology: A. }\nturns: { recovery: { apology: B. } }\n` },
    /desk\.yaml: apology is given under phrases and under turns/,
  ],
  [
    'a path for a tool',
    { 'desk.yaml': GOOD.replace('look_up_order', '../x') },
    /desk\.yaml: tools\[0\]: must be lower-case words joined by _, and is "\.\.\/x"$/,
  ],
  ['a tool twice', { 'desk.yaml': GOOD.replace('end_call', 'look_up_order') }, /desk\.yaml: tools: names a tool twice/],
];

for (const [what, files, message] of FAULTS) {
  test(`${what} stops the start with file and field`, async (context) => {
    const folder = await folderWith(context, files);
    await assert.rejects(loadAgents(folder), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('a folder that is named like an agent’s file is told by its name (known faults)', async (context) => {
  const folder = await folderWith(context, { 'desk.yaml': GOOD });
  await mkdir(join(folder, 'chef.yaml'));
  await assert.rejects(loadAgents(folder), {
    code: 'config.invalid',
    message: /chef\.yaml cannot be read: .*directory/,
  });
});

test('a folder that does not exist is named', async () => {
  await assert.rejects(
    loadAgents('/nowhere/agents'),
    /AGENTS_FOLDER is "\/nowhere\/agents": it takes a folder that can be read/,
  );
});

const BAD_TOOLS: readonly [what: string, source: string, message: RegExp][] = [
  ['a tool file with an error', 'export default {', /tools\[0\]: .*ring-bell\.ts cannot be loaded/],
  ['a tool file without a tool', 'export const x = 1;', /tools\[0\]: .*ring-bell\.ts: default: /],
  [
    'a tool without a schema',
    "export default { name: 'ring_bell', description: 'x', parameters: {}, timeoutMs: 1, sideEffects: false, run() {} };",
    /ring-bell\.ts: default\.parameters: must be a z\.object/,
  ],
  [
    'a tool whose JSON schema is none',
    "export default { description: 'x', parameters: { type: 'object', properties: { a: { type: 'nmber' } } }, run() {} };",
    /ring-bell\.ts: default\.parameters: must be a z\.object.*nmber/,
  ],
  ['a tool without a description', 'export default { run() {} };', /ring-bell\.ts: default\.description: is missing$/],
];

for (const [what, source, message] of BAD_TOOLS) {
  test(`${what} stops the start with the file named`, async (context) => {
    const yaml = GOOD.replace('look_up_order', 'ring_bell');
    const folder = await folderWith(context, { 'desk.yaml': yaml, 'ring-bell.ts': source });
    await assert.rejects(loadAgents(folder, { toolsFolder: pathToFileURL(`${folder}/`) }), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('two files that cannot be used are both named (newcomer: one mistake after the other)', async (context) => {
  const folder = await folderWith(context, {
    'desk.yaml': GOOD,
    'one.yaml': `${GOOD}tols: [fly]\n`,
    'two.yaml': 'name: [',
  });
  await assert.rejects(loadAgents(folder), /one\.yaml.*tols.*\n.*two\.yaml is no valid YAML/s);
});
