import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a provider's scripted delay; 0 is no wait at all. Resolves at once when aborted. */
export async function wait(delayMs: number, signal?: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal?.aborted) return;
  try {
    await sleep(delayMs, undefined, signal ? { signal } : {});
  } catch {
    // Aborted: whoever waits looks at the signal.
  }
}

/** The words of a text, each with its trailing space: what a language model's tokens look like. */
export const tokensOf = (text: string): string[] => text.match(/\S+\s*/g) ?? [];
