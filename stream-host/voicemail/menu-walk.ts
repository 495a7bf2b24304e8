import type { VoicemailPolicy } from '../../shared/calls/voicemail-policy.ts';
import type { Cancel, Clock } from '../../shared/clock.ts';
import type { SessionEventMap } from '../contract/events.ts';
import { wordsOf } from '../conversation/language/words.ts';
import type { LineObserver } from './line-observer.ts';

export interface MenuWalkOptions {
  readonly clock: Clock;
  readonly keys: VoicemailPolicy['keys'];
  /** Something else is being done with the call, and the line may not be the menu's. */
  readonly isPaused: () => boolean;
  /** The menu has said none of the phrases, and is not going to. */
  readonly onUnmatched: () => void;
}

/** What a menu has to say it says within so long, as a rule: more than once, so that what was misheard has a second chance. */
const WITHIN_MS = 30_000;
/** One that is still in the middle of it is heard out, but for no longer. */
const LONGEST_MENU_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;
/** Who says nothing for so long has said all, and waits for a key. */
const HAS_SAID_ALL_MS = 3_000;
/** So many words that were said before: it begins again. Options are alike in fewer. */
const REPEATED_WORDS = 8;
/** Of what a menu has said, for the record. */
const MOST_CHARACTERS = 1_000;

/** Goes through the menus of a call by the phrases of its policy, and knows when it does not get any further. */
export class MenuWalk {
  readonly #options: MenuWalkOptions;
  readonly #pressed = new Set<string>();
  /** The menu that has said no phrase yet. */
  #menu: { readonly observer: LineObserver; readonly sinceMs: number } | undefined;
  #cancel: Cancel = () => {};

  constructor(options: MenuWalkOptions) {
    this.#options = options;
  }

  /** A menu speaks. */
  enter(observer: LineObserver): void {
    const { clock } = this.#options;
    this.#menu = { observer, sinceMs: clock.now() };
    observer.watchLonger(LONGEST_MENU_MS);
    this.#lookIn(WITHIN_MS);
  }

  /** What is to be pressed for what the menu has said; each phrase counts once. @param text all of it */
  take(text: string): { readonly keys: string; readonly place: number } | undefined {
    const said = ` ${wordsOf(text).join(' ')} `;
    const found = this.#options.keys.find(
      ({ phrase }) => !this.#pressed.has(phrase) && said.includes(` ${wordsOf(phrase).join(' ')} `),
    );
    if (!found) return undefined;
    this.leave();
    this.#pressed.add(found.phrase);
    return { keys: found.keys, place: this.#pressed.size };
  }

  /** What the menu was waited for in vain; undefined where there is none, or it said something that was. */
  get unmatched(): SessionEventMap['menuUnmatched'] | undefined {
    if (!this.#menu) return undefined;
    const { observer, sinceMs } = this.#menu;
    const phrases = this.#options.keys.map(({ phrase }) => phrase).filter((phrase) => !this.#pressed.has(phrase));
    const afterMs = Math.round(this.#options.clock.now() - sinceMs);
    return { phrases, heard: observer.text.slice(0, MOST_CHARACTERS), afterMs };
  }

  /** Nothing is waited for any more. Idempotent. */
  leave(): void {
    this.#menu = undefined;
    this.#cancel();
  }

  #lookIn(ms: number): void {
    this.#cancel();
    this.#cancel = this.#options.clock.after(ms, () => this.#look());
  }

  #look(): void {
    if (!this.#menu) return;
    const { observer, sinceMs } = this.#menu;
    const { clock, isPaused, onUnmatched } = this.#options;
    const mayGoOn = observer.silentMs < HAS_SAID_ALL_MS && !repeatsItself(observer.text);
    const isEarly = clock.now() - sinceMs < LONGEST_MENU_MS;
    if (isPaused() || (mayGoOn && isEarly)) this.#lookIn(LOOK_AGAIN_MS);
    else onUnmatched();
  }
}

function repeatsItself(text: string): boolean {
  const words = wordsOf(text);
  const last = words.slice(-REPEATED_WORDS);
  return last.length === REPEATED_WORDS && ` ${words.slice(0, -1).join(' ')} `.includes(` ${last.join(' ')} `);
}
