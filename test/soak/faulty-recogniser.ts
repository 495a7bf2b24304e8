import { FRAME_MS } from '../../shared/audio/pcm.ts';
import type { Cancel } from '../../shared/clock.ts';
import type { Recogniser, RecogniserEvents } from '../../stream-host/contract/speech.ts';
import type { World } from './fault-profile.ts';
import { soundOf, wordText } from './line-audio.ts';

/** What the recogniser told the engine, for the referee. */
export interface Report {
  readonly phrase: number;
  readonly text: string;
  readonly kind: 'partial' | 'final' | 'no-words';
}

export interface RecogniserOptions extends World {
  readonly events: RecogniserEvents;
  readonly nextPhrase: () => number;
  readonly onReport: (report: Report) => void;
}

type Habit = 'well' | 'late' | 'no-final' | 'twice' | 'out-of-order' | 'misread' | 'ghost' | 'mute';

interface Phrase {
  readonly number: number;
  readonly habit: Habit;
  readonly offsetMs: number;
  readonly words: number[];
  endMs: number;
}

const PARTIAL_AFTER_MS = 250;
const FINAL_AFTER_SILENCE_MS = 500;
const FINAL_AFTER_MS = 200;
const LEAST_WORD_FRAMES = 2;

/** A streaming recogniser that reads the words off the caller's frames, and tells them as badly as the faults say. */
export class FaultyRecogniser implements Recogniser {
  readonly #options: RecogniserOptions;
  readonly #timers = new Set<Cancel>();
  #positionMs = 0;
  #word = 0;
  #wordFrames = 0;
  #phrase: Phrase | undefined;
  #soundFromMs: number | undefined;
  #quietMs = 0;
  #lastTellMs = 0;
  #deafUntilMs = 0;
  /** It has died or was closed, and tells nothing more. */
  #over = false;
  #closed = false;

  constructor(options: RecogniserOptions) {
    this.#options = options;
  }

  write(pcm: Uint8Array): void {
    const { word, probability } = soundOf(pcm);
    this.#positionMs += FRAME_MS;
    this.#maybeBreak();
    if (word !== this.#word) this.#endWord(word);
    if (word !== 0) this.#wordFrames += 1;
    if (probability > 0.5) this.#soundFromMs ??= this.#positionMs - FRAME_MS;
    this.#quietMs = word !== 0 || probability > 0.5 ? 0 : this.#quietMs + FRAME_MS;
    if (this.#quietMs >= FINAL_AFTER_SILENCE_MS) this.#endPhrase();
  }

  restart(): void {
    this.#deafUntilMs = 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    this.#end();
  }

  #end(): void {
    this.#over = true;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  get #hears(): boolean {
    return this.#options.faults.healed || this.#options.clock.now() >= this.#deafUntilMs;
  }

  #maybeBreak(): void {
    const { random, faults, events, clock } = this.#options;
    const draw = random.next() / faults.now.recogniser;
    if (draw < 0.0002) {
      this.#after(0, () => {
        this.#end();
        events.onState('failed', new Error('the key was refused'));
      });
    } else if (draw < 0.0007) {
      const awayMs = random.between(200, 4000);
      this.#deafUntilMs = clock.now() + awayMs;
      this.#after(0, () => events.onState('recovering', new Error('the socket broke')));
      this.#after(awayMs, () => events.onState('ready'));
    } else if (draw < 0.0009) {
      this.#deafUntilMs = clock.now() + random.between(5000, 30_000);
    }
  }

  #endWord(next: number): void {
    if (this.#word !== 0 && this.#wordFrames >= LEAST_WORD_FRAMES && this.#hears) {
      const startMs = this.#positionMs - FRAME_MS * (this.#wordFrames + 1);
      this.#phrase ??= this.#newPhrase(startMs);
      this.#phrase.words.push(this.#word);
      this.#phrase.endMs = this.#positionMs - FRAME_MS;
      this.#tellPartial(this.#phrase);
    }
    this.#word = next;
    this.#wordFrames = 0;
  }

  #newPhrase(offsetMs: number): Phrase {
    const { random, faults, nextPhrase } = this.#options;
    const habit = random.chance(faults.now.recogniser)
      ? random.weighted({ late: 4, 'no-final': 2, twice: 2, 'out-of-order': 2, misread: 3, ghost: 2, mute: 1 })
      : 'well';
    return { number: nextPhrase(), habit, offsetMs, words: [], endMs: offsetMs };
  }

  #tellPartial(phrase: Phrase): void {
    if (phrase.habit === 'mute') return;
    const { random, events } = this.#options;
    const reading = phrase.habit === 'misread' ? (word: number) => `${wordText(word)}x` : wordText;
    const ghost = phrase.habit === 'ghost' ? ['ghost'] : [];
    const text = [...phrase.words.map(reading), ...ghost].join(' ');
    const { offsetMs, endMs, number } = phrase;
    const moved = random.chance(0.2) ? random.between(-90, 90) : 0;
    this.#tell(PARTIAL_AFTER_MS * random.between(0.6, 1.6), { phrase: number, text, kind: 'partial' }, () =>
      events.onPartial(text, Math.max(0, offsetMs + moved), endMs),
    );
  }

  #endPhrase(): void {
    const { random, events, faults } = this.#options;
    const phrase = this.#phrase;
    const soundFromMs = this.#soundFromMs;
    this.#phrase = undefined;
    this.#soundFromMs = undefined;
    if (!phrase) {
      const tells = this.#hears && !random.chance(faults.now.recogniser);
      if (soundFromMs === undefined || !tells) return;
      const endMs = this.#positionMs;
      this.#tell(FINAL_AFTER_MS, { phrase: 0, text: '', kind: 'no-words' }, () => events.onNoWords(soundFromMs, endMs));
      return;
    }
    if (phrase.habit === 'mute' || phrase.habit === 'no-final') return;
    const words = phrase.words.map(wordText).join(' ');
    const text = `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
    const report: Report = { phrase: phrase.number, text, kind: 'final' };
    const final = () => events.onFinal(text, phrase.offsetMs, phrase.endMs);
    if (phrase.habit === 'out-of-order') {
      this.#after(random.between(800, 3000), () => this.#say(report, final));
      return;
    }
    this.#tell(FINAL_AFTER_MS + (phrase.habit === 'late' ? random.between(500, 4000) : 0), report, final);
    if (phrase.habit === 'twice') this.#tell(random.between(0, 1500), report, final);
  }

  /** In order: nothing overtakes what was to be told before it. */
  #tell(delayMs: number, report: Report, task: () => void): void {
    const nowMs = this.#options.clock.now();
    this.#lastTellMs = Math.max(this.#lastTellMs, nowMs + delayMs);
    this.#after(this.#lastTellMs - nowMs, () => this.#say(report, task));
  }

  #say(report: Report, task: () => void): void {
    this.#options.onReport(report);
    task();
  }

  #after(delayMs: number, task: () => void): void {
    const cancel = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      if (!this.#over) task();
    });
    this.#timers.add(cancel);
  }
}
