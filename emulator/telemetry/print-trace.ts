import { ConfigError, DependencyError, messageOf } from '../../shared/errors.ts';
import type { DependencyMap, Trace, TraceList } from '../../shared/protocol/traces.ts';
import { HELP, parseTraceArguments, type TraceArguments } from './trace-arguments.ts';
import { listText, mapText, traceText } from './trace-text.ts';

/** `npm run trace`: the trace of a call in the terminal. */
const PATIENCE_MS = 10_000;
const WRONG_OPTIONS = 2;
const COLUMNS = 120;

// Whoever reads the output has seen enough, as `head` has.
process.stdout.on('error', () => process.exit(0));

/** @returns the exit code */
async function main(given: readonly string[]): Promise<number> {
  const args = parseTraceArguments(given, process.env);
  if (args.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const text = await textOf(args);
  if (text === undefined) {
    const whose = args.id === undefined ? 'No call has been traced yet' : `Nothing has come of ${args.id}`;
    process.stderr.write(
      `${whose}. A span comes some seconds after its end; npm run trace -- --list shows what there is.\n`,
    );
    return 1;
  }
  process.stdout.write(text);
  return 0;
}

/** Undefined where there is nothing to print. */
async function textOf({ what, id, json, emulatorUrl }: TraceArguments): Promise<string | undefined> {
  const ask = <Answer>(path: string): Promise<Answer | undefined> => read<Answer>(emulatorUrl, path);
  const print = <Answer>(answer: Answer, write: (answer: Answer) => string): string =>
    json ? `${JSON.stringify(answer)}\n` : write(answer);
  const session = id === undefined ? '' : `session=${encodeURIComponent(id)}`;
  if (what === 'list') {
    const list = await ask<TraceList>('/telemetry/traces');
    return list?.traces.length ? print(list, listText) : undefined;
  }
  if (what === 'map') {
    const map = await ask<DependencyMap>(`/telemetry/map?${session}`);
    return map?.edges.length ? print(map, mapText) : undefined;
  }
  const trace =
    (id && (await ask<Trace>(`/telemetry/traces/${encodeURIComponent(id)}`))) || (await newest(ask, session));
  if (!trace) return undefined;
  const map = await ask<DependencyMap>(
    `/telemetry/map?session=${encodeURIComponent(trace.sessionId ?? id ?? trace.traceId)}`,
  );
  return print(trace, (found) => traceText(found, map ?? { edges: [] }, process.stdout.columns ?? COLUMNS));
}

/** Of a session, or of the newest call: a trace without a session is something that a half did for itself. */
async function newest(
  ask: <Answer>(path: string) => Promise<Answer | undefined>,
  session: string,
): Promise<Trace | undefined> {
  const traces = (await ask<TraceList>(`/telemetry/traces?${session}`))?.traces ?? [];
  const found = session === '' ? (traces.find(({ sessionId }) => sessionId !== undefined) ?? traces[0]) : traces[0];
  return found && ask<Trace>(`/telemetry/traces/${found.traceId}`);
}

/** Undefined where there is no such thing. @throws {DependencyError} where the emulator does not answer, or refuses */
async function read<Answer>(emulatorUrl: string, path: string): Promise<Answer | undefined> {
  const response = await fetch(emulatorUrl + path, { signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error) => {
    const problem = error instanceof Error && error.cause ? messageOf(error.cause) : messageOf(error);
    const message = `Nothing answers at ${emulatorUrl} (the emulator): ${problem}. Start the stack with: npm start`;
    throw new DependencyError('call.no_answer', message, error);
  });
  if (response.status === 404) return undefined;
  if (response.ok) return JSON.parse(await response.text());
  throw new DependencyError('call.refused', `${response.url} answered ${response.status}.`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof ConfigError ? WRONG_OPTIONS : 1;
}
