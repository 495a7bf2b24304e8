import { rmsOf, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import { AudioHistory } from './audio-history.ts';
import type { DecodeJob, DecodePool } from './decode-pool.ts';
import type { Transcript } from './moonshine.ts';
import {
  FRAME_SAMPLES,
  initialSegmenterState,
  SEGMENTER_FRAME_MS,
  type Segment,
  type Sensitivity,
  segmentEnd,
  segmentFrame,
} from './phrase-segmenter.ts';
import { believableText, toHypothesis } from './transcript-text.ts';
import type { DetectorStream, VoiceDetector } from './voice-detector.ts';

/** Where something lies in the stream, in milliseconds from its first sample. */
export interface AudioSpan {
  readonly startMs: number;
  readonly endMs: number;
}

/** What is heard in a stream, in order: a phrase's `onPhrase` comes before anything of the next phrase's words. */
export interface PhraseListener {
  onSpeechStarted(atMs: number): void;
  /** The silence until here was long enough to end the phrase, whose words may not be known yet. */
  onSpeechEnded?(atMs: number): void;
  /** What the phrase sounds like so far. Small letters, no punctuation. */
  onPartial(text: string, span: AudioSpan): void;
  /** A phrase that is over, or a stretch of sound or of five seconds' silence without words: then `text` is undefined. */
  onPhrase(text: string | undefined, confidence: number, span: AudioSpan): void;
  /** The models failed; the stream is of no more use. */
  onFailure(error: Error): void;
}

/** Speech begins before the detector is sure of it, and with its quietest sounds. */
const PRE_ROLL_SAMPLES = 0.45 * SAMPLE_RATE;
/** A word's last sound fades out under the detector's threshold. */
const TAIL_SAMPLES = 0.12 * SAMPLE_RATE;
const PARTIAL_EVERY_SAMPLES = 0.4 * SAMPLE_RATE;
/** What is kept while nobody speaks: the pre-roll, and the frames in which the detector makes up its mind. */
const IDLE_KEPT_SAMPLES = 1 * SAMPLE_RATE;
const MAX_BEHIND_MS = 5000;
const MAX_OPEN_FINALS = 4;

/** What whoever gives it its audio knows of a stream. */
export type Listened = Pick<PhraseStream, 'write' | 'isBehind' | 'endMs' | 'end' | 'close'>;

const msOf = (samples: number): number => (samples / SAMPLE_RATE) * 1000;

interface Phrase {
  /** Where decoding begins: before the onset, and after the phrase before. */
  readonly audioStart: number;
  readonly onset: number;
  partialAt: number;
  partial: DecodeJob | undefined;
  early: { readonly job: DecodeJob; readonly end: number } | undefined;
  /** What it was last taken for. */
  draft: readonly number[];
}

/**
 * One stream of audio being listened to: cut into phrases by silence, each decoded as it grows (partials), once when it
 * may be over (early), and that decode is the final one if it is.
 */
export class PhraseStream {
  readonly #pool: DecodePool;
  readonly #listener: PhraseListener;
  readonly #detector: DetectorStream;
  readonly #endFrames: number;
  readonly #sensitivity: Sensitivity | undefined;
  readonly #audio = new AudioHistory();
  #segmenter = initialSegmenterState;
  #frame = 0;
  #phrase: Phrase | undefined;
  #phraseEnd = 0;
  readonly #openFinals = new Set<DecodeJob>();
  /** Phrases are reported in order, even where two workers decode them in another. */
  #reported: Promise<void> = Promise.resolve();
  #ending: PromiseWithResolvers<void> | undefined;
  #closed = false;

  constructor(
    pool: DecodePool,
    detector: VoiceDetector,
    segmentationSilenceMs: number,
    listener: PhraseListener,
    sensitivity?: Sensitivity,
  ) {
    this.#pool = pool;
    this.#listener = listener;
    this.#sensitivity = sensitivity;
    this.#endFrames = Math.max(1, Math.round(segmentationSilenceMs / SEGMENTER_FRAME_MS));
    this.#detector = detector.open({
      onFrame: (probability) => this.#hear(probability),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** Takes PCM16 mono at 16 kHz of any length; the memory is kept. */
  write(pcm: Uint8Array): void {
    if (this.#closed || this.#ending !== undefined) return;
    this.#audio.append(pcm);
    this.#detector.write(pcm);
  }

  /** Whether it should be given no more audio for now: it is over five seconds or four phrases behind. */
  get isBehind(): boolean {
    return this.behindMs > MAX_BEHIND_MS || this.#openFinals.size >= MAX_OPEN_FINALS;
  }

  /** How much audio has not been listened to yet. */
  get behindMs(): number {
    return msOf(this.#audio.end - this.#frame * FRAME_SAMPLES);
  }

  /** How much audio there has been, in milliseconds. */
  get endMs(): number {
    return msOf(this.#audio.end);
  }

  /** No more audio comes. Resolves once every phrase has been reported, or when it is closed. Idempotent. */
  end(): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = Promise.withResolvers();
      if (this.#closed) this.#ending.resolve();
      else this.#finishWhenHeard();
    }
    return this.#ending.promise;
  }

  /** Idempotent. What is being decoded for it is given up; nothing is reported any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#detector.close();
    this.#phrase?.partial?.cancel();
    this.#phrase?.early?.job.cancel();
    for (const job of this.#openFinals) job.cancel();
    this.#ending?.resolve();
  }

  #hear(probability: number): void {
    const { state, segments } = segmentFrame(
      this.#segmenter,
      this.#frame,
      probability,
      this.#endFrames,
      this.#sensitivity,
    );
    this.#segmenter = state;
    this.#frame += 1;
    for (const segment of segments) this.#follow(segment);
    // A phrase that was cut for its length goes on in the next.
    if (segments.at(-1)?.type === 'ended') this.#listener.onSpeechEnded?.(msOf(this.#frame * FRAME_SAMPLES));
    if (this.#phrase === undefined) this.#audio.dropBefore(this.#frame * FRAME_SAMPLES - IDLE_KEPT_SAMPLES);
    else this.#decodePartial(this.#phrase);
    this.#finishWhenHeard();
  }

  #follow(segment: Segment): void {
    switch (segment.type) {
      case 'started':
        this.#begin(segment.start * FRAME_SAMPLES);
        break;
      case 'paused':
        this.#decodeEarly(segment.end * FRAME_SAMPLES);
        break;
      case 'resumed':
        this.#phrase?.early?.job.cancel();
        if (this.#phrase !== undefined) this.#phrase.early = undefined;
        break;
      case 'ended':
        this.#finish(segment.end * FRAME_SAMPLES, segment.voicedFrames);
        break;
      case 'quiet':
        this.#reportQuiet(segment.end * FRAME_SAMPLES);
        break;
    }
  }

  #begin(onset: number): void {
    const audioStart = Math.max(this.#phraseEnd, onset - PRE_ROLL_SAMPLES);
    this.#phrase = { audioStart, onset, partialAt: onset, partial: undefined, early: undefined, draft: [] };
    this.#listener.onSpeechStarted(msOf(onset));
  }

  /** Who keeps the audio until it is a phrase may forget it, but for the last second: somebody may have begun to speak. */
  #reportQuiet(end: number): void {
    const span = { startMs: msOf(this.#phraseEnd), endMs: msOf(end - IDLE_KEPT_SAMPLES) };
    this.#phraseEnd = end - IDLE_KEPT_SAMPLES;
    this.#report(async () => this.#listener.onPhrase(undefined, 0, span));
  }

  #decodePartial(phrase: Phrase): void {
    const now = this.#frame * FRAME_SAMPLES;
    if (phrase.partial !== undefined || phrase.early !== undefined || this.#openFinals.size > 0) return;
    if (now - phrase.partialAt < PARTIAL_EVERY_SAMPLES) return;
    phrase.partialAt = now;
    const job = this.#pool.decode(this, 'partial', this.#audio.slice(phrase.audioStart, now), phrase.draft);
    phrase.partial = job;
    void this.#reportPartial(phrase, job, Math.max(phrase.onset, now - LAST_WORD_SAMPLES), withoutLastWord).finally(
      () => {
        phrase.partial = undefined;
      },
    );
  }

  #decodeEarly(end: number): void {
    const phrase = this.#phrase;
    if (phrase === undefined) return;
    phrase.partial?.cancel();
    const job = this.#pool.decode(
      this,
      'early',
      this.#audio.slice(phrase.audioStart, end + TAIL_SAMPLES),
      phrase.draft,
    );
    phrase.early = { job, end };
    void this.#reportPartial(phrase, job, end, (text) => text);
  }

  async #reportPartial(phrase: Phrase, job: DecodeJob, end: number, trim: (text: string) => string): Promise<void> {
    try {
      const transcript = await job.transcript;
      if (transcript !== undefined) phrase.draft = transcript.tokens;
      const text = trim(toHypothesis(transcript?.text ?? ''));
      if (this.#closed || this.#phrase !== phrase || this.#openFinals.size > 0 || text === '') return;
      this.#listener.onPartial(text, { startMs: msOf(phrase.onset), endMs: msOf(end) });
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(end: number, voicedFrames: number): void {
    const phrase = this.#phrase;
    if (phrase === undefined) return;
    this.#phrase = undefined;
    phrase.partial?.cancel();
    const rms = rmsOf(this.#audio.slice(phrase.onset, end));
    const job = this.#finalJob(phrase, end);
    this.#openFinals.add(job);
    this.#phraseEnd = end;
    this.#audio.dropBefore(end - TAIL_SAMPLES);
    const span = { startMs: msOf(phrase.onset), endMs: msOf(end) };
    this.#report(async () => {
      const { text: said, confidence } = (await job.transcript) ?? NOTHING;
      this.#openFinals.delete(job);
      if (this.#closed) return;
      const text = believableText({ text: said, confidence, voicedMs: voicedFrames * SEGMENTER_FRAME_MS, rms });
      this.#listener.onPhrase(text, confidence, span);
    });
  }

  /** The early decode of the same audio, where there is one. */
  #finalJob({ early, audioStart, draft }: Phrase, end: number): DecodeJob {
    if (early?.end === end) {
      early.job.promote();
      return early.job;
    }
    early?.job.cancel();
    return this.#pool.decode(this, 'final', this.#audio.slice(audioStart, end + TAIL_SAMPLES), draft);
  }

  #report(task: () => Promise<void>): void {
    this.#reported = this.#reported.then(task).catch((error) => this.#fail(error));
  }

  /** The stream has ended and was listened to, up to a last piece that is shorter than a frame. */
  #finishWhenHeard(): void {
    const ending = this.#ending;
    if (ending === undefined || this.#audio.end - this.#frame * FRAME_SAMPLES >= FRAME_SAMPLES) return;
    const { state, segments } = segmentEnd(this.#segmenter, this.#frame);
    this.#segmenter = state;
    for (const segment of segments) this.#follow(segment);
    void this.#reported.then(ending.resolve);
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#listener.onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}

/** The end of a partial was cut off in the middle of a word, which the model completes as it likes. */
const LAST_WORD_SAMPLES = 0.4 * SAMPLE_RATE;
const withoutLastWord = (text: string): string => text.replace(/ \S+$/, '');

const NOTHING: Transcript = { text: '', confidence: 0, tokens: [] };
