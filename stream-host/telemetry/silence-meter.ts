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
/**
 * Who is talked with again hears it sooner than that. Whoever does not is on hold, and was when his host died: he waits for
 * nobody.
 */
const BACK_WITHIN_MS = 10_000;

/** Finds out how long a caller waited in silence, from what was told of the session. */
export class SilenceMeter {
  /** When the sounds began and ended that the caller has heard since he asked. */
  #filled: { readonly fromMs: number; readonly untilMs: number }[] = [];
  #callerSpokeMs = Number.NEGATIVE_INFINITY;
  #agentHeardMs = Number.NEGATIVE_INFINITY;
  #backAtMs = Number.NEGATIVE_INFINITY;
  #alone: { readonly fromMs: number; readonly untilMs: number } | undefined;

  /** Nobody talked with the caller from then on, until now: he hears nothing before the agent's next sound. */
  leftAlone(fromMs: number, untilMs: number): void {
    this.#alone = { fromMs, untilMs };
  }

  callerSpoke(atMs: number): void {
    this.#callerSpokeMs = atMs;
  }

  /** @returns the silence that this ends, of a caller who had been left alone */
  agentHeard(atMs: number): Silence | undefined {
    this.#agentHeardMs = atMs;
    return this.notAlone(atMs);
  }

  /** The wait was filled with these words. */
  filled(atMs: number, text: string): Silence | undefined {
    this.#filled.push({ fromMs: atMs, untilMs: atMs + text.length * CHARACTER_MS });
    return this.agentHeard(atMs);
  }

  /** The answer is heard: what the wait for it was like. */
  answered(speechEndMs: number, atMs: number): Silence[] {
    const sounds = [...this.#filled.filter(({ fromMs }) => fromMs >= speechEndMs), { fromMs: atMs, untilMs: atMs }];
    this.#filled = [];
    const silences = [this.agentHeard(atMs)].filter((alone) => alone !== undefined);
    // What he said before somebody was there is part of that silence.
    let sinceMs = Math.max(speechEndMs, this.#backAtMs);
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

  /** Somebody is heard by a caller who had been left alone, or it is over: what that was like. */
  notAlone(atMs: number): Silence | undefined {
    const alone = this.#alone;
    this.#alone = undefined;
    if (!alone || atMs - alone.untilMs > BACK_WITHIN_MS || atMs - alone.fromMs <= PROMISED_MS) return undefined;
    this.#backAtMs = atMs;
    return { fromMs: alone.fromMs, toMs: atMs };
  }
}
