import type { CallNews } from '../../contract/call-news.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import type { RealtimeResponseRequest, RealtimeSession } from '../../contract/realtime.ts';
import { PendingNews } from '../../conversation/mouth/pending-news.ts';
import { tellActions } from '../../dialogue/call-actions.ts';
import type { Ledger } from './ledger.ts';
import type { LiveTurn, TurnKind } from './live-turn.ts';

interface CallTalkOptions {
  readonly events: SessionEmitter;
  readonly ledger: Ledger;
  /** The session that serves, if one does. */
  readonly session: () => RealtimeSession | undefined;
}

/** What the agent does with the call, and is told of it: on record, and in the service's conversation. */
export class CallTalk {
  readonly #options: CallTalkOptions;
  readonly #news = new PendingNews();

  constructor(options: CallTalkOptions) {
    this.#options = options;
  }

  /** The model knows it at once; a turn speaks of it later. */
  tell(news: CallNews): void {
    const { ledger, session } = this.#options;
    if (news.item) {
      ledger.happened(news.item);
      session()?.restore([news.item]);
    }
    this.#news.add({ ...news, item: undefined });
  }

  /** The turn that speaks of the next of them; undefined where there is nothing to say. */
  get next(): { readonly kind: TurnKind; readonly request: RealtimeResponseRequest } | undefined {
    const { kind, next } = this.#news;
    if (kind === undefined) return undefined;
    return { kind, request: next && typeof next.speech === 'object' ? { say: next.speech.line } : {} };
  }

  /** The caller hears nothing: only what is said aside is said. */
  get isSilent(): boolean {
    return this.#news.isSilent;
  }

  /** Whether the caller hears the agent: while he does not, what he is to be told waits. */
  callerHears(hears: boolean): void {
    this.#news.callerHears(hears);
  }

  /** The caller is on hold: what he has not heard of is said when he is back. */
  putBack(turn: LiveTurn): void {
    this.#news.putBack(turn.news);
    turn.news = [];
  }

  /** What a turn of that kind takes up. `line`: what it says, where it is told. What stands in an opening is said by it. */
  take(kind: TurnKind, line?: string): readonly CallNews[] {
    return this.#news.take(kind, line).all;
  }

  /** What nothing was said of yet: it is another mode's to say. */
  takeAll(): readonly CallNews[] {
    return this.#news.takeAll();
  }

  /** Nothing of the turn was heard. */
  dropped(turn: LiveTurn): void {
    this.putBack(turn);
    this.#takeBack(turn);
  }

  /** The turn is over, and was heard or cut off. */
  ended(turn: LiveTurn, interrupted: boolean): void {
    if (interrupted) this.#takeBack(turn);
    for (const { onSpoken } of turn.news) onSpoken?.(!interrupted && !turn.failed);
  }

  /** The turn was heard to its end. @returns what is to be done with the call now */
  heard(turn: LiveTurn): LiveTurn['actions'] {
    const { ledger } = this.#options;
    // A caller who has said something meanwhile may want something else.
    if (ledger.pendingText !== '') {
      this.#takeBack(turn);
      return [];
    }
    tellActions(turn, 'begun', this.#options.events, (item) => ledger.happened(item));
    return turn.actions;
  }

  /** What was to be done with the call is not done, and the model is told so. */
  #takeBack(turn: LiveTurn): void {
    const { ledger, session, events } = this.#options;
    tellActions(turn, 'cancelled', events, ({ call, ...item }) => {
      // The service knows the call under its own id, and has been told that it would be done.
      const told = { ...item, call: { ...call, callId: `${call.callId}-not-done` } };
      ledger.happened(told);
      session()?.restore([told]);
    });
  }
}
