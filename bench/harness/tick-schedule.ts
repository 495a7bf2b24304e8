import { FRAME_MS } from '../../shared/audio/pcm.ts';
import { monotonicMs } from './protocol.ts';

/** A beat later than this is worth telling: the load is then not what it should be. */
const LATE_P99_MS = 5;
const LATE_MAX_MS = 100;

export interface Lateness {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The driver itself was late: figures of this stretch are not to be trusted. */
  readonly late: boolean;
}

/**
 * The driver's beat: every 20 ms on an absolute schedule, so that an error does not add up. A beat that is overdue is
 * made up for at once. How late each came is kept, because a late load generator makes every subject look slow.
 */
export class TickSchedule {
  readonly #onTick: (dueMs: number) => void;
  #nextMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #latenessMs: number[] = [];

  /** @param onTick `dueMs`: when the beat should have come, on the machine's monotonic clock */
  constructor(onTick: (dueMs: number) => void) {
    this.#onTick = onTick;
  }

  start(): void {
    this.#nextMs = monotonicMs() + FRAME_MS;
    this.#arm();
  }

  /** How late the beats came since the last call. */
  takeLateness(): Lateness {
    const sorted = this.#latenessMs.sort((a, b) => a - b);
    this.#latenessMs = [];
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    const [p50Ms, p99Ms, maxMs] = [at(0.5), at(0.99), at(1)];
    return { p50Ms, p99Ms, maxMs, late: p99Ms > LATE_P99_MS || maxMs > LATE_MAX_MS };
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    this.#timer = setTimeout(() => this.#beat(), Math.max(0, this.#nextMs - monotonicMs()));
  }

  #beat(): void {
    const nowMs = monotonicMs();
    // A timer may fire a little early; a frame must not.
    while (this.#nextMs <= nowMs) {
      this.#latenessMs.push(nowMs - this.#nextMs);
      this.#onTick(this.#nextMs);
      this.#nextMs += FRAME_MS;
    }
    if (this.#timer) this.#arm();
  }
}
