import type { Cancel, Clock } from '../../shared/clock.ts';
import type { NewId } from '../../shared/ids.ts';
import type { KeysOutcome, KeysWanted } from '../contract/keys.ts';
import { KeyCollection } from './key-collection.ts';
import { KeyMerge, type KeySource } from './key-merge.ts';

/** What the desk asks of the session. */
export interface KeyDeskLine {
  /** A key that nobody collects: it is a word of the caller's. */
  onWord(key: string): void;
  /** A key that is collected and no secret. */
  onCollected(key: string): void;
  /** The caller has begun to press: the agent falls silent. */
  onBegun(): void;
  /** Something is said to the caller who has to try again. */
  onRetry(line: string, wanted: KeysWanted, attemptsLeft: number): void;
  /** The keys of a collection are waited for, or no more. */
  onCollecting(wanted: KeysWanted | undefined): void;
  /** The carrier may tell of keys as well, by way of Redis, or no more. */
  onListen(on: boolean): void;
  onOver(outcome: KeysOutcome, wanted: KeysWanted): void;
  onFailure(reason: string): void;
}

export interface KeyDeskOptions {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly line: KeyDeskLine;
}

/** After its end, keys that belong to a collection still come: a `#` out of habit, or the rest of a secret. */
const TAIL_MS = 2_000;
export const SECRET_TAIL_MS = 5_000;
/** Keys that follow each other so closely are one row. */
const SAME_ROW_MS = 1_500;
/** What a caller is told first on another line is said within so long. */
const TOLD_WITHIN_MS = 20_000;
/** Letters that some telephones have are words. */
const TYPED_KEYS = /^[\d*#]{1,64}$/;
/** Secrets that are kept for tools, the newest. */
const MOST_KEPT = 8;

/**
 * The keys that a caller presses in one session. Those that somebody collects are kept from everybody else; all others are
 * the caller's words. What was collected as a secret is in this object alone, and goes with it.
 */
export class KeyDesk {
  readonly #options: KeyDeskOptions;
  readonly #merge = new KeyMerge();
  readonly #secrets = new Map<string, string>();
  #collection: KeyCollection | undefined;
  #onHold = false;
  /** Nobody asks the caller for anything: what is collected of him waits. */
  #paused = false;
  #tail: { readonly untilMs: number; readonly keys: string } = { untilMs: 0, keys: '' };
  /** Until when keys may be the rest of a secret. One that is `complete` has no rest which others would collect. */
  #secretTail: { readonly untilMs: number; readonly complete: boolean } = { untilMs: 0, complete: false };
  /** Until when keys may go on with a row of which another line had the beginning. */
  #rowUntilMs = Number.NEGATIVE_INFINITY;
  /** Until when keys that nobody collects may be a secret that is entered once more. `told`: counted from what the agent said. */
  #repeat = { untilMs: Number.NEGATIVE_INFINITY, told: true };
  #cancelListen: Cancel = () => {};

  constructor(options: KeyDeskOptions) {
    this.#options = options;
  }

  /** Somebody wants keys of the caller now. */
  get isCollecting(): boolean {
    return this.#collection !== undefined;
  }

  /** A key that was pressed, as told by one of those who tell. */
  press(key: string, source: KeySource): void {
    // What is pressed on a line on which the caller is not heard is not his.
    if (this.#onHold) return;
    const { clock, line } = this.#options;
    const nowMs = clock.now();
    if (!this.#merge.isNew(key, source, nowMs)) return;
    if (nowMs < this.#rowUntilMs) {
      this.#rowUntilMs = nowMs + SAME_ROW_MS;
      return;
    }
    if (this.#secretForMs() > 0) {
      const untilMs = Math.max(this.#secretTail.untilMs, nowMs + SAME_ROW_MS);
      this.#secretTail = { ...this.#secretTail, untilMs };
      return;
    }
    const collection = this.#collection;
    if (!collection) {
      if (nowMs < this.#repeat.untilMs) {
        this.#repeat = { ...this.#repeat, untilMs: Math.max(this.#repeat.untilMs, nowMs + SAME_ROW_MS) };
        return;
      }
      if (nowMs >= this.#tail.untilMs || !this.#tail.keys.includes(key)) line.onWord(key);
      return;
    }
    if (!collection.begun && !collection.wanted.terminators.includes(key)) line.onBegun();
    if (!collection.wanted.secret) line.onCollected(key);
    collection.press(key);
  }

  /**
   * A text that was typed, which is keys while keys are wanted, or may be those of a secret: where there is no telephone, nobody
   * enters them in another way. It is all of an attempt.
   * @returns false: it is words
   */
  type(text: string): boolean {
    const keys = text.replaceAll(/[\s-]/g, '');
    if (!TYPED_KEYS.test(keys) || !this.#takesKeys) return false;
    for (const key of keys) this.press(key, 'line');
    this.#collection?.enter();
    return true;
  }

  /** What the next key would begin is waited for. */
  get awaitsFirstKey(): boolean {
    return this.#collection?.awaitsFirstKey === true;
  }

  /** The caller is on hold, or is back. */
  hold(on: boolean): void {
    this.#onHold = on;
  }

  /** Nobody can ask for what is collected: it waits, and the caller begins anew once he was asked again. */
  pause(): void {
    this.#paused = true;
    this.#collection?.pause();
  }

  /** He was asked. */
  resume(): void {
    this.#paused = false;
    this.#collection?.resume();
  }

  /** The agent was heard to the end of what it had to say. */
  agentWasHeard(): void {
    this.#collection?.agentWasHeard();
  }

  /**
   * Collects keys from now on, in place of those that were wanted before. Never rejects.
   * @param goesOn it was begun on a line that is lost: the caller begins anew, and the rest of what he was pressing is dropped
   */
  collect(wanted: KeysWanted, goesOn?: { readonly attempts: number }): Promise<KeysOutcome> {
    this.#collection?.end('replaced');
    if (goesOn) this.#rowUntilMs = this.#options.clock.now() + SAME_ROW_MS;
    const { clock, line } = this.#options;
    const { promise, resolve } = Promise.withResolvers<KeysOutcome>();
    const events = {
      onRetry: (left: number) => line.onRetry(wanted.retry, wanted, left),
      onFailure: (reason: string) => line.onFailure(reason),
      onOver: (status: KeysOutcome['status'], attempts: number, pressed: string, checked: unknown) => {
        if (this.#collection === collection) this.#collection = undefined;
        this.#follow(wanted, status === 'right' && collection.whole);
        const outcome = { name: wanted.name, status, attempts, ...this.#toldOf(wanted, pressed, checked) };
        line.onCollecting(undefined);
        this.#listen();
        line.onOver(outcome, wanted);
        resolve(outcome);
      },
    };
    const collection: KeyCollection = new KeyCollection(wanted, clock, events, goesOn?.attempts);
    this.#collection = collection;
    if (this.#paused) collection.pause();
    line.onCollecting(wanted);
    this.#listen();
    return promise;
  }

  /** What was pressed as a secret, by the name that it was told by. */
  reveal(handle: string): string | undefined {
    return this.#secrets.get(handle);
  }

  /**
   * A secret was over, or was broken off for good, when the line before was lost: what follows may be its rest, and who is told
   * that we were cut off, and asked to say it again, may enter all of it once more.
   */
  secretMayBeRepeated(): void {
    const nowMs = this.#options.clock.now();
    this.#secretTail = { untilMs: nowMs + SECRET_TAIL_MS, complete: false };
    this.#repeat = { untilMs: nowMs + TOLD_WITHIN_MS, told: false };
  }

  /** The agent has spoken, and has ended or was cut off. */
  agentSpoke(): void {
    if (!this.#repeat.told) this.#repeat = { untilMs: this.#options.clock.now() + SECRET_TAIL_MS, told: true };
    this.agentWasHeard();
  }

  /** The line is lost, and the call may go on: whoever has the next one goes on with what is collected. Idempotent. */
  leave(): void {
    this.#collection?.leave();
    this.#forget();
  }

  /** Forgets all of it: the call is over. Idempotent. */
  close(): void {
    this.#collection?.end('call_over');
    this.#forget();
  }

  #forget(): void {
    this.#cancelListen();
    this.#secrets.clear();
  }

  /** What may follow of a collection that is over. One that is no secret leaves the tail of a secret as it is. */
  #follow({ secret, terminators }: KeysWanted, complete: boolean): void {
    const nowMs = this.#options.clock.now();
    if (secret) this.#secretTail = { untilMs: nowMs + SECRET_TAIL_MS, complete };
    else this.#tail = { untilMs: nowMs + TAIL_MS, keys: terminators };
  }

  /** How long a key may still be of a secret that is over. What is collected as a secret itself may have it. */
  #secretForMs(): number {
    const { untilMs, complete } = this.#secretTail;
    const wanted = this.#collection?.wanted;
    return wanted && (wanted.secret || complete) ? 0 : untilMs - this.#options.clock.now();
  }

  get #takesKeys(): boolean {
    const nowMs = this.#options.clock.now();
    return this.#collection !== undefined || this.#secretForMs() > 0 || nowMs < this.#repeat.untilMs;
  }

  #listen(): void {
    const { clock, line } = this.#options;
    this.#cancelListen();
    const wants = this.#collection?.wanted.secret === false;
    const waitMs = wants ? this.#secretForMs() : 0;
    if (waitMs > 0) this.#cancelListen = clock.after(waitMs, () => this.#listen());
    line.onListen(wants && waitMs <= 0);
  }

  /** What may be known of it. What a check brings must not hold the secret either. */
  #toldOf(wanted: KeysWanted, pressed: string, checked: unknown): Partial<KeysOutcome> {
    const brought = checked === undefined ? {} : { checked };
    if (!wanted.secret) return { ...(pressed !== '' && { keys: pressed }), ...brought };
    if (pressed === '') return {};
    const handle = `keys-${this.#options.newId()}`;
    this.#secrets.set(handle, pressed);
    for (const oldest of [...this.#secrets.keys()].slice(0, -MOST_KEPT)) this.#secrets.delete(oldest);
    const isQuoted = JSON.stringify(checked ?? null).includes(pressed);
    return { handle, ...(!isQuoted && brought) };
  }
}
