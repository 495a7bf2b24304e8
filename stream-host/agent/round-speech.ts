import type { ReplyPiece } from '../contract/agent.ts';
import type { ModelRound } from './model-round.ts';
import type { SaidBefore } from './said-before.ts';
import type { ReplyTransform } from './transforms/transform.ts';

const SPEAKABLE = /[\p{L}\p{N}]/u;

/** The words of one round on their way to the mouth. */
export class RoundSpeech {
  readonly #round: ModelRound;
  readonly #transform: ReplyTransform;
  readonly #saidBefore: SaidBefore;
  #text = '';
  #ended = false;

  constructor(round: ModelRound, transform: ReplyTransform, saidBefore: SaidBefore) {
    this.#round = round;
    this.#saidBefore = saidBefore;
    this.#transform = transform;
  }

  /** What was let through, said before or not. */
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
      const pieces = this.#unsaid(ready instanceof Promise ? await ready : ready);
      if (pieces.length > 0) return pieces;
    }
    return undefined;
  }

  #unsaid(pieces: readonly ReplyPiece[]): readonly ReplyPiece[] {
    const unsaid: ReplyPiece[] = [];
    for (const piece of pieces) {
      if (piece.type !== 'text') {
        unsaid.push(piece);
        continue;
      }
      this.#text += piece.text;
      const text = this.#saidBefore.push(piece.text);
      if (text !== '') unsaid.push(text === piece.text ? piece : { type: 'text', text });
    }
    const rest = this.#ended ? this.#saidBefore.endRound() : '';
    return rest === '' ? unsaid : [...unsaid, { type: 'text', text: rest }];
  }
}
