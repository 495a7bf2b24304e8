import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ALLOWED_FINDINGS } from './allowed-findings.ts';
import { AzureTypes } from './azure-types.ts';
import { azureYamlFindings } from './azure-yaml.ts';
import { type Compiled, compile } from './bicep.ts';
import { cacheFolder } from './cache.ts';
import { diagnosticFindings } from './diagnostics.ts';
import { type Expansion, readExpansion } from './expansion.ts';
import { findCompiler } from './find-compiler.ts';
import type { CheckName, Finding } from './finding.ts';
import { GoldenFiles } from './golden-files.ts';
import { KeptResults } from './kept-results.ts';
import { localAuthFindings } from './local-auth.ts';
import { monitoringFindings } from './monitoring.ts';
import { namedThingFindings } from './named-things.ts';
import { networkFindings } from './network.ts';
import { outputFindings } from './outputs.ts';
import { probeFindings } from './probes.ts';
import { queryFindings } from './queries.ts';
import { referenceFindings } from './references.ts';
import { dataLocationFindings, valueFindings } from './required-values.ts';
import { providersIn, typeFindings } from './resource-types.ts';
import { roleFindings } from './roles.ts';
import { scaleFindings } from './scale.ts';
import { settingFindings } from './settings.ts';
import { subscriptionFindings } from './subscription.ts';
import { templateFindings } from './template.ts';
import { findTypes } from './type-data.ts';

export interface Skipped {
  readonly checks: readonly CheckName[];
  readonly why: string;
}

export interface Report {
  readonly findings: readonly Finding[];
  readonly ran: readonly string[];
  readonly skipped: readonly Skipped[];
}

export interface CheckOptions {
  /** The folder of the project. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes the golden files instead of comparing with them. */
  readonly write?: boolean;
}

/** All that can be known of the deployment without Azure. Without a compiler, what it made last stands in: the golden files. */
export async function checkInfrastructure({ root, env, write = false }: CheckOptions): Promise<Report> {
  const golden = new GoldenFiles(root);
  const findings: Finding[] = [];
  const ran: string[] = [];
  const skipped: Skipped[] = [];

  const compiler = await findCompiler(env);
  let compiled: Compiled | undefined;
  if ('missing' in compiler)
    skipped.push({ checks: ['compile', 'format', 'snapshot', 'dependencies'], why: compiler.missing });
  else {
    compiled = await compile(compiler, path.join(root, 'infra'), keptCompiled(env));
    if (write) golden.write(compiled.snapshots);
    findings.push(...diagnosticFindings(compiled, ALLOWED_FINDINGS), ...golden.differences(compiled.snapshots));
    if (compiled.template !== undefined) findings.push(...templateFindings(compiled.template));
    ran.push(`compile, format, snapshot, dependencies (bicep ${compiler.version})`);
  }
  const expansions = compiled === undefined ? read(golden.read()) : read(jsonsOf(compiled));

  const types = await findTypes(env, providersIn(expansions));
  if (types instanceof AzureTypes) {
    findings.push(...typeFindings(expansions, types));
    ran.push(`types (${expansions.reduce((sum, { resources }) => sum + resources.length, 0)} resources)`);
  } else skipped.push({ checks: ['types'], why: types.missing });

  findings.push(
    ...expansions.flatMap(expansionFindings),
    ...policyFindings(root, expansions, types instanceof AzureTypes ? types : undefined),
    ...dataLocationFindings(readFileSync(path.join(root, 'infra/types.bicep'), 'utf8')),
    ...outputFindings(root, expansions),
    ...azureYamlFindings(root),
    ...queryFindings(root, expansions),
    ...subscriptionFindings(),
  );
  ran.push(
    'roles, local-auth, values, network, references, settings, probes, scale, monitoring, outputs, azure.yaml, queries, subscription',
  );
  return { findings, ran, skipped };
}

/** Where the compiler's results are kept, by what it made them of. */
export const keptCompiled = (env: CheckOptions['env']): KeptResults =>
  new KeptResults(path.join(cacheFolder(env), 'compiled'));

/** Of the process. What was not checked is a failure where nobody would read that it was not. */
export const exitCodeOf = ({ findings, skipped }: Report, env: CheckOptions['env']): 0 | 1 =>
  findings.length > 0 || (skipped.length > 0 && Boolean(env.CI)) ? 1 : 0;

/** What no compiler knows, held against the resources that would be deployed. */
export function policyFindings(root: string, expansions: readonly Expansion[], types?: AzureTypes): Finding[] {
  return [
    ...expansions.flatMap((expansion) => [
      ...roleFindings(expansion),
      ...localAuthFindings(expansion, types),
      ...valueFindings(expansion),
      ...networkFindings(expansion),
      ...referenceFindings(expansion),
      ...namedThingFindings(root, expansion),
      ...probeFindings(expansion),
      ...scaleFindings(expansion),
      ...monitoringFindings(expansion),
    ]),
    ...settingFindings(expansions),
  ];
}

/** What the compiler says of the expansion itself, such as a condition that it could not decide. */
const expansionFindings = ({ name, diagnostics }: Expansion): Finding[] =>
  diagnostics.map((told) => ({
    check: 'snapshot',
    where: `infra/${name}.bicepparam`,
    what: JSON.stringify(told),
    allowed: 'an expansion of which there is nothing to say',
  }));

const read = (snapshots: ReadonlyMap<string, string>): Expansion[] =>
  [...snapshots].map(([name, json]) => readExpansion(name, json));

const jsonsOf = ({ snapshots }: Compiled): Map<string, string> =>
  new Map([...snapshots].flatMap(([name, found]) => ('json' in found ? [[name, found.json] as const] : [])));
