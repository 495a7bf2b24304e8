import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { HALF_TYPES, HALVES } from './expansion.ts';
import type { Finding } from './finding.ts';

/**
 * The keys that we use, of those that azd knows (its schema v1.0; azure-dev, August 2026). It passes over every other in
 * silence: one more is held against its schema and then added here.
 */
const hooks = z.partialRecord(
  z.enum(['preprovision', 'postprovision', 'predeploy', 'postdeploy', 'predown', 'postdown']),
  z.strictObject({ run: z.string().min(1) }),
);

const service = z.strictObject({
  host: z.enum(['function', 'containerapp']),
  project: z.string(),
  language: z.enum(['js', 'docker']),
  dist: z.string().optional(),
  remoteBuild: z.boolean().optional(),
  module: z.string().optional(),
  docker: z.strictObject({ path: z.string(), context: z.string(), remoteBuild: z.boolean() }).optional(),
});

const azureYaml = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
  metadata: z.strictObject({ template: z.string() }),
  requiredVersions: z.strictObject({ azd: z.string() }),
  infra: z.strictObject({ provider: z.literal('bicep'), path: z.string(), module: z.string() }),
  services: z.record(z.string(), service),
  hooks,
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
  return [...services(data), ...missingFiles(root, data)];
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
    { key: 'infra', file: path.join(infra.path, `${infra.module}.bicep`) },
    ...Object.entries(own).flatMap(([name, { run }]) => {
      const file = /(?:^|\s)(\S+\.ts)(?:\s|$)/.exec(run)?.[1];
      return file === undefined ? [] : [{ key: `hooks.${name}`, file }];
    }),
    ...Object.entries(services).flatMap(([name, { project, docker, module }]) => [
      ...(module === undefined
        ? []
        : [{ key: `services.${name}.module`, file: path.join(infra.path, `${module}.bicep`) }]),
      ...(docker === undefined ? [] : [{ key: `services.${name}.docker.path`, file: path.join(project, docker.path) }]),
    ]),
  ];
  return all
    .filter(({ file }) => !existsSync(path.join(root, file)))
    .map(({ key, file }) => finding(key, `there is no ${file}`, 'a file that there is'));
}
