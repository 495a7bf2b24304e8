import {
  type DependencyMap,
  failureText,
  lengthText,
  roleText,
  type Trace,
  type TraceList,
  type TraceSummary,
  titleOf,
  type WaterfallRow,
  waterfallOf,
  whomText,
} from '../../shared/protocol/traces.ts';
import { onOneLine } from '../../shared/terminal-text.ts';

const LEAST_WIDTH = 80;
const LEAST_BAR = 16;
const TIME_WIDTH = 9;
const ROLE_WIDTH = 11;
/** Lines of the log that a trace is shown with. */
const MOST_EVENTS = 20;

/** The waterfall of a trace, as lines of a terminal. @param columns how wide it is */
export function traceText(trace: Trace, map: DependencyMap, columns: number): string {
  const rows = waterfallOf(trace);
  const nameWidth = Math.min(44, Math.max(...rows.map((row) => nameOf(row).length)));
  const before = TIME_WIDTH * 2 + ROLE_WIDTH + nameWidth + 6;
  const barWidth = Math.max(LEAST_BAR, Math.max(LEAST_WIDTH, columns) - before);
  const lines = rows.map((row) => {
    const { span, offsetMs } = row;
    const cells = [
      `+${lengthText(offsetMs)}`.padStart(TIME_WIDTH),
      lengthText(span.durationMs).padStart(TIME_WIDTH),
      fit(roleText(span.role), ROLE_WIDTH),
      fit(nameOf(row), nameWidth),
      barOf(row, trace.durationMs, barWidth),
    ];
    const failure = failureText(span);
    return `${cells.join(' ')}${failure === '' ? '' : ` ✗ ${onOneLine(failure)}`}`.trimEnd();
  });
  const events = trace.events.filter(({ kind }) => kind !== 'event').slice(-MOST_EVENTS);
  const told = events.map(({ atMs, role, name }) => {
    const at = `+${lengthText(Math.max(0, atMs - trace.startMs))}`.padStart(TIME_WIDTH);
    return `${at} ${fit(roleText(role), ROLE_WIDTH)} ${onOneLine(name)}`;
  });
  return [
    headOf(trace),
    '',
    ...lines,
    ...(told.length === 0 ? [] : ['', 'Told meanwhile', ...told]),
    ...(map.edges.length === 0 ? [] : ['', mapText(map).trimEnd()]),
    '',
  ].join('\n');
}

/** The newest traces, a line each. */
export function listText({ traces, dropped }: TraceList): string {
  const lines = traces.map(({ traceId, sessionId = '-', name, startMs, durationMs, spans, failures }) => {
    const time = new Date(startMs).toISOString().slice(0, 19).replace('T', ' ');
    const much = `${spans} spans${failures === 0 ? '' : `, ${failures} failed`}`;
    const title = titleOf({ name, attributes: {} });
    return `${time}  ${lengthText(durationMs).padStart(TIME_WIDTH)}  ${traceId}  session ${onOneLine(sessionId)}  ${much}  ${onOneLine(title)}`;
  });
  const gone = dropped.traces === 0 ? [] : [`${dropped.traces} older traces had no room any more.`];
  return [...lines, ...gone, ''].join('\n');
}

/** Who called whom. */
export function mapText({ edges }: DependencyMap): string {
  const rows = edges.map((edge) => [
    onOneLine(`${roleText(edge.role)} → ${whomText(edge)}`),
    String(edge.calls),
    String(edge.failures),
    lengthText(edge.p50Ms),
    lengthText(edge.p95Ms),
  ]);
  const table = [['who called whom', 'calls', 'failed', 'half within', '95 % within'], ...rows];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const lines = table.map((row) =>
    row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  );
  return [...lines, ''].join('\n');
}

function headOf({ traceId, sessionId, startMs, durationMs, spans, failures }: TraceSummary): string {
  const facts = [
    ...(sessionId === undefined ? [] : [`session ${onOneLine(sessionId)}`]),
    `trace ${onOneLine(traceId)}`,
    new Date(startMs).toISOString(),
    lengthText(durationMs),
    spans === 1 ? '1 span' : `${spans} spans`,
    ...(failures === 0 ? [] : [`${failures} failed`]),
  ];
  return facts.join(' · ');
}

const nameOf = ({ span, depth }: WaterfallRow): string => `${'  '.repeat(depth)}${onOneLine(titleOf(span))}`;

/** Always to be seen: one sign at least. */
function barOf({ span, offsetMs }: WaterfallRow, wholeMs: number, width: number): string {
  const at = (ms: number) => (wholeMs === 0 ? 0 : Math.floor((width * ms) / wholeMs));
  const from = Math.min(width - 1, Math.max(0, at(offsetMs)));
  const to = Math.min(width, Math.max(from + 1, at(offsetMs + span.durationMs)));
  return `${' '.repeat(from)}${(span.success ? '█' : '▒').repeat(to - from)}`.padEnd(width);
}

const fit = (text: string, width: number): string =>
  (text.length > width ? `${text.slice(0, width - 1)}…` : text).padEnd(width);
