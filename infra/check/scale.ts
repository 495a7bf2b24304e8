import { z } from 'zod';
import { places } from '../../shared/http/routes/health.ts';
import { at, type Expansion, halfOf, listAt, placeOf, type Resource, shown } from './expansion.ts';
import type { Finding } from './finding.ts';
import { hostSetting } from './probes.ts';
import { settingsOf } from './settings.ts';
import { standIn } from './stand-in.ts';

/** The one number of that route. */
const [TAKEN] = places.answers[200].keyof().options;

/** Container Apps' own processor and memory pairs: two gigabytes a core. */
const MEMORY_PER_CORE = 2;

const ruleSchema = z.looseObject({
  name: z.string(),
  custom: z
    .looseObject({
      type: z.string(),
      metadata: z.record(z.string(), z.unknown()),
      auth: z.array(z.unknown()).default([]),
    })
    .optional(),
});

/** How both halves grow and shrink. */
export function scaleFindings(expansion: Expansion): Finding[] {
  const host = halfOf(expansion, 'stream-host');
  const functions = halfOf(expansion, 'functions');
  return [...(host ? hostFindings(expansion, host) : []), ...(functions ? functionFindings(expansion, functions) : [])];
}

function* hostFindings(expansion: Expansion, host: Resource): Generator<Finding> {
  const finding = (path: string, what: string, allowed: string): Finding => ({
    check: 'scale',
    where: placeOf(expansion, host, path),
    what,
    allowed,
  });
  const scale = 'properties.template.scale';
  const least = at(host, `${scale}.minReplicas`);
  const most = at(host, `${scale}.maxReplicas`);
  if (typeof least !== 'number' || least < 1)
    yield finding(`${scale}.minReplicas`, shown(least), '1 at least: a call rings 30 s');
  if (typeof most !== 'number' || most < Number(least))
    yield finding(`${scale}.maxReplicas`, shown(most), 'minReplicas or more');
  for (const [index, { resources }] of containersOf(host).entries()) {
    const cores = Number(standIn(resources?.cpu));
    if (resources?.memory !== `${cores * MEMORY_PER_CORE}Gi`) {
      const what = `${shown(resources?.memory)} beside ${cores} cores`;
      yield finding(`properties.template.containers.${index}.resources`, what, `${MEMORY_PER_CORE} Gi a core`);
    }
  }

  const rules = listAt(host, `${scale}.rules`);
  if (rules.length !== 1) {
    const allowed = 'one, of metrics-api: an http rule beside it counts requests, not calls';
    yield finding(`${scale}.rules`, `${rules.length} rules`, allowed);
  }
  for (const [index, rule] of rules.entries()) {
    for (const [path, what, allowed] of ruleProblems(expansion, rule)) {
      yield finding(`${scale}.rules.${index}${path}`, what, allowed);
    }
  }
}

/** KEDA asks how many places are taken in the whole deployment, and needs no secret for it. */
function* ruleProblems(expansion: Expansion, rule: unknown): Generator<[path: string, what: string, allowed: string]> {
  const custom = ruleSchema.safeParse(rule).data?.custom;
  if (custom?.type !== 'metrics-api') {
    yield [
      '',
      custom === undefined ? 'no custom rule' : `"${custom.type}"`,
      '"metrics-api", which asks without a secret',
    ];
    return;
  }
  if (custom.auth.length > 0) yield ['.custom.auth', 'a secret', 'none: the number is open and tells nothing else'];
  const { url, valueLocation, targetValue } = custom.metadata;
  const asked = standIn(url);
  const hosts = settingsOf(expansion, 'functions')?.get('STREAM_HOST_URL')?.value;
  if (!asked.endsWith(places.path) || (hosts !== undefined && asked.startsWith(`${hosts}/`))) {
    const allowed = `https://<the functions>${places.path}: hosts that are full are out of the rotation and tell nothing`;
    yield ['.custom.metadata.url', asked, allowed];
  }
  if (valueLocation !== TAKEN) {
    yield ['.custom.metadata.valueLocation', shown(valueLocation), `"${TAKEN}"`];
  }
  const target = Number(standIn(targetValue));
  const most = hostSetting(expansion, 'MAX_SESSIONS');
  if (!(target >= 1) || (most !== undefined && target > most)) {
    yield ['.custom.metadata.targetValue', shown(targetValue), `1 to ${most}, the places of a replica (MAX_SESSIONS)`];
  }
}

const containersOf = (host: Resource) =>
  z
    .array(z.looseObject({ resources: z.looseObject({ cpu: z.unknown(), memory: z.unknown() }).optional() }))
    .catch([])
    .parse(at(host, 'properties.template.containers'));

function* functionFindings(expansion: Expansion, functions: Resource): Generator<Finding> {
  const config = 'properties.functionAppConfig';
  const finding = (path: string, what: string, allowed: string): Finding => ({
    check: 'scale',
    where: placeOf(expansion, functions, path),
    what,
    allowed,
  });
  const ready = listAt(functions, `${config}.scaleAndConcurrency.alwaysReady`);
  const http = ready.find((entry) => at(entry, 'name') === 'http');
  if (!(Number(at(http, 'instanceCount')) >= 1)) {
    yield finding(
      `${config}.scaleAndConcurrency.alwaysReady`,
      shown(http),
      'one instance of "http" at least: a call rings 30 s',
    );
  }
  const runtime = at(functions, `${config}.runtime`);
  if (at(runtime, 'name') !== 'node' || !['22', '24'].includes(String(at(runtime, 'version')))) {
    yield finding(`${config}.runtime`, shown(runtime), 'node, 22 or 24');
  }
}
