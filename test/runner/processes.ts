import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Test files that one process runs, one after the other. */
export interface TestProcess {
  /** Of the folder, or of the one file. */
  readonly name: string;
  readonly files: readonly string[];
  /** So many tests of a file run at the same time. */
  readonly atOnce: number;
  /** `people`: some of it are people who speak in real time on a whole stack. */
  readonly kind: 'people' | 'together' | 'alone';
}

/** The process of the files that share a stack. */
export const ON_ONE_STACK = 'files on one stack';
/** Of people who speak, each in a call of its own on the one stack of the file, or of its process. */
const CALLS_AT_ONCE: Readonly<Record<string, number>> = {
  'test/secret-keys.test.ts': 2,
  [ON_ONE_STACK]: 4,
};

/** What a file does that the next one in its process would notice, or that takes too long to have others wait for it. */
const ALONE: readonly RegExp[] = [
  // Settings of the process, and what the runtime has only one of.
  /\bprocess\.(?:on|once|chdir|exit)\((?!'exit')|Object\.assign\(process\.env|delete process\.env/,
  /\bprocess\.env(?:\.\w+|\[[^\]]*\])\s*(?:\?\?|\|\|)?=[^=>]/,
  /\bregisterHooks\b|\bsetDefaultCACertificates\b|\bsetGlobal\w+|\bmock\./,
  /\bglobalThis(?:\.\w+|\[[^\]]*\])\s*=[^=>]|\bstub\w*\(globalThis\b|Object\.(?:assign|defineProperty)\(globalThis/,
  // OpenTelemetry has one of each in a process.
  /\bstartTelemetry\b/,
  // Threads of a native program, which does not always begin again in a process where it has ended.
  /\b(?:DecodePool|SpeechModels|Transcriber|VoiceActivityLane|onnxruntime\w*)\b/,
];
/** A whole stack, with people who speak on it. */
const STACK = /\bRunningStack\b/;
/** A helper that begins something as it is loaded ends it with the first file that uses it. */
const HELPER_ALONE = /^(?:export )?const .*= await redis/m;

/** It puts back what it changes. */
const TIDY = 'shared/testing/lent-settings.ts';
/** Files that share a stack: they run in one process, one after the other. A text that has the same is none of them. */
const SHARES_STACK = /^import .*\bshared-stack\.ts';$/m;
const TAKES_LONG = /\.property\.test\.ts$/;

/** Folders with fewer files share the process of the folder above. */
const FEWEST = 4;

/**
 * Which test files share a process. A process of its own costs each file what it takes to start one and to load what it tests:
 * for most files more than their tests. Those of a folder share one, but for files that change their process.
 * @param files below `root`, with `/`
 */
export function testProcesses(root: string, files: readonly string[]): TestProcess[] {
  const sources = new Map<string, string>();
  const read = (file: string) => {
    const source = sources.get(file) ?? readFileSync(path.join(root, file), 'utf8');
    sources.set(file, source);
    return source;
  };
  const onOneStack = files.filter((file) => SHARES_STACK.test(read(file)));
  const others = files.filter((file) => !onOneStack.includes(file));
  const long = others.filter((file) => TAKES_LONG.test(file));
  const alone = others.filter((file) => !long.includes(file) && isAlone(file, read));
  const shared = others.filter((file) => !long.includes(file) && !alone.includes(file));
  const folders = Map.groupBy(shared, (file) => file.split('/').slice(0, -1).slice(0, 2).join('/'));
  const processes = Map.groupBy(shared, (file) => {
    const folder = file.split('/').slice(0, -1).slice(0, 2).join('/');
    return (folders.get(folder)?.length ?? 0) < FEWEST ? (file.split('/')[0] ?? '') : folder;
  });
  const ofOne = (file: string) => ({
    name: file,
    files: [file],
    atOnce: CALLS_AT_ONCE[file] ?? 1,
    kind: ownSources(file, read).some(({ source }) => STACK.test(source)) ? ('people' as const) : ('alone' as const),
  });
  // The longest first: at the end one of them would leave the other processors without work.
  return [
    ...long.map((file) => ({ ...ofOne(file), kind: 'together' as const })),
    ...[...processes]
      .map(([name, together]) => ({ name, files: together, atOnce: 1, kind: 'together' as const }))
      .sort((a, b) => b.files.length - a.files.length),
    ...alone.map(ofOne),
    ...(onOneStack.length > 0
      ? [{ name: ON_ONE_STACK, files: onOneStack, atOnce: CALLS_AT_ONCE[ON_ONE_STACK] ?? 1, kind: 'people' as const }]
      : []),
  ];
}

/** By what stands in it, and in the helpers of tests that it uses. */
const isAlone = (file: string, read: (file: string) => string): boolean =>
  ownSources(file, read).some(
    ({ name, source }) =>
      STACK.test(source) ||
      ALONE.some((pattern) => pattern.test(source)) ||
      (name !== file && HELPER_ALONE.test(source)),
  );

/** A test's own source, and those of the helpers of tests that it uses. */
function ownSources(file: string, read: (file: string) => string): { name: string; source: string }[] {
  const sources: { name: string; source: string }[] = [];
  // Grows while it is walked.
  const used = new Set([file]);
  for (const name of used) {
    const source = read(name);
    sources.push({ name, source });
    for (const [, specifier = ''] of source.matchAll(/^(?:import\b.*|export\b.*|\}) from '(\.[^']+)'/gm)) {
      const target = path.posix.join(path.posix.dirname(name), specifier);
      if (target.includes('/testing/') && target !== TIDY) used.add(target);
    }
  }
  return sources;
}
