import type { Cancel, Clock } from '../../shared/clock.ts';

/** How what is put in is held back at the moment: so late, or until that changes. Undefined: not at all. */
export type HoldBack = { readonly lateMs: number } | 'all' | undefined;

export interface LateLineOptions<Item> {
  readonly clock: Clock;
  readonly holdBack: () => HoldBack;
  readonly hand: (item: Item) => void;
  /** It holds nothing any more. */
  readonly onEmpty?: () => void;
}

/** Hands things on in their order, as a line does that is slow or stands still for a time. Who puts in bounds what it holds. */
export class LateLine<Item> {
  readonly #options: LateLineOptions<Item>;
  #held: { readonly item: Item; readonly dueMs: number }[] = [];
  #cancel: Cancel | undefined;

  constructor(options: LateLineOptions<Item>) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#held.length === 0;
  }

  put(item: Item): void {
    const { clock, holdBack, hand } = this.#options;
    const held = holdBack();
    if (held === undefined && this.isEmpty) {
      hand(item);
      return;
    }
    const lateMs = held === undefined || held === 'all' ? 0 : held.lateMs;
    this.#held.push({ item, dueMs: clock.now() + lateMs });
    this.recheck();
  }

  /** What held it back may have changed. */
  recheck(): void {
    const { clock, holdBack, hand, onEmpty } = this.#options;
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.isEmpty || holdBack() === 'all') return;
    for (let next = this.#held[0]; next; next = this.#held[0]) {
      const waitMs = next.dueMs - clock.now();
      if (waitMs > 0) {
        this.#cancel = clock.after(waitMs, () => this.recheck());
        return;
      }
      this.#held.shift();
      hand(next.item);
    }
    onEmpty?.();
  }

  /** Forgets what it holds. Idempotent. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#held = [];
  }
}
