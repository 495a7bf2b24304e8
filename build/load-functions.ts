import 'node:http2';
import 'node:tls';
import 'node:zlib';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/**
 * Loads a function app as a worker of Azure Functions does, and prints how long that took and what memory it added. What
 * the app says as it loads comes before.
 */
const url = new URL('../emulator/functions-host/functions-core.ts', import.meta.url).href;
const { finishStart }: typeof import('../emulator/functions-host/functions-core.ts') = await import(url);
await fetch('data:,');
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@azure/functions-core'
      ? { url, format: 'module-typescript', shortCircuit: true }
      : next(specifier, context),
});
const [, , file = ''] = process.argv;
const before = process.memoryUsage.rss();
const startedAt = performance.now();
await import(pathToFileURL(file).href);
const ms = performance.now() - startedAt;
if (finishStart().length === 0) throw new Error(`${file} registered nothing.`);
process.stdout.write(`\n${JSON.stringify({ ms, rssMb: (process.memoryUsage.rss() - before) / 1e6 })}\n`);
process.exit(0);
