import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { hostReadyz, liveness, places } from '../../shared/http/routes/health.ts';
import { ALL_SOCKETS, callSocket, wordsSocket } from '../../shared/http/routes/sockets.ts';
import { at, type Expansion, listAt, ofType, placeOf, type Resource, scopeOf, shown } from './expansion.ts';
import type { Finding } from './finding.ts';
import { settingsOf } from './settings.ts';
import { standIn } from './stand-in.ts';

/** Categories of logs, by the type that writes them, and the table that each fills (Azure Monitor's reference). */
const CATEGORIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'Microsoft.App/managedEnvironments': {
    ContainerAppConsoleLogs: 'ContainerAppConsoleLogs',
    ContainerAppSystemLogs: 'ContainerAppSystemLogs',
  },
  'Microsoft.EventGrid/systemTopics': { DeliveryFailures: 'AegDeliveryFailureLogs' },
  'Microsoft.Communication/communicationServices': {
    AuthOperational: 'ACSAuthIncomingOperations',
    CallAutomationMediaSummary: 'ACSCallAutomationMediaSummary',
    CallAutomationOperational: 'ACSCallAutomationIncomingOperations',
    CallAutomationStreamingUsage: 'ACSCallAutomationStreamingUsage',
    CallDiagnostics: 'ACSCallDiagnostics',
    CallSummary: 'ACSCallSummary',
    Usage: 'ACSBillingUsage',
  },
  'Microsoft.Cache/redisEnterprise/databases': { ConnectionEvents: 'REDConnectionEvents' },
};

/** Metrics that an alarm may watch, by their names in the REST API (the same reference). */
const METRICS: Readonly<Record<string, readonly string[]>> = {
  'Microsoft.Cache/redisEnterprise': ['usedmemorypercentage', 'serverLoad', 'connectedclients', 'percentProcessorTime'],
};

/** What runs full without an error before, and the metric that tells. */
const MUST_BE_WATCHED = [{ type: 'Microsoft.Cache/redisEnterprise', metric: 'usedmemorypercentage' }] as const;

/** From where Application Insights can test: its population tags. */
const PLACES: ReadonlySet<unknown> = new Set([
  ...[
    'apac-hk-hkn-azr',
    'apac-jp-kaw-edge',
    'apac-sg-sin-azr',
    'emea-au-syd-edge',
    'emea-ch-zrh-edge',
    'emea-fr-pra-edge',
  ],
  ...[
    'emea-gb-db3-azr',
    'emea-nl-ams-azr',
    'emea-ru-msa-edge',
    'emea-se-sto-edge',
    'latam-br-gru-edge',
    'us-ca-sjc-azr',
  ],
  ...['us-fl-mia-edge', 'us-il-ch1-azr', 'us-tx-sn1-azr', 'us-va-ash-azr'],
]);

const finding = (where: string, what: string, allowed: string): Finding => ({
  check: 'monitoring',
  where,
  what,
  allowed,
});

/** Whether what is asked is also written, and whether somebody would be told. */
export function monitoringFindings(expansion: Expansion): Finding[] {
  const settings = ofType(expansion, 'Microsoft.Insights/diagnosticSettings');
  return [
    ...settings.flatMap((setting) => categoryFindings(expansion, setting)),
    ...ofType(expansion, 'Microsoft.Insights/scheduledQueryRules').flatMap((alert) => alertFindings(expansion, alert)),
    ...ofType(expansion, 'Microsoft.Insights/metricAlerts').flatMap((alert) => metricFindings(expansion, alert)),
    ...unwatchedFindings(expansion),
    ...ofType(expansion, 'Microsoft.Insights/webtests').flatMap((test) => outsideFindings(expansion, test)),
    ...ofType(expansion, 'Microsoft.App/containerApps/authConfigs').flatMap((config) =>
      signInFindings(expansion, config),
    ),
  ];
}

function categoryFindings(expansion: Expansion, setting: Resource): Finding[] {
  const { type } = scopeOf(setting);
  const known = Object.entries(CATEGORIES).find(([name]) => name.toLowerCase() === type.toLowerCase())?.[1];
  if (known === undefined) return [];
  return listAt(setting, 'properties.logs')
    .map((log) => at(log, 'category'))
    .filter((category) => typeof category === 'string' && !(category in known))
    .map((category) =>
      finding(placeOf(expansion, setting, `of ${type}`), shown(category), Object.keys(known).join(', ')),
    );
}

/** The tables that are written to, beside those of Application Insights. */
function filledTables(expansion: Expansion): Set<string> {
  const settings = ofType(expansion, 'Microsoft.Insights/diagnosticSettings');
  return new Set(
    settings.flatMap((setting) => {
      const categories = CATEGORIES[scopeOf(setting).type] ?? {};
      const enabled = listAt(setting, 'properties.logs').filter((log) => at(log, 'enabled') === true);
      return enabled.flatMap((log) => categories[String(at(log, 'category'))] ?? []);
    }),
  );
}

function alertFindings(expansion: Expansion, alert: Resource): Finding[] {
  const filled = filledTables(expansion);
  const written = Object.values(CATEGORIES).flatMap((categories) => Object.values(categories));
  const unwritten = listAt(alert, 'properties.criteria.allOf').flatMap((criterion) => {
    const words = new Set(String(at(criterion, 'query')).match(/\b\w+\b/g));
    return written.filter((table) => words.has(table) && !filled.has(table));
  });
  const scopes = listAt(alert, 'properties.scopes');
  const workspaces: unknown[] = ofType(expansion, 'Microsoft.OperationalInsights/workspaces').map(({ id }) => id);
  return [
    ...unwritten.map((table) =>
      finding(placeOf(expansion, alert), `nothing writes ${table}`, 'a diagnostic setting with its category'),
    ),
    ...(scopes.length === 1 && workspaces.includes(scopes[0])
      ? []
      : [finding(placeOf(expansion, alert, 'properties.scopes'), shown(scopes), 'the workspace')]),
    ...commonFindings(expansion, alert, listAt(alert, 'properties.actions.actionGroups')),
  ];
}

/** Of either kind: whether it is asked without a gap, at all, and whether somebody is told. */
function commonFindings(expansion: Expansion, alert: Resource, told: readonly unknown[]): Finding[] {
  const groups = ofType(expansion, 'Microsoft.Insights/actionGroups');
  return [
    ...(minutesOf(at(alert, 'properties.windowSize')) >= minutesOf(at(alert, 'properties.evaluationFrequency'))
      ? []
      : [
          finding(
            placeOf(expansion, alert, 'properties.windowSize'),
            shown(at(alert, 'properties.windowSize')),
            'as long as evaluationFrequency, or what lies between is never asked',
          ),
        ]),
    ...(at(alert, 'properties.enabled') === true
      ? []
      : [finding(placeOf(expansion, alert, 'properties.enabled'), shown(at(alert, 'properties.enabled')), 'true')]),
    ...(groups.length > 0 && told.length === 0
      ? [
          finding(
            placeOf(expansion, alert, 'properties.actions'),
            'nobody is told',
            groups.map(({ name }) => name).join(', '),
          ),
        ]
      : []),
  ];
}

function metricFindings(expansion: Expansion, alert: Resource): Finding[] {
  const scopes = listAt(alert, 'properties.scopes');
  const types = expansion.resources.filter(({ id }) => scopes.includes(id)).map(({ type }) => type);
  const strange = listAt(alert, 'properties.criteria.allOf').flatMap((criterion) => {
    const namespace = String(at(criterion, 'metricNamespace'));
    const metric = String(at(criterion, 'metricName'));
    const known = METRICS[namespace] ?? [];
    const place = placeOf(expansion, alert, 'properties.criteria');
    return [
      ...(types.includes(namespace) ? [] : [finding(place, shown(namespace), types.join(', '))]),
      ...(known.includes(metric) ? [] : [finding(place, shown(metric), known.join(', '))]),
    ];
  });
  return [...strange, ...commonFindings(expansion, alert, listAt(alert, 'properties.actions'))];
}

function unwatchedFindings(expansion: Expansion): Finding[] {
  const alerts = ofType(expansion, 'Microsoft.Insights/metricAlerts');
  return MUST_BE_WATCHED.flatMap(({ type, metric }) =>
    ofType(expansion, type)
      .filter(
        ({ id }) =>
          !alerts.some(
            (alert) =>
              listAt(alert, 'properties.scopes').includes(id) &&
              listAt(alert, 'properties.criteria.allOf').some((criterion) => at(criterion, 'metricName') === metric),
          ),
      )
      .map((resource) => finding(placeOf(expansion, resource), `no alarm watches ${metric}`, 'one does')),
  );
}

/** Tests from outside ask routes that there are and that are open, and are shown with the telemetry. */
function outsideFindings(expansion: Expansion, test: Resource): Finding[] {
  const open: readonly string[] = ALL_ROUTES.filter(
    ({ access, method }) => access === 'anonymous' && method === 'GET',
  ).map(({ path }) => path);
  const url = standIn(at(test, 'properties.Request.RequestUrl'));
  const path = pathOf(url);
  const bases = ['FUNCTIONS_PUBLIC_URL', 'STREAM_HOST_URL'].flatMap(
    (name) => settingsOf(expansion, 'functions')?.get(name)?.value ?? [],
  );
  const isOurs = bases.some((base) => url === `${base}${path}`);
  const insights = ofType(expansion, 'Microsoft.Insights/components').map(({ id }) =>
    `hidden-link:${id}`.toLowerCase(),
  );
  const isLinked = Object.keys(test.tags ?? {}).some((tag) => insights.includes(tag.toLowerCase()));
  const strange = listAt(test, 'properties.Locations')
    .map((place) => at(place, 'Id'))
    .filter((id) => !PLACES.has(id));
  return [
    ...(isOurs ? [] : [finding(placeOf(expansion, test, 'properties.Request.RequestUrl'), url, bases.join(' or '))]),
    ...(open.includes(path)
      ? []
      : [finding(placeOf(expansion, test, 'properties.Request.RequestUrl'), path, open.join(', '))]),
    ...(isLinked
      ? []
      : [finding(placeOf(expansion, test, 'tags'), 'it is linked to no Application Insights', insights.join(', '))]),
    ...strange.map((id) =>
      finding(placeOf(expansion, test, 'properties.Locations'), shown(id), [...PLACES].join(', ')),
    ),
  ];
}

/** Of a duration such as PT15M or PT1H. */
function minutesOf(duration: unknown): number {
  const [, hours = '0', minutes = '0'] = /^PT(?:(\d+)H)?(?:(\d+)M)?$/.exec(String(duration)) ?? [];
  return Number(hours) * 60 + Number(minutes);
}

const pathOf = (url: string): string => (URL.canParse(url) ? new URL(url).pathname : url);

/** Who has no browser to sign in with must get in without: ACS, the platform's probes and its scaler. */
const WITHOUT_BROWSER = [liveness.path, hostReadyz.path, callSocket.path, wordsSocket.path, places.path];

function signInFindings(expansion: Expansion, config: Resource): Finding[] {
  const place = placeOf(expansion, config, 'properties.globalValidation.excludedPaths');
  const excluded = listAt(config, 'properties.globalValidation.excludedPaths');
  const ours: readonly unknown[] = [...ALL_ROUTES, ...ALL_SOCKETS].map(({ path }) => path);
  return [
    ...WITHOUT_BROWSER.filter((path) => !excluded.includes(path)).map((path) =>
      finding(place, `${path} is not among them`, 'it is: who asks there has no browser'),
    ),
    ...excluded
      .filter((path) => !ours.includes(path))
      .map((path) => finding(place, `there is no route ${shown(path)}`, 'routes that there are')),
  ];
}
