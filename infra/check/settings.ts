import { ConfigError } from '../../shared/errors.ts';
import { functionsSettings, readFunctionsSettings } from '../../shared/settings/functions-settings.ts';
import { nearMisses } from '../../shared/settings/near-misses.ts';
import { type Environment, factsOf } from '../../shared/settings/setting.ts';
import { readStreamHostSettings, streamHostSettings } from '../../shared/settings/stream-host-settings.ts';
import {
  at,
  type Expansion,
  HALVES,
  type Half,
  halfOf,
  identitiesOf,
  isOfType,
  listAt,
  type Resource,
} from './expansion.ts';
import { expressionOf, resourcesIn } from './expression.ts';
import type { Finding } from './finding.ts';
import { AZURE_RULES, BY_DEFAULT, NEVER, PLATFORM_SETTINGS } from './settings-policy.ts';
import { standIn } from './stand-in.ts';

const READERS = { functions: readFunctionsSettings, 'stream-host': readStreamHostSettings } as const;
const SCHEMAS = { functions: functionsSettings.shape, 'stream-host': streamHostSettings.shape } as const;
/** A secret of the container app has its value elsewhere; this stands in for it, be it a password or an address. */
const SECRET = 'https://name.example.net/hidden';

export interface Given {
  /** As the template has it, before anything stands in for what is known at run time only. */
  readonly raw: unknown;
  /** As the process would be given it. */
  readonly value: string;
  readonly fromSecret: boolean;
}
/** The variables that a half is given. */
export type GivenSettings = ReadonlyMap<string, Given>;

const finding = (where: string, what: string, allowed: string): Finding => ({
  check: 'settings',
  where,
  what,
  allowed,
});

/** The variables of a half, from wherever its kind of resource has them. */
export function settingsOf(expansion: Expansion, half: Half): GivenSettings | undefined {
  const resource = halfOf(expansion, half);
  if (resource === undefined) return undefined;
  return new Map(half === 'functions' ? siteSettings(expansion, resource) : containerSettings(resource));
}

function siteSettings(expansion: Expansion, site: Resource): [string, Given][] {
  const child = expansion.resources.find(
    (resource) => isOfType(resource, 'Microsoft.Web/sites/config') && resource.name === `${site.name}/appsettings`,
  );
  const listed = listAt(site, 'properties.siteConfig.appSettings').map((entry) => [
    at(entry, 'name'),
    at(entry, 'value'),
  ]);
  return [...listed, ...Object.entries(at(child, 'properties') ?? {})].map(([name, raw]) => [
    String(name),
    { raw, value: standIn(raw), fromSecret: false },
  ]);
}

function containerSettings(app: Resource): [string, Given][] {
  const containers = listAt(app, 'properties.template.containers');
  return containers.flatMap((container) =>
    listAt(container, 'env').map((entry): [string, Given] => {
      const raw = at(entry, 'value');
      const fromSecret = at(entry, 'secretRef') !== undefined;
      return [String(at(entry, 'name')), { raw, value: fromSecret ? SECRET : standIn(raw), fromSecret }];
    }),
  );
}

/** What each half is given, against the very schema that it reads it by, in both directions. */
export function settingFindings(expansions: readonly Expansion[]): Finding[] {
  const deployments = expansions.filter((expansion) => HALVES.some((half) => halfOf(expansion, half)));
  return [
    ...deployments.flatMap((expansion) => [
      ...HALVES.flatMap((half) => {
        const given = settingsOf(expansion, half);
        return given === undefined ? [] : givenFindings(expansion, half, given);
      }),
      ...disagreements(expansion),
    ]),
    ...HALVES.flatMap((half) =>
      notGiven(
        half,
        deployments.flatMap((expansion) => [...(settingsOf(expansion, half) ?? [])]),
      ),
    ),
  ];
}

function givenFindings(expansion: Expansion, half: Half, given: GivenSettings): Finding[] {
  const where = `${expansion.name}: ${half}`;
  return [
    ...[...given.keys()].flatMap((name) => unread(where, half, name)),
    ...refused(where, half, given),
    ...[...given].flatMap(([name, entry]) => [
      ...againstPolicy(where, half, name, entry),
      ...exposed(where, half, name, entry),
    ]),
    ...foreignIdentity(expansion, where, half, given),
    ...(half === 'stream-host' ? containerMistakes(expansion, where) : []),
  ];
}

/** A secret that is not there, and a name that is given twice: the later one wins in silence. */
function containerMistakes(expansion: Expansion, where: string): Finding[] {
  const app = halfOf(expansion, 'stream-host');
  const entries = listAt(app, 'properties.template.containers').flatMap((container) => listAt(container, 'env'));
  const secrets = listAt(app, 'properties.configuration.secrets').map((secret) => at(secret, 'name'));
  const names = entries.map((entry) => at(entry, 'name'));
  return entries.flatMap((entry, index) => {
    const name = at(entry, 'name');
    const secret = at(entry, 'secretRef');
    return [
      ...(secret === undefined || secrets.includes(secret)
        ? []
        : [finding(`${where} ${name}`, `there is no secret "${secret}"`, secrets.join(', ') || 'a secret of the app')]),
      ...(names.indexOf(name) === index ? [] : [finding(`${where} ${name}`, 'it is given twice', 'once')]),
    ];
  });
}

/** Nobody reads it, or only the other half does. */
function unread(where: string, half: Half, name: string): Finding[] {
  if (name in SCHEMAS[half] || name in PLATFORM_SETTINGS[half]) return [];
  const other = HALVES.find((candidate) => candidate !== half && name in SCHEMAS[candidate]);
  if (other !== undefined) return [finding(`${where} ${name}`, 'this half never reads it', `it for ${other} only`)];
  const [near] = nearMisses({ [name]: '' }, Object.keys(SCHEMAS[half]));
  const allowed =
    near === undefined ? 'a setting of docs/settings.md, or one of infra/check/settings-policy.ts' : near.meant;
  return [finding(`${where} ${name}`, 'there is no such setting', allowed)];
}

/** What the process itself would say when it starts: all that is missing or wrong. */
function refused(where: string, half: Half, given: GivenSettings): Finding[] {
  const env: Environment = Object.fromEntries([...given].map(([name, { value }]) => [name, value]));
  try {
    READERS[half](env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, name = '', what = line, allowed = 'what docs/settings.md says'] =
          /^\s*(\S+) (.*): it takes (.*)\.$/.exec(line) ?? [];
        return finding(`${where} ${name}`.trim(), what, allowed);
      });
  }
}

/** What is right on a laptop and wrong in Azure. */
function againstPolicy(where: string, half: Half, name: string, { value }: Given): Finding[] {
  const rule = AZURE_RULES[name];
  if (rule !== undefined && !rule.pattern.test(value))
    return [finding(`${where} ${name}`, `it is "${value}"`, rule.allowed)];
  const why = NEVER[half][name];
  return why === undefined ? [] : [finding(`${where} ${name}`, 'it is set', `not in Azure: ${why}`)];
}

/** Whether a half reads a secret by that name. */
export const isSecretSetting = (name: string, halves: readonly Half[] = HALVES): boolean =>
  halves.some((half) =>
    Object.entries(SCHEMAS[half]).some(([known, schema]) => known === name && factsOf(schema).secret === true),
  );

/** A setting that may be a secret is one, unless its value shows that it is none. */
function exposed(where: string, half: Half, name: string, { value, fromSecret }: Given): Finding[] {
  const isSecret = isSecretSetting(name, [half]);
  const isPlainAddress = URL.canParse(value) && new URL(value).password === '' && new URL(value).search === '';
  if (!isSecret || fromSecret || isPlainAddress) return [];
  return [
    finding(
      `${where} ${name}`,
      'a secret stands in the template',
      'a reference to a secret, or an identity in its place',
    ),
  ];
}

/** `AZURE_CLIENT_ID` says which identity a process uses: it must be one that it was given. */
function foreignIdentity(expansion: Expansion, where: string, half: Half, given: GivenSettings): Finding[] {
  const resource = halfOf(expansion, half);
  const own = (resource ? identitiesOf(resource) : []).map((id) => id.toLowerCase());
  return [...given]
    .filter(([name]) => /client_?id$/i.test(name) && name in PLATFORM_SETTINGS[half])
    .flatMap(([name, { raw }]) => {
      const expression = expressionOf(raw);
      const asked =
        expression?.kind === 'member' && expression.name === 'clientId' ? resourcesIn(expression)[0] : undefined;
      if (asked !== undefined && own.includes(asked.toLowerCase())) return [];
      return [finding(`${where} ${name}`, 'it is not the client id of the identity of this half', 'that one')];
    });
}

/** Both halves meet in what both read. */
function disagreements(expansion: Expansion): Finding[] {
  const [functions, host] = HALVES.map((half) => settingsOf(expansion, half));
  if (functions === undefined || host === undefined) return [];
  const port = at(
    expansion.resources.find((resource) => isOfType(resource, 'Microsoft.Cache/redisEnterprise/databases')),
    'properties.port',
  );
  const redis = functions.get('REDIS_URL')?.value ?? '';
  const elsewhere =
    port === undefined || redis === '' || redis.endsWith(`:${port}`)
      ? []
      : [finding(`${expansion.name}: REDIS_URL`, `it is "${redis}"`, `port ${port}, which the database has`)];
  const differing = [...functions].flatMap(([name, { value }]) => {
    const other = host.get(name);
    if (other === undefined || other.value === value || !(name in SCHEMAS['stream-host'])) return [];
    const what = `the functions have "${value}" and the stream host "${other.value}"`;
    return [finding(`${expansion.name}: ${name}`, what, 'the same for both')];
  });
  return [...elsewhere, ...differing];
}

/** Every setting is given somewhere, or somebody has said why not. */
function notGiven(half: Half, given: readonly (readonly [string, Given])[]): Finding[] {
  if (given.length === 0) return [];
  const names = new Set(given.map(([name]) => name));
  const isLeft = (name: string) => name in NEVER[half] || BY_DEFAULT[half].has(name);
  const missing = Object.keys(SCHEMAS[half])
    .filter((name) => !names.has(name) && !isLeft(name))
    .map((name) =>
      finding(`${half} ${name}`, 'no example sets it', 'a value, or its name in infra/check/settings-policy.ts'),
    );
  const stale = [...Object.keys(NEVER[half]), ...BY_DEFAULT[half]]
    .filter((name) => !(name in SCHEMAS[half]))
    .map((name) =>
      finding(`infra/check/settings-policy.ts ${name}`, `${half} has no such setting`, 'settings that there are'),
    );
  const platform = Object.entries(PLATFORM_SETTINGS[half])
    .filter(([name, { required }]) => required && !names.has(name))
    .map(([name, { why }]) => finding(`${half} ${name}`, 'it is not set', `it is needed: ${why}`));
  return [...missing, ...stale, ...platform];
}
