import type { WebSocket } from 'ws';
import { textFrame, ticks, type UspMessage } from '../../../emulator/speech/usp.ts';
import type { SpeechFaults } from './tone-service.ts';
import { ToneListener } from './tones.ts';

const PHRASE_END_MS = 240;

/** The recognition half of one connection: a hypothesis after each word, a phrase after a pause. */
export class ToneRecognition {
  readonly #socket: WebSocket;
  readonly #faults: SpeechFaults;
  #requestId = '';
  #detailed = false;
  #listener = new ToneListener();
  #said = 0;
  #hypotheses = 0;

  constructor(socket: WebSocket, faults: SpeechFaults) {
    this.#socket = socket;
    this.#faults = faults;
  }

  receive({ path, requestId, contentType, body }: UspMessage): void {
    if (path === 'speech.context') {
      this.#requestId = requestId;
      this.#detailed = body.type === 'text' && /"format":"detailed"/i.test(body.text);
      this.#listener = new ToneListener();
      this.#said = 0;
      this.#send('turn.start', { context: { serviceTag: 'tones' } });
    }
    // The first audio message of a turn is a WAV header.
    if (body.type !== 'binary' || requestId !== this.#requestId || contentType !== '') return;
    if (body.bytes.length === 0) this.#endStream();
    else this.#hear(body.bytes);
  }

  #hear(audio: Uint8Array): void {
    // In small steps, so that a phrase ends where it does however the audio arrives.
    for (let at = 0; at < audio.length; at += 640) {
      this.#listener.write(audio.subarray(at, at + 640));
      if (this.#listener.words.length > this.#said) this.#hypothesis();
      if (this.#said > 0 && this.#listener.silentMs >= PHRASE_END_MS) {
        this.#phrase();
        if (this.#faults.endTurnAfterPhrase) {
          this.#send('turn.end', {});
          return;
        }
      }
    }
  }

  #hypothesis(): void {
    this.#said = this.#listener.words.length;
    this.#hypotheses += 1;
    this.#send('speech.hypothesis', { Id: 'h', Text: this.#text(), ...this.#span(), Channel: 0 });
    const close = this.#faults.closeAfterHypotheses;
    if (close && this.#hypotheses >= close.count) this.#socket.close(close.code);
  }

  #phrase(): void {
    const text = this.#text();
    const sentence = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
    const status = this.#faults.phraseStatus ?? 'Success';
    this.#send('speech.phrase', {
      Id: 'p',
      RecognitionStatus: status,
      ...this.#span(),
      Channel: 0,
      ...(this.#detailed ? { NBest: [this.#best(sentence)] } : { DisplayText: sentence }),
      ...(this.#faults.language && { PrimaryLanguage: { Language: this.#faults.language, Confidence: 'High' } }),
    });
    this.#listener.forget();
    this.#said = 0;
  }

  #best(sentence: string) {
    const words = this.#listener.words.map(({ word, startMs, endMs }) => ({
      Word: word,
      Offset: ticks(startMs),
      Duration: ticks(endMs - startMs),
    }));
    return { Confidence: 0.83, Lexical: this.#text(), Display: sentence, Words: words };
  }

  #endStream(): void {
    if (this.#faults.neverEndTurn) return;
    if (this.#said > 0) this.#phrase();
    this.#send('turn.end', {});
  }

  #text(): string {
    return this.#listener.words.map(({ word }) => word).join(' ');
  }

  #span(): { Offset: number; Duration: number } {
    const startMs = this.#listener.words[0]?.startMs ?? 0;
    const endMs = this.#listener.words.at(-1)?.endMs ?? 0;
    return { Offset: ticks(startMs), Duration: ticks(endMs - startMs) };
  }

  #send(path: string, body: unknown): void {
    this.#socket.send(textFrame(path, this.#requestId, body));
  }
}
