import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { prettyFactory } from 'pino-pretty';

/**
 * Makes one tidy log of the processes' JSON lines: time, level, process, the ids of session and call, the message, the
 * rest. What is no JSON (a warning of the runtime) passes with the process named.
 */
export function createLogView(write: (line: string) => void, colours: boolean) {
  const pretty = prettyFactory({
    colorize: colours,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    ignore: 'pid,hostname,name,session,call',
    messageFormat: (line, messageKey) => {
      const ids = ['session', 'call'].filter((id) => typeof line[id] === 'string').map((id) => `${id}=${line[id]} `);
      return `${String(line.name).padEnd(11)} ${ids.join('')}${String(line[messageKey] ?? '')}`;
    },
  });
  const show = (processName: string, line: string) => {
    const json = line.startsWith('{')
      ? line
      : JSON.stringify({ level: 30, time: Date.now(), name: processName, msg: line });
    write(pretty(json));
  };
  return {
    show,
    /** Shows each line of a process's output until it ends. */
    follow(processName: string, output: Readable): void {
      createInterface({ input: output }).on('line', (line) => show(processName, line));
    },
  };
}

export type LogView = ReturnType<typeof createLogView>;
