import type { Cancel, Clock } from '../../shared/clock.ts';
import { type CallResult, RESULTS } from './call-results.ts';

const NAMES = 'zero one two three four five six seven eight nine a b c d pound asterisk'.split(' ');
const KEYS = '0123456789ABCD#*';

/** A key of a phone by the name that ACS gives it. */
export const toneOf = (key: string): string => NAMES[KEYS.indexOf(key)] ?? key;
/** The key of a name; nothing where there is no such name. */
export const keyOf = (tone: string): string | undefined => KEYS[NAMES.indexOf(tone)];

export interface ToneCollectorOptions {
  readonly clock: Clock;
  readonly initialSilenceMs: number;
  readonly interToneMs: number;
  readonly maxTones: number | undefined;
  /** Names. The one that ends the collection is collected, too. */
  readonly stopTones: readonly string[];
  readonly onSettled: (result: CallResult, tones: readonly string[]) => void;
}

/** Collects the tones of one participant until there are enough, one says stop, or none come any more. */
export class ToneCollector {
  readonly #options: ToneCollectorOptions;
  readonly #tones: string[] = [];
  #cancelTimer: Cancel = () => {};

  constructor(options: ToneCollectorOptions) {
    this.#options = options;
  }

  /** The prompt is over: now is the time to press keys. */
  start(): void {
    if (this.#tones.length === 0) this.#wait(this.#options.initialSilenceMs, RESULTS.initialSilence);
  }

  /** @param tone its name */
  take(tone: string): void {
    const { maxTones, stopTones, interToneMs } = this.#options;
    this.#tones.push(tone);
    if (stopTones.includes(tone)) this.#settle(RESULTS.stopTone);
    else if (this.#tones.length === maxTones) this.#settle(RESULTS.maxTones);
    else this.#wait(interToneMs, RESULTS.interToneSilence);
  }

  close(): void {
    this.#cancelTimer();
  }

  #wait(ms: number, otherwise: CallResult): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#options.clock.after(ms, () => this.#settle(otherwise));
  }

  #settle(result: CallResult): void {
    this.#cancelTimer();
    this.#options.onSettled(result, this.#tones);
  }
}
