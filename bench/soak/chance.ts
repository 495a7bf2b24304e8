import type { Random } from '../corpus/random.ts';

/** True in `share` of the cases. */
export function chance(random: Random, share: number): boolean {
  return random.next() < share;
}

/** One key, each as likely as its weight says. */
export function weighted<Key extends string>(random: Random, weights: Readonly<Record<Key, number>>): Key {
  const entries = Object.entries(weights) as [Key, number][];
  let left = random.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    left -= weight;
    if (left < 0) return key;
  }
  throw new RangeError('weights must not all be zero');
}
