import type { Phrases } from '../../contract/agent.ts';
import type { WaitFilling } from '../../contract/events.ts';
import type { RealtimeSession } from '../../contract/realtime.ts';

/** What fills a wait, said by the session's own voice. */
export interface Clip {
  readonly text: string;
  /** PCM16 mono at the mode's rate. */
  readonly pcm: Uint8Array;
}

/** Characters of a key are a voice and a line; a clip is some 100 kB. */
const MOST_CLIPS = 200;

/**
 * Clips that the sessions of a process have made, by voice and text: what one call has asked for, the next one has. The
 * oldest go first.
 */
export class ClipShelf {
  readonly #clips = new Map<string, Uint8Array>();

  get(voice: string, text: string): Uint8Array | undefined {
    return this.#clips.get(keyOf(voice, text));
  }

  put(voice: string, text: string, pcm: Uint8Array): void {
    this.#clips.set(keyOf(voice, text), pcm);
    const [oldest] = this.#clips.keys();
    if (this.#clips.size > MOST_CLIPS && oldest !== undefined) this.#clips.delete(oldest);
  }
}

interface OwnClipsOptions {
  readonly shelf: ClipShelf;
  /** Names the voice, so that no other is heard in its place. */
  readonly voice: string;
  readonly phrases: Phrases;
}

/** 20 s at 24 kHz. A model that was told to say a line, and says more, has said something else. */
const MOST_BYTES = 1_000_000;
/** How often a line is asked for whose audio did not come. */
const MOST_TRIES = 3;

/**
 * What a call may have to say while its service is at work, or away: made by that service, as asides, as soon as the call
 * has begun. One at a time, so that an answer waits for one at most.
 */
export class OwnClips {
  readonly #options: OwnClipsOptions;
  readonly #tries = new Map<string, number>();
  #asked: { readonly text: string; readonly requestId: string } | undefined;
  #making:
    | { readonly text: string; readonly responseId: string; readonly pieces: Uint8Array[]; bytes: number }
    | undefined;
  #fillers = 0;

  constructor(options: OwnClipsOptions) {
    this.#options = options;
  }

  /** Asks for the next line that is missing, if none is being made. */
  make(session: Pick<RealtimeSession, 'respond'>): void {
    if (this.#asked || this.#making) return;
    const text = this.#wanted().find((line) => !this.#get(line) && (this.#tries.get(line) ?? 0) < MOST_TRIES);
    if (text === undefined) return;
    this.#tries.set(text, (this.#tries.get(text) ?? 0) + 1);
    this.#asked = { text, requestId: session.respond({ say: text, aside: true }) };
  }

  /** @returns whether the response is one for a clip */
  started(responseId: string, requestId: string | undefined): boolean {
    if (!this.#asked || this.#asked.requestId !== requestId) return false;
    this.#making = { text: this.#asked.text, responseId, pieces: [], bytes: 0 };
    this.#asked = undefined;
    return true;
  }

  /** @returns whether the request was one for a clip */
  refused(requestId: string): boolean {
    if (this.#asked?.requestId !== requestId) return false;
    this.#asked = undefined;
    return true;
  }

  audio(responseId: string, pcm: Uint8Array): void {
    const making = this.#making;
    if (making?.responseId !== responseId) return;
    making.bytes += pcm.length;
    if (making.bytes <= MOST_BYTES) making.pieces.push(pcm);
  }

  /** @returns whether the response was one for a clip */
  ended(responseId: string, isWhole: boolean): boolean {
    const made = this.#making;
    if (made?.responseId !== responseId) return false;
    this.#making = undefined;
    const { shelf, voice } = this.#options;
    if (isWhole && made.bytes > 0 && made.bytes <= MOST_BYTES) shelf.put(voice, made.text, Buffer.concat(made.pieces));
    return true;
  }

  /** The session that was making one is gone. */
  dropped(): void {
    this.#asked = undefined;
    this.#making = undefined;
  }

  /** What fills a wait, as far as it is there. */
  filling(kind: WaitFilling): Clip | undefined {
    const { explanation, giveUp, fillers } = this.#options.phrases;
    if (kind === 'explanation') return this.line(explanation);
    if (kind === 'give-up') return this.line(giveUp);
    const ready = fillers.flatMap((text) => this.line(text) ?? []);
    // In turn over the whole conversation, so that none is heard twice running where there are two.
    return ready[this.#fillers++ % Math.max(1, ready.length)];
  }

  /** A line of the agent's, as far as it is there. */
  line(text: string): Clip | undefined {
    const pcm = this.#get(text);
    return pcm && { text, pcm };
  }

  /** The most important first. */
  #wanted(): string[] {
    const { fillers, explanation, giveUp, apology } = this.#options.phrases;
    const [first, ...others] = fillers;
    return [...(first === undefined ? [] : [first]), explanation, giveUp, apology, ...others].filter(
      (text) => text !== '',
    );
  }

  #get(text: string): Uint8Array | undefined {
    return this.#options.shelf.get(this.#options.voice, text);
  }
}

const keyOf = (voice: string, text: string): string => `${voice}\n${text}`;
