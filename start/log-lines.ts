import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { prettyFactory } from 'pino-pretty';

type Line = Readonly<Record<string, unknown>>;

/**
 * Makes one tidy log of the processes' JSON lines: time, level, process, the ids of session and call, the message, the
 * rest, all in one line but for the stack of an error that nobody expected. What is no JSON (a warning of the runtime)
 * passes with the process named.
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
    write(pretty(withoutPlainError(parsed)));
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

/** An error without a stack is a code and a message, which need no lines of their own. */
function withoutPlainError({ err, ...line }: Line): Line {
  if (typeof err !== 'object' || err === null) return line;
  if ('stack' in err) return { ...line, err };
  const { code, message: reason } = err as { code?: unknown; message?: unknown };
  return { ...line, code, reason };
}

export type LogView = ReturnType<typeof createLogView>;
