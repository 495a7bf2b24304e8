import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { prettyFactory } from 'pino-pretty';
import { onOneLine } from '../shared/terminal-text.ts';

type Line = Readonly<Record<string, unknown>>;

/**
 * Makes one tidy log of the processes' JSON lines: time, level, process, the ids of session and call, the message, the
 * rest, all in one line but for the stack of an error that nobody expected and for a message of several lines, both of
 * which are indented. What is no JSON (a warning of the runtime) passes with the process named. Ids and texts come from
 * callers and from other services: no control character in them reaches the terminal.
 */
export function createLogView(write: (line: string) => void, colours: boolean) {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    ignore: 'pid,hostname,name,session,call,invocation,traceId',
    messageFormat: (line, messageKey) => {
      const ids = ['session', 'call'].filter((id) => typeof line[id] === 'string').map((id) => `${id}=${line[id]} `);
      return `${String(line.name).padEnd(11)} ${ids.join('')}${String(line[messageKey] ?? '')}`;
    },
  });
  const show = (processName: string, line: string) => {
    const parsed = parse(line) ?? { level: 30, time: Date.now(), name: processName, msg: line };
    write(pretty(shown(withoutPlainError(parsed))));
  };
  return {
    show,
    /** Shows each line of a process's output until it ends. */
    follow(processName: string, output: Readable): void {
      createInterface({ input: output }).on('line', (line) => show(processName, line));
    },
  };
}

function parse(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const INDENT = '\n    ';
const indented = (text: string): string => text.split(/\r?\n/).map(onOneLine).join(INDENT);

/** A line with nothing in it that a terminal would obey, and no line break but in its message and its stack. */
function shown(line: Line): Line {
  const { msg, err, ...rest } = line;
  return {
    ...(withoutControls(rest) as Line),
    ...(typeof err === 'object' && err !== null && { err: shownError(err) }),
    ...(msg !== undefined && { msg: indented(String(msg)) }),
  };
}

function shownError(error: object): unknown {
  const stack = 'stack' in error && typeof error.stack === 'string' ? { stack: indented(error.stack) } : {};
  return { ...(withoutControls(error) as object), ...stack };
}

function withoutControls(value: unknown): unknown {
  if (typeof value === 'string') return onOneLine(value);
  if (Array.isArray(value)) return value.map(withoutControls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [onOneLine(name), withoutControls(held)]));
}

/** An error without a stack is a code and a message, which need no lines of their own. */
function withoutPlainError({ err, ...line }: Line): Line {
  if (typeof err !== 'object' || err === null) return line;
  if ('stack' in err) return { ...line, err };
  const { code, message: reason } = err as { code?: unknown; message?: unknown };
  return { ...line, code, reason };
}

export type LogView = ReturnType<typeof createLogView>;
