import type { Clock } from './clock.ts';

/**
 * Waits for `work`, but not for longer than `ms`: then `onLate` says what comes of it, by a value or by throwing. What
 * the work does later is nobody's business any more; ending it is up to `onLate`.
 */
export async function within<Result>(
  clock: Clock,
  ms: number,
  work: Promise<Result>,
  onLate: () => Result,
): Promise<Result> {
  const late = Promise.withResolvers<void>();
  const cancel = clock.after(ms, late.resolve);
  try {
    return await Promise.race([work, late.promise.then(onLate)]);
  } finally {
    cancel();
  }
}
