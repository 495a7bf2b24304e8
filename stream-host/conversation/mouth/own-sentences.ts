import type { ErrorCode } from '../../../shared/error-codes.ts';
import { ParleyError } from '../../../shared/errors.ts';
import type { ReplyPiece, Responder } from '../../contract/agent.ts';
import type { WaitFilling } from '../../contract/events.ts';
import type { StandbyPurpose, StandbyVoice } from '../../contract/speech.ts';
import type { History } from '../../dialogue/history.ts';
import { languageFor } from '../language/language.ts';
import { wordsOf } from '../language/words.ts';
import { firstSentence } from './clauses.ts';
import type { ReplyOrigin } from './reply.ts';

export interface OwnSentencesOptions {
  readonly responder: Responder;
  readonly standby: StandbyVoice | undefined;
  readonly history: History;
  /** We have placed the call. */
  readonly isPlaced: boolean;
}

/** Words of which the audio is there. */
interface Spoken {
  readonly text: string;
  readonly pcm: Uint8Array;
}

const FILLING_PURPOSE = {
  filler: 'filler',
  explanation: 'explanation',
  'give-up': 'apology',
} as const satisfies Record<WaitFilling, StandbyPurpose>;

/** Whoever said it again would hear the same again. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set(['model.throttled', 'model.away']);

/** Who is called, and says no more than hello, is greeted so often in place of an answer, at most. */
const MOST_GREETINGS = 2;

/** What the engine itself makes the agent say, and how often it has. */
export class OwnSentences {
  readonly #options: OwnSentencesOptions;
  /** Nothing was said before this conversation began. */
  readonly #isNew: boolean;
  #unansweredPrompts = 0;
  #fillers = 0;
  /** How often whoever was called is yet greeted in place of an answer. */
  #greetings: number;

  constructor(options: OwnSentencesOptions) {
    this.#options = options;
    this.#isNew = options.history.length === 0;
    this.#greetings = options.isPlaced && this.#isNew ? MOST_GREETINGS : 0;
  }

  /** There is something left to say to a caller who is silent. */
  get hasPrompt(): boolean {
    const { prompts, farewell } = this.#options.responder.phrases;
    return this.#unansweredPrompts < prompts.length + (farewell === '' ? 0 : 1);
  }

  /** Whether these are no more than the hello of one who was called and does not know why: he is greeted. */
  isHello(text: string): boolean {
    return this.#greetings > 0 && languageFor(this.#options.responder.locale).hellos.covers(wordsOf(text));
  }

  /** Who has heard half of it may have an answer to it. */
  greeted(heardText: string): void {
    if (heardText.length * 2 >= this.#options.responder.phrases.greeting.length) this.#greetings = 0;
  }

  /** The caller has said something. @param isGreeted in place of an answer */
  callerIsThere(isGreeted: boolean): void {
    this.#unansweredPrompts = 0;
    this.#greetings = isGreeted ? this.#greetings - 1 : 0;
  }

  /** Whoever asked and was cut off learns why nobody answered, before the answer. */
  get excuse(): string {
    const { phrases, locale } = this.#options.responder;
    return firstSentence(phrases.resumption, locale);
  }

  /** What a turn that answers nobody says. @param line of a turn that says a certain line */
  async *own(kind: ReplyOrigin['kind'], line: string | undefined): AsyncGenerator<ReplyPiece> {
    const { phrases } = this.#options.responder;
    if (kind === 'line') {
      yield { type: 'text', text: line ?? '' };
      return;
    }
    if (kind === 'again') {
      yield { type: 'text', text: phrases.notUnderstood };
      return;
    }
    if (kind === 'opening') {
      yield { type: 'text', text: this.#isNew ? phrases.greeting : phrases.resumption };
      return;
    }
    const prompt = phrases.prompts[this.#unansweredPrompts];
    this.#unansweredPrompts += 1;
    yield { type: 'text', text: prompt ?? phrases.farewell };
    if (prompt === undefined) yield { type: 'end-call', reason: 'caller-away' };
  }

  filling(kind: WaitFilling): Spoken | undefined {
    const { fillers, explanation, giveUp } = this.#options.responder.phrases;
    // In turn over the whole conversation, so that none is heard twice running.
    const filler = () => fillers[this.#fillers++ % fillers.length];
    const text = kind === 'explanation' ? explanation : kind === 'give-up' ? giveUp : filler();
    return text === undefined ? undefined : this.#standby(FILLING_PURPOSE[kind], text);
  }

  /** Said where a turn failed before anything of it was heard. Whoever has just called has asked for nothing yet. */
  insteadOf(kind: ReplyOrigin['kind'], failure: unknown, line: string | undefined): Spoken | undefined {
    const { greeting, apology, giveUp, notUnderstood } = this.#options.responder.phrases;
    if (kind === 'opening' && this.#isNew) return this.#standby('greeting', greeting);
    if (kind === 'again') return this.#standby('apology', notUnderstood);
    if (kind === 'line') return this.#standby('apology', line ?? '');
    const isBusy = failure instanceof ParleyError && NOT_NOW.has(failure.code);
    return this.#standby('apology', isBusy ? giveUp : apology);
  }

  /** Said before the agent hangs up, where it has not said goodbye itself. */
  goodbye(kind: ReplyOrigin['kind']): Spoken | undefined {
    const { farewell, goodbye } = this.#options.responder.phrases;
    return this.#standby('farewell', kind === 'prompt' ? farewell : goodbye);
  }

  #standby(purpose: StandbyPurpose, text: string): Spoken | undefined {
    return this.#options.standby?.speech(purpose, text, this.#options.responder.voice);
  }
}
