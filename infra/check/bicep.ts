import { cpSync, globSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { jsonOf } from '../../shared/json.ts';
import type { FoundCompiler } from './find-compiler.ts';
import { type KeptResults, keyOf } from './kept-results.ts';
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

const diagnostic = z.object({ rule: z.string(), file: z.string(), line: z.number(), text: z.string() });
const diagnostics = z.array(diagnostic);
const places = z.array(diagnostic.pick({ file: true, line: true }));
const snapshots = z.record(z.string(), z.object({ json: z.string() }).or(z.object({ failure: z.string() })));
const printed = z.string().or(z.null());

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

/**
 * Compiles, lints, formats and expands a folder of Bicep, in copies of it: the compiler writes beside what it reads. In
 * each copy the step that writes there comes last, so that every step finds the sources alone, and with them what was kept.
 */
export async function compile(compiler: FoundCompiler, folder: string, kept: KeptResults): Promise<Compiled> {
  const copies = realpathSync(mkdtempSync(path.join(tmpdir(), 'parley-infra-')));
  try {
    const [source = '', formatted = '', expanded = ''] = ['source', 'formatted', 'expanded'].map((name) => {
      const target = path.join(copies, name);
      copySources(folder, target);
      return target;
    });
    const bicep = new Bicep(compiler, kept);
    // Two at a time: that is what most machines have cores for.
    const [checked, made] = await Promise.all([
      (async () => ({ unformatted: await bicep.format(source, formatted), diagnostics: await bicep.lint(source) }))(),
      (async () => ({ template: await bicep.template(expanded), snapshots: await bicep.snapshots(expanded) }))(),
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

/** The Bicep CLI, one run for each call, but for what it has made of the very same sources before. */
export class Bicep {
  readonly #compiler: FoundCompiler;
  readonly #kept: KeptResults;

  constructor(compiler: FoundCompiler, kept: KeptResults) {
    this.#compiler = compiler;
    this.#kept = kept;
  }

  /**
   * Builds every parameter file, and with it the templates and modules that it uses: their findings come along. A file that
   * none uses is a finding itself, as nobody would look at it.
   */
  async lint(folder: string): Promise<Diagnostic[]> {
    const built = path.join(folder, 'built');
    const args = ['build-params', '--no-restore', '--pattern', '**/*.bicepparam', '--outdir', built];
    const found = await this.#kept.get(this.#key('lint', folder), diagnostics, () => this.#diagnose(args, folder));
    return [...found, ...unused(folder)];
  }

  /** @param copy of the folder, whose files will be formatted */
  format(folder: string, copy: string): Promise<{ file: string; line: number }[]> {
    return this.#kept.get(this.#key('format', folder), places, async () => {
      const { ok } = await this.#run(['format', '--pattern', '**/*.bicep*'], copy);
      return { result: unformatted(folder, copy), isWhole: ok };
    });
  }

  async snapshots(folder: string): Promise<Map<string, { json: string } | { failure: string }>> {
    const found = await this.#kept.get(this.#key('snapshots', folder), snapshots, async () => {
      const result: z.output<typeof snapshots> = {};
      for (const file of globSync('main.*.bicepparam', { cwd: folder }).sort()) {
        const { ok, stdout, stderr } = await this.#run(['snapshot', file, ...SNAPSHOT_ARGS], folder);
        const name = path.basename(file, '.bicepparam');
        const json = ok ? readFileSync(path.join(folder, `${name}.snapshot.json`), 'utf8') : undefined;
        result[name] = json === undefined ? { failure: firstLine(`${stderr}\n${stdout}`) } : { json };
      }
      return { result, isWhole: Object.values(result).every((each) => 'json' in each) };
    });
    return new Map(Object.entries(found));
  }

  /** What main.bicep is built to. Why it is not, `lint` says. */
  template(folder: string): Promise<string | undefined> {
    return this.#printed(['build', 'main.bicep', '--no-restore', '--stdout'], folder);
  }

  /** What a parameter file is built to, in another environment. */
  parameters(folder: string, file: string, env: Readonly<Record<string, string>>): Promise<string | undefined> {
    return this.#printed(['build-params', file, '--stdout'], folder, env);
  }

  async #printed(
    args: readonly string[],
    folder: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<string | undefined> {
    const found = await this.#kept.get(this.#key(JSON.stringify([args, env]), folder), printed, async () => {
      const { ok, stdout } = await this.#run(args, folder, env);
      return { result: ok ? stdout : null, isWhole: ok };
    });
    return found ?? undefined;
  }

  async #diagnose(args: readonly string[], folder: string) {
    const { ok, stdout, stderr } = await this.#run([...args, '--diagnostics-format', 'sarif'], folder);
    const told = [stdout, stderr].flatMap((text) => diagnosticsIn(text, folder));
    const found = [...new Map(told.map((one) => [JSON.stringify(one), one])).values()];
    // Some input makes the compiler itself fail, after what it has said of other files.
    const isBroken = !ok && (found.length === 0 || /Unhandled exception/.test(stderr));
    return { result: isBroken ? [...found, failed(args[0] ?? '', stderr)] : found, isWhole: !isBroken };
  }

  #run(args: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}) {
    const { PATH, HOME, USERPROFILE, TMPDIR, TEMP, SystemRoot } = process.env;
    const env = { PATH, HOME, USERPROFILE, TMPDIR, TEMP, SystemRoot };
    return runProgram(this.#compiler.program, args, { cwd, env: { ...env, ...RUNTIME, ...GIVEN, ...more } });
  }

  /** Of all that a result comes of: the sources, the compiler, and how it is run and read here. */
  #key(what: string, folder: string): string {
    const { program, version } = this.#compiler;
    const { size, mtimeMs } = statSync(program);
    const how = readFileSync(import.meta.filename, 'utf8');
    return keyOf(folder, what, program, version, `${size} ${mtimeMs}`, how);
  }
}

function unformatted(folder: string, copy: string): { file: string; line: number }[] {
  return globSync('**/*.{bicep,bicepparam}', { cwd: folder })
    .sort()
    .flatMap((file) => {
      const lines = readFileSync(path.join(folder, file), 'utf8').split('\n');
      const formatted = readFileSync(path.join(copy, file), 'utf8').split('\n');
      const line = formatted.findIndex((text, index) => text !== lines[index]);
      return line >= 0 || lines.length !== formatted.length ? [{ file, line: line + 1 || formatted.length }] : [];
    });
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
