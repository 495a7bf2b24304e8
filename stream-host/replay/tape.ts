import type { Cancel, Clock } from '../../shared/clock.ts';
import type { InputSink } from '../contract/inputs.ts';
import type { PlayoutClock } from '../playout/playout.ts';
import { Hiding } from './hidden.ts';
import { type Answer, checksum, type Decision, fieldsOf, type Question } from './step.ts';

/** A line holds so many steps at most, or those of so long a time. */
const BATCH_STEPS = 64;
const BATCH_MS = 2000;

/** A step while it is written. */
interface OpenStep {
  readonly t: number;
  readonly k: string;
  x?: number[];
  q?: Record<string, unknown[]>;
  o?: Decision[];
}

interface TapeOptions {
  readonly clock: Clock;
  readonly playoutClock?: PlayoutClock | undefined;
  readonly sink: InputSink;
}

/**
 * Writes down all that reaches a call's engine, in the order in which the engine meets it, and what the engine decides.
 * Two things make that enough to play the call again:
 *
 * Time stands still within a step. The engine's clocks say the same until the next thing reaches it, whoever asks how
 * often. So a step has one time, and a replay needs no other.
 *
 * What comes through promises waits for its turn. A chunk of the model that is there while the engine still does what
 * the step before led to is given to it afterwards, still before anything else happens in the process. So the order on
 * the tape is the order in which the engine went on. What is called at once cannot wait; then the step says so.
 */
export class Tape {
  readonly clock: Clock;
  readonly playoutClock: PlayoutClock;
  /** What a text looks like in the record. */
  readonly hiding: Hiding;
  readonly #clock: Clock;
  readonly #sink: InputSink;
  readonly #originMs: number;
  readonly #run: number;
  #nowMs = 0;
  /** What the playout's clock says while a task of its own runs. */
  #playoutMs: number | undefined;
  #timers = 0;
  #audioBytes = 0;
  #current: OpenStep | undefined;
  #steps: OpenStep[] = [];
  #batches = 0;
  #written = 0;
  #sum = '';
  /** Calls that leave the engine for whoever listens, and may come back at once. */
  #telling = 0;
  /** The engine may not have done yet all that the newest step leads to. */
  #busy = false;
  #isArmed = false;
  #beganSinceArmed = false;
  readonly #waiting: (() => void)[] = [];
  #ended = false;
  #over = false;

  constructor({ clock, playoutClock, sink }: TapeOptions) {
    this.#clock = clock;
    this.#sink = sink;
    this.hiding = new Hiding(sink);
    this.#originMs = clock.now();
    this.#run = clock.wallMs();
    this.clock = {
      now: () => this.#nowMs,
      wallMs: () => clock.wallMs(),
      after: (delayMs, task) => this.#after(clock, this.#nowMs, delayMs, task),
    };
    this.playoutClock = playoutClock ? this.#taped(playoutClock) : this.clock;
  }

  /** Opens the run: what the engine was made with. */
  begin(fields: Readonly<Record<string, unknown>>): void {
    this.#sink.input('begin', { run: this.#run, ...fields });
  }

  /** A moment on the clock of the process, on the engine's. */
  at(ms: number): number {
    return toMicroseconds(ms - this.#originMs);
  }

  /** The caller's audio reaches the engine. It decides nothing by it but what is asked of the senses. */
  audio(bytes: number): void {
    this.#audioBytes += bytes;
    if (!this.#busy) this.#tick();
  }

  /** Something reaches the engine at once. */
  step(k: string, fields: object, work: () => void): void {
    if (this.#over) {
      this.#tick();
      work();
      return;
    }
    this.#open(k, fields);
    work();
    // Whoever closes it when told of its end may close the record next.
    if (this.#ended && (this.#telling === 0 || k === 'close')) this.finish();
  }

  /** Something reaches the engine once it has done what the step before leads to. */
  later(k: string, fields: object, work: () => void): void {
    this.#waiting.push(() => this.step(k, fields, work));
    this.#arm();
  }

  /** Notes what the engine is told in answer to a question of its own. */
  answered<Asked extends Question>(question: Asked, answer: Answer<Asked>): void {
    const step = this.#current;
    if (!step || this.#over) return;
    step.q ??= {};
    const answers = step.q[question] ?? [];
    step.q[question] = answers;
    answers.push(answer);
  }

  /** Notes what the engine decided. */
  decided(type: string, fields: object): void {
    const step = this.#current;
    // What is told after the end reaches nobody.
    if (!step || this.#ended) return;
    step.o ??= [];
    step.o.push([type, fieldsOf(fields, (text) => this.hiding.text(text))]);
    this.#ended = type === 'ended';
  }

  /** Does what leaves the engine: what comes back meanwhile comes of it. */
  tell<Result>(work: () => Result): Result {
    this.#telling += 1;
    try {
      return work();
    } finally {
      this.#telling -= 1;
    }
  }

  /** The run is over: writes the end. Idempotent. */
  finish(): void {
    if (this.#over) return;
    this.#flush();
    this.#over = true;
    const hidden = this.hiding.hasHidden && { hidden: true };
    this.#sink.input('end', { run: this.#run, steps: this.#written, sum: this.#sum, ...hidden });
  }

  #open(k: string, fields: object): void {
    const decisions = this.#current?.o?.length ?? 0;
    const isNested = this.#telling > 0;
    const isEarly = this.#busy && !isNested;
    if (!this.#busy) this.#tick();
    const step: OpenStep = {
      t: this.#nowMs,
      k,
      ...fields,
      ...(this.#audioBytes > 0 && { a: this.#audioBytes }),
      ...(isNested && { n: decisions }),
      ...(isEarly && { w: decisions }),
    };
    this.#audioBytes = 0;
    const first = this.#steps[0];
    const isFull = first && (this.#steps.length >= BATCH_STEPS || step.t - first.t >= BATCH_MS);
    if (isFull && !this.hiding.isOpen) this.#flush();
    this.#steps.push(step);
    this.#current = step;
    this.#busy = true;
    this.#beganSinceArmed = true;
    this.#arm();
  }

  #flush(): void {
    if (this.#steps.length === 0) return;
    const steps = this.#steps;
    this.#steps = [];
    this.#written += steps.length;
    this.#batches += 1;
    this.#sum = checksum(JSON.stringify(steps), this.#sum);
    this.#sink.input('steps', { run: this.#run, batch: this.#batches, sum: this.#sum, steps });
  }

  /**
   * Asks to be called when nothing of what is going on is left to do. Node runs what was set for the next tick once no
   * promise has anything left to do; but what was set before, at once after the caller's own code.
   */
  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    queueMicrotask(this.#onMicrotask);
  }

  readonly #onMicrotask = (): void => {
    this.#beganSinceArmed = false;
    process.nextTick(this.#onIdle);
  };

  readonly #onIdle = (): void => {
    this.#isArmed = false;
    if (this.#beganSinceArmed) {
      this.#arm();
      return;
    }
    this.#busy = false;
    this.#waiting.shift()?.();
    if (this.#ended) this.finish();
    if (this.#waiting.length > 0) this.#arm();
  };

  /** Lets the engine's time go on to what it is by now. */
  #tick(atLeastMs = 0): void {
    this.#nowMs = Math.max(this.#nowMs, toMicroseconds(this.#clock.now() - this.#originMs), atLeastMs);
  }

  #taped(clock: PlayoutClock): PlayoutClock {
    const tape = this;
    const now = () => this.#playoutMs ?? this.#nowMs;
    return {
      now,
      wallMs: () => clock.wallMs(),
      after: (delayMs, task) => this.#after(clock, now(), delayMs, task, true),
      get latenessMs() {
        const lateMs = toMicroseconds(clock.latenessMs ?? 0);
        tape.answered('late', lateMs);
        return lateMs;
      },
    };
  }

  #after(clock: Clock, nowMs: number, delayMs: number, task: () => void, isPlayout = false): Cancel {
    this.#timers += 1;
    const timer = this.#timers;
    const dueMs = nowMs + Math.max(0, delayMs);
    let isSet = true;
    const run = () => {
      if (!isSet) return;
      isSet = false;
      this.#fired(timer, delayMs, dueMs, isPlayout ? clock : undefined, task);
    };
    const cancel = clock.after(Math.max(0, this.#originMs + dueMs - clock.now()), run);
    return () => {
      if (isSet && this.#nowMs >= dueMs && this.#current) {
        this.#current.x ??= [];
        this.#current.x.push(timer);
      }
      isSet = false;
      cancel();
    };
  }

  #fired(timer: number, delayMs: number, dueMs: number, playout: Clock | undefined, task: () => void): void {
    const nowMs = this.#clock.now() - this.#originMs;
    // What is rounded must not be earlier than what was asked for, or whoever waits for a moment waits for nothing.
    const leastMs = dueMs - nowMs < LEAST_MS ? toMicroseconds(dueMs) : 0;
    if (!this.#busy) this.#tick(playout ? 0 : leastMs);
    const d = Math.max(0, delayMs);
    if (!playout) {
      this.step('timer', { of: timer, d }, task);
      return;
    }
    const p = Math.max(this.#nowMs, leastMs, toMicroseconds(playout.now() - this.#originMs));
    this.step('timer', { of: timer, d, p }, () => {
      this.#playoutMs = p;
      try {
        task();
      } finally {
        this.#playoutMs = undefined;
      }
    });
  }
}

const LEAST_MS = 0.002;

/** The next whole microsecond, never before it. */
function toMicroseconds(ms: number): number {
  const up = Math.ceil(ms * 1000) / 1000;
  return up < ms ? Math.ceil(ms * 1000 + 1) / 1000 : up;
}
