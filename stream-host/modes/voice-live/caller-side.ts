import type { Cancel, Clock } from '../../../shared/clock.ts';
import type { SessionEmitter } from '../../contract/events.ts';
import { isBackchannel, mayBecomeBackchannel } from '../../conversation/language/backchannel.ts';
import type { Language } from '../../conversation/language/language.ts';
import type { FloorEvent } from './floor.ts';
import { givenItem, type Ledger } from './ledger.ts';
import type { ServiceLink } from './service-link.ts';

interface CallerSideOptions {
  readonly clock: Clock;
  readonly events: SessionEmitter;
  readonly ledger: Ledger;
  readonly link: () => ServiceLink;
  readonly onFloor: (event: FloorEvent) => void;
  /** The agent speaks, and has more to say: "okay" is no answer to it. */
  readonly isSpoken: () => boolean;
  /** In which acknowledgements are known; without it they are words like others. */
  readonly language: Language | undefined;
  /** The words of an item will not change any more. */
  readonly onSettled: () => void;
  /** And it is decided what comes of them. */
  readonly onDecided: () => void;
  /** The caller speaks, types or presses keys. */
  readonly onCallerThere: () => void;
}

/** Words that come later than this after the end of what was said never will: it is settled as it was heard. */
const WORDS_WITHIN_MS = 10_000;

/** What the caller says: as the service hears it, or as it is typed. */
export class CallerSide {
  readonly #options: CallerSideOptions;
  /** Where the service heard the end of each item, until its words, and those of all before it, are there. */
  readonly #endsMs = new Map<string, number>();
  readonly #waits = new Map<string, Cancel>();
  #given = 0;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallerSideOptions) {
    this.#options = options;
  }

  /** When the service had all of what it has to answer, and when our detector heard the end of it, if it did. */
  asked(lastSpeechMs: number, longestTurnMs: number): { readonly lastSpeechMs: number; readonly askedAtMs: number } {
    const askedAtMs = this.#askedAtMs;
    const isRecent = lastSpeechMs > askedAtMs - longestTurnMs;
    return { lastSpeechMs: isRecent ? Math.min(lastSpeechMs, askedAtMs) : askedAtMs, askedAtMs };
  }

  /** Somebody speaks whose words are not known yet, and nothing answers them. */
  get isUnsettled(): boolean {
    return this.#options.ledger.pending.some(({ settled }) => !settled);
  }

  speechStarted(itemId: string, audioMs: number): void {
    this.#began(itemId, this.#options.link().utteranceBegan(audioMs));
  }

  speechStopped(itemId: string, audioMs: number): void {
    this.#endsMs.set(itemId, audioMs);
    this.#options.onFloor({ type: 'service-stopped' });
  }

  committed(itemId: string): void {
    if (!this.#options.ledger.caller(itemId)) this.#began(itemId);
    this.#askedAtMs = this.#options.clock.now();
    this.#awaitWords(itemId);
    this.#options.onFloor({ type: 'committed' });
  }

  words(itemId: string, text: string, isFinal: boolean): void {
    const { clock, events, ledger } = this.#options;
    if (!ledger.caller(itemId)) {
      if (text.trim() === '') return;
      // Words of somebody whom the service had not said that it hears.
      if (isFinal) ledger.callerSpeaks(itemId, clock.now());
      else this.#began(itemId);
    }
    const isOpen = ledger.caller(itemId)?.taken === false;
    if (isOpen && this.#asksNothing(text, isFinal)) {
      if (isFinal) this.#acknowledged(itemId, text);
      return;
    }
    ledger.words(itemId, text, isFinal, clock.now());
    const pending = ledger.pendingText;
    if (pending !== '') events.emit('callerPartial', { text: pending });
    if (isFinal) this.#settled(itemId);
    if (!isOpen) return;
    if (text.trim() !== '') this.#options.onFloor({ type: 'words', open: this.isUnsettled });
    else if (isFinal) this.#options.onFloor({ type: 'no-words' });
  }

  #asksNothing(text: string, isFinal: boolean): boolean {
    const { language, isSpoken } = this.#options;
    if (text === '' || !language || !isSpoken()) return false;
    return isFinal ? isBackchannel(text, language) : mayBecomeBackchannel(text, language);
  }

  #acknowledged(itemId: string, text: string): void {
    const { events, ledger, onFloor } = this.#options;
    events.emit('callerAcknowledged', { text });
    ledger.settle(itemId, this.#options.clock.now());
    this.#settled(itemId);
    ledger.dismiss(itemId);
    onFloor({ type: 'no-words' });
  }

  wordsFailed(itemId: string): void {
    const { clock, ledger } = this.#options;
    ledger.settle(itemId, clock.now());
    this.#settled(itemId);
  }

  /** Words that were typed or pressed are all there at once, and answered at once. */
  give(text: string): void {
    const { clock, events, ledger, link, onCallerThere, onFloor } = this.#options;
    this.#given += 1;
    const itemId = givenItem(this.#given);
    ledger.callerSpeaks(itemId, clock.now());
    ledger.words(itemId, text, true, clock.now());
    link().session?.typed(text);
    this.#askedAtMs = clock.now();
    onCallerThere();
    events.emit('callerPartial', { text: ledger.pendingText });
    onFloor({ type: 'given' });
  }

  /** The session is gone, and with it the words that it had not told yet of what is being answered. */
  dropped(): void {
    const { events, ledger } = this.#options;
    for (const { itemId, text } of ledger.unsettledTaken) {
      if (text === '') events.emit('fault', { code: 'realtime.words_lost' });
      this.wordsFailed(itemId);
    }
    this.#stopWaiting();
  }

  /** What was being said to a session that is gone is forgotten here: it is told to the next one. */
  startOver(): void {
    this.#options.ledger.forgetUnsettled();
    this.#endsMs.clear();
  }

  /** The call ends: what was being said stands on record as it was last heard. */
  ended(): void {
    const { clock, ledger, onSettled } = this.#options;
    for (const { itemId } of ledger.unsettled) ledger.settle(itemId, clock.now());
    onSettled();
    this.#stopWaiting();
  }

  #stopWaiting(): void {
    for (const cancel of this.#waits.values()) cancel();
    this.#waits.clear();
  }

  #began(itemId: string, beganMs?: number): void {
    const { clock, ledger, onCallerThere, onFloor } = this.#options;
    ledger.callerSpeaks(itemId, clock.now());
    onCallerThere();
    onFloor({ type: 'service-started', beganMs });
  }

  #awaitWords(itemId: string): void {
    const { clock, events, ledger } = this.#options;
    if (this.#waits.has(itemId) || ledger.caller(itemId)?.settled) return;
    const lost = () =>
      events.atomic(() => {
        events.emit('fault', { code: 'realtime.words_lost' });
        this.wordsFailed(itemId);
      });
    this.#waits.set(itemId, clock.after(WORDS_WITHIN_MS, lost));
  }

  /** What is words need not be heard again. The words of one item may come before those of an earlier one. */
  #settled(itemId: string): void {
    this.#waits.get(itemId)?.();
    this.#waits.delete(itemId);
    const { events, ledger, link, onSettled, onDecided } = this.#options;
    let audioMs: number | undefined;
    for (const [ended, endMs] of this.#endsMs) {
      if (ledger.isUnsettledUpTo(ended)) continue;
      audioMs = endMs;
      this.#endsMs.delete(ended);
    }
    if (!ledger.isUnsettledUpTo(itemId)) link().takenDown(audioMs, !ledger.isUnsettled);
    onSettled();
    events.inTurn(() => events.atomic(onDecided));
  }
}
