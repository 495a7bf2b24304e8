import type { Cancel, Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { KeysChecked, KeysOutcome, KeysWanted } from '../contract/keys.ts';

type Ending = Omit<KeysOutcome, 'name' | 'attempts' | 'keys' | 'handle'> & { readonly pressed?: string };

export interface KeyCollectionEvents {
  /** An attempt was not right, and there is another one. */
  onRetry(attemptsLeft: number): void;
  /** It is over. Comes once. `pressed`: what was right. A secret, for all that is known here. */
  onOver(status: KeysOutcome['status'], attempts: number, pressed: string, checked: unknown): void;
  /** The check could not be made. `reason`: nothing that was pressed is in it. */
  onFailure(reason: string): void;
}

/** Takes down keys until they are right, or the caller has tried often enough. */
export class KeyCollection {
  readonly wanted: KeysWanted;
  readonly #clock: Clock;
  readonly #events: KeyCollectionEvents;
  #keys = '';
  #attempts = 0;
  #cancel: Cancel = () => {};
  #checking = false;
  #paused = false;
  #whole = false;
  #over = false;

  /** @param attempts how often the caller has tried before */
  constructor(wanted: KeysWanted, clock: Clock, events: KeyCollectionEvents, attempts = 0) {
    this.wanted = wanted;
    this.#clock = clock;
    this.#events = events;
    this.#attempts = attempts;
    this.#await(wanted.firstKeyMs);
  }

  /** Whether a key was pressed of the attempt that is under way. */
  get begun(): boolean {
    return this.#keys !== '';
  }

  /** Whether the last attempt was ended by its last key, and not by a pause: nothing of it can follow. */
  get whole(): boolean {
    return this.#whole;
  }

  /** The next key would be the first of an attempt. */
  get awaitsFirstKey(): boolean {
    return !this.#over && !this.#checking && !this.begun;
  }

  press(key: string): void {
    // Who presses on while it is being looked at has pressed too many.
    if (this.#over || this.#checking) return;
    const { terminators, most, betweenKeysMs } = this.wanted;
    if (terminators.includes(key)) {
      // One out of habit, behind keys that were enough, is no attempt.
      if (this.begun) this.#attempted(true);
      return;
    }
    // Whoever presses need not be asked.
    this.#paused = false;
    this.#keys += key;
    if (this.#keys.length >= most) this.#attempted(true);
    else this.#await(betweenKeysMs);
  }

  /** What was pressed is all of an attempt. */
  enter(): void {
    if (!this.#over && !this.#checking && this.begun) this.#attempted(true);
  }

  /** The agent was heard: from now on the caller is waited for. */
  agentWasHeard(): void {
    if (this.awaitsFirstKey) this.#await(this.wanted.firstKeyMs);
  }

  /** Nobody asks him for it now: no time counts against him, and he begins anew. */
  pause(): void {
    this.#paused = true;
    this.#keys = '';
    this.#cancel();
  }

  /** He was asked: the time for his next key begins anew. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    const { firstKeyMs, betweenKeysMs } = this.wanted;
    if (!this.#over && !this.#checking) this.#await(this.begun ? betweenKeysMs : firstKeyMs);
  }

  /** Takes no more keys, and says nothing of it: somebody else goes on with it. Idempotent. */
  leave(): void {
    this.#over = true;
    this.#cancel();
    this.#keys = '';
  }

  /** Takes no more keys. Idempotent. */
  end(status: 'replaced' | 'call_over'): void {
    this.#end({ status });
  }

  #await(ms: number): void {
    this.#cancel();
    if (!this.#paused) this.#cancel = this.#clock.after(ms, () => this.#attempted());
  }

  #attempted(whole = false): void {
    this.#cancel();
    this.#whole = whole;
    this.#attempts += 1;
    const keys = this.#keys;
    this.#keys = '';
    if (keys === '') {
      this.#wrong('nothing', undefined);
      return;
    }
    this.#checking = true;
    // What a check throws may quote what it was given.
    const failed = (error: unknown) => this.#failed(messageOf(error).includes(keys) ? 'unquotable' : messageOf(error));
    void this.wanted.check(keys).then((checked) => this.#checked(keys, checked), failed);
  }

  #checked(keys: string, { right, data }: KeysChecked): void {
    this.#checking = false;
    if (this.#over) return;
    if (right) this.#end({ status: 'right', pressed: keys, checked: data });
    else this.#wrong('not_right', data);
  }

  #wrong(status: 'not_right' | 'nothing', checked: unknown): void {
    const left = this.wanted.attempts - this.#attempts;
    if (left <= 0) {
      this.#end({ status, checked });
      return;
    }
    this.#await(this.wanted.firstKeyMs);
    this.#events.onRetry(left);
  }

  #failed(reason: string): void {
    this.#checking = false;
    if (this.#over) return;
    this.#events.onFailure(reason);
    this.#end({ status: 'failed' });
  }

  #end({ status, pressed = '', checked }: Ending): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancel();
    this.#keys = '';
    this.#events.onOver(status, this.#attempts, pressed, checked);
  }
}
