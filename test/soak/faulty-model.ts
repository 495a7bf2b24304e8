import type { HistoryItem, ToolCall } from '../../shared/sessions/history.ts';
import { defaultPhrases } from '../../stream-host/agent/phrases.ts';
import type { ReplyPiece, Responder } from '../../stream-host/contract/agent.ts';
import { sleep } from './call-clock.ts';
import type { World } from './fault-profile.ts';

export interface ModelOptions extends World {
  readonly onEvent: (event: ModelEvent) => void;
}

export type ModelEvent =
  | {
      readonly type: 'asked';
      readonly reply: number;
      readonly history: readonly HistoryItem[];
      readonly signal: AbortSignal;
    }
  | { readonly type: 'piece'; readonly reply: number; readonly piece: ReplyPiece }
  /** The stream is over; `text` is all that it said. */
  | {
      readonly type: 'done';
      readonly reply: number;
      readonly text: string;
      readonly how: 'ended' | 'threw' | 'aborted';
    };

type Step = ReplyPiece | number | 'hang' | Error;

const GREETING = 'Hello there, r0w1 r0w2 r0w3.';

/** A language model with tools. Reply n says the words `rnw1 rnw2 …`, so that whatever is heard names its origin. */
export class FaultyModel implements Responder {
  readonly locale = 'en-US';
  readonly phrases = defaultPhrases('en-US', GREETING);
  readonly voice = 'soak';
  readonly #options: ModelOptions;
  #replies = 0;
  /** Streams that were opened and have not been finished. */
  open = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  async *respond(history: readonly HistoryItem[], signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    const { clock, onEvent } = this.#options;
    this.#replies += 1;
    const reply = this.#replies;
    this.open += 1;
    let text = '';
    let how: 'ended' | 'threw' | 'aborted' = 'aborted';
    onEvent({ type: 'asked', reply, history, signal });
    try {
      for (const step of this.#script(reply)) {
        if (step === 'hang') await sleep(clock, Number.POSITIVE_INFINITY, signal);
        else if (typeof step === 'number') await sleep(clock, step, signal);
        if (signal.aborted) return;
        if (step instanceof Error) {
          how = 'threw';
          throw step;
        }
        if (typeof step !== 'object') continue;
        if (step.type === 'text') text += step.text;
        onEvent({ type: 'piece', reply, piece: step });
        yield step;
      }
      how = 'ended';
    } finally {
      this.open -= 1;
      onEvent({ type: 'done', reply, text, how });
    }
  }

  #script(reply: number): Step[] {
    const { random, faults } = this.#options;
    const ill = random.chance(faults.now.model);
    const kind = ill
      ? random.weighted({ throws: 3, breaks: 3, hangs: 1, freezes: 1, empty: 1, blank: 1, slow: 3 })
      : random.weighted({
          short: 4,
          long: 5,
          tool: 2,
          'tool-first': 2,
          endless: 1,
          goodbye: faults.now.model > 0 ? 0.1 : 0,
        });
    const thinks = random.between(50, 900);
    const say = (words: number, paceMs: number) => this.#text(reply, words, paceMs);
    switch (kind) {
      case 'throws':
        return [thinks, new Error('429')];
      case 'breaks':
        return [thinks, ...say(random.whole(1, 12), 30), new Error('the line broke')];
      case 'hangs':
        return ['hang'];
      case 'freezes':
        return [thinks, ...say(random.whole(1, 12), 30), 'hang'];
      case 'empty':
        return [thinks];
      case 'blank':
        return [thinks, { type: 'text', text: ' \n' }];
      case 'slow':
        return [thinks, ...say(random.whole(5, 15), random.between(200, 700))];
      case 'short':
        return [thinks, ...say(random.whole(1, 5), 20)];
      case 'long':
        return [thinks, ...say(random.whole(12, 50), 30)];
      case 'endless':
        return [thinks, ...say(random.whole(80, 160), 10)];
      case 'tool':
        return [thinks, ...say(random.whole(2, 6), 30), ...this.#tool(reply), ...say(random.whole(4, 20), 30)];
      case 'tool-first':
        return [thinks, ...this.#tool(reply), random.between(50, 900), ...say(random.whole(4, 20), 30)];
      case 'goodbye':
        return [thinks, ...say(3, 30), { type: 'end-call', reason: 'goodbye' }];
    }
  }

  #saidWords = new Map<number, number>();

  *#text(reply: number, words: number, paceMs: number): Generator<Step> {
    const { random } = this.#options;
    for (let at = 1; at <= words; at += 1) {
      const number = (this.#saidWords.get(reply) ?? 0) + 1;
      this.#saidWords.set(reply, number);
      const ends = at === words || random.chance(0.08);
      const mark = ends ? '. ' : random.chance(0.1) ? ', ' : ' ';
      yield { type: 'text', text: `r${reply}w${number}${mark}` };
      yield paceMs * random.between(0.3, 1.7);
    }
  }

  #tool(reply: number): Step[] {
    const { random } = this.#options;
    const call: ToolCall = { callId: `t${reply}`, name: 'look_up', args: { reply } };
    const elapsedMs = random.chance(0.2) ? random.between(2000, 9000) : random.between(20, 800);
    const outcome = random.chance(0.2) ? { result: undefined, error: 'not found' } : { result: { found: true } };
    return [{ type: 'tool-started', call }, elapsedMs, { type: 'tool-ended', call, elapsedMs, ...outcome }];
  }
}
