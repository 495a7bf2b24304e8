import type { Random } from '../../../../bench/random.ts';
import { TakenPlaces } from '../../../../shared/sessions/taken-places.ts';
import type { VirtualClock } from '../../../../shared/virtual-clock.ts';
import type { PlacesInMemory } from './places-in-memory.ts';
import { Replica } from './replica.ts';

/** How the platform decides how many replicas there are. */
export interface ScaleRule {
  readonly least: number;
  readonly most: number;
  readonly places: number;
  /** The share of its places at which another replica is started. */
  readonly outAtPercent: number;
  readonly drainSeconds: number;
}

/** Container Apps, "Scale behavior": asked every 15 s here, up by 4 or by as many as there are, down by the most of 300 s. */
const EVERY_MS = 15_000;
const DOWN_WINDOW_MS = 300_000;
const STEP = 4;
const START_MS = [20_000, 60_000] as const;
/** The platform finds out that a zone is gone. Nobody says how long it takes: a minute is supposed. */
const NOTICE_MS = 60_000;
const ZONES = 3;
const READY_EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;

/** Starts and stops replicas as Container Apps does by its rule, and leads sockets to those that were ready when it last asked. */
export class Platform {
  readonly #rule: ScaleRule;
  readonly #clock: VirtualClock;
  readonly #known: PlacesInMemory;
  readonly #taken: TakenPlaces;
  readonly #chance: Random;
  readonly #onGone: (replica: Replica, how: 'dead' | 'drained') => void;
  readonly #replicas = new Set<Replica>();
  /** Of the revision before: no rule counts them any more. */
  readonly #replaced = new Set<Replica>();
  #inRotation: Replica[] = [];
  #starting = 0;
  /** Replicas that are gone, of which the platform does not know yet. */
  #unnoticed = 0;
  #named = 0;
  #slow: Replica | undefined;
  readonly #wanted: { readonly atMs: number; readonly count: number }[] = [];
  #countedAtMs = 0;
  replicaHours = 0;
  peak = 0;

  constructor(options: {
    readonly rule: ScaleRule;
    readonly clock: VirtualClock;
    readonly known: PlacesInMemory;
    readonly chance: Random;
    /** A replica is gone, and the calls that it still had are on their way to another. */
    readonly onGone: (replica: Replica, how: 'dead' | 'drained') => void;
  }) {
    this.#rule = options.rule;
    this.#clock = options.clock;
    this.#known = options.known;
    this.#chance = options.chance;
    this.#onGone = options.onGone;
    this.#taken = new TakenPlaces(options.known, options.clock);
  }

  /** Begins with the least number of replicas. */
  async open(): Promise<void> {
    for (let i = 0; i < this.#rule.least; i += 1) await this.#bringUp();
    this.#probe();
    this.#rounds();
  }

  /** Where the ingress leads a new socket. */
  route(): Replica | undefined {
    return this.#inRotation.length === 0 ? undefined : this.#chance.pick(this.#inRotation);
  }

  /** Every replica is replaced: the new ones first, then the old ones drain. */
  rollOut(): void {
    const old = [...this.#replicas].filter((replica) => !replica.live.draining);
    for (const replica of old) this.#replaced.add(replica);
    for (const _ of old) this.#start();
    this.#clock.after(START_MS[1], () => {
      for (const replica of old) this.#drain(replica);
    });
  }

  /** A zone is gone, with all that is in it. */
  loseZone(zone: number): void {
    const lost = [...this.#replicas].filter((replica) => replica.zone === zone);
    for (const replica of lost) this.#remove(replica, 'dead');
    this.#unnoticed += lost.length;
    this.#clock.after(NOTICE_MS, () => {
      this.#unnoticed -= lost.length;
      for (const _ of lost) this.#start();
    });
  }

  /** From now on another tenant takes half of what one replica had; 0 ms: no more. */
  slowOneDown(forMs: number): void {
    this.#slow = [...this.#replicas].find((replica) => replica.ready);
    this.#clock.after(forMs, () => {
      this.#slow = undefined;
    });
  }

  close(): void {
    this.#count();
  }

  async #bringUp(): Promise<void> {
    this.#count();
    this.#named += 1;
    const [clock, known, { places }] = [this.#clock, this.#known, this.#rule];
    const replica: Replica = new Replica({
      ...{ clock, known, places, name: `replica-${this.#named}`, zone: this.#named % ZONES },
      slowness: () => (this.#slow === replica ? 2 : 1),
    });
    this.#replicas.add(replica);
    this.peak = Math.max(this.peak, this.#replicas.size);
    await replica.announce();
  }

  #start(): void {
    this.#starting += 1;
    this.#clock.after(this.#chance.between(...START_MS), () => {
      this.#starting -= 1;
      void this.#bringUp();
    });
  }

  #drain(replica: Replica): void {
    if (replica.gone || replica.live.draining) return;
    void replica.drain();
    const stop = () => this.#remove(replica, 'drained');
    const cancel = this.#clock.after(this.#rule.drainSeconds * 1000, stop);
    void replica.live.empty(this.#rule.drainSeconds * 1000).then((isEmpty) => {
      if (!isEmpty) return;
      cancel();
      stop();
    });
  }

  #remove(replica: Replica, how: 'dead' | 'drained'): void {
    if (!this.#replicas.has(replica)) return;
    this.#count();
    replica.kill();
    this.#replicas.delete(replica);
    this.#inRotation = this.#inRotation.filter((each) => each !== replica);
    this.#onGone(replica, how);
  }

  #probe(): void {
    this.#inRotation = [...this.#replicas].filter((replica) => replica.ready);
    this.#clock.after(READY_EVERY_MS, () => this.#probe());
  }

  #rounds(): void {
    void this.#scale();
    this.#clock.after(EVERY_MS, () => this.#rounds());
  }

  async #scale(): Promise<void> {
    const { least, most, places, outAtPercent } = this.#rule;
    const target = Math.max(1, Math.floor((places * outAtPercent) / 100));
    const asked = Math.ceil((await this.#taken.count()) / target);
    const nowMs = this.#clock.now();
    this.#wanted.push({ atMs: nowMs, count: Math.min(most, Math.max(least, asked)) });
    while ((this.#wanted[0]?.atMs ?? nowMs) < nowMs - DOWN_WINDOW_MS) this.#wanted.shift();
    const staying = [...this.#replicas].filter((replica) => !replica.live.draining && !this.#replaced.has(replica));
    const current = staying.length + this.#starting + this.#unnoticed;
    const wanted = this.#wanted.at(-1)?.count ?? least;
    const kept = Math.max(...this.#wanted.map(({ count }) => count));
    const more = Math.min(wanted, current + Math.max(STEP, current)) - current;
    for (let i = 0; i < more; i += 1) this.#start();
    for (const replica of staying.slice(0, Math.max(0, current - kept))) this.#drain(replica);
  }

  #count(): void {
    this.replicaHours += (this.#replicas.size * (this.#clock.now() - this.#countedAtMs)) / HOUR_MS;
    this.#countedAtMs = this.#clock.now();
  }
}
