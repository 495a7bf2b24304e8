import { audioFrame, textFrame, ticks, type UspMessage } from '../../emulator/speech/usp.ts';
import { bytesOf, FRAME_BYTES, FRAME_MS } from '../../shared/audio/pcm.ts';
import type { AgentVoice, TurnVoice } from '../subjects/agent-voice.ts';
import type { Clip } from './clips.ts';
import type { ProviderTiming } from './providers.ts';

type Send = (data: string | Uint8Array) => void;

const WAVE_HEADER_BYTES = 44;
const KEY_AT = 320;
const KEY_BYTES = 24;
const STREAM_ID = '0123456789ABCDEF0123456789ABCDEF';
const SAMPLES_PER_MS = 16;
/** A text of answer 12 says "answer 12" in every sentence. */
const ANSWER = /answer (\d+)/i;
/** Answers whose next text may still come. */
const KEPT_TURNS = 1000;

/** Knows each clip by the sound of its first frame, of which it looks at some bytes in the middle. */
export class ClipIndex {
  readonly #clips: ReadonlyMap<string, Clip>;

  constructor(clips: readonly Clip[]) {
    this.#clips = new Map(clips.map((clip) => [keyOf(clip.pcm, 0), clip]));
  }

  /** The clip that begins with the sound that is at `at`. */
  find(bytes: Uint8Array, at: number): Clip | undefined {
    return this.#clips.get(keyOf(bytes, at));
  }
}

const keyOf = (bytes: Uint8Array, at: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + at + KEY_AT, KEY_BYTES).toString('latin1');

interface Phrase {
  readonly clip: Clip;
  readonly startMs: number;
  words: number;
}

/**
 * One recognition connection on the Speech SDK's own protocol. It knows by heart what may be said, so it costs next to
 * nothing, and tells it when a good service would: partials after each word, a final after the pause.
 */
export class ScriptedRecognition {
  readonly #sends: Send;
  readonly #index: ClipIndex;
  readonly #timing: ProviderTiming['recognition'];
  #requestId = '';
  #heardMs = 0;
  #phrase: Phrase | undefined;
  #phrases = 0;

  constructor(sends: Send, index: ClipIndex, timing: ProviderTiming['recognition']) {
    this.#sends = sends;
    this.#index = index;
    this.#timing = timing;
  }

  receive({ path, requestId, contentType, body }: UspMessage): void {
    if (path === 'speech.context') {
      this.#requestId = requestId;
      this.#heardMs = 0;
      this.#phrase = undefined;
      this.#send('turn.start', { context: { serviceTag: 'scripted' } });
    } else if (path === 'audio' && body.type === 'binary' && requestId === this.#requestId) {
      if (body.bytes.length === 0) this.#send('turn.end', {});
      else this.#hear(contentType === 'audio/x-wav' ? body.bytes.subarray(WAVE_HEADER_BYTES) : body.bytes);
    }
  }

  close(): void {}

  #hear(audio: Uint8Array): void {
    for (let at = 0; at + FRAME_BYTES <= audio.length; at += FRAME_BYTES) {
      const clip = this.#index.find(audio, at);
      if (clip) this.#begin(clip);
      this.#heardMs += FRAME_MS;
    }
    if (this.#phrase) this.#report(this.#phrase);
  }

  #begin(clip: Clip): void {
    if (this.#phrase) this.#finish(this.#phrase);
    this.#phrases += 1;
    this.#phrase = { clip, startMs: this.#heardMs, words: 0 };
    this.#send('speech.startDetected', { Offset: ticks(this.#heardMs) });
  }

  #report(phrase: Phrase): void {
    const { clip, startMs } = phrase;
    const said = clip.words.filter(({ endMs }) => startMs + endMs + this.#timing.partialMs <= this.#heardMs);
    if (said.length > phrase.words) {
      phrase.words = said.length;
      const text = said.map((word) => word.text.replace(/[^\w']/g, '').toLowerCase()).join(' ');
      this.#send('speech.hypothesis', { ...this.#span(phrase, said.at(-1)?.endMs ?? 0), Text: text, Channel: 0 });
    }
    if (this.#heardMs >= startMs + (clip.words.at(-1)?.endMs ?? 0) + this.#timing.finalMs) this.#finish(phrase);
  }

  #finish(phrase: Phrase): void {
    this.#phrase = undefined;
    const span = this.#span(phrase, phrase.clip.words.at(-1)?.endMs ?? 0);
    const DisplayText = phrase.clip.text;
    this.#send('speech.phrase', { ...span, RecognitionStatus: 'Success', DisplayText, Channel: 0 });
  }

  #span({ startMs }: Phrase, durationMs: number) {
    return { Id: `phrase-${this.#phrases}`, Offset: ticks(startMs), Duration: ticks(durationMs) };
  }

  #send(path: string, body: unknown): void {
    this.#sends(textFrame(path, this.#requestId, body));
  }
}

/**
 * One synthesis connection on the Speech SDK's own protocol: canned speech as long as the text, with word boundaries and
 * a position mark that counts through all texts of an answer. What is of no answer (greeting, apology) has turn 0.
 */
export class ScriptedSynthesis {
  readonly #sends: Send;
  readonly #turnOf: (text: string) => TurnVoice;
  readonly #timing: ProviderTiming['synthesis'];
  #timer: NodeJS.Timeout | undefined;

  /** @param turnOf of all connections, see {@link answerVoices}: an answer's texts may come over several */
  constructor(sends: Send, turnOf: (text: string) => TurnVoice, timing: ProviderTiming['synthesis']) {
    this.#sends = sends;
    this.#turnOf = turnOf;
    this.#timing = timing;
  }

  receive({ path, requestId, body }: UspMessage): void {
    if (path !== 'ssml' || body.type !== 'text') return;
    this.close();
    const text = body.text
      .replace(/<[^>]*>/g, '')
      .replace(/&apos;/g, "'")
      .trim();
    const pieces = [...this.#turnOf(text)(text)];
    const send = (name: string, value: unknown) => this.#sends(textFrame(name, requestId, value));
    const context = { serviceTag: 'scripted' };
    send('turn.start', { context });
    send('response', { context, audio: { type: 'inline', streamId: STREAM_ID } });
    const lengthMs = pieces.reduce((sum, { length }) => sum + length / SAMPLES_PER_MS, 0);
    const msPerChar = lengthMs / text.length;
    const words = [...text.matchAll(/[\w']+/g)].map(({ 0: word, index }) => ({ word, startMs: index * msPerChar }));
    let atMs = 0;
    const step = () => {
      const piece = pieces.shift();
      atMs += (piece?.length ?? 0) / SAMPLES_PER_MS;
      for (let next = words[0]; next && next.startMs < atMs; next = words[0]) {
        words.shift();
        const boundary = { Text: next.word, Length: next.word.length, BoundaryType: 'WordBoundary' };
        const times = { Offset: ticks(next.startMs), Duration: ticks(next.word.length * msPerChar) };
        send('audio.metadata', { Metadata: [{ Type: 'WordBoundary', Data: { ...times, text: boundary } }] });
      }
      if (piece) this.#sends(audioFrame(requestId, STREAM_ID, bytesOf(piece)));
      if (pieces.length > 0) {
        this.#timer = setTimeout(step, this.#timing.pieceMs);
        return;
      }
      send('audio.metadata', { Metadata: [{ Type: 'SessionEnd', Data: { Offset: ticks(lengthMs) } }] });
      send('turn.end', {});
    };
    this.#timer = setTimeout(step, this.#timing.firstAudioMs);
  }

  /** Ends what is being spoken. Idempotent. */
  close(): void {
    clearTimeout(this.#timer);
  }
}

/** The voice that a text is spoken with: each text of an answer goes on where the last one ended. */
export function answerVoices(voice: AgentVoice): (text: string) => TurnVoice {
  const turns = new Map<number, TurnVoice>();
  return (text) => {
    const answer = Number(ANSWER.exec(text)?.[1] ?? 0);
    const turn = turns.get(answer) ?? voice.turn(answer);
    if (answer > 0) turns.set(answer, turn);
    turns.delete(answer - KEPT_TURNS);
    return turn;
  };
}
