import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { ATTRIBUTE, CONTENT, DIMENSION, METRIC, ROLE, SPAN } from '../../shared/telemetry/names.ts';
import { QueryChecker } from './kusto.ts';
import { TABLES } from './tables.ts';
import { MOVED_ATTRIBUTES, strangeNamesIn } from './telemetry-names.ts';

const whatIn = (query: string) => strangeNamesIn(query).map(({ line, what }) => `${line}: ${what}`);

/** Mistakes as people make them, and what must be said of each. */
const MISTAKES: readonly (readonly [query: string, said: RegExp])[] = [
  [`AppMetrics\n| where Name == '${METRIC.silences.name}s'`, /^2: there is no Name "parley.silencess" in AppMetrics$/],
  [`AppMetrics | where Name in ('${METRIC.silences.name}', '${SPAN.turn}')`, /"parley.turn" in AppMetrics/],
  [`AppMetrics | where Name startswith 'parlay.'`, /"parlay\./],
  [
    `AppMetrics | extend session = Properties['${ATTRIBUTE.session}']`,
    /nothing in AppMetrics has the property "session.id"/,
  ],
  [`AppDependencies | where Name == '${METRIC.silences.name}'`, /"parley.silences" in AppDependencies/],
  [`AppDependencies | where Name == '${SPAN.mediaStart}'`, /there is no Name "parley.media.start" in AppDependencies/],
  [`AppRequests | where Name == '${SPAN.turn}'`, /there is no Name "parley.turn" in AppRequests/],
  [`AppDependencies | where Name == '${SPAN.synthesis}'`, /"parley.synthesis" in AppDependencies/],
  [`AppDependencies | where Name startswith 'chat '`, /"chat " in AppDependencies/],
  [`AppDependencies | where Name !in ('parley.trun')`, /"parley.trun"/],
  [
    `AppDependencies\n| extend a = 1\n| extend x = toint(Properties['parley.turn'])`,
    /^3: nothing in AppDependencies has/,
  ],
  [`AppRequests | where AppRoleName == 'functions'`, /there is no AppRoleName "functions"/],
  [`AppDependencies | extend dependency = 'x' | where dependency == 'openAi'`, /there is no dependency "openAi"/],
  [
    `AppDependencies | extend why = Properties['error.type']`,
    /nothing in AppDependencies has the property "error.type"/,
  ],
  [`AppMetrics | where Name == "parley.silenses"`, /"parley.silenses"/],
  [`AppTraces | where Properties['parley.caller.text'] != ''`, /"parley.caller.text"/],
];

for (const [query, said] of MISTAKES) {
  test(`found: a query for what nothing emits: ${query.replaceAll('\n', ' ')}`, () => {
    const found = whatIn(query);
    assert.equal(found.length, 1, found.join());
    assert.match(found[0] ?? '', said);
  });
}

test('what is emitted may be asked for, and what is of others is not ours to judge', () => {
  const right = [
    `AppMetrics | where Name startswith 'parley.turn.' | extend d = Properties['${ATTRIBUTE.dependency}']`,
    `AppDependencies | where Name startswith 'execute_tool ' or Name == 'execute_tool look_up' or Name == '${SPAN.turn}'`,
    `AppRequests | where Name == '${SPAN.mediaStart}'`,
    `union AppRequests, AppDependencies\n| where AppRoleName == '${ROLE.functions}' // Name == 'x'`,
    `AppAvailabilityResults | where Name == 'functions-health'`,
    `ContainerAppConsoleLogs | where ContainerName == 'stream-host'`,
  ];
  assert.deepEqual(right.flatMap(whatIn), []);
});

test('what Azure’s exporter takes out of the properties is known, in the version that is used', () => {
  const load = createRequire(import.meta.url);
  const exporter = path.dirname(load.resolve('@azure/monitor-opentelemetry-exporter'));
  const { httpSemanticValues, legacySemanticValues } = load(path.join(exporter, 'types.js'));
  const taken = new Set([...httpSemanticValues, ...legacySemanticValues]);
  const left = new Set<string>(MOVED_ATTRIBUTES);
  assert.deepEqual(
    Object.values(ATTRIBUTE).filter((name) => taken.has(name) && !left.has(name)),
    [],
  );
});

test('what documents have somebody ask for is there: tables, columns and names', () => {
  const root = path.join(import.meta.dirname, '../..');
  const checker = new QueryChecker(TABLES);
  const queries = globSync('docs/*.md', { cwd: root }).flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8');
    const blocks = [...text.matchAll(/```kusto\n(.*?)```/gs)].map(([, query = '']) => query);
    const inline = [...text.matchAll(/`(App\w+ [^`]*)`/g)].map(([, query = '']) => query.replaceAll('\\|', '|'));
    return [...blocks, ...inline].map((query) => ({ file, query }));
  });
  assert.ok(queries.length > 8);
  const wrong = queries.flatMap(({ file, query }) =>
    [...checker.problemsOf(query).map(({ text }) => text), ...whatIn(query)].map(
      (what) => `${file}: ${what} in ${query}`,
    ),
  );
  assert.deepEqual(wrong, []);
});

test('every name of telemetry that the documents of operations mention is one', () => {
  const root = path.join(import.meta.dirname, '../..');
  const names = [SPAN, ATTRIBUTE, CONTENT, DIMENSION].flatMap((table): string[] => Object.values(table));
  const known = new Set([...names, ...Object.values(METRIC).map(({ name }) => name)]);
  const strange = ['docs/operations.md', 'docs/telemetry.md'].flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(/`(parley\.[a-z_]+(?:\.[a-z_]+)*)`/g)]
      .filter(([, name = '']) => !known.has(name))
      .map(([, name]) => `${file}: ${name}`),
  );
  assert.deepEqual(strange, []);
});

test('the first page of operations has each alarm, with its severity', () => {
  const root = path.join(import.meta.dirname, '../..');
  const bicep = readFileSync(path.join(root, 'infra/modules/alerts.bicep'), 'utf8');
  const page = readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
  const alarms = [...bicep.matchAll(/\bname: '([a-z-]+)'\n(?:(?!\bname:).)*?\bseverity: (\d)/gs)];
  assert.ok(alarms.length > 12);
  assert.deepEqual(
    [...page.matchAll(/^\| (\d) \| `([a-z-]+)` \|/gm)].map(([, severity, name]) => `${name} ${severity}`).sort(),
    alarms.map(([, name, severity]) => `${name} ${severity}`).sort(),
  );
});

test('every query that ships asks for what is emitted', () => {
  const root = path.join(import.meta.dirname, '../queries');
  const files = globSync('**/*.kql', { cwd: root });
  assert.ok(files.length > 10);
  const wrong = files.flatMap((file) =>
    whatIn(readFileSync(path.join(root, file), 'utf8')).map((what) => `${file}:${what}`),
  );
  assert.deepEqual(wrong, []);
});

test('the alarm for restarts waits for a container that can’t be started by the word that Container Apps has for it', () => {
  const query = readFileSync(path.join(import.meta.dirname, '../queries/stream-host-restarts.kql'), 'utf8');
  assert.match(query, /'ContainerBackOff'/);
});
