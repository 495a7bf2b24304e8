import type { CollectInputWish, CollectKeysWish } from '../../shared/calls/keys-wish.ts';
import type { Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { CallAction, Responder } from '../contract/agent.ts';
import type { Attention, CallNews } from '../contract/call-news.ts';
import type { SessionEmitter } from '../contract/events.ts';
import type { KeysChecked, KeysOutcome, KeysWanted } from '../contract/keys.ts';
import type { Mode } from '../contract/mode.ts';
import { KeyDesk } from '../keys/key-desk.ts';
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
}

const BEGUN = { status: 'begun', note: 'The caller is entering it. You are told what comes of it; do not ask again.' };

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
  #listens = false;
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
        onBegun: () => mode.interrupt(),
        onRetry: (line, { name }, attemptsLeft) => {
          events.emit('keysAttempted', { name, attemptsLeft });
          mode.told?.({ speech: { line } });
        },
        // Who looks for the keys is not asked whether he is there.
        onCollecting: (wanted) => attend(wanted ? 'waiting' : 'caller'),
        onListen: (on) => {
          if (on !== this.#listens) options.listen?.(on);
          this.#listens = on;
        },
        onOver: ({ name, status, attempts }) => events.emit('keysCollected', { name, status, attempts }),
        onFailure: (reason) => events.emit('fault', { code: 'keys.check-failed', error: new Error(reason) }),
      },
    });
    // Also in the middle: nobody presses keys before he knows which.
    events.on('agentHeard', () => this.#desk.agentWasHeard());
    events.on('agentSpoke', () => this.#desk.agentWasHeard());
  }

  /** Keys are wanted of the caller now, and what he has pressed of them is known here alone. */
  get isCollecting(): boolean {
    return this.#desk.isCollecting;
  }

  /** The caller is on hold, or is back. */
  hold(on: boolean): void {
    this.#desk.hold(on);
  }

  /** @param tone as the line or the carrier names it: `5`, or `five` */
  press(tone: string, source: KeySource): void {
    const key = NAMED[tone.toLowerCase()] ?? tone.toUpperCase();
    this.#desk.press(key, source);
  }

  /**
   * Collects what an agent's tool wants, and tells the agent what came of it.
   * @returns false: it wants something else
   */
  act({ wish, call, key }: CallAction): boolean {
    if (wish.kind !== 'collect-input') return false;
    const { mode, agent } = this.#options;
    const wanted = agent.keyInput?.(wish.input);
    if (!wanted) return false;
    const { name, args } = call;
    mode.told?.({ item: newsItem(`${key}-begun`, name, BEGUN, args), speech: 'none' });
    void this.collect(wanted).then((outcome) => {
      if (outcome.status === 'replaced' || outcome.status === 'call_over') return;
      mode.told?.({ item: newsItem(`${key}-done`, name, resultOf(outcome), args), speech: 'own-words' });
    });
    return true;
  }

  /**
   * Collects what the API wants. The agent says the prompt, is told what came of it, and speaks of that: in the words that
   * the API gives for it, or in its own.
   * @returns undefined: it is under way already
   */
  async wish(
    wish: CollectKeysWish | CollectInputWish,
    operationContext: string,
  ): Promise<KeysOutcome | { readonly status: 'no_such_input' } | undefined> {
    const { agent, mode } = this.#options;
    // A command may be delivered twice.
    if (this.#wishes.has(operationContext)) return undefined;
    this.#wishes.add(operationContext);
    const wanted = wish.kind === 'collect-input' ? agent.keyInput?.(wish.input) : wish;
    if (!wanted) return { status: 'no_such_input' };
    const outcome = this.collect(wanted);
    if (wanted.prompt !== undefined) mode.told?.({ speech: { line: wanted.prompt } });
    const told = await outcome;
    const item = newsItem(`${operationContext}-done`, 'collect_keys', resultOf(told));
    mode.told?.({ item, speech: speechOf(told, wanted) });
    return told;
  }

  /** Collects what is wanted, from now on. Never rejects. */
  collect(wish: CollectKeysWish): Promise<KeysOutcome> {
    return this.#desk.collect(wantedOf(wish, (keys) => this.#check(wish, keys)));
  }

  /** What was collected as a secret, for a tool of the agent's. */
  reveal(handle: string): string | undefined {
    return this.#desk.reveal(handle);
  }

  /** Forgets all of it. Idempotent. */
  close(): void {
    this.#desk.close();
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
