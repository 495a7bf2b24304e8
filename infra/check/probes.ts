import { z } from 'zod';
import { USUAL_RHYTHM } from '../../shared/health/dependency.ts';
import { hostReadyz, liveness } from '../../shared/http/routes/health.ts';
import { streamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import { HARD_STOP_MS } from '../../stream-host/host/shutdown.ts';
import { at, type Expansion, halfOf, listAt, placeOf, type Resource, shown } from './expansion.ts';
import type { Finding } from './finding.ts';
import { settingsOf } from './settings.ts';

/** What Container Apps takes of a probe, and of a grace period (its reference, November 2026). */
const MOST_GRACE_SECONDS = 600;
/** More than that above the drain time and the time to close is a mistake, such as milliseconds where DRAIN_LIMIT_SECONDS takes seconds. */
const SPARE_SECONDS = 30;
const MOST_FAILURES = 10;
const MOST_SECONDS = 240;
/** Loading the model of voice activity and all agents takes some seconds; a slow core must not be restarted for it. */
const LEAST_START_MS = 30_000;
/** A host that is busy for some seconds has calls: a restart would cut them all. */
const LEAST_LIVENESS_MS = 30_000;

const probeSchema = z.object({
  type: z.enum(['Liveness', 'Readiness', 'Startup']),
  httpGet: z.looseObject({ path: z.string(), port: z.number(), scheme: z.enum(['HTTP', 'HTTPS']).default('HTTP') }),
  initialDelaySeconds: z.number().min(0).max(60).default(0),
  periodSeconds: z.number().min(1).max(MOST_SECONDS).default(10),
  timeoutSeconds: z.number().min(1).max(MOST_SECONDS).default(1),
  failureThreshold: z.number().min(1).max(MOST_FAILURES).default(3),
  successThreshold: z.number().min(1).max(10).default(1),
});
type Probe = z.output<typeof probeSchema>;

/** Where each probe may ask: the routes themselves say. */
const PATHS: Readonly<Record<Probe['type'], readonly string[]>> = {
  Liveness: [liveness.path],
  Readiness: [hostReadyz.path],
  Startup: [hostReadyz.path, liveness.path],
};

/** Ports, probes and times of the stream host against the code's own. */
export function probeFindings(expansion: Expansion): Finding[] {
  const host = halfOf(expansion, 'stream-host');
  return host === undefined ? [] : [...hostFindings(expansion, host)];
}

function* hostFindings(expansion: Expansion, host: Resource): Generator<Finding> {
  const finding = (path: string, what: string, allowed: string): Finding => ({
    check: 'probes',
    where: placeOf(expansion, host, path),
    what,
    allowed,
  });
  const port = hostSetting(expansion, 'STREAM_HOST_PORT');
  const portPath = 'properties.configuration.ingress.targetPort';
  if (port !== undefined && at(host, portPath) !== port) {
    yield finding(portPath, shown(at(host, portPath)), `${port}, which STREAM_HOST_PORT says`);
  }
  const transport = at(host, 'properties.configuration.ingress.transport');
  if (transport !== 'auto' && transport !== 'http') {
    yield finding(
      'properties.configuration.ingress.transport',
      shown(transport),
      '"http" or "auto": sockets begin as HTTP/1.1',
    );
  }

  const gracePath = 'properties.template.terminationGracePeriodSeconds';
  const grace = at(host, gracePath);
  const least = (hostSetting(expansion, 'DRAIN_LIMIT_SECONDS') ?? 0) + Math.ceil(HARD_STOP_MS / 1000);
  const most = Math.min(least + SPARE_SECONDS, MOST_GRACE_SECONDS);
  if (typeof grace !== 'number' || grace < least || grace > most) {
    yield finding(gracePath, shown(grace), `${least} (DRAIN_LIMIT_SECONDS and the time to close) to ${most}`);
  }

  for (const [index, container] of listAt(host, 'properties.template.containers').entries()) {
    const place = `properties.template.containers.${index}.probes`;
    const probes = z.array(probeSchema).safeParse(at(container, 'probes'));
    if (!probes.success) {
      yield finding(place, z.prettifyError(probes.error).replaceAll('\n', ' '), 'probes that Container Apps takes');
      continue;
    }
    for (const type of ['Liveness', 'Readiness', 'Startup'] as const) {
      const probe = probes.data.find((candidate) => candidate.type === type);
      if (probe === undefined)
        yield finding(place, `there is no ${type} probe`, `one that asks ${PATHS[type].join(' or ')}`);
      else yield* probeProblems(probe, port).map(([what, allowed]) => finding(`${place} ${type}`, what, allowed));
    }
  }
}

function probeProblems(probe: Probe, port: number | undefined): (readonly [what: string, allowed: string])[] {
  const { type, httpGet, successThreshold } = probe;
  const found: (readonly [string, string])[] = [];
  const wrong = (what: string, allowed: string) => found.push([what, allowed]);
  if (!PATHS[type].includes(httpGet.path)) wrong(`it asks ${httpGet.path}`, PATHS[type].join(' or '));
  if (port !== undefined && httpGet.port !== port) wrong(`it asks port ${httpGet.port}`, String(port));
  if (httpGet.scheme !== 'HTTP') wrong('it asks by HTTPS', 'HTTP: the ingress ends TLS');
  const patienceMs = (probe.initialDelaySeconds + probe.periodSeconds * probe.failureThreshold) * 1000;
  if (type === 'Liveness' && patienceMs < LEAST_LIVENESS_MS) {
    wrong(`a host is restarted after ${patienceMs} ms`, `${LEAST_LIVENESS_MS} ms at least: a restart cuts every call`);
  }
  if (type === 'Startup' && patienceMs < LEAST_START_MS) {
    wrong(`a host has ${patienceMs} ms to start`, `${LEAST_START_MS} ms at least`);
  }
  if (type !== 'Readiness' && successThreshold !== 1) wrong(`successThreshold is ${successThreshold}`, '1');
  // No probe waits for a service, but a new host is ready only when each has answered or was given up.
  if (type === 'Startup' && httpGet.path === hostReadyz.path && patienceMs <= USUAL_RHYTHM.limitMs) {
    wrong(`a host has ${patienceMs} ms to start`, `more than the ${USUAL_RHYTHM.limitMs} ms that a service has`);
  }
  return found;
}

/** A setting of the stream host as it would read it, its default included; undefined where it would refuse the value. */
export function hostSetting(
  expansion: Expansion,
  name: 'DRAIN_LIMIT_SECONDS' | 'MAX_SESSIONS' | 'STREAM_HOST_PORT',
): number | undefined {
  const given = settingsOf(expansion, 'stream-host')?.get(name)?.value;
  return streamHostSettings.shape[name].safeParse(given || undefined).data;
}
