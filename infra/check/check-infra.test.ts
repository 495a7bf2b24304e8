import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { AzureTypes } from './azure-types.ts';
import { azureYamlFindings } from './azure-yaml.ts';
import { Bicep, copySources } from './bicep.ts';
import { checkInfrastructure, exitCodeOf, keptCompiled, policyFindings } from './check-infra.ts';
import { diagnosticFindings } from './diagnostics.ts';
import { readExpansion } from './expansion.ts';
import { findCompiler } from './find-compiler.ts';
import { type CheckName, type Finding, lineOf } from './finding.ts';
import { GoldenFiles } from './golden-files.ts';
import { outputFindings } from './outputs.ts';
import { queryFindings } from './queries.ts';
import { providersIn, typeFindings } from './resource-types.ts';
import { settle } from './settle.ts';
import { MISTAKES } from './testing/mistakes.ts';
import { PRIVATE_MISTAKES, QUIET_MISTAKES, TEXT_MISTAKES, type TextMistake } from './testing/other-mistakes.ts';
import { patch } from './testing/patch.ts';
import { findTypes } from './type-data.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'parley-check-')));
after(() => rmSync(scratch, { recursive: true, force: true }));

const golden = new GoldenFiles(ROOT).read();
// All waits before the first test: what is registered behind a later one may come when the file is over.
const report = await checkInfrastructure({ root: ROOT, env: process.env });
const types = await findTypes(process.env, providersIn([...golden].map(([of, text]) => readExpansion(of, text))));
const compiler = await findCompiler(process.env);

test('the infrastructure has no finding', (t) => {
  assert.equal(report.findings.map(lineOf).join('\n'), '');
  for (const { checks, why } of report.skipped) t.diagnostic(`did not run: ${checks.join(', ')}: ${why}`);
  if (process.env.CI) assert.deepEqual(report.skipped, []);
});

test('without compiler and type data it is said which checks did not run, and the others run on the golden files', async () => {
  const env = { PATH: '', HOME: scratch };
  const { findings, ran, skipped } = await checkInfrastructure({ root: ROOT, env });
  assert.deepEqual(
    skipped.map(({ checks }) => checks),
    [['compile', 'format', 'snapshot', 'dependencies'], ['types']],
  );
  for (const { why } of skipped) assert.match(why, /no dotnet to/);
  assert.equal(ran.length, 1);
  const others = report.findings.filter(({ check }) => !skipped.some(({ checks }) => checks.includes(check)));
  assert.deepEqual(findings, others);
  const unfound = { findings: [], ran, skipped };
  assert.equal(exitCodeOf(unfound, {}), 0);
  assert.equal(exitCodeOf(unfound, { CI: 'true' }), 1);
});

// Mistakes as people make them. Those in resources are made in a golden file, so that they need no compiler.
const name = 'main.dev';
const json = golden.get(name) ?? '';

function structureOf(value: unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(typeof value === 'object' && value !== null ? value : {}));
}

/** What the check that a mistake is for says of a snapshot: the others need not run. */
function findingsOf(check: CheckName, example: string, snapshot: unknown): string[] {
  const expansion = readExpansion(example, JSON.stringify(snapshot));
  const findings = (): Finding[] => {
    if (check === 'types') return types instanceof AzureTypes ? typeFindings([expansion], types) : [];
    if (check === 'outputs') return outputFindings(ROOT, [expansion]);
    return check === 'queries' ? queryFindings(ROOT, [expansion]) : policyFindings(ROOT, [expansion]);
  };
  return findings().map(lineOf);
}

for (const [example, mistakes] of [
  [name, [...MISTAKES, ...QUIET_MISTAKES]],
  ['main.production', PRIVATE_MISTAKES],
] as const) {
  const right = () => structureOf(settle(JSON.parse(golden.get(example) ?? '')));
  const checks = new Set(mistakes.map(({ check }) => check));
  const before = new Set([...checks].flatMap((check) => findingsOf(check, example, right())));
  for (const { what, place, put, check, said } of mistakes) {
    const missing = check === 'types' && 'missing' in types && types.missing;
    test(`found: ${what}`, { skip: missing }, () => {
      const snapshot = right();
      patch(snapshot, place, put);
      const found = findingsOf(check, example, snapshot).filter((line) => !before.has(line));
      const isFound = found.some((line) => line.endsWith(`[${check}]`) && said.test(line));
      assert.ok(isFound, `${said} is not among\n${found.join('\n')}`);
    });
  }
}

const noCompiler = 'missing' in compiler && compiler.missing;

test('found: mistakes in the text of Bicep, by compiler, linter and formatter', { skip: noCompiler }, async () => {
  assert.ok('program' in compiler);
  const source = path.join(scratch, 'source');
  const formatted = path.join(scratch, 'formatted');
  for (const copy of [source, formatted]) {
    copySources(path.join(ROOT, 'infra'), copy);
    for (const mistake of TEXT_MISTAKES) makeMistake(copy, mistake);
  }
  const bicep = new Bicep(compiler, keptCompiled(process.env));
  const unformatted = await bicep.format(source, formatted);
  const diagnostics = await bicep.lint(source);
  const found = diagnosticFindings({ diagnostics, unformatted, snapshots: new Map(), template: undefined }, []).map(
    lineOf,
  );
  for (const { said } of TEXT_MISTAKES) {
    const isFound = found.some((line) => said.test(line));
    assert.ok(isFound, `${said} is not among\n${found.join('\n')}`);
  }
});

function makeMistake(folder: string, { file, find, put }: TextMistake): void {
  const target = path.join(folder, file);
  const text = existsSync(target) ? readFileSync(target, 'utf8') : '';
  const changed = find === undefined ? `${text}${put}` : text.replace(find, put);
  assert.notEqual(changed, text, `${file} has no ${find}`);
  writeFileSync(target, changed);
}

test('blanks and a last comma in ALERT_EMAILS do no harm', { skip: noCompiler }, async () => {
  assert.ok('program' in compiler);
  const sources = path.join(scratch, 'alerts');
  copySources(path.join(ROOT, 'infra'), sources);
  const bicep = new Bicep(compiler, keptCompiled(process.env));
  const env = { ALERT_EMAILS: ' a@example.org, b@example.org ,' };
  const built = await bicep.parameters(sources, 'main.bicepparam', env);
  const { parametersJson } = structureOf(JSON.parse(built ?? ''));
  const { alertEmails } = structureOf(structureOf(JSON.parse(String(parametersJson))).parameters);
  assert.deepEqual(alertEmails, { value: ['a@example.org', 'b@example.org'] });
});

test('found: a resource that is another than in the golden file', () => {
  const snapshot = structureOf(JSON.parse(json));
  patch(snapshot, 'Microsoft.Storage/storageAccounts sku.name', 'Premium_LRS');
  const found = new GoldenFiles(ROOT).differences(
    new Map([...golden].map(([of]) => [of, { json: of === name ? JSON.stringify(snapshot) : (golden.get(of) ?? '') }])),
  );
  assert.equal(found.length, 1);
  assert.match(found.map(lineOf).join(), /storageAccounts\/\w+ sku name is "Premium_LRS" and was "Standard_LRS"/);
});

test('found: keys that azd passes over, a host of the wrong kind, a hook that is not there', () => {
  const said = (folder: string, change: (yaml: string) => string, without: string[] = []): string => {
    const root = path.join(scratch, folder);
    mkdirSync(root);
    const isThere = (file: string) => !without.includes(file);
    for (const file of globSync(
      ['infra/hooks/*', 'infra/main.bicep', 'infra/apps/*', 'stream-host/Dockerfile', 'package.json'],
      { cwd: ROOT },
    ).filter(isThere)) {
      cpSync(path.join(ROOT, file), path.join(root, file), { recursive: true });
    }
    writeFileSync(path.join(root, 'azure.yaml'), change(readFileSync(path.join(ROOT, 'azure.yaml'), 'utf8')));
    return azureYamlFindings(root).map(lineOf).join('\n');
  };
  const mistyped = said(
    'mistyped',
    (yaml) => `${yaml.replace(/host: function\b/, 'host: functionapp')}\nservces: {}\n`,
  );
  assert.match(mistyped, /azure\.yaml: unknown: servces/);
  assert.match(mistyped, /azure\.yaml services\.functions\.host/);
  const hooks = globSync('infra/hooks/*', { cwd: ROOT });
  assert.match(
    said('gone', (yaml) => yaml, hooks),
    /hooks\.\w+: there is no infra\/hooks\//,
  );
});

test('found: a query in a file with a mistyped column, which nothing loads', () => {
  const root = path.join(scratch, 'queries');
  mkdirSync(path.join(root, 'infra/queries'), { recursive: true });
  writeFileSync(path.join(root, 'infra/queries/slow.kql'), 'AppRequests\n| where Duration > 1000\n');
  const found = queryFindings(root, [readExpansion(name, json)])
    .map(lineOf)
    .join('\n');
  assert.match(found, /slow\.kql:2: KS142/);
  assert.match(found, /slow\.kql: nothing that is deployed has this query/);
});

test('what an alarm looks for in the lines of the functions is what they write', () => {
  const sources = globSync('functions/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] }).map((file) =>
    readFileSync(path.join(ROOT, file), 'utf8'),
  );
  const wanted = globSync('infra/queries/*.kql', { cwd: ROOT })
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .flatMap((query) => [...query.matchAll(/Message has '([^']+)'/g)].map(([, words = '']) => ({ query, words })))
    .filter(({ query }) => query.includes('AppTraces'));
  assert.ok(wanted.length > 0);
  for (const { words } of wanted)
    assert.ok(
      sources.some((source) => source.includes(words)),
      words,
    );
});
