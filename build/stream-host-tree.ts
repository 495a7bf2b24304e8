import { execFile } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { bundle, ROOT } from './bundle.ts';
import { writeManifest } from './functions-package.ts';
import { writeLicences } from './licences.ts';
import { slimProgram } from './slim-program.ts';

/** What the model runs on, natively or as WASM: it finds its own files, so it is not bundled. */
const EXTERNAL = ['onnxruntime-common', 'onnxruntime-node', 'onnxruntime-web'];
const SCALAR = '@scalar/api-reference';

/** Files that the stream host reads, and where: `from` in the project, `to` in the tree. The first rule that fits a file counts. */
const FILES: readonly { readonly from: string; readonly to: string; readonly only: string }[] = [
  { from: 'stream-host/speech/standby/clips', to: 'dist/stream-host/speech/standby/clips', only: '*.wav' },
  { from: 'shared/audio', to: 'dist/shared/audio', only: '*.onnx' },
  { from: 'agents', to: 'agents', only: '*.yaml' },
  // What tools may read from where they stand.
  { from: 'agents', to: 'dist/agents', only: '*/**/*' },
  { from: 'web', to: 'web', only: '**/*.{css,html,ico,png,svg}' },
  { from: `node_modules/${SCALAR}/dist/browser`, to: 'dist/reference', only: '**/!(standalone).js' },
  { from: '.', to: '.', only: '{LICENSE,THIRD_PARTY_NOTICES.md}' },
  ...runtime('onnxruntime-common', 'dist/{cjs,esm}/{*.js,package.json}'),
  ...runtime('onnxruntime-node', 'dist/*.js', `bin/napi-v*/${process.platform}/${process.arch}/*`),
  ...runtime('onnxruntime-web', 'dist/{ort.node.min.mjs,ort-wasm-simd-threaded.mjs,ort-wasm-simd-threaded.wasm}'),
  { from: `node_modules/node-${process.platform}-${process.arch}`, to: '.', only: 'bin/node' },
];

/**
 * Makes what the stream host's image holds beside its base: the program, its worker and the agents' tools, bundled; the
 * agents, the page, the model with what runs it on this platform, and Node.
 */
export async function makeStreamHostTree(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const [packages] = await Promise.all([
    bundleProgram(folder),
    compilePage(path.join(folder, 'dist')),
    copyFiles(folder),
  ]);
  const whole = [...EXTERNAL, SCALAR].map((name) => `node_modules/${name}`);
  await writeLicences(folder, [...packages, ...whole.filter((name) => existsSync(path.join(ROOT, name)))].sort());
  await writeManifest(folder);
}

function bundleProgram(folder: string): Promise<string[]> {
  const found = globSync(['stream-host/**/*.worker.ts', 'agents/tools/*.ts'], { cwd: ROOT });
  const loaded = found.filter((file) => !/\.test\.ts$|[/\\]testing[/\\]/.test(file)).sort();
  return bundle({ entries: ['stream-host/main.ts', ...loaded], folder, external: EXTERNAL });
}

/** A browser loads the page's modules one by one. */
async function compilePage(outDir: string): Promise<void> {
  const compiler = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = [compiler, '-p', path.join(ROOT, 'web'), '--outDir', outDir];
  await promisify(execFile)(process.execPath, args).catch((failure) => {
    throw new Error(`The page does not compile:\n${failure.stdout}${failure.stderr}`);
  });
}

async function copyFiles(folder: string): Promise<void> {
  for (const { from, to, only } of FILES) {
    const cwd = path.join(ROOT, from);
    const files = globSync(only, { cwd, withFileTypes: true }).filter(
      (entry) => entry.isFile() && !entry.name.endsWith('.ts'),
    );
    for (const { parentPath, name } of files) {
      const target = path.join(folder, to, path.relative(cwd, parentPath), name);
      await mkdir(path.dirname(target), { recursive: true });
      const source = path.join(parentPath, name);
      if (name === 'node') await writeFile(target, slimProgram(await readFile(source)));
      else await copyFile(source, target);
    }
  }
}

function runtime(name: string, ...files: readonly string[]) {
  const place = `node_modules/${name}`;
  return ['package.json', ...files].map((only) => ({ from: place, to: place, only }));
}
