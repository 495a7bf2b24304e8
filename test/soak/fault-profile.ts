import type { Random } from '../../bench/random.ts';
import type { Clock } from '../../shared/clock.ts';

/** How often each part of a call misbehaves: 0 never, 1 at every opportunity. */
export interface FaultProfile {
  readonly recogniser: number;
  readonly detector: number;
  readonly model: number;
  readonly synthesiser: number;
  readonly line: number;
  readonly clock: number;
}

/** Of three calls one is calm; in the others each part may be well, troubled or very ill. */
export function drawFaults(random: Random): FaultProfile {
  const calm = random.chance(1 / 3);
  const draw = () => (calm || random.chance(0.4) ? 0 : random.between(0.02, 0.5));
  return { recogniser: draw(), detector: draw(), model: draw(), synthesiser: draw(), line: draw(), clock: draw() };
}

export const NO_FAULTS: FaultProfile = { recogniser: 0, detector: 0, model: 0, synthesiser: 0, line: 0, clock: 0 };

/** The faults of a call, which the call switches off before it checks that all is well again. */
export class Faults {
  #profile: FaultProfile;

  constructor(profile: FaultProfile) {
    this.#profile = profile;
  }

  get now(): FaultProfile {
    return this.#profile;
  }

  /** From here on all is well: what is deaf or stuck at this moment, too. */
  heal(): void {
    this.#profile = NO_FAULTS;
  }

  get healed(): boolean {
    return this.#profile === NO_FAULTS;
  }
}

/** What each part of a virtual call lives in. */
export interface World<Time extends Clock = Clock> {
  readonly clock: Time;
  readonly random: Random;
  readonly faults: Faults;
}
