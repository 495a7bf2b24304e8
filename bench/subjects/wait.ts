import type { Clock } from '../../shared/clock.ts';

/** Waits for a provider's scripted delay; 0 is no wait at all. Resolves at once when aborted, and leaves nothing behind. */
export function wait(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (delayMs <= 0 || signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener('abort', done);
  });
}

/** The words of a text, each with its trailing space: what a language model's tokens look like. */
export const tokensOf = (text: string): string[] => text.match(/\S+\s*/g) ?? [];
