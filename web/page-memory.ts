import { restore, save, type Transcript } from './transcript.ts';

const TRANSCRIPT_KEY = 'parley.transcript';
const SESSION_KEY = 'parley.session';
/** Writing all of it at each word would be work for nothing. */
const SAVE_AFTER_MS = 300;

/** What this tab knows after a reload: what was said, and the session that can go on. */
export class PageMemory {
  #unsaved: Transcript | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    addEventListener('pagehide', () => this.#write());
  }

  /** The session of a talk that has not ended. */
  get sessionId(): string | undefined {
    return sessionStorage.getItem(SESSION_KEY) ?? undefined;
  }

  set sessionId(id: string | undefined) {
    if (id === undefined) sessionStorage.removeItem(SESSION_KEY);
    else sessionStorage.setItem(SESSION_KEY, id);
  }

  /** That session's id, or a new one. An insecure address has no ids to give, and no sound either: of that a talk tells. */
  get sessionToAsk(): string {
    return this.sessionId ?? crypto.randomUUID?.() ?? '';
  }

  readTranscript(): Transcript {
    return restore(sessionStorage.getItem(TRANSCRIPT_KEY));
  }

  keep(transcript: Transcript): void {
    this.#unsaved = transcript;
    this.#timer ??= setTimeout(() => this.#write(), SAVE_AFTER_MS);
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#unsaved === undefined) return;
    try {
      sessionStorage.setItem(TRANSCRIPT_KEY, save(this.#unsaved));
    } catch {
      // More than a browser keeps: a reload finds what was saved last.
    }
    this.#unsaved = undefined;
  }
}
