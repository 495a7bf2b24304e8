import type { ReplyPiece } from '../contract/agent.ts';
import type { ModelRound } from './model-round.ts';
import type { ReplyTransform } from './transforms/transform.ts';

const SPEAKABLE = /[\p{L}\p{N}]/u;

/** The words of one round on their way to the mouth. */
export class RoundSpeech {
  readonly #round: ModelRound;
  readonly #transform: ReplyTransform;
  #text = '';
  #ended = false;

  constructor(round: ModelRound, transform: ReplyTransform) {
    this.#round = round;
    this.#transform = transform;
  }

  /** What was let through. */
  get text(): string {
    return this.#text;
  }

  /** There is a word in it, and not a mark or an emoji alone. */
  get hasWords(): boolean {
    return SPEAKABLE.test(this.#text);
  }

  /**
   * The next pieces; undefined when there are no more.
   * @throws what {@link ModelRound.next} throws
   */
  async next(): Promise<readonly ReplyPiece[] | undefined> {
    while (!this.#ended) {
      const text = await this.#round.next();
      this.#ended = text === undefined;
      const ready = text === undefined ? this.#transform.end() : this.#transform.take({ type: 'text', text });
      const pieces = ready instanceof Promise ? await ready : ready;
      for (const piece of pieces) if (piece.type === 'text') this.#text += piece.text;
      if (pieces.length > 0) return pieces;
    }
    return undefined;
  }
}
