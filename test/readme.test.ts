import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { HELP } from '../emulator/phone/caller-arguments.ts';
import { loadAgents, requireAgent } from '../stream-host/agent/agent-definition.ts';

const ROOT = path.join(import.meta.dirname, '..');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The files that README has one write: blocks of code that begin with the file's name. */
const files = [...readme.matchAll(/^```(?:yaml|ts)\n(?:#|\/\/) (agents\/\S+)\n([\s\S]*?)^```$/gm)].map(
  ([, name = '', text = '']) => ({ name, text }),
);

test('the agent and the tool that README has one write are loaded, and the tool runs (newcomer 5.2-2, 5.4)', async (t) => {
  assert.deepEqual(
    files.map(({ name }) => name),
    ['agents/pizzeria.yaml', 'agents/tools/book-table.ts'],
  );
  const folder = await mkdtemp(path.join(tmpdir(), 'readme-'));
  t.after(() => rm(folder, { recursive: true }));
  await mkdir(path.join(folder, 'agents/tools'), { recursive: true });
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  await symlink(path.join(ROOT, 'agents/tool.ts'), path.join(folder, 'agents/tool.ts'));
  for (const { name, text } of files) await writeFile(path.join(folder, name), text);

  const toolsFolder = pathToFileURL(path.join(folder, 'agents/tools/'));
  const agent = requireAgent(await loadAgents(path.join(folder, 'agents'), { toolsFolder }), 'pizzeria');
  const tool = agent.tools.get('book_table');
  assert.ok(tool);
  const context = {
    signal: t.signal,
    idempotencyKey: 'k',
    sessionId: 's',
    callConnectionId: undefined,
    caller: undefined,
    locale: agent.locale,
    timeZone: agent.timeZone,
  };
  assert.deepEqual(await tool.run(tool.parameters.parse({ people: 3 }), context), {
    booked: true,
    message: 'A table for 3 is booked for tonight.',
  });
});

test('the parts of an agent that README shows are taken as they stand', async (t) => {
  const parts = [...readme.matchAll(/^```yaml\n((?!#)[\s\S]*?)^```$/gm)].map(([, text = '']) => text);
  assert.equal(parts.length, 2);
  const folder = await mkdtemp(path.join(tmpdir(), 'readme-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'desk.yaml'), `greeting: Hallo.\nprompt: Be kind.\n${parts.join('')}`);
  const agent = requireAgent(await loadAgents(folder), 'desk');
  assert.equal(agent.phrases.apology, 'Das habe ich nicht verstanden.');
  assert.equal(agent.turns.endpointing?.holdMs, 500);
});

test('every file, script and option that README names is there', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, file = '']) => file);
  const named = [...readme.matchAll(/(?<=[ `])((?:agents|docs|emulator)\/[\w./-]+\.\w+)/g)].map(
    ([, file = '']) => file,
  );
  const written = files.map(({ name }) => name);
  const missing = [...links, ...named].filter((file) => !written.includes(file) && !existsSync(path.join(ROOT, file)));
  assert.deepEqual(missing, []);
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  for (const [, script = ''] of readme.matchAll(/npm run ([\w-]+)/g)) assert.ok(scripts[script], script);
  for (const [line] of readme.matchAll(/^.*npm run call.*$|^\| `--.*$/gm)) {
    for (const [option] of line.matchAll(/--[a-z][\w-]+/g)) assert.ok(HELP.includes(option), option);
  }
});
