import type { ModeHost } from '../../contract/mode.ts';
import type { Answers } from './answers.ts';
import type { Ledger } from './ledger.ts';
import type { TurnKind } from './live-turn.ts';
import type { OwnLines } from './own-lines.ts';

interface OnHoldOptions {
  readonly answers: Answers;
  readonly lines: OwnLines;
  readonly ledger: Ledger;
  readonly host: Pick<ModeHost, 'history'>;
}

/** What a caller who is put on hold has not heard, and is owed when he is back. */
export class OnHold {
  readonly #options: OnHoldOptions;
  #owed: TurnKind | undefined;

  constructor(options: OnHoldOptions) {
    this.#options = options;
  }

  /** He hears nothing from now on: the turn in progress ends, and on record is what he has heard of it. */
  putBy(): void {
    const { answers } = this.#options;
    const { turn } = answers;
    if (turn) {
      answers.talk.putBack(turn);
      // Of an answer of which nothing was heard, the question is open again.
      if (turn.kind === 'opening' || (turn.kind === 'answer' && turn.told)) this.#owed = turn.kind;
    }
    answers.stop('gave-up');
  }

  /** He is back. @returns false where nothing is owed to him */
  goOn(): boolean {
    const { answers, lines, ledger, host } = this.#options;
    const owed = this.#owed;
    this.#owed = undefined;
    if (answers.turn) return true;
    if (owed === 'opening') {
      const { kind, request, endReason } = lines.opening(host.history);
      answers.begin(kind, request, endReason);
    } else if (owed !== undefined || ledger.pendingText !== '') {
      answers.begin('answer');
    } else {
      return false;
    }
    return true;
  }
}
