import {
  type DependencyMap,
  lengthText,
  type Trace,
  type TraceList,
  type TraceSpan,
} from '../shared/protocol/traces.ts';

const PATIENCE_MS = 3000;

/** What the page knows of a call's trace. */
export type TraceNews =
  /** No emulator runs: traces are elsewhere. */
  | { readonly name: 'elsewhere' }
  | { readonly name: 'silent' }
  | { readonly name: 'none' }
  | { readonly name: 'found'; readonly trace: Trace; readonly map: DependencyMap };

/** Asks the emulator for the trace of a session. @param emulatorUrl null where there is none, undefined where nobody says */
export async function fetchTrace(emulatorUrl: string | null | undefined, sessionId: string): Promise<TraceNews> {
  if (emulatorUrl === undefined) return { name: 'silent' };
  if (emulatorUrl === null) return { name: 'elsewhere' };
  const session = encodeURIComponent(sessionId);
  const list = await read<TraceList>(emulatorUrl, `/telemetry/traces?limit=1&session=${session}`);
  if (list === undefined) return { name: 'silent' };
  const [newest] = list.traces;
  if (newest === undefined) return { name: 'none' };
  const [trace, map] = await Promise.all([
    read<Trace>(emulatorUrl, `/telemetry/traces/${newest.traceId}`),
    read<DependencyMap>(emulatorUrl, `/telemetry/map?session=${session}`),
  ]);
  return trace === undefined || map === undefined ? { name: 'silent' } : { name: 'found', trace, map };
}

/** The emulator is ours: its answers are believed. */
async function read<Answer>(emulatorUrl: string, path: string): Promise<Answer | undefined> {
  try {
    const response = await fetch(emulatorUrl + path, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? JSON.parse(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

/** The line above the waterfall. @param leftOut spans that are not drawn */
export function describeTrace(news: TraceNews, sessionId: string, leftOut: number): string {
  switch (news.name) {
    case 'elsewhere':
      return `This server’s traces are in Azure Monitor, if anywhere: the workbook “A call’s path” in Application Insights shows this one. Its session is ${sessionId}.`;
    case 'silent':
      return 'The server or its emulator does not answer. Are they running?';
    case 'none':
      return 'Nothing has come of it yet. A span comes some seconds after its end.';
    case 'found': {
      const { spans, failures, durationMs } = news.trace;
      const told = [
        spans === 1 ? '1 span' : `${spans} spans`,
        lengthText(durationMs),
        ...(failures === 0 ? [] : [`${failures} failed`]),
        ...(leftOut === 0 ? [] : [`the last ${leftOut} are not drawn: npm run trace -- ${sessionId}`]),
      ];
      return told.join(' · ');
    }
  }
}

/** What lies behind a row, a line each: the span's own facts, then its attributes by name. */
export function factsOf(span: TraceSpan): readonly (readonly [name: string, value: string])[] {
  const { kind, type, target, resultCode, startMs, spanId, attributes } = span;
  const own: readonly (readonly [string, string | undefined])[] = [
    ['name', span.name],
    ['kind', kind],
    ['target', target === undefined ? undefined : [target, type].filter(Boolean).join(', ')],
    ['result', resultCode === '0' ? undefined : resultCode],
    ['started', new Date(startMs).toISOString()],
    ['span', spanId],
  ];
  const more = Object.entries(attributes).map(([name, value]) => [name, String(value)] as const);
  return [...own.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])), ...more.sort()];
}
