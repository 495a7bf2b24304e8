/**
 * Repeatable chance: sfc32 (Chris Doty-Humphrey's small fast counter), seeded by a hash of a name. Each user of chance
 * takes a {@link fork} of its own, so that one more draw in one place changes nothing in another.
 */
export class Random {
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(name: string) {
    this.#name = name;
    this.#a = hash(name, 0x9e37_79b9);
    this.#b = hash(name, 0x85eb_ca6b);
    this.#c = hash(name, 0xc2b2_ae35);
    for (let i = 0; i < 12; i += 1) this.next();
  }

  fork(name: string): Random {
    return new Random(`${this.#name}/${name}`);
  }

  /** Evenly spread over 0 (included) to 1 (not). */
  next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }

  /** True in `share` of the cases. */
  chance(share: number): boolean {
    return this.next() < share;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from `low` up to and with `high`. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.next() * items.length)];
    if (item === undefined) throw new RangeError('there is nothing to pick from');
    return item;
  }

  /** One key, each as likely as its weight says. */
  weighted<Key extends string>(weights: Readonly<Record<Key, number>>): Key {
    const entries = Object.entries(weights) as [Key, number][];
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of entries) {
      left -= weight;
      if (left < 0) return key;
    }
    throw new RangeError('weights must not all be zero');
  }

  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.next())) * Math.cos(2 * Math.PI * this.next());
  }

  /** Log-normal about `median`, drawn again until it lies between `low` and `high`. */
  logNormal(median: number, sigma: number, low: number, high: number): number {
    for (;;) {
      const value = median * Math.exp(sigma * this.normal());
      if (value >= low && value <= high) return value;
    }
  }
}

/** FNV-1a with a salt, and a last stir so that names that differ in one letter share no bits. */
function hash(text: string, salt: number): number {
  let h = 0x811c_9dc5 ^ salt;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193);
  h = Math.imul(h ^ (h >>> 16), 0x7feb_352d);
  return (h ^ (h >>> 15)) | 0;
}
