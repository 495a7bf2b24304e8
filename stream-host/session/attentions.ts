import type { Attention } from '../contract/call-news.ts';

/** Who wants the mode to attend to somebody else: what is done with the call, or keys that are waited for. */
type Wanting = 'call' | 'keys';

const RANKS: Readonly<Record<Attention, number>> = { caller: 0, waiting: 1, nobody: 2 };

/**
 * Whom a session's mode attends to, where several want it to be different: a caller who is on hold is so whatever else
 * begins or ends meanwhile.
 */
export class Attentions {
  readonly #wants: Record<Wanting, Attention> = { call: 'caller', keys: 'caller' };
  readonly #tell: (to: Attention) => void;
  #told: Attention = 'caller';

  /** @param tell whom the mode attends to from now on */
  constructor(tell: (to: Attention) => void) {
    this.#tell = tell;
  }

  attend(wanting: Wanting, to: Attention): void {
    this.#wants[wanting] = to;
    const { call, keys } = this.#wants;
    const strongest = RANKS[call] >= RANKS[keys] ? call : keys;
    if (strongest === this.#told) return;
    this.#told = strongest;
    this.#tell(strongest);
  }
}
