import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { emulatorSettings } from '../emulator/settings.ts';
import { browserCommand, browserMessage } from '../shared/protocol/browser.ts';
import { functionsSettings } from '../shared/settings/functions-settings.ts';
import { streamHostSettings } from '../shared/settings/stream-host-settings.ts';
import { loadAgents } from '../stream-host/agent/agent-definition.ts';

const ROOT = path.join(import.meta.dirname, '..');
const documents = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].map((file) => ({
  file,
  text: readFileSync(path.join(ROOT, file), 'utf8'),
}));
const promises = documents.find(({ file }) => file === 'docs/promises.md')?.text ?? '';
const PROMISES = 17;

/** Names in capitals that documents mention and that are no settings of ours. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  'VOICE_LIVE',
  // Of a check and a build.
  'AZURE_TYPES_DIR',
  'BASE_IMAGE',
  'BUILD_IMAGE',
  'SOURCE_DATE_EPOCH',
  // azd's own.
  'AZURE_SUBSCRIPTION_ID',
  // The platform's own.
  'FUNCTIONS_REQUEST_BODY_SIZE_LIMIT',
  'WEBSITE_CLOUD_ROLENAME',
  'IDENTITY_ENDPOINT',
  // Of the deployment’s checks.
  'AZURE_TYPES_DIR',
  // Of Teams Phone.
  'TEAMS_PHONE_RESOURCE_ACCOUNT_ID',
  ...namesIn('infra/main.bicepparam', /readEnvironmentVariable\('([A-Z_]+)'/g),
  ...namesIn('infra/main.bicep', /^output ([A-Z_]+) /gm),
]);

/** Files that a document has its reader write, and one that is told of as taken out. */
const TO_BE_WRITTEN: ReadonlySet<string> = new Set([
  'agents/bank.yaml',
  'agents/minutes.yaml',
  'stream-host/voicemail/phrases/',
]);

/** What a deployment is told by azd's environment, and what it tells there. */
function namesIn(file: string, pattern: RegExp): string[] {
  return [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(pattern)].map(([, name = '']) => name);
}

/** Every place of `pattern` in a document, as its first group. */
function* found(pattern: RegExp) {
  for (const { file, text } of documents) {
    for (const [, name = ''] of text.matchAll(pattern)) yield { file, name };
  }
}

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

test('what the promises rest on is there: every file and folder that they name', () => {
  const named = [...promises.matchAll(/`([\w-]+(?:\/[\w.-]+)+\/?)`/g)].map(([, file]) => file ?? '');
  assert.deepEqual(
    named.filter((file) => !existsSync(path.join(ROOT, file))),
    [],
  );
  assert.ok(named.length > 50);
});

test('every file and folder of ours that a document names is there', () => {
  const folders = 'agents|bench|build|docs|emulator|functions|infra|shared|start|stream-host|test|web';
  const named = [...found(new RegExp(`\`((?:${folders})/[\\w./-]*)\``, 'g'))];
  assert.deepEqual(
    named.filter(({ name }) => !TO_BE_WRITTEN.has(name) && !existsSync(path.join(ROOT, name))),
    [],
  );
  assert.ok(named.length > 150);
});

test('a row that the promises rest on is one of the benchmark (docs26: “stop on the wire” had been renamed)', () => {
  const titles = readFileSync(path.join(ROOT, 'docs/benchmarks.md'), 'utf8').match(/^## .+$/gm) ?? [];
  const rows = [...promises.matchAll(/\brows? ((?:\*[^*]+\*(?:, )?)+)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/\*([^*]+)\*/g)].map(([, row = '']) => row),
  );
  assert.deepEqual(
    rows.filter((row) => !titles.some((title) => title.toLowerCase().startsWith(`## ${row.toLowerCase()}`))),
    [],
  );
  assert.ok(rows.length > 4);
});

test('no document holds both sides of a merge (stranger16: health.md did)', () => {
  assert.deepEqual([...found(/^(<{7} .*|={7}|>{7} .*)$/gm)], []);
});

test('every promise has its line', () => {
  const numbers = [...promises.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
  assert.deepEqual(
    numbers,
    Array.from({ length: PROMISES }, (_, index) => index + 1),
  );
});

test('every message and every command of the browser’s socket is written about', () => {
  const page = readFileSync(path.join(ROOT, 'docs/browser-socket.md'), 'utf8');
  const types = [...browserMessage.options, ...browserCommand.options].flatMap(({ shape: { type } }) =>
    'options' in type ? type.options : [...type.values],
  );
  // The two of the old contract that are never sent.
  const told = types.filter((type) => type !== 'exit' && type !== 'error');
  assert.deepEqual(
    told.filter((type) => !page.includes(`\`${type}\``) && !page.includes(`"type":"${type}"`)),
    [],
  );
});

test('every link within the documents leads to a file, and to a heading where it names one', () => {
  const broken: string[] = [];
  let count = 0;
  for (const { file, name: target } of found(/\]\(([^)\s]+)\)/g)) {
    if (/^[a-z]+:/.test(target)) continue;
    count += 1;
    const [to = '', anchor] = target.split('#');
    const aim = path.join(ROOT, to === '' ? file : path.join(path.dirname(file), to));
    const isThere = existsSync(aim) && (anchor === undefined || headingsOf(aim).includes(anchor));
    if (!isThere) broken.push(`${file}: ${target}`);
  }
  assert.deepEqual(broken, []);
  assert.ok(count > 15);
});

function headingsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading ?? ''));
}

test('what the documents show of an agent’s file is taken as it stands', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'documents-'));
  t.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, 'check-pin.js'), "export default { description: 'Checks.', run: () => true };\n");
  const toolsFolder = pathToFileURL(`${folder}/`);
  let count = 0;
  for (const { file, name: block } of found(/^```yaml\n([\s\S]*?)^```$/gm)) {
    if (!/^(?:call_tools|recording|voicemail|name):/m.test(block)) continue;
    count += 1;
    const own = path.join(folder, String(count));
    await mkdir(own);
    const rest = /^prompt:/m.test(block) ? '' : 'greeting: Hello.\nprompt: Be kind.\n';
    const name = /^name: (\w+)/m.exec(block)?.[1] ?? 'desk';
    await writeFile(path.join(own, `${name}.yaml`), rest + block.replaceAll('<object id>', '1c0a8b3e-5d5f'));
    await assert.doesNotReject(loadAgents(own, { toolsFolder }), file);
  }
  assert.equal(count, 5);
});

test('every npm command in the documents is one', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const commands = [...found(/\bnpm run ([\w:-]+)/g)];
  assert.deepEqual(
    commands.filter(({ name }) => !Object.hasOwn(scripts, name)),
    [],
  );
  assert.ok(commands.length > 10);
});

test('every setting that the documents name is one', () => {
  const known = { ...functionsSettings.shape, ...streamHostSettings.shape, ...emulatorSettings.shape };
  const named = [...found(/\b([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b(?!\.md)/g)];
  assert.deepEqual(
    named.filter(({ name }) => !Object.hasOwn(known, name) && !OTHER_NAMES.has(name)),
    [],
  );
  assert.ok(named.length > 60);
});
