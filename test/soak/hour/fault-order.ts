import type { Random } from '../../../bench/random.ts';
import { FALLIBLE, type Fallible } from '../../../shared/protocol/faults.ts';

/** Only a stack with identities has them. */
const NOT_HERE: readonly Fallible[] = ['identity', 'blob'];

/** All that can fail here, each in each way. */
export const FAULTS: readonly string[] = Object.entries(FALLIBLE)
  .filter(([dependency]) => !NOT_HERE.some((each) => each === dependency))
  .flatMap(([dependency, kinds]) => kinds.map((kind) => `${dependency}=${kind}`));

/** Each fault once, in an order of chance, and again in another one, without end. */
export function* faultOrder(random: Random, faults: readonly string[] = FAULTS): Generator<string, never> {
  for (;;) {
    const left = [...faults];
    while (left.length > 0) yield* left.splice(random.whole(0, left.length - 1), 1);
  }
}
