import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { CONFIG_EXIT_CODE } from '../shared/errors.ts';
import type { Logger } from '../shared/log.ts';
import type { Form } from './forms.ts';
import type { LogView } from './log-lines.ts';

const FIRST_RESTART_MS = 500;
const LONGEST_RESTART_MS = 10_000;
/** A process that lived so long starts over with the shortest wait. */
const STEADY_AFTER_MS = 30_000;
/** How long a process may take to end by itself when asked, with no calls to wait for. */
const STOP_MS = 8000;

export interface SupervisedProcessOptions extends Form {
  readonly name: string;
  /** Of Node itself. */
  readonly flags?: readonly string[];
  /** How long it may wait for calls that are under way when it is asked to end. */
  readonly drainMs?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly view: LogView;
  /** It may tell its starter something: hears what it sends, with a way to answer, and `undefined` when it has ended. */
  readonly onMessage?: ((message: unknown, reply: (message: object) => void) => void) | undefined;
  /** It ended because of its settings, and its last words say which. It is not started again. */
  readonly onHopeless: () => void;
}

/**
 * One of the stack's processes: started, shown in the log, and started again when it dies without being asked to, unless
 * it says that its settings are bad.
 */
export class SupervisedProcess {
  readonly #options: SupervisedProcessOptions;
  readonly #closing = new AbortController();
  #child: ChildProcess | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: SupervisedProcessOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.#running = this.#keepRunning();
  }

  /** Asks the process to end, waits, and at last ends it. Safe to call twice. */
  async close(): Promise<void> {
    this.#closing.abort();
    const child = this.#child;
    child?.kill('SIGTERM');
    const late = setTimeout(() => child?.kill('SIGKILL'), STOP_MS + (this.#options.drainMs ?? 0));
    await this.#running;
    clearTimeout(late);
  }

  async #keepRunning(): Promise<void> {
    const { name, log } = this.#options;
    for (let waitMs = FIRST_RESTART_MS; !this.#closing.signal.aborted; ) {
      const startedAt = Date.now();
      const how = await this.#runOnce();
      if (this.#closing.signal.aborted) return;
      if (this.#child?.exitCode === CONFIG_EXIT_CODE) {
        this.#options.onHopeless();
        return;
      }
      if (Date.now() - startedAt > STEADY_AFTER_MS) waitMs = FIRST_RESTART_MS;
      log.error(`${name} ended by itself (${how}); starting it again in ${waitMs} ms`);
      await sleep(waitMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      waitMs = Math.min(waitMs * 2, LONGEST_RESTART_MS);
    }
  }

  async #runOnce(): Promise<string> {
    const { name, entry, folder, command = [], flags = [], env, log, view, onMessage } = this.#options;
    const [program = process.execPath, ...first] = command;
    const child = spawn(program, [...first, ...flags, entry], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe', ...(onMessage ? (['ipc'] as const) : [])],
    });
    this.#child = child;
    const reply = (message: object) => {
      if (child.connected) child.send(message);
    };
    child.on('message', (message) => onMessage?.(message, reply));
    log.info({ process: child.pid }, `started ${name}`);
    for (const output of [child.stdout, child.stderr]) if (output) view.follow(name, output);
    // A child that cannot be spawned at all emits `error` and no `exit`.
    const ended = await Promise.race([once(child, 'exit'), once(child, 'error')]).catch((error: unknown) => [error]);
    onMessage?.(undefined, reply);
    return ended[0] instanceof Error ? ended[0].message : `exit ${ended[0] ?? ended[1]}`;
  }
}
