import type { CollectInputWish, CollectKeysWish, KeysUnderWay, OpenCollection } from '../../shared/calls/keys-wish.ts';
import type { Settlement } from '../../shared/calls/operation-ledger.ts';
import type { KnownOperation } from '../../shared/calls/operations/enter-again.ts';
import type { Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { CallAction, Responder } from '../contract/agent.ts';
import type { Attention, CallNews } from '../contract/call-news.ts';
import type { SessionEmitter } from '../contract/events.ts';
import type { KeysChecked, KeysOutcome, KeysWanted } from '../contract/keys.ts';
import type { Mode } from '../contract/mode.ts';
import { KeyDesk, SECRET_TAIL_MS } from '../keys/key-desk.ts';
import type { KeySource } from '../keys/key-merge.ts';
import { newsItem } from './call-news.ts';

export interface SessionKeysOptions {
  readonly events: SessionEmitter;
  readonly mode: Mode;
  /** Whom the mode attends to while keys are waited for. */
  readonly attend: (to: Attention) => void;
  readonly agent: Pick<Responder, 'checkKeys' | 'keyInput'>;
  readonly clock: Clock;
  readonly newId: NewId;
  /** Has the carrier tell of keys, too, or no more. Without it the media stream alone does. */
  readonly listen?: ((on: boolean) => void) | undefined;
  /** Keeps out of Redis, for so long, what the carrier tells of keys all the same. 0: no more. */
  readonly keepOut?: ((forMs: number) => void) | undefined;
  /** Keeps how it stands, for whoever takes the session over. */
  readonly keep?: ((underWay: KeysUnderWay) => void) | undefined;
  /** Notes what came of what the API wanted. */
  readonly settle?: ((settlement: Settlement) => void) | undefined;
}

type Asked = Pick<OpenCollection, 'by' | 'id' | 'wish'>;
/** Of what the API wanted. A `status` alone: why it was not begun. */
type WishOutcome = KeysOutcome | { readonly status: string };

/** A secret is entered, or asked for again, within so long. */
const SECRET_WITHIN_MS = 900_000;
/** What a carrier tells late of a secret, it tells within so long. */
const TOLD_WITHIN_MS = 60_000;
/** Who is cut off so soon after a secret, and is asked to say it again, may take that for it. */
const SECRET_IN_MIND_MS = 60_000;

const TOOL = 'collect_keys';
const BEGUN = { status: 'begun', note: 'The caller is entering it. You are told what comes of it; do not ask again.' };

const ASK_AGAIN = {
  status: 'waiting',
  note: 'The caller is with you again, and what he had begun to enter is gone. Ask him for all of it again.',
};

const NAMED: Readonly<Record<string, string>> = {
  ...{ zero: '0', one: '1', two: '2', three: '3', four: '4', five: '5', six: '6', seven: '7', eight: '8', nine: '9' },
  ...{ pound: '#', asterisk: '*' },
};

/**
 * The keys that the caller of one session presses: words for its mode, or what an agent or the API collects. Of a secret
 * nothing passes here but that it was right.
 */
export class SessionKeys {
  readonly #desk: KeyDesk;
  readonly #wishes = new Set<string>();
  /** Undefined: another host may have begun it. */
  #listens: boolean | undefined = false;
  #keptOut: boolean | undefined = false;
  #keptOutUntilMs = 0;
  #underWay: KeysUnderWay = {};
  #current: { readonly wanted: CollectKeysWish; readonly asked: Asked } | undefined;
  #onHold = false;
  #waits = false;
  #isAway = false;
  /** The caller is being asked anew, for so many times. */
  #asking: number | undefined;
  #timesAsked = 0;
  /** What is being said of them, or about to be. */
  #saying: CallNews | undefined;
  readonly #options: SessionKeysOptions;

  constructor(options: SessionKeysOptions) {
    this.#options = options;
    const { events, mode, attend, clock, newId } = options;
    this.#desk = new KeyDesk({
      clock,
      newId,
      line: {
        onWord: (key) => mode.pressed(key),
        onCollected: (key) => events.emit('callerPressed', { tone: key }),
        onBegun: () => {
          // Who enters them need not be asked for them any more.
          mode.told?.({ speech: 'none', topic: this.#topic });
          mode.interrupt();
        },
        onRetry: (line, { name, attempts, secret }, attemptsLeft) => {
          if (secret) this.#keepOut(SECRET_WITHIN_MS);
          const { open } = this.#underWay;
          if (open) this.#keep({ ...this.#underWay, open: { ...open, attempts: attempts - attemptsLeft } });
          events.emit('keysAttempted', { name, attemptsLeft });
          this.#say(line, this.#topic);
        },
        // Who looks for the keys is not asked whether he is there.
        onCollecting: (wanted) => attend(wanted ? 'waiting' : 'caller'),
        onListen: (on) => {
          if (on && this.#keptOut !== false) this.#keepOut(0);
          if (on !== this.#listens) options.listen?.(on);
          this.#listens = on;
        },
        onOver: ({ name, status, attempts }, { secret }) => {
          this.#current = undefined;
          this.#asked();
          if (secret) this.#keepOut(TOLD_WITHIN_MS);
          this.#keep({ secretUntil: secret ? clock.wallMs() + SECRET_TAIL_MS : this.#underWay.secretUntil });
          events.emit('keysCollected', { name, status, attempts });
        },
        onFailure: (reason) => events.emit('fault', { code: 'keys.check-failed', error: new Error(reason) }),
      },
    });
    // Also in the middle: nobody presses keys before he knows which.
    events.on('agentHeard', () => this.#desk.agentWasHeard());
    events.on('agentSpoke', () => this.#desk.agentSpoke());
  }

  /** Keys are wanted of the caller now, and what he has pressed of them is known here alone. */
  get isCollecting(): boolean {
    return this.#desk.isCollecting;
  }

  /** Redis has lost what it held: of a secret nothing may come there now either. */
  keepOutAgain(): void {
    const leftMs = this.#keptOutUntilMs - this.#options.clock.now();
    if (this.#keptOut && leftMs > 0) this.#options.keepOut?.(Math.round(leftMs));
  }

  /** What the API wants of them now. */
  get operations(): readonly KnownOperation[] {
    const { open } = this.#underWay;
    if (open?.by !== 'api') return [];
    return [{ operationContext: open.id, kind: 'collect-keys', data: { askedBy: 'api' }, state: 'asked' }];
  }

  /** The caller is on hold, or is back: what is collected of him waits, and he is asked for it anew. */
  hold(on: boolean): void {
    this.#onHold = on;
    this.#desk.hold(on);
    this.#leftOrBack();
  }

  /** So it does while something else is done with the call, such as a transfer. */
  wait(on: boolean): void {
    this.#waits = on;
    this.#leftOrBack();
  }

  /** @param tone as the line or the carrier names it: `5`, or `five` */
  press(tone: string, source: KeySource): void {
    const key = NAMED[tone.toLowerCase()] ?? tone.toUpperCase();
    this.#desk.press(key, source);
  }

  /** @returns whether a text that was typed is keys that are wanted */
  type(text: string): boolean {
    return this.#desk.type(text);
  }

  /**
   * Collects what an agent's tool wants, and tells the agent what came of it.
   * @returns false: it wants something else
   */
  act({ wish, call, key }: CallAction): boolean {
    if (wish.kind !== 'collect-input') return false;
    const wanted = this.#wantedBy(wish);
    if (!wanted) return false;
    const { name, args } = call;
    this.#options.mode.told?.({ item: newsItem(`${key}-begun`, name, BEGUN, args), speech: 'none' });
    // A model that is asked anew on another line asks for the same.
    if (this.#underWay.open?.id === key) return true;
    void this.#collectForAgent(wanted, { by: 'agent', id: key, wish });
    return true;
  }

  /**
   * Collects what the API wants. The agent says the prompt, is told what came of it, and speaks of that: in the words that
   * the API gives for it, or in its own.
   * @param refusal why nobody can be asked now
   * @returns undefined: it is under way already
   */
  async wish(
    wish: CollectKeysWish | CollectInputWish,
    operationContext: string,
    refusal?: string,
  ): Promise<WishOutcome | undefined> {
    // A command may be delivered twice.
    if (this.#wishes.has(operationContext)) return undefined;
    this.#wishes.add(operationContext);
    const wanted = this.#wantedBy(wish);
    const asked: Asked = { by: 'api', id: operationContext, wish };
    if (wanted && refusal === undefined) return this.#collectForApi(wanted, asked);
    return this.#settle(operationContext, { status: refusal ?? 'no_such_input' });
  }

  /**
   * Goes on with what stood open when the session's last line was lost, here or at another host. What was pressed went with
   * that line, so the caller is asked anew; of his attempts those that had ended count.
   */
  resume({ open, secretUntil = 0 }: KeysUnderWay): void {
    const { clock } = this.#options;
    this.#listens = undefined;
    this.#keptOut = undefined;
    this.#underWay = { secretUntil };
    if (clock.wallMs() - secretUntil < SECRET_IN_MIND_MS) this.#desk.secretMayBeRepeated();
    if (!open) return;
    const wanted = this.#wantedBy(open.wish);
    if (open.by === 'api') this.#wishes.add(open.id);
    if (!wanted) {
      // Its agent is another one by now.
      if (open.secret) this.#desk.secretMayBeRepeated();
      this.#keep({ ...(open.secret && { secretUntil: clock.wallMs() + SECRET_TAIL_MS }) });
      if (open.by === 'api') this.#settle(open.id, { status: 'no_such_input' });
      return;
    }
    if (open.by === 'api') void this.#collectForApi(wanted, open, open);
    else {
      void this.#collectForAgent(wanted, open, open);
      this.#ask(wanted, open);
    }
  }

  /** Collects what is wanted, from now on. Never rejects. */
  collect(wish: CollectKeysWish, asked?: Asked, goesOn?: OpenCollection): Promise<KeysOutcome> {
    if (this.#desk.isCollecting) this.#fallSilent();
    const outcome = this.#desk.collect(
      wantedOf(wish, (keys) => this.#check(wish, keys)),
      goesOn,
    );
    this.#current = asked && { wanted: wish, asked };
    const { secret } = wish;
    // One that it replaces may have been a secret, too.
    if (secret) this.#keepOut(SECRET_WITHIN_MS);
    if (asked) {
      const { by, id, wish } = asked;
      this.#keep({ ...this.#underWay, open: { by, id, wish, secret, attempts: goesOn?.attempts ?? 0 } });
    }
    return outcome;
  }

  /** What was collected as a secret, for a tool of the agent's. */
  reveal(handle: string): string | undefined {
    return this.#desk.reveal(handle);
  }

  /** The line is lost: whoever takes the session over goes on with what is collected. Idempotent. */
  leave(): void {
    this.#desk.leave();
  }

  /** Forgets all of it: the call is over. Idempotent. */
  close(): void {
    this.#desk.close();
  }

  async #collectForAgent(wanted: CollectKeysWish, asked: Asked, goesOn?: OpenCollection): Promise<void> {
    const outcome = await this.collect(wanted, asked, goesOn);
    if (outcome.status === 'replaced' || outcome.status === 'call_over') return;
    const args = asked.wish.kind === 'collect-input' ? { input: asked.wish.input } : {};
    const item = newsItem(`${asked.id}-done`, TOOL, resultOf(outcome), args);
    this.#options.mode.told?.({ item, speech: 'own-words', topic: asked.id });
  }

  async #collectForApi(wanted: CollectKeysWish, asked: Asked, goesOn?: OpenCollection): Promise<KeysOutcome> {
    const outcome = this.collect(wanted, asked, goesOn);
    this.#ask(wanted, asked);
    const told = await outcome;
    const item = newsItem(`${asked.id}-done`, TOOL, resultOf(told));
    this.#options.mode.told?.({ item, speech: speechOf(told, wanted), topic: asked.id });
    return this.#settle(asked.id, told);
  }

  #wantedBy(wish: CollectKeysWish | CollectInputWish): CollectKeysWish | undefined {
    return wish.kind === 'collect-input' ? this.#options.agent.keyInput?.(wish.input) : wish;
  }

  #ask({ prompt }: CollectKeysWish, { id }: Asked): void {
    if (prompt !== undefined) this.#say(prompt, id);
  }

  #say(line: string, topic: string | undefined): void {
    const { mode } = this.#options;
    const onSpoken = () => {
      if (this.#saying === news) this.#saying = undefined;
    };
    const news: CallNews = { speech: { line }, topic, onSpoken };
    if (mode.told) this.#saying = news;
    mode.told?.(news);
  }

  /** Nobody is asked any longer for keys that others take the place of. */
  #fallSilent(): void {
    const { mode } = this.#options;
    // What waits to be said is dropped by that, and what is left is being said.
    mode.told?.({ speech: 'none', topic: this.#topic });
    if (this.#saying !== undefined) mode.interrupt();
  }

  #leftOrBack(): void {
    const isAway = this.#onHold || this.#waits;
    if (isAway === this.#isAway) return;
    this.#isAway = isAway;
    this.#asking = undefined;
    if (isAway) this.#desk.pause();
    else this.#askAnew();
  }

  /** His time begins once he has heard it: what else he is told first takes as long as it does. */
  #askAnew(): void {
    const { mode } = this.#options;
    if (!this.#current || !mode.told || !this.#desk.awaitsFirstKey) {
      this.#asked();
      return;
    }
    const { wanted, asked } = this.#current;
    const { prompt } = wanted;
    this.#timesAsked += 1;
    const time = this.#timesAsked;
    this.#asking = time;
    mode.told({
      ...(prompt === undefined && { item: newsItem(`${asked.id}-again-${time}`, TOOL, ASK_AGAIN) }),
      speech: prompt === undefined ? 'own-words' : { line: prompt },
      topic: asked.id,
      onSpoken: () => {
        if (this.#asking === time) this.#asked();
      },
    });
  }

  #asked(): void {
    this.#asking = undefined;
    if (!this.#isAway) this.#desk.resume();
  }

  get #topic(): string | undefined {
    return this.#underWay.open?.id;
  }

  #keepOut(forMs: number): void {
    this.#keptOut = forMs > 0;
    this.#keptOutUntilMs = this.#options.clock.now() + forMs;
    this.#options.keepOut?.(forMs);
  }

  #keep(underWay: KeysUnderWay): void {
    this.#underWay = underWay;
    this.#options.keep?.(underWay);
  }

  #settle<Outcome extends WishOutcome>(operationContext: string, outcome: Outcome): Outcome {
    const { name: _, ...data } = { name: '', ...outcome };
    const state = data.status === 'right' ? 'succeeded' : 'failed';
    this.#options.settle?.({ operationContext, state, result: { message: data.status, data } });
    return outcome;
  }

  async #check({ least, pattern, oneOf, check }: CollectKeysWish, keys: string): Promise<KeysChecked> {
    if (keys.length < least) return { right: false };
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(keys)) return { right: false };
    if (oneOf && !oneOf.includes(keys)) return { right: false };
    if (check === undefined) return { right: true };
    const { checkKeys } = this.#options.agent;
    if (!checkKeys) throw new Error(`the agent has no check "${check}"`);
    return checkKeys.call(this.#options.agent, check, keys);
  }
}

/** As the model is told of it: what a check brought stands beside the verdict. */
function resultOf({ name: _, checked, ...outcome }: KeysOutcome): Readonly<Record<string, unknown>> {
  const brought = typeof checked === 'object' && checked !== null ? checked : {};
  return { ...brought, ...outcome };
}

/** Whoever has entered something is told what came of it. Of keys that others take the place of nothing is said. */
function speechOf({ status }: KeysOutcome, { right, wrong }: CollectKeysWish): CallNews['speech'] {
  if (status === 'replaced' || status === 'call_over') return 'none';
  const line = status === 'right' ? right : wrong;
  return line === undefined ? 'own-words' : { line };
}

function wantedOf(wish: CollectKeysWish, check: KeysWanted['check']): KeysWanted {
  const { name, most, terminators, attempts, firstKeyMs, betweenKeysMs, secret, retry } = wish;
  return { name, most, terminators, attempts, firstKeyMs, betweenKeysMs, secret, retry, check };
}
