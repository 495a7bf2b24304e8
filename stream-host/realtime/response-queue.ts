import type { Cancel, Clock } from '../../shared/clock.ts';
import type { RealtimeProblem, RealtimeResponseRequest } from '../contract/realtime.ts';

export interface ResponseQueueOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  /** Sends a `response.create`. */
  readonly send: (request: RealtimeResponseRequest, requestId: string) => void;
  /** Whether a response is under way, asked for or not. */
  readonly isBusy: () => boolean;
  readonly onDropped: (requestId: string, problem: RealtimeProblem | undefined) => void;
}

interface Entry {
  readonly id: string;
  readonly request: RealtimeResponseRequest;
  /** How many items of ours the conversation must hold for a response to answer it. */
  items: number;
  refusals: number;
  /** Nobody wants it any more, but it was sent. */
  unwanted: boolean;
  /** Nobody but the session asked for it, so that nobody is told of it. */
  ownOnly: boolean;
}

interface Started {
  readonly request?: RealtimeResponseRequest;
  readonly requestId?: string | undefined;
  readonly unwanted: boolean;
}

/** From `response.create` to `response.created`, or an error. Without either the service has lost it. */
const ANSWER_MS = 10_000;
/** After a refusal because of a response that we know nothing of. */
const RETRY_MS = 250;
const MAX_REFUSALS = 3;
const MAX_WAITING = 32;
/**
 * A second `response.create` while one runs is refused: by `conversation_already_has_active_response`, or under a more
 * general code whose message says it.
 */
const saysOtherActive = ({ code, message }: RealtimeProblem): boolean =>
  /already_has_active_response/i.test(code) || /already has an active response/i.test(message);

const told = ({ ownOnly, id }: Entry): string | undefined => (ownOnly ? undefined : id);

const isOrdinary = ({ say, instructions, aside }: RealtimeResponseRequest): boolean =>
  say === undefined && instructions === undefined && !aside;

/**
 * Asks for one response at a time: also between `response.create` and `response.created`, and while one runs that the
 * service began by itself. An ordinary request is answered by any response that was begun when the conversation held all
 * that the request was made for: nobody is answered twice.
 */
export class ResponseQueue {
  readonly #options: ResponseQueueOptions;
  #waiting: Entry[] = [];
  #sent: Entry | undefined;
  /** The response under way answers `#sent`, too: it was begun with all its items. */
  #sentIsCovered = false;
  #open = false;
  /** The service says whose a response is. */
  #tellsWhose = false;
  /** The caller has finished since the last response began: the service may begin one by itself. */
  #callerFinished = false;
  /** One began while a request was on its way, and may be its answer. */
  #isUnexplained = false;
  #cancelWait: Cancel = () => undefined;
  #cancelRetry: Cancel = () => undefined;

  constructor(options: ResponseQueueOptions) {
    this.#options = options;
  }

  /** Asks, or waits until it may. @param items how many items of ours were sent before it */
  add(request: RealtimeResponseRequest, items: number): string {
    const waiting = isOrdinary(request) ? this.#waiting.find((entry) => isOrdinary(entry.request)) : undefined;
    if (waiting) {
      waiting.items = items;
      waiting.ownOnly = false;
      return waiting.id;
    }
    return this.#add(request, items, false);
  }

  /** Asks for an ordinary response that only the session itself wants. */
  addOwn(items: number): void {
    if (!this.#waiting.some((entry) => isOrdinary(entry.request))) this.#add({}, items, true);
  }

  /** The session is ready: from now on requests may be sent. */
  open(): void {
    this.#open = true;
    this.next();
  }

  /** A request was sent and no response has begun. */
  get isAwaiting(): boolean {
    return this.#sent !== undefined;
  }

  /** Sends the next request where nothing stands in its way. */
  next(): void {
    if (!this.#open || this.#sent || this.#options.isBusy()) return;
    this.#cancelRetry();
    const entry = this.#waiting.shift();
    if (!entry) return;
    this.#sent = entry;
    this.#sentIsCovered = false;
    this.#cancelWait = this.#options.clock.after(ANSWER_MS, () => {
      this.#give({ code: 'no_answer', message: `No response was begun within ${ANSWER_MS} ms.` });
      this.next();
    });
    this.#options.send(entry.request, entry.id);
  }

  /**
   * A response has begun.
   * @param owner whose it is, where the service says so
   * @param items how many of our items the conversation holds
   */
  started(owner: string | undefined, items: number): Started {
    this.#tellsWhose ||= owner !== undefined;
    const mayBeOwn = this.#tellsWhose || this.#callerFinished;
    this.#callerFinished = false;
    const sent = this.#sent;
    if (sent && (owner === undefined ? !mayBeOwn : owner === sent.id)) {
      this.#sent = undefined;
      this.#cancelWait();
      return { request: sent.request, requestId: told(sent), unwanted: sent.unwanted };
    }
    const answered = this.#waiting.find((entry) => isOrdinary(entry.request) && entry.items <= items);
    this.#isUnexplained = sent !== undefined && !this.#tellsWhose;
    if (sent && isOrdinary(sent.request)) this.#sentIsCovered = sent.items <= items;
    if (!answered) return { unwanted: false };
    this.#waiting = this.#waiting.filter((entry) => entry !== answered);
    return { requestId: told(answered), unwanted: false };
  }

  /** What the caller said is in the conversation. */
  committed(): void {
    this.#callerFinished = true;
  }

  /** A response has ended. A request that was on its way when it began, and was not refused, was answered by it. */
  ended(): void {
    if (this.#isUnexplained && !this.#options.isBusy()) this.#give(undefined);
    this.next();
  }

  /** The service refused a request. @returns false where it is none of ours */
  refused(requestId: string | undefined, problem: RealtimeProblem): boolean {
    const sent = this.#sent;
    const isOther = saysOtherActive(problem);
    if (!sent || (requestId === undefined ? !isOther : requestId !== sent.id)) return false;
    sent.refusals += 1;
    this.#isUnexplained = false;
    if (isOther && this.#sentIsCovered) this.#give(undefined);
    // One that we know nothing of is nobody's answer.
    else if (!isOther || sent.unwanted || sent.refusals > MAX_REFUSALS) this.#give(problem);
    else this.#keep(sent);
    this.next();
    return true;
  }

  /** Nobody wants what was asked for, but for asides. What was sent already is unwanted when it begins. */
  drop(): void {
    const dropped = this.#waiting.filter(({ request }) => !request.aside);
    this.#waiting = this.#waiting.filter(({ request }) => request.aside);
    const sent = this.#sent;
    if (sent && !sent.request.aside && !sent.unwanted) {
      sent.unwanted = true;
      dropped.unshift(sent);
    }
    for (const entry of dropped) this.#tellDropped(entry, undefined);
  }

  close(): void {
    this.#open = false;
    this.#waiting = [];
    this.#sent = undefined;
    this.#cancelWait();
    this.#cancelRetry();
  }

  /** It is sent again: after the response under way, or in a moment where we know of none. */
  #keep(sent: Entry): void {
    this.#sent = undefined;
    this.#cancelWait();
    this.#waiting.unshift(sent);
    if (this.#options.isBusy()) return;
    this.#open = false;
    this.#cancelRetry = this.#options.clock.after(RETRY_MS, () => this.open());
  }

  #give(problem: RealtimeProblem | undefined): void {
    const sent = this.#sent;
    this.#sent = undefined;
    this.#isUnexplained = false;
    this.#cancelWait();
    if (sent && !sent.unwanted) this.#tellDropped(sent, problem);
  }

  #add(request: RealtimeResponseRequest, items: number, ownOnly: boolean): string {
    const entry = { id: this.#options.newId(), request, items, refusals: 0, unwanted: false, ownOnly };
    this.#waiting.push(entry);
    const tooMuch = this.#waiting.length > MAX_WAITING ? this.#waiting.shift() : undefined;
    if (tooMuch) this.#tellDropped(tooMuch, { code: 'too_many', message: 'Too many responses wait.' });
    this.next();
    return entry.id;
  }

  #tellDropped(entry: Entry, problem: RealtimeProblem | undefined): void {
    if (!entry.ownOnly) this.#options.onDropped(entry.id, problem);
  }
}
