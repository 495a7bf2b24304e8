import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { HALF_TYPES, HALVES } from './expansion.ts';
import type { Finding } from './finding.ts';

/** The keys that azd knows (its schema v1.0; azure-dev, August 2026). It passes over every other in silence. */
const HOOK_TIMES = [
  'provision',
  'infracreate',
  'infradelete',
  'package',
  'publish',
  'deploy',
  'restore',
  'up',
  'down',
  'build',
];
const hookRun = z.strictObject({
  run: z.string().min(1),
  kind: z.enum(['sh', 'pwsh', 'js', 'ts', 'python', 'dotnet']).optional(),
  shell: z.enum(['sh', 'pwsh']).optional(),
  dir: z.string().optional(),
  interactive: z.boolean().optional(),
  continueOnError: z.boolean().optional(),
  secrets: z.record(z.string(), z.string()).optional(),
});
const hook = z.union([hookRun, z.array(hookRun).min(1), z.strictObject({ windows: hookRun, posix: hookRun })]);
const hookNames = z.enum(HOOK_TIMES.flatMap((time) => [`pre${time}`, `post${time}`]));
const hooks = z.partialRecord(hookNames, hook);

const docker = z.strictObject({
  path: z.string().optional(),
  context: z.string().optional(),
  platform: z.string().optional(),
  target: z.string().optional(),
  registry: z.string().optional(),
  image: z.string().optional(),
  tag: z.string().optional(),
  buildArgs: z.array(z.string()).optional(),
  buildSecrets: z.array(z.string()).optional(),
  buildEnv: z.array(z.string()).optional(),
  network: z.string().optional(),
  remoteBuild: z.boolean().optional(),
});

const service = z.strictObject({
  host: z.enum(['function', 'containerapp']),
  project: z.string().optional(),
  language: z.enum(['js', 'ts', 'docker']).optional(),
  dist: z.string().optional(),
  remoteBuild: z.boolean().optional(),
  docker: docker.optional(),
  image: z.string().optional(),
  env: z.record(z.string(), z.string()).optional(),
  uses: z.array(z.string()).optional(),
  module: z.string().optional(),
  resourceName: z.string().optional(),
  resourceGroup: z.string().optional(),
  apiVersion: z.string().optional(),
  hooks: hooks.optional(),
});

const workflowStep = z.strictObject({ azd: z.union([z.string(), z.strictObject({ args: z.array(z.string()) })]) });

const azureYaml = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  resourceGroup: z.string().optional(),
  metadata: z.strictObject({ template: z.string() }).optional(),
  infra: z
    .strictObject({
      provider: z.enum(['bicep', 'terraform']).optional(),
      path: z.string().optional(),
      module: z.string().optional(),
      layers: z.array(z.strictObject({ name: z.string(), path: z.string(), module: z.string().optional() })).optional(),
    })
    .optional(),
  services: z.record(z.string(), service),
  hooks: hooks.optional(),
  requiredVersions: z.strictObject({ azd: z.string() }).optional(),
  workflows: z
    .partialRecord(
      z.enum(['up', 'down']),
      z.union([z.array(workflowStep), z.strictObject({ steps: z.array(workflowStep) })]),
    )
    .optional(),
  pipeline: z
    .strictObject({
      provider: z.enum(['github', 'azdo']).optional(),
      variables: z.array(z.string()).optional(),
      secrets: z.array(z.string()).optional(),
    })
    .optional(),
});
type AzureYaml = z.output<typeof azureYaml>;

const FILE = 'azure.yaml';
const HOSTS = { functions: 'function', 'stream-host': 'containerapp' } as const;

const finding = (key: string, what: string, allowed: string): Finding => ({
  check: 'azure.yaml',
  where: key === '' ? FILE : `${FILE} ${key}`,
  what,
  allowed,
});

/** What azd is told: keys that it knows, files that there are, and a service for each half. */
export function azureYamlFindings(root: string): Finding[] {
  const file = path.join(root, FILE);
  if (!existsSync(file)) return [finding('', 'it is not there', 'what azd deploys from')];
  const { success, data, error } = azureYaml.safeParse(parse(readFileSync(file, 'utf8')));
  if (!success) {
    return error.issues.map((issue) => {
      const key = issue.path.map(String).join('.');
      const inner = issue.code === 'unrecognized_keys' ? `unknown: ${issue.keys.join(', ')}` : issue.message;
      return finding(key, inner.replace(/\.$/, ''), 'what azd’s schema has (infra/check/azure-yaml.ts)');
    });
  }
  return [...services(data), ...missingFiles(root, data), ...missingScripts(root, data)];
}

function services({ services }: AzureYaml): Finding[] {
  const unknown = Object.keys(services).filter((name) => !HALVES.some((half) => half === name));
  return [
    ...unknown.map((name) => finding(`services.${name}`, 'there is no such half', HALVES.join(', '))),
    ...HALVES.filter((half) => services[half]?.host !== HOSTS[half]).map((half) =>
      finding(
        `services.${half}`,
        `host is ${services[half]?.host ?? 'not set'}`,
        `${HOSTS[half]}, as it runs on ${HALF_TYPES[half]}`,
      ),
    ),
  ];
}

/** Every path that azd would follow. What a build makes is not there before it. */
function missingFiles(root: string, { infra, services, hooks: own }: AzureYaml): Finding[] {
  const all = [
    ...hookFiles('', '.', own),
    ...Object.entries(services).flatMap(([name, { project = '.', docker: image, module, hooks: ofService }]) => [
      ...(module === undefined
        ? []
        : [{ key: `services.${name}.module`, file: path.join(infra?.path ?? 'infra', `${module}.bicep`) }]),
      ...(image?.path === undefined
        ? []
        : [{ key: `services.${name}.docker.path`, file: path.join(project, image.path) }]),
      ...hookFiles(`services.${name}.`, project, ofService),
    ]),
    { key: 'infra', file: path.join(infra?.path ?? 'infra', `${infra?.module ?? 'main'}.bicep`) },
  ];
  return all
    .filter(({ file }) => !file.startsWith('deploy/') && !existsSync(path.join(root, file)))
    .map(({ key, file }) => finding(key, `there is no ${file}`, 'a file that there is'));
}

/** What a hook runs by npm is a script of ours. */
function missingScripts(root: string, { services, hooks: own }: AzureYaml): Finding[] {
  const scripts = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))).scripts;
  return [own, ...Object.values(services).map((service) => service.hooks)]
    .flatMap((given) => Object.entries(given ?? {}))
    .flatMap(([name, value]) => runsOf(value).map(({ run }) => ({ name, script: /npm run (\S+)/.exec(run)?.[1] })))
    .filter(({ script }) => script !== undefined && !(script in scripts))
    .map(({ name, script }) => finding(`hooks.${name}`, `there is no script ${script}`, 'a script of package.json'));
}

type Hook = z.output<typeof hook>;
const runsOf = (value: Hook | undefined): readonly z.output<typeof hookRun>[] =>
  value === undefined ? [] : Array.isArray(value) ? value : 'run' in value ? [value] : [value.windows, value.posix];

function hookFiles(prefix: string, project: string, given: AzureYaml['hooks'] = {}): { key: string; file: string }[] {
  return Object.entries(given).flatMap(([name, value]) =>
    runsOf(value).flatMap(({ run, dir }) => {
      const file = /(?:^|\s)(\S+\.(?:[cm]?[jt]s|sh|ps1|py))(?:\s|$)/.exec(run)?.[1];
      return file === undefined ? [] : [{ key: `${prefix}hooks.${name}`, file: path.join(dir ?? project, file) }];
    }),
  );
}
