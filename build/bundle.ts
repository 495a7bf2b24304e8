import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';
import { withoutBallast } from './telemetry-ballast.ts';

/** The project's folder. */
export const ROOT = path.join(import.meta.dirname, '..');

/** Stands in the bundled text for the address of `dist/`, until it is known how far up that is. */
const DIST = 'PARLEY_DIST';

/** Packages in CommonJS ask for Node's modules and for their place by names that modules do not have. */
const BANNER = `import { createRequire as parleyRequire } from 'node:module';
import { fileURLToPath as parleyPath } from 'node:url';
const require = parleyRequire(import.meta.url);
const __filename = parleyPath(import.meta.url);
const __dirname = parleyPath(new URL('.', import.meta.url));`;

export interface BundleOptions {
  /** Modules that are loaded by their own address, from the project's folder: programs, workers, tools. */
  readonly entries: readonly string[];
  /** Gets `dist/`, in which each entry has the place that its source has in the project. */
  readonly folder: string;
  /** Packages that are left where they are: native ones, and those that the platform has. */
  readonly external: readonly string[];
  /**
   * Shortens names. Functions and classes keep theirs beside, so that stacks can be read, but that is done each time that
   * a function is made: not for what makes them all the time.
   */
  readonly compact?: boolean;
}

/**
 * Bundles modules with all that they import; what several of them share is loaded once (`dist/chunks/`).
 * @returns the folders of the packages that are in it, from the project's folder
 * @throws what does not compile, and what could be told but not done: a warning is an error here
 */
export async function bundle({ entries, folder, external, compact = false }: BundleOptions): Promise<string[]> {
  const dist = path.join(folder, 'dist');
  const { outputFiles, metafile, warnings } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...entries],
    outbase: ROOT,
    outdir: dist,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: [...external],
    // However the packages got into their folder, they are told apart by where they stand there.
    preserveSymlinks: true,
    banner: { js: BANNER },
    minifySyntax: true,
    minifyWhitespace: true,
    minifyIdentifiers: compact,
    keepNames: compact,
    // A long line would be quoted whole where something is thrown in it.
    lineLimit: 160,
    legalComments: 'none',
    metafile: true,
    write: false,
    logLevel: 'silent',
    plugins: [inItsPlace, withSideEffects, withoutOtherStores, withoutOtherEvents, withoutBallast, withoutBrowser],
  });
  const [warning] = warnings;
  if (warning) throw new Error(`${warning.location?.file}:${warning.location?.line}: ${warning.text}`);
  for (const file of outputFiles) {
    const up = path.relative(path.dirname(file.path), dist).replaceAll(path.sep, '/');
    const text = file.text.replaceAll(DIST, `new URL(${JSON.stringify(up === '' ? './' : `${up}/`)}, import.meta.url)`);
    await mkdir(path.dirname(file.path), { recursive: true });
    await writeFile(file.path, text);
  }
  return packagesIn(metafile);
}

/**
 * Lets every module of ours believe that it lies where its source does, below `dist/`: what it finds by `import.meta.url`
 * (workers, tools, clips, models, the page) has the same place in a bundle as in the project.
 *
 * And has zod imported as a namespace, of which only what is used is bundled: `import { z }` brings all its languages.
 */
const inItsPlace: Plugin = {
  name: 'in its place',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, async ({ path: file }) => {
      if (file.includes('node_modules')) return undefined;
      const source = await readFile(file, 'utf8');
      const [other] = source.match(/import\.meta\.(?!url\b)\w+/) ?? [];
      if (other)
        return { errors: [{ text: `${file} has ${other}: of a bundled module only import.meta.url is known` }] };
      const place = path.relative(ROOT, file).replaceAll(path.sep, '/').replace(/\.ts$/, '.js');
      const contents = source
        .replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, ${DIST}).href`)
        .replace("import { z } from 'zod';", "import * as z from 'zod';");
      return { contents, loader: 'ts' };
    });
  },
};

const SPEECH_SDK = 'microsoft-cognitiveservices-speech-sdk';

/** The Speech SDK says that its modules only export, and is imported, by itself too, for what they do. */
const withSideEffects: Plugin = {
  name: 'with side effects',
  setup({ onResolve, resolve }) {
    const seen = Symbol('seen');
    onResolve({ filter: /^\.|speech-sdk/ }, async ({ path: name, importer, resolveDir, kind, pluginData }) => {
      if (pluginData === seen || !`${importer} ${name}`.includes(SPEECH_SDK)) return undefined;
      const found = await resolve(name, { importer, resolveDir, kind, pluginData: seen });
      return { ...found, sideEffects: true };
    });
  },
};

/** The limiter's package is one module that loads a limiter for each database there is. */
const withoutOtherStores: Plugin = {
  name: 'without other stores',
  setup({ onLoad }) {
    onLoad({ filter: /rate-limiter-flexible[/\\]index\.js$/ }, () => ({
      contents: ['RateLimiterRedis', 'RateLimiterRes']
        .map((name) => `export { default as ${name} } from './lib/${name}.js';`)
        .join('\n'),
    }));
  },
};

/** Reading Event Grid's events takes the models of its two envelopes. Those of all events stay only because they are made of one another. */
const withoutOtherEvents: Plugin = {
  name: 'without other events',
  setup({ onLoad }) {
    onLoad({ filter: /@azure[/\\]eventgrid[/\\].*[/\\]mappers\.js$/ }, async ({ path: file }) => {
      const { EventGridEvent, CloudEvent } = await import(pathToFileURL(file).href);
      return {
        contents: `export const EventGridEvent = ${JSON.stringify(EventGridEvent)};
export const CloudEvent = ${JSON.stringify(CloudEvent)};`,
      };
    });
  },
};

/** The library of identities can open a browser for a person to sign in, and no process of ours has one to sit before it. */
const withoutBrowser: Plugin = {
  name: 'without a browser',
  setup({ onLoad }) {
    onLoad({ filter: /node_modules[/\\]open[/\\]index\.js$/ }, () => ({
      contents: "export default () => Promise.reject(new Error('There is no browser here.'));",
    }));
  },
};

/** The folders of the packages of which something is left in the outputs. */
function packagesIn({ outputs }: Metafile): string[] {
  const found = new Set<string>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
      if (folder && bytesInOutput > 0) found.add(folder);
    }
  }
  return [...found].sort();
}
