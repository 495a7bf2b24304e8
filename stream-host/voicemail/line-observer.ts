import { SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { Resampler } from '../../shared/audio/resample.ts';
import type { OpenRecogniser, Recogniser } from '../contract/speech.ts';
import { type Cue, cuesIn } from './cues.ts';
import { type Evidence, judgeAgain, judgeLine, lastTone } from './line-judge.ts';
import { SoundRhythm } from './sound-rhythm.ts';
import { type Tone, ToneDetector } from './tone-detector.ts';
import type { Judgement } from './verdict.ts';

export interface LineObserverOptions {
  /** Of the audio written, Hz. */
  readonly rateHz: number;
  readonly openRecogniser: OpenRecogniser;
  /** Behind a menu telephones ring, whose rings and pauses have the rhythm of somebody who says hello and waits. */
  readonly isBehindMenu?: boolean;
  /**
   * The verdict, at most 4 s after the first sound. It comes again where more was heard: of a line that nobody was sure
   * about, or that is another machine than it seemed. A human stays one,
   * unless a menu's keys are heard of somebody who had said no more than a welcome. `afterMs`: since the first sound.
   */
  readonly onJudged: (judgement: Judgement, afterMs: number) => void;
  /** All that has been said so far, as it is recognised. */
  readonly onText?: (text: string) => void;
}

/** What is not clear by then stays as it is: greetings of mailboxes are shorter. */
const WATCHED_MS = 30_000;
/** Whoever was taken for a person without a word of his is listened to for so much longer: he may be a menu. */
const LATE_WORDS_MS = 10_000;
/** How often it is judged. */
const EVERY_MS = 40;

/** Listens to the far end of a call that we placed, and says who has answered. It says nothing to anybody else. */
export class LineObserver {
  readonly #options: LineObserverOptions;
  readonly #resampler: Resampler;
  readonly #rhythm = new SoundRhythm();
  readonly #tones: Tone[] = [];
  /** May be in the middle of a tone when somebody else listens on. */
  readonly detector: ToneDetector;
  readonly #finals: string[] = [];
  #recogniser: Recogniser | undefined;
  #partial = '';
  #wordsEndMs = 0;
  #cues: ReadonlySet<Cue> = new Set();
  #judgement: Judgement | undefined;
  #judgedAtMs = 0;
  #watchedMs = WATCHED_MS;
  #closed = false;

  constructor(options: LineObserverOptions) {
    this.#options = options;
    this.#resampler = new Resampler(options.rateHz, SAMPLE_RATE);
    this.detector = new ToneDetector(SAMPLE_RATE, (tone) => this.#tones.push(tone));
    this.#recogniser = options.openRecogniser({
      onPartial: (text, _, endMs) => this.#heard(text, endMs, false),
      onFinal: (text, _, endMs) => this.#heard(text, endMs, true),
      onNoWords: () => {},
      // Without words the rhythm and the tones must do.
      onState: () => {},
    });
  }

  /** How much has been written. */
  get heardMs(): number {
    return this.#rhythm.nowMs;
  }

  /** For how long nothing has been heard now; infinite before the first sound. */
  get silentMs(): number {
    return this.#rhythm.silentMs;
  }

  /** The last that was heard was a tone. */
  get endsWithTone(): boolean {
    return lastTone(this.#evidence()) !== undefined;
  }

  /** Somebody needs its words for so much longer. */
  watchLonger(ms: number): void {
    this.#watchedMs += ms;
  }

  /** What has been said so far. */
  get text(): string {
    return [...this.#finals, this.#partial].join(' ').trim();
  }

  /** Takes the far end's audio, any whole number of samples. */
  write(pcm: Uint8Array): void {
    if (this.#closed) return;
    const heard = this.#resampler.write(pcm);
    this.#rhythm.write(heard);
    this.detector.write(heard);
    this.#recogniser?.write(heard);
    if (this.#rhythm.nowMs - this.#judgedAtMs >= EVERY_MS) this.#look();
  }

  /** Idempotent. */
  close(): void {
    this.#closed = true;
    this.#recogniser?.close();
    this.#recogniser = undefined;
  }

  #heard(text: string, endMs: number, isFinal: boolean): void {
    if (this.#closed) return;
    this.#wordsEndMs = endMs;
    this.#partial = isFinal ? '' : text;
    if (isFinal) this.#finals.push(text);
    this.#cues = cuesIn(this.text);
    this.#options.onText?.(this.text);
    this.#look();
  }

  #look(): void {
    // Whoever was told the words may have done with it.
    if (this.#closed) return;
    this.#judgedAtMs = this.#rhythm.nowMs;
    const before = this.#judgement;
    const evidence = this.#evidence();
    const judgement = before ? judgeAgain(evidence, before.verdict, this.#cues) : judgeLine(evidence, this.#cues);
    const afterMs = evidence.nowMs - (evidence.firstSoundMs ?? evidence.nowMs);
    if (judgement && judgement.verdict !== before?.verdict) {
      this.#judgement = judgement;
      if (judgement.verdict === 'human') this.#watchedMs = judgement.reason === 'rhythm' ? afterMs + LATE_WORDS_MS : 0;
      this.#options.onJudged(judgement, afterMs);
    }
    if (afterMs > this.#watchedMs) this.close();
  }

  #evidence(): Evidence {
    const { nowMs, firstSoundMs, soundMs, soundSinceMs, silentMs, longestGapMs } = this.#rhythm;
    const heard = { nowMs, firstSoundMs, soundMs, silentMs, longestGapMs, text: this.text, tones: this.#tones };
    const mayRing = this.#options.isBehindMenu === true && this.#wordsEndMs <= soundSinceMs;
    return mayRing && firstSoundMs !== undefined ? { ...heard, wordlessMs: nowMs - silentMs - soundSinceMs } : heard;
  }
}
