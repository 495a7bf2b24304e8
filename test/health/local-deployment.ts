import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STREAM_HOST_FLAGS } from '../../shared/stream-host-flags.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const READY_MS = 90_000;

/** Processes of a deployment on this machine, each with an environment of its own: nobody checks them before. */
export class LocalDeployment {
  readonly #children: ChildProcess[] = [];
  readonly log: string[] = [];

  start(name: 'emulator' | 'functions' | 'stream-host', env: Readonly<Record<string, string>>): ChildProcess {
    const entries = {
      emulator: ['emulator/main.ts'],
      functions: ['emulator/functions-host/main.ts'],
      'stream-host': [...STREAM_HOST_FLAGS, 'stream-host/main.ts'],
    };
    const child = spawn(process.execPath, entries[name], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => this.log.push(`${name} ${text}`));
    }
    this.#children.push(child);
    return child;
  }

  async stop(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000);
    await exited;
    clearTimeout(late);
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => this.stop(child)));
  }
}

/** Waits until something answers with success. */
export async function answers(url: string): Promise<void> {
  for (const giveUpAt = Date.now() + READY_MS; Date.now() < giveUpAt; await sleep(100)) {
    if ((await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined))?.ok) return;
  }
  throw new Error(`${url} did not answer`);
}
