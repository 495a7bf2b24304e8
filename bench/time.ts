import { Pacer } from '../emulator/acs/pacer.ts';
import { type Cancel, type Clock, systemClock } from '../shared/clock.ts';

/** The machine's monotonic clock, the same in every process of the machine, in milliseconds. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

const clock: Clock = { ...systemClock, now: monotonicMs };
const onTaskError = (error: unknown) => {
  throw error;
};

/** Runs `task` every period, on the emulator's absolute schedule. It is told when it was due, and how late that is. */
export function everyBeat(periodMs: number, task: (dueMs: number, lateMs: number) => void): Cancel {
  const pacer = new Pacer(clock, periodMs, onTaskError);
  const startMs = monotonicMs();
  let beats = 0;
  return pacer.add(() => {
    beats += 1;
    const dueMs = startMs + (beats + pacer.skippedBeats) * periodMs;
    task(dueMs, monotonicMs() - dueMs);
  });
}
