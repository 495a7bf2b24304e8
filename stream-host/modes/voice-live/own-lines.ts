import type { HistoryItem } from '../../../shared/sessions/history.ts';
import type { Phrases } from '../../contract/agent.ts';
import type { RealtimeResponseRequest } from '../../contract/realtime.ts';
import { firstSentence } from '../../conversation/mouth/clauses.ts';
import type { TurnKind } from './live-turn.ts';
import { withExcuse } from './requests.ts';

/** A turn that nobody asked for. */
export interface OwnLine {
  readonly kind: TurnKind;
  readonly request: RealtimeResponseRequest;
  /** Why the agent hangs up after it, if it does. */
  readonly endReason?: string;
}

interface OwnLinesOptions {
  readonly phrases: Phrases;
  readonly locale: string;
  /** What the model was told of the agent. */
  readonly instructions: () => string;
}

/** What the mode makes the agent say by itself, and how often it has. */
export class OwnLines {
  readonly #options: OwnLinesOptions;
  #unansweredPrompts = 0;
  #askedAgain = false;

  constructor(options: OwnLinesOptions) {
    this.#options = options;
  }

  /** There is something left to say to a caller who is silent. */
  get hasPrompt(): boolean {
    const { prompts, farewell } = this.#options.phrases;
    return this.#unansweredPrompts < prompts.length + (farewell === '' ? 0 : 1);
  }

  /** The caller has not been asked to say it again since there was somebody. */
  get mayAskAgain(): boolean {
    return !this.#askedAgain;
  }

  /** The caller speaks, types or presses keys. */
  callerIsThere(): void {
    this.#unansweredPrompts = 0;
    this.#askedAgain = false;
  }

  /** The first words: a greeting, or what a resumed conversation owes. */
  opening(history: readonly HistoryItem[]): OwnLine {
    const { phrases } = this.#options;
    const last = history.at(-1);
    if (last === undefined) return { kind: 'opening', request: { say: phrases.greeting } };
    if (last.role === 'agent') return { kind: 'opening', request: { say: phrases.resumption } };
    return { kind: 'answer', request: this.excused() };
  }

  prompt(): OwnLine {
    const { prompts, farewell } = this.#options.phrases;
    const say = prompts[this.#unansweredPrompts];
    this.#unansweredPrompts += 1;
    if (say !== undefined) return { kind: 'prompt', request: { say } };
    return { kind: 'prompt', request: { say: farewell }, endReason: 'caller-away' };
  }

  askAgain(): OwnLine {
    this.#askedAgain = true;
    return { kind: 'again', request: { say: this.#options.phrases.notUnderstood } };
  }

  /** Why there was silence. */
  get excuse(): string {
    return firstSentence(this.#options.phrases.resumption, this.#options.locale).trim();
  }

  /** An answer that begins with the excuse. */
  excused(): RealtimeResponseRequest {
    return withExcuse({}, this.#options.instructions(), this.excuse);
  }
}
