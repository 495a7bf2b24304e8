import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Expansion } from './expansion.ts';
import type { Finding } from './finding.ts';
import { outputSecrets } from './local-auth.ts';

/** What azd itself sets in the environment of a hook. */
const OF_AZD: ReadonlySet<string> = new Set([
  'AZURE_ENV_NAME',
  'AZURE_LOCATION',
  'AZURE_PRINCIPAL_ID',
  'AZURE_PRINCIPAL_TYPE',
  'AZURE_RESOURCE_GROUP',
  'AZURE_SUBSCRIPTION_ID',
  'AZURE_TENANT_ID',
]);
/** What azd itself reads among the outputs; the first must be there wherever a service runs on Container Apps. */
const FOR_AZD = ['AZURE_CONTAINER_REGISTRY_ENDPOINT', 'AZURE_LOCATION', 'AZURE_RESOURCE_GROUP', 'AZURE_TENANT_ID'];

const HOOKS = 'infra/hooks/**/*.{ts,js,mjs}';
/** A user sets with `azd env set` what these read. */
const PARAMETERS = 'infra/**/*.bicepparam';

interface Reading {
  readonly place: string;
  readonly name: string;
}

const finding = (where: string, what: string, allowed: string): Finding => ({ check: 'outputs', where, what, allowed });

/** Outputs that are read and are not there, are there and nobody reads, or give out a secret. */
export function outputFindings(root: string, expansions: readonly Expansion[]): Finding[] {
  if (expansions.length === 0) return [];
  const outputs = new Set(expansions.flatMap((expansion) => Object.keys(expansion.outputs)));
  const read = [
    ...readings(root, HOOKS, /\benv(?:\.|\[['"]|,\s*['"])([A-Z][A-Z0-9_]+)\b/g),
    ...readings(root, 'azure.yaml', /\$\{([A-Z][A-Z0-9_]+)\b/g),
  ];
  const inputs = readings(root, PARAMETERS, /readEnvironmentVariable\('(\w+)'/g);
  const isSet = (name: string) => OF_AZD.has(name) || inputs.some((input) => input.name === name);
  const missing = read
    .filter(({ name }) => !outputs.has(name) && !isSet(name))
    .map(({ place, name }) => finding(place, `${name} is no output of main.bicep`, [...outputs].sort().join(', ')));
  const unwritten = FOR_AZD.slice(0, 1)
    .filter((name) => !outputs.has(name))
    .map((name) => finding('infra/main.bicep', `there is no output ${name}`, 'it: azd pushes images there'));
  const told = documentation(root);
  const unread = [...outputs]
    .filter((name) => ![...read, ...inputs].some((reading) => reading.name === name))
    .filter((name) => !FOR_AZD.includes(name) && !told.includes(name))
    .map((name) =>
      finding('infra/main.bicep', `nobody reads the output ${name}`, 'what azd, a hook or docs/operations.md names'),
    );
  return [...missing, ...unwritten, ...unread, ...expansions.flatMap(outputSecrets)];
}

/** Where files read variables of the environment. */
function readings(root: string, files: string, pattern: RegExp): Reading[] {
  return globSync(files, { cwd: root })
    .filter((file) => !file.endsWith('.test.ts'))
    .sort()
    .flatMap((file) =>
      readFileSync(path.join(root, file), 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          [...line.matchAll(pattern)].map(([, name = '']) => ({ place: `${file}:${index + 1}`, name })),
        ),
    );
}

function documentation(root: string): string {
  const file = path.join(root, 'docs/operations.md');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
