import { Random } from '../../../../bench/random.ts';
import { VirtualClock } from '../../../../shared/virtual-clock.ts';
import type { Release } from '../../../../stream-host/host/live-sessions.ts';
import { PlacesInMemory } from './places-in-memory.ts';
import { Platform, type ScaleRule } from './platform.ts';
import { AGENT, MODE, type Replica } from './replica.ts';

export interface DayOptions {
  readonly rule: ScaleRule;
  readonly seed: number;
  /** Calls at once in the busiest usual hour. */
  readonly usualCalls: number;
  /** How many times as many call at the height of the spike, and how long it takes to get there. */
  readonly spike: number;
  readonly spikeRisesMs: number;
}

/** What became of the calls of a day. */
export interface DayReport {
  readonly calls: number;
  /** Turned away while it rang: no place could be kept. */
  readonly refused: number;
  /** Answered, and no replica took it within the time in which its media is tried again. */
  readonly lost: number;
  /** Answered, and waited for a replica for more than 1.5 s. */
  readonly late: number;
  /** Of a replica that was lost, or had drained for long enough, and to go on at another one. */
  readonly moved: number;
  /** By minute of the day, refused and lost. */
  readonly worstMinute: { readonly at: string; readonly calls: number };
  readonly mostAtOnce: number;
  readonly peakReplicas: number;
  readonly replicaHours: number;
}

interface Call {
  readonly id: string;
  readonly endsAtMs: number;
  where: Replica | undefined;
  letGo: Release;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What share of the busiest hour each hour has. */
const HOURS = [5, 4, 3, 3, 4, 6, 10, 25, 55, 85, 100, 98, 80, 84, 95, 100, 92, 74, 50, 34, 22, 14, 9, 6] as const;
const MEAN_CALL_MS = 240_000;
const SHORTEST_CALL_MS = 15_000;
const SPIKE_AT_MS = 10.5 * HOUR_MS;
const SPIKE_MS = 15 * MINUTE_MS;
const ROLL_OUT_AT_MS = 13 * HOUR_MS;
const ZONE_LOST_AT_MS = 15.25 * HOUR_MS;
const NEIGHBOUR_AT_MS = 16.5 * HOUR_MS;
const NEIGHBOUR_MS = 20 * MINUTE_MS;
/** From the ring to the media socket. */
const ANSWER_MS = [700, 2_000] as const;
/** As the product waits between attempts to open the media again (media-recovery.ts). */
const RETRY_MS: readonly number[] = [150, 500, 1_000, ...Array<number>(25).fill(1_500)];
const LATE_MS = 1_500;
/** As the functions keep a place for a call that rings. */
const PLACE_MS = 20_000;
/** How soon others take over the calls of a replica that is dead. */
const TAKE_OVER_MS = [3_000, 4_500] as const;
const HAND_OVER_MS = [200, 1_000] as const;

/** One day of a contact centre, on a clock of its own. */
export async function simulateDay(options: DayOptions): Promise<DayReport> {
  const day = new Day(options);
  return day.run();
}

class Day {
  readonly #options: DayOptions;
  readonly #clock = new VirtualClock();
  readonly #known = new PlacesInMemory(this.#clock);
  readonly #chance: Random;
  readonly #platform: Platform;
  readonly #calls = new Set<Call>();
  readonly #counts = { calls: 0, refused: 0, lost: 0, late: 0, moved: 0 };
  readonly #failedBy = new Map<number, number>();
  #mostAtOnce = 0;

  constructor(options: DayOptions) {
    this.#options = options;
    this.#chance = new Random(`day ${options.seed}`);
    const [clock, known] = [this.#clock, this.#known];
    this.#platform = new Platform({
      ...{ rule: options.rule, clock, known, chance: this.#chance.fork('platform') },
      onGone: (replica, how) => this.#move(replica, how),
    });
  }

  async run(): Promise<DayReport> {
    await this.#platform.open();
    this.#clock.after(0, () => this.#nextCall());
    this.#clock.after(ROLL_OUT_AT_MS, () => this.#platform.rollOut());
    this.#clock.after(ZONE_LOST_AT_MS, () => this.#platform.loseZone(0));
    this.#clock.after(NEIGHBOUR_AT_MS, () => this.#platform.slowOneDown(NEIGHBOUR_MS));
    await this.#clock.runUntil(DAY_MS);
    this.#platform.close();
    const [minute = 0, failed = 0] = [...this.#failedBy].toSorted(([, a], [, b]) => b - a)[0] ?? [];
    const at = `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    const { peak, replicaHours } = this.#platform;
    return {
      ...this.#counts,
      ...{ worstMinute: { at, calls: failed }, mostAtOnce: this.#mostAtOnce, peakReplicas: peak, replicaHours },
    };
  }

  /** Calls a millisecond at a time of the day. */
  #rate(atMs: number): number {
    const { usualCalls, spike, spikeRisesMs } = this.#options;
    const hour = atMs / HOUR_MS;
    const [now = 0, next = 0] = [HOURS[Math.floor(hour) % 24], HOURS[Math.floor(hour + 1) % 24]];
    const share = (now + (next - now) * (hour % 1)) / 100;
    const inSpikeMs = atMs - SPIKE_AT_MS;
    const risen = inSpikeMs < 0 || inSpikeMs > SPIKE_MS ? 0 : Math.min(1, inSpikeMs / Math.max(1, spikeRisesMs));
    return ((usualCalls * share) / MEAN_CALL_MS) * (1 + (spike - 1) * risen);
  }

  /** Drawn at the highest rate and thinned to that of the moment. */
  #nextCall(): void {
    const { usualCalls, spike } = this.#options;
    const highest = (usualCalls * spike) / MEAN_CALL_MS;
    const inMs = -Math.log(1 - this.#chance.next()) / highest;
    this.#clock.after(inMs, () => {
      if (this.#chance.chance(this.#rate(this.#clock.now()) / highest)) void this.#ring();
      this.#nextCall();
    });
  }

  async #ring(): Promise<void> {
    this.#counts.calls += 1;
    const id = `call-${this.#counts.calls}`;
    const place = await this.#known.reserve(id, { agent: AGENT, mode: MODE }, PLACE_MS);
    if (place !== 'kept') return this.#failed('refused');
    const lastsMs = Math.max(SHORTEST_CALL_MS, -Math.log(1 - this.#chance.next()) * MEAN_CALL_MS);
    const call: Call = { id, endsAtMs: this.#clock.now() + lastsMs, where: undefined, letGo: () => {} };
    this.#clock.after(this.#chance.between(...ANSWER_MS), () => void this.#connect(call, this.#clock.now(), 0));
  }

  /** The carrier opens the media socket; where it is refused, it is asked again after a while. */
  async #connect(call: Call, sinceMs: number, attempt: number): Promise<void> {
    const replica = this.#platform.route();
    const letGo = await replica?.take(call.id);
    if (replica && letGo) {
      if (this.#clock.now() - sinceMs > LATE_MS) this.#counts.late += 1;
      Object.assign(call, { where: replica, letGo });
      this.#calls.add(call);
      this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#calls.size);
      this.#clock.after(call.endsAtMs - this.#clock.now(), () => this.#hangUp(call, replica));
      return;
    }
    const delayMs = RETRY_MS[attempt];
    if (delayMs === undefined) return this.#failed('lost');
    this.#clock.after(delayMs, () => void this.#connect(call, sinceMs, attempt + 1));
  }

  #hangUp(call: Call, replica: Replica): void {
    if (call.where !== replica || !this.#calls.delete(call)) return;
    call.letGo();
  }

  #move(replica: Replica, how: 'dead' | 'drained'): void {
    for (const call of [...this.#calls]) {
      if (call.where !== replica) continue;
      this.#calls.delete(call);
      call.where = undefined;
      this.#counts.moved += 1;
      const [least, most] = how === 'dead' ? TAKE_OVER_MS : HAND_OVER_MS;
      const inMs = this.#chance.between(least, most);
      this.#clock.after(inMs, () => void this.#connect(call, this.#clock.now(), 0));
    }
  }

  #failed(how: 'refused' | 'lost'): void {
    this.#counts[how] += 1;
    const minute = Math.floor(this.#clock.now() / MINUTE_MS);
    this.#failedBy.set(minute, (this.#failedBy.get(minute) ?? 0) + 1);
  }
}
