import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Inside } from './probe.ts';
import { type HourStack, PROCESSES, type ProcessName } from './stack.ts';

/** What a process holds. Its memory is that after a full collection. */
export interface ProcessReading {
  readonly rssMb: number;
  readonly heapMb: number;
  /** Beside the heap: buffers. */
  readonly externalMb: number;
  readonly sockets: number;
  readonly timers: number;
  /** All that keeps its loop alive, timers and sockets among it. */
  readonly handles: number;
  readonly files: number;
}

/** What all hold at a moment. */
export interface Reading {
  readonly processes: Readonly<Record<ProcessName, ProcessReading>>;
  readonly redis: RedisReading;
}

/** Keys by how long they are there still: for ever, which none may be; for minutes; for a day, as what is known of a past call. */
export interface RedisReading {
  readonly forEver: number;
  readonly short: number;
  readonly long: number;
  readonly mb: number;
  readonly clients: number;
  /** Another one each time that Redis is started. */
  readonly runId: string;
}

const SHORT_MS = 600_000;

const ANSWER_MS = 20_000;

export async function read(stack: HourStack): Promise<Reading> {
  const processes: Partial<Record<ProcessName, ProcessReading>> = {};
  for (const name of PROCESSES) processes[name] = await readProcess(stack, name);
  const { functions, 'stream-host': host, emulator } = processes;
  if (!functions || !host || !emulator) throw new Error('A process was not read.');
  return { processes: { functions, 'stream-host': host, emulator }, redis: await readRedis(stack) };
}

export async function readRedis(stack: HourStack): Promise<RedisReading> {
  const [keys, memory, clients, server] = await Promise.all([
    keysOf(stack),
    stack.redis.info('memory'),
    stack.redis.info('clients'),
    stack.redis.info('server'),
  ]);
  const figure = (text: string, name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)?.[1]);
  const count = (fits: (leftMs: number) => boolean) => keys.filter(({ leftMs }) => fits(leftMs)).length;
  return {
    forEver: count((leftMs) => leftMs === -1),
    short: count((leftMs) => leftMs >= 0 && leftMs <= SHORT_MS),
    long: count((leftMs) => leftMs > SHORT_MS),
    mb: figure(memory, 'used_memory') / 1e6,
    clients: figure(clients, 'connected_clients'),
    runId: /^run_id:(\w+)/m.exec(server)?.[1] ?? '',
  };
}

/** Keys by their names without ids, those that are kept longest last. */
export async function keysByKind(stack: HourStack): Promise<string> {
  const kinds = new Map<string, { count: number; leftMs: number }>();
  for (const { key, leftMs } of await keysOf(stack)) {
    const name = key.replace(/\{[^}]*\}/g, '{#}').replace(/[0-9a-zA-Z_-]{16,}|\+?\d{2,}/g, '#');
    const kind = kinds.get(name) ?? { count: 0, leftMs };
    kinds.set(name, { count: kind.count + 1, leftMs: Math.max(kind.leftMs, leftMs) });
  }
  return [...kinds]
    .toSorted(([, a], [, b]) => a.leftMs - b.leftMs)
    .map(
      ([name, { count, leftMs }]) => `${count} ${name} (${leftMs < 0 ? 'for ever' : `${Math.round(leftMs / 1000)} s`})`,
    )
    .join(', ');
}

async function keysOf(stack: HourStack): Promise<{ readonly key: string; readonly leftMs: number }[]> {
  const found: { key: string; leftMs: number }[] = [];
  for (let cursor = '0'; ; ) {
    const [next, keys] = await stack.redis.scan(cursor, 'COUNT', 1_000);
    const left = await Promise.all(keys.map((key) => stack.redis.pttl(key)));
    // -2: it has expired meanwhile.
    found.push(...keys.map((key, at) => ({ key, leftMs: left[at] ?? -2 })).filter(({ leftMs }) => leftMs !== -2));
    cursor = next;
    if (cursor === '0') return found;
  }
}

async function readProcess(stack: HourStack, name: ProcessName): Promise<ProcessReading> {
  const pid = stack.pidOf(name);
  const { heapMb, externalMb, resources } = await insideOf(stack.folder, pid);
  const open = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`) ?? []);
  return {
    rssMb: Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000,
    heapMb,
    externalMb,
    sockets: open.filter((link) => link.startsWith('socket:')).length,
    timers: resources.Timeout ?? 0,
    handles: Object.values(resources).reduce((sum, count) => sum + count, 0),
    files: open.length,
  };
}

async function insideOf(folder: string, pid: number): Promise<Inside> {
  const file = path.join(folder, `${pid}.json`);
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  for (const giveUpAtMs = performance.now() + ANSWER_MS; performance.now() < giveUpAtMs; await sleep(50)) {
    const inside = textOf(file);
    if (inside !== undefined) return JSON.parse(inside) as Inside;
  }
  throw new Error(`Process ${pid} does not tell what it has: it is stuck, or has ended.`);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Undefined where it was closed meanwhile. */
function linkOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
