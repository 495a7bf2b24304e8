import type { Listened, PhraseListener } from '../../emulator/speech/phrase-stream.ts';
import type { Listens } from '../../emulator/speech/transcriber.ts';
import { toHypothesis } from '../../emulator/speech/transcript-text.ts';
import type { Voices } from '../../emulator/speech/voices.ts';
import { wait } from '../../emulator/wait.ts';
import { BYTES_PER_MS, bytesOf, FRAME_BYTES, FRAME_MS, rmsOf } from '../../shared/audio/pcm.ts';
import { systemClock } from '../../shared/clock.ts';
import { type AgentVoice, type TurnVoice, wordsOf } from '../subjects/agent-voice.ts';
import type { Clip } from './clips.ts';

/** Delays of good services, in milliseconds. */
export interface SpeechTiming {
  /** From a word's end to the partial that has it; from the last word's end to the final, with the silence in between. */
  readonly recognition: { readonly partialMs: number; readonly finalMs: number };
  /** From the text to the first audio; from piece to piece of 100 ms. */
  readonly synthesis: { readonly firstAudioMs: number; readonly pieceMs: number };
}

const KEY_AT = 320;
const KEY_BYTES = 24;
const PIECE_MS = 100;
/** What has no pace of ours comes in clips, as sentences do. */
const CLIP_MS = 1000;
/** A vowel is as loud: -26 dBFS. */
const VOICED_RMS = 0.05;
/** A text of answer 12 says "answer 12" in every sentence. */
const ANSWER = /answer (\d+)/i;
/** Answers whose next text may still come. */
const KEPT_TURNS = 1000;

/** Of which answer a text is; 0 where it is of none: a greeting, an apology. */
export const answerIn = (text: string): number => Number(ANSWER.exec(text)?.[1] ?? 0);

/** A clip is known by the sound of its first frame, of which some bytes in the middle are looked at. */
const keyOf = (bytes: Uint8Array, at: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at + KEY_AT, KEY_BYTES).toString('latin1');

export interface EarsScript {
  /** What may be said. */
  readonly clips: readonly Clip[];
  readonly timing: SpeechTiming['recognition'];
  /** How long after its first sound an utterance is told to have begun; at once where this is left out. */
  readonly startsAfterMs?: (clip: Clip) => number;
  /** What a voice says that is not known, because it was resampled on its way. */
  readonly anyVoice?: Clip | undefined;
}

/**
 * The emulator's recogniser without its models. It knows by heart what may be said, so it costs next to nothing, and tells
 * it when a good service would: partials after each word, a final after the pause.
 */
export function scriptedEars(script: EarsScript): Listens {
  const clips = new Map(script.clips.map((clip) => [keyOf(clip.pcm, 0), clip]));
  return { listen: (_silenceMs, listener) => new ScriptedStream(script, clips, listener) };
}

interface Phrase {
  readonly clip: Clip;
  readonly startMs: number;
  words: number;
  isTold: boolean;
}

class ScriptedStream implements Listened {
  readonly isBehind = false;
  /** How much was heard. */
  endMs = 0;
  readonly #script: EarsScript;
  readonly #clips: ReadonlyMap<string, Clip>;
  readonly #listener: PhraseListener;
  #phrase: Phrase | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(script: EarsScript, clips: ReadonlyMap<string, Clip>, listener: PhraseListener) {
    this.#script = script;
    this.#clips = clips;
    this.#listener = listener;
  }

  /** @param pcm whole frames */
  write(pcm: Uint8Array): void {
    for (let at = 0; at + FRAME_BYTES <= pcm.length; at += FRAME_BYTES) {
      const clip = this.#clips.get(keyOf(pcm, at)) ?? this.#unknownVoice(pcm.subarray(at, at + FRAME_BYTES));
      if (clip) this.#begin(clip);
      this.endMs += FRAME_MS;
    }
    if (this.#phrase) this.#report(this.#phrase);
  }

  async end(): Promise<void> {
    if (this.#phrase) this.#finish(this.#phrase);
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #unknownVoice(frame: Uint8Array): Clip | undefined {
    const isNew = this.#script.anyVoice !== undefined && this.#phrase === undefined;
    return isNew && rmsOf(frame) > VOICED_RMS ? this.#script.anyVoice : undefined;
  }

  #begin(clip: Clip): void {
    if (this.#phrase) this.#finish(this.#phrase);
    const phrase: Phrase = { clip, startMs: this.endMs, words: 0, isTold: false };
    this.#phrase = phrase;
    const afterMs = this.#script.startsAfterMs?.(clip) ?? 0;
    if (afterMs === 0) this.#tellStart(phrase);
    else this.#timer = setTimeout(() => this.#tellStart(phrase), afterMs);
  }

  #tellStart(phrase: Phrase): void {
    if (phrase.isTold) return;
    phrase.isTold = true;
    this.#listener.onSpeechStarted(phrase.startMs);
  }

  #report(phrase: Phrase): void {
    const { clip, startMs } = phrase;
    const said = clip.words.filter(({ endMs }) => startMs + endMs + this.#script.timing.partialMs <= this.endMs);
    if (said.length > phrase.words) {
      phrase.words = said.length;
      const text = toHypothesis(said.map((word) => word.text).join(' '));
      this.#listener.onPartial(text, { startMs, endMs: startMs + (said.at(-1)?.endMs ?? 0) });
    }
    if (this.endMs >= startMs + (clip.words.at(-1)?.endMs ?? 0) + this.#script.timing.finalMs) this.#finish(phrase);
  }

  #finish(phrase: Phrase): void {
    const { clip, startMs } = phrase;
    this.#phrase = undefined;
    clearTimeout(this.#timer);
    this.#tellStart(phrase);
    this.#listener.onSpeechEnded?.(this.endMs);
    this.#listener.onPhrase(clip.text, 1, { startMs, endMs: startMs + (clip.words.at(-1)?.endMs ?? 0) });
  }
}

/**
 * The emulator's voices without their model: canned speech as long as the text, with word boundaries and a position mark
 * that counts through all texts of an answer. What is of no answer has turn 0.
 */
export class ScriptedVoices implements Pick<Voices, 'speakSentences'> {
  readonly #voice: AgentVoice;
  readonly #timing: SpeechTiming['synthesis'] | undefined;
  /** An answer's texts may come over several connections: each goes on where the last one ended. */
  readonly #turns = new Map<number, TurnVoice>();

  /** @param timing left out: at once, for whoever has a pace of his own */
  constructor(voice: AgentVoice, timing?: SpeechTiming['synthesis']) {
    this.#voice = voice;
    this.#timing = timing;
  }

  async *speakSentences(text: string, _voice: string, signal?: AbortSignal) {
    const answer = answerIn(text);
    const turn = this.#turns.get(answer) ?? this.#voice(answer);
    if (answer > 0) this.#turns.set(answer, turn);
    this.#turns.delete(answer - KEPT_TURNS);
    const pcm = Buffer.concat([...turn(text)].map(bytesOf));
    const words = wordsOf(text, pcm.length / BYTES_PER_MS);
    const lengthMs = this.#timing ? PIECE_MS : CLIP_MS;
    for (let atMs = 0; atMs * BYTES_PER_MS < pcm.length; atMs += lengthMs) {
      if (this.#timing) await wait(systemClock, this.#timing[atMs === 0 ? 'firstAudioMs' : 'pieceMs'], signal);
      const ofPiece = words.filter(({ startMs }) => startMs >= atMs && startMs < atMs + lengthMs);
      yield {
        pcm: pcm.subarray(atMs * BYTES_PER_MS, (atMs + lengthMs) * BYTES_PER_MS),
        words: ofPiece.map((word) => ({ ...word, startMs: word.startMs - atMs })),
      };
    }
  }
}
