import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pino } from 'pino';
import { systemClock } from '../../shared/clock.ts';
import { AgentShelf } from './agent-shelf.ts';

const DESK = 'greeting: Hello.\nprompt: Be kind.\ntools: [ring_bell]\n';
const bell = (sound: string) => `export default { description: 'Rings.', run: () => '${sound}' };`;

async function shelfOf(context: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'shelf-'));
  const tools = join(folder, 'tools');
  await mkdir(tools);
  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  await write('desk.yaml', DESK);
  await write('tools/ring-bell.ts', bell('ding'));
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const toolsFolder = pathToFileURL(`${tools}/`);
  const shelf = await AgentShelf.open({ folder, toolsFolder, reloadable: true, clock: systemClock, log });
  context.after(async () => {
    shelf.close();
    await rm(folder, { recursive: true });
  });
  return { folder, shelf, write, lines };
}

const ringing = {
  signal: new AbortController().signal,
  idempotencyKey: 'k',
  sessionId: 's',
  callConnectionId: undefined,
  caller: undefined,
  locale: 'en-US',
  timeZone: 'UTC',
};

test('the next conversation has what an agent’s file says by then; whoever has the agent keeps it (newcomer 5.4)', async (context) => {
  const { shelf, write, lines } = await shelfOf(context);
  const old = shelf.require('desk');
  await write('desk.yaml', DESK.replace('Be kind.', 'Be brief.'));
  await shelf.reload();
  assert.equal(shelf.require('desk').prompt, 'Be brief.');
  assert.equal(old.prompt, 'Be kind.');
  await shelf.reload();
  assert.deepEqual(lines, ['agent changed: the next conversation has it']);
});

test('a tool that was changed is another one for the next conversation (newcomer 5.4)', async (context) => {
  const { shelf, write } = await shelfOf(context);
  const sound = async () => shelf.require('desk').tools.get('ring_bell')?.run({}, ringing);
  assert.equal(await sound(), 'ding');
  await write('tools/ring-bell.ts', bell('dong'));
  await shelf.reload();
  assert.equal(await sound(), 'dong');
});

test('a file that cannot be used is told of once, in one line, and its agent stays (newcomer 5.4)', async (context) => {
  const { shelf, write, lines } = await shelfOf(context);
  await write('desk.yaml', 'greeting: 5\ncolour: red\n');
  await shelf.reload();
  await shelf.reload();
  assert.equal(shelf.require('desk').prompt, 'Be kind.');
  assert.equal(lines.length, 1);
  assert.match(
    lines[0] ?? '',
    /^[^\n]*desk\.yaml: greeting: .*; .*prompt: is missing; .*colour: .*stays as it was\.\)$/,
  );
  await write('desk.yaml', DESK);
  await write('tools/ring-bell.ts', 'export default {');
  await shelf.reload();
  assert.match(lines[1] ?? '', /ring-bell\.ts cannot be loaded/);
});

test('agents come and go with their files', async (context) => {
  const { folder, shelf, write, lines } = await shelfOf(context);
  await write(
    'chef.yaml',
    'greeting: Bon appétit.\nprompt: Cook.\nmode: VOICE_LIVE\ndescription: Cooks.\nlanguage: fr-FR\nnotice: Noted.\n',
  );
  await write('waiter.yaml', 'greeting: Hello.\n');
  await shelf.reload();
  assert.deepEqual(shelf.cards, [
    { name: 'chef', description: 'Cooks.', languages: ['fr-FR'], mode: 'voice_live', notice: 'Noted.' },
    { name: 'desk', description: '', languages: ['en-US'] },
  ]);
  await rm(join(folder, 'chef.yaml'));
  await shelf.reload();
  assert.throws(() => shelf.require('chef'), { code: 'agent.unknown' });
  await rm(join(folder, 'desk.yaml'));
  await rm(join(folder, 'waiter.yaml'));
  await shelf.reload();
  assert.equal(shelf.require('desk').name, 'desk');
  assert.match(lines.at(-1) ?? '', /AGENTS_FOLDER .*there are none/);
});

test('files are watched, those of tools too', async (context) => {
  const { shelf, write } = await shelfOf(context);
  let changed = () => {};
  shelf.watch(() => changed());
  for (const [name, text] of [
    ['tools/ring-bell.ts', bell('dong')],
    ['desk.yaml', `${DESK}# Changed.\n`],
  ] as const) {
    const { promise, resolve } = Promise.withResolvers<void>();
    changed = resolve;
    await write(name, text);
    await promise;
  }
});
