import { z } from 'zod';

/** The part of `/healthz` and `/emulator/status` that both have. */
const vitals = z.object({
  uptimeSeconds: z.number(),
  eventLoopDelayMs: z.object({ p50: z.number(), p99: z.number(), max: z.number() }),
  memory: z.object({ rssMb: z.number(), heapUsedMb: z.number() }),
});
export type Vitals = z.infer<typeof vitals>;

/** A process before and after the calls. What it did not tell is undefined. */
export interface VitalsChange {
  readonly process: 'stream host' | 'emulator';
  readonly url: string;
  readonly before: Vitals | undefined;
  readonly after: Vitals | undefined;
}

export interface StackUrls {
  readonly emulatorUrl: string;
  readonly streamHostUrl: string;
}

const PATIENCE_MS = 2_000;

/**
 * Asks both processes how they are, now and when the returned function is called. Neither has to answer.
 * @returns asks again
 */
export async function watchVitals({ emulatorUrl, streamHostUrl }: StackUrls): Promise<() => Promise<VitalsChange[]>> {
  const processes = [
    { process: 'stream host', url: `${streamHostUrl}/healthz` },
    { process: 'emulator', url: `${emulatorUrl}/emulator/status` },
  ] as const;
  const before = await Promise.all(processes.map(({ url }) => readVitals(url)));
  return () =>
    Promise.all(processes.map(async (each, i) => ({ ...each, before: before[i], after: await readVitals(each.url) })));
}

/** A change as a line for a person. */
export function describeVitals({ process, url, before, after }: VitalsChange): string {
  if (after === undefined) return `The ${process} does not tell how it is at ${url}.`;
  const { p50, p99, max } = after.eventLoopDelayMs;
  const restarted = before !== undefined && after.uptimeSeconds < before.uptimeSeconds ? ' It was restarted.' : '';
  const from = before === undefined ? '' : `${before.memory.rssMb} -> `;
  const delay = `event loop late by ${p50} ms (median), ${p99} ms (p99), ${max} ms (worst)`;
  return `The ${process}, over the last minute or two: ${delay}; memory ${from}${after.memory.rssMb} MB.${restarted}`;
}

async function readVitals(url: string): Promise<Vitals | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.ok ? vitals.parse(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}
