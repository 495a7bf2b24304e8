import type { Cancel, Clock } from '../../shared/clock.ts';

interface TimeLimitOptions {
  readonly clock: Clock;
  /** When the session began, in milliseconds since 1970: whoever takes it over counts on. */
  readonly beganAtMs: number;
  readonly maxCallMs: number;
  /** It will be over in so many seconds: the caller should know. */
  readonly onNear: (leftS: number) => void;
  readonly onOver: () => void;
}

/** So long before its end a call is told of it; of a short one in its last quarter. */
const NEAR_MS = 60_000;
const NEAR_SHARE = 0.25;
/** A session that is taken up after its time is over is not cut off in its first word. */
const LEAST_MS = 5_000;

/** Ends a call that lasts too long, and has its agent say so before. @returns stops it */
export function limitTime({ clock, beganAtMs, maxCallMs, onNear, onOver }: TimeLimitOptions): Cancel {
  const leftMs = Math.max(LEAST_MS, beganAtMs + maxCallMs - clock.wallMs());
  const nearMs = Math.min(NEAR_MS, maxCallMs * NEAR_SHARE);
  const cancels = [
    clock.after(leftMs, onOver),
    ...(leftMs > nearMs ? [clock.after(leftMs - nearMs, () => onNear(Math.round(nearMs / 1000)))] : []),
  ];
  return () => {
    for (const cancel of cancels) cancel();
  };
}
