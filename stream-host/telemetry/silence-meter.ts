/** A stretch in which a caller waited and heard nothing, on the session's clock. */
export interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a caller who has asked is promised to hear something within. */
export const PROMISED_MS = 3000;
/** Speech of some length: words of which nobody says how long they take. */
const CHARACTER_MS = 90;
/** From a caller's newest words to the end of his speech, at most. */
const WORDS_LATE_MS = 1500;

/** Finds out how long a caller waited in silence, from what was told of the session. */
export class SilenceMeter {
  /** When the sounds began and ended that the caller has heard since he asked. */
  #filled: { readonly fromMs: number; readonly untilMs: number }[] = [];
  #callerSpokeMs = Number.NEGATIVE_INFINITY;
  #agentHeardMs = Number.NEGATIVE_INFINITY;

  callerSpoke(atMs: number): void {
    this.#callerSpokeMs = atMs;
  }

  agentHeard(atMs: number): void {
    this.#agentHeardMs = atMs;
  }

  /** The wait was filled with these words. */
  filled(atMs: number, text: string): void {
    this.#filled.push({ fromMs: atMs, untilMs: atMs + text.length * CHARACTER_MS });
    this.agentHeard(atMs);
  }

  /** The answer is heard: what the wait for it was like. */
  answered(speechEndMs: number, atMs: number): Silence[] {
    const sounds = [...this.#filled.filter(({ fromMs }) => fromMs >= speechEndMs), { fromMs: atMs, untilMs: atMs }];
    this.#filled = [];
    this.agentHeard(atMs);
    let sinceMs = speechEndMs;
    const silences: Silence[] = [];
    for (const { fromMs, untilMs } of sounds) {
      if (fromMs - sinceMs > PROMISED_MS) silences.push({ fromMs: sinceMs, toMs: fromMs });
      sinceMs = Math.max(sinceMs, untilMs);
    }
    return silences;
  }

  /** The session is over: the silence in which the caller gave up, if there was one. */
  ended(atMs: number): Silence | undefined {
    const fromMs = this.#callerSpokeMs;
    if (fromMs <= this.#agentHeardMs || atMs - fromMs <= PROMISED_MS + WORDS_LATE_MS) return undefined;
    return { fromMs, toMs: atMs };
  }
}
