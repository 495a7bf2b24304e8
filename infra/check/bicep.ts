import { cpSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';
import type { FoundCompiler } from './find-compiler.ts';
import { runProgram } from './run-program.ts';

/** One result of the compiler or its linter. */
export interface Diagnostic {
  readonly rule: string;
  /** From the folder of the infrastructure on. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface Compiled {
  readonly diagnostics: readonly Diagnostic[];
  /** Of each file that is not formatted: the first line that would be another. */
  readonly unformatted: readonly { readonly file: string; readonly line: number }[];
  /** The snapshot of each example (`main.*.bicepparam`), by its name; `failure` where there is none. */
  readonly snapshots: ReadonlyMap<string, { readonly json: string } | { readonly failure: string }>;
  /** Of main.bicep with all its modules; undefined where it does not compile. */
  readonly template: string | undefined;
}

const sarif = z.object({
  runs: z.array(
    z.object({
      results: z.array(
        z.object({
          ruleId: z.string(),
          message: z.object({ text: z.string() }),
          locations: z.array(
            z.object({
              physicalLocation: z.object({
                artifactLocation: z.object({ uri: z.string() }),
                region: z.object({ startLine: z.number() }),
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

/** What parameter files may read of azd's environment. The snapshots stand on nothing of the machine that makes them. */
const GIVEN = { AZURE_ENV_NAME: 'example', AZURE_LOCATION: 'swedencentral' } as const;
/** No language of the machine; and a short run is over before profiles of its code pay, which saves it a sixth. */
const RUNTIME = { DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1', DOTNET_TieredPGO: '0' } as const;
/** With the name of the deployment known, outputs of modules are followed to the resources that they come from. */
const SNAPSHOT_ARGS = [
  ...['--mode', 'overwrite', '--location', GIVEN.AZURE_LOCATION, '--deployment-name', 'parley'],
  ...['--tenant-id', '00000000-0000-0000-0000-000000000000'],
  ...['--subscription-id', '00000000-0000-0000-0000-000000000000'],
];

/** Compiles, lints, formats and expands a folder of Bicep, in copies of it: the compiler writes beside what it reads. */
export async function compile(compiler: FoundCompiler, folder: string): Promise<Compiled> {
  const copies = realpathSync(mkdtempSync(path.join(tmpdir(), 'parley-infra-')));
  try {
    const [source = '', formatted = '', expanded = ''] = ['source', 'formatted', 'expanded'].map((name) => {
      const target = path.join(copies, name);
      copySources(folder, target);
      return target;
    });
    const bicep = new Bicep(compiler.program);
    // Two at a time: that is what most machines have cores for.
    const [checked, made] = await Promise.all([
      (async () => ({ diagnostics: await bicep.lint(source), unformatted: await bicep.format(source, formatted) }))(),
      (async () => ({ snapshots: await bicep.snapshots(expanded), template: await bicep.template(expanded) }))(),
    ]);
    return { ...checked, ...made };
  } finally {
    rmSync(copies, { recursive: true, force: true });
  }
}

/** Bicep and what it loads, without this check and what it made. */
export function copySources(folder: string, target: string): void {
  const left = ['check', 'snapshots'].map((name) => path.join(folder, name));
  cpSync(folder, target, { recursive: true, filter: (file) => !left.includes(file) });
}

/** The Bicep CLI, one run for each call. */
export class Bicep {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /**
   * Builds every parameter file, and with it the templates and modules that it uses: their findings come along. A file that
   * none uses is a finding itself, as nobody would look at it.
   */
  async lint(folder: string): Promise<Diagnostic[]> {
    const built = path.join(folder, 'built');
    const args = ['build-params', '--no-restore', '--pattern', '**/*.bicepparam', '--outdir', built];
    return [...(await this.#diagnose(args, folder)), ...unused(folder)];
  }

  /** @param copy of the folder, whose files will be formatted */
  async format(folder: string, copy: string): Promise<{ file: string; line: number }[]> {
    await this.#run(['format', '--pattern', '**/*.bicep*'], copy);
    return globSync('**/*.{bicep,bicepparam}', { cwd: folder })
      .sort()
      .flatMap((file) => {
        const lines = readFileSync(path.join(folder, file), 'utf8').split('\n');
        const formatted = readFileSync(path.join(copy, file), 'utf8').split('\n');
        const line = formatted.findIndex((text, index) => text !== lines[index]);
        return line >= 0 || lines.length !== formatted.length ? [{ file, line: line + 1 || formatted.length }] : [];
      });
  }

  async snapshots(folder: string): Promise<Map<string, { json: string } | { failure: string }>> {
    const found = new Map<string, { json: string } | { failure: string }>();
    for (const file of globSync('main.*.bicepparam', { cwd: folder }).sort()) {
      const { ok, stdout, stderr } = await this.#run(['snapshot', file, ...SNAPSHOT_ARGS], folder);
      const name = path.basename(file, '.bicepparam');
      const json = ok ? readFileSync(path.join(folder, `${name}.snapshot.json`), 'utf8') : undefined;
      found.set(name, json === undefined ? { failure: firstLine(`${stderr}\n${stdout}`) } : { json });
    }
    return found;
  }

  /** What main.bicep is built to. Why it is not, `lint` says. */
  async template(folder: string): Promise<string | undefined> {
    const { ok, stdout } = await this.#run(['build', 'main.bicep', '--no-restore', '--stdout'], folder);
    return ok ? stdout : undefined;
  }

  async #diagnose(args: readonly string[], folder: string): Promise<Diagnostic[]> {
    const { ok, stdout, stderr } = await this.#run([...args, '--diagnostics-format', 'sarif'], folder);
    const told = [stdout, stderr].flatMap((text) => diagnosticsIn(text, folder));
    const found = [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
    // Some input makes the compiler itself fail, after what it has said of other files.
    const isBroken = !ok && (found.length === 0 || /Unhandled exception/.test(stderr));
    return isBroken ? [...found, failed(args[0] ?? '', stderr)] : found;
  }

  #run(args: readonly string[], cwd: string) {
    const { PATH, HOME, USERPROFILE, TMPDIR, TEMP, SystemRoot } = process.env;
    const env = { PATH, HOME, USERPROFILE, TMPDIR, TEMP, SystemRoot };
    return runProgram(this.#program, args, { cwd, env: { ...env, ...RUNTIME, ...GIVEN } });
  }
}

function unused(folder: string): Diagnostic[] {
  const texts = globSync('**/*.{bicep,bicepparam}', { cwd: folder }).map((file) =>
    readFileSync(path.join(folder, file), 'utf8'),
  );
  return globSync('**/*.bicep', { cwd: folder })
    .filter(
      (file) =>
        !texts.some((text) => text.includes(`'${path.basename(file)}'`) || text.includes(`/${path.basename(file)}'`)),
    )
    .map((file) => ({ rule: 'unused-file', file, line: 1, text: 'No parameter file, template or module uses it' }));
}

/** With a pattern, the compiler writes one document for each file, with nothing between them. */
function diagnosticsIn(text: string, folder: string): Diagnostic[] {
  const documents = text.split(/(?<=^\})(?=\{)/m).map((document) => sarif.safeParse(jsonOf(document)));
  const results = documents.flatMap(({ data }) => data?.runs ?? []).flatMap((run) => run.results);
  return results.map(({ ruleId, message, locations }) => {
    const place = locations[0]?.physicalLocation;
    const file = place === undefined ? '' : path.relative(folder, fileURLToPath(place.artifactLocation.uri));
    return { rule: ruleId, file, line: place?.region.startLine ?? 0, text: message.text.replace(/ \[https:.*\]$/, '') };
  });
}

const failed = (what: string, stderr: string): Diagnostic => ({
  rule: what,
  file: '',
  line: 0,
  text: `bicep ${what} failed: ${firstLine(stderr)}`,
});

const firstLine = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.trim())
    .find(Boolean) ?? 'it said nothing';
