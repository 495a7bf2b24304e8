import type { WebSocket } from 'ws';
import { BYTES_PER_MS, SAMPLE_RATE } from '../../shared/audio/pcm.ts';
import type { Logger } from '../../shared/log.ts';
import type { UsageMeter } from '../usage-meter.ts';
import { numbersAsDigits } from './number-words.ts';
import type { AudioSpan, Listened } from './phrase-stream.ts';
import { phraseWords } from './phrase-words.ts';
import { type RecognitionSettings, recognitionSettings } from './recognition-settings.ts';
import { SpeechSocket } from './speech-socket.ts';
import type { Listens } from './transcriber.ts';
import { jsonBody, newServiceId, ticks, UspError, type UspMessage } from './usp.ts';

const WAVE_HEADER_BYTES = 44;
const CHECK_BEHIND_MS = 50;

/** From a turn's first audio to its `turn.end`. Offsets on the wire count from the turn's first sample. */
interface Turn {
  readonly requestId: string;
  readonly stream: Listened;
  readonly settings: RecognitionSettings;
  phraseId: string;
}

/**
 * One recognition connection of a Speech SDK: `speech.config`, then for each turn a `speech.context` and audio, which is
 * a wave header followed by PCM; audio of no length ends the turn. After a break the SDK opens a new socket, sends again
 * what no phrase has covered, and adds its own base to every offset, so that a turn here always counts from zero.
 */
export class RecognitionSocket {
  readonly #transcriber: Listens;
  readonly #socket: SpeechSocket;
  readonly #meter: UsageMeter | undefined;
  #next: { readonly requestId: string; readonly settings: RecognitionSettings } | undefined;
  #turn: Turn | undefined;
  #hadTurn = false;
  #behindTimer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, transcriber: Listens, log: Logger, meter?: UsageMeter) {
    this.#meter = meter;
    this.#transcriber = transcriber;
    this.#socket = new SpeechSocket(
      socket,
      log,
      (message) => this.#receive(message),
      () => this.#release(),
    );
  }

  /** Ends the connection and gives up what is being decoded for it. */
  close(code: number, reason: string): void {
    this.#release();
    this.#socket.close(code, reason);
  }

  #receive(message: UspMessage): void {
    switch (message.path) {
      case 'speech.context':
        this.#closeTurn();
        this.#next = { requestId: message.requestId, settings: recognitionSettings(jsonBody(message)) };
        break;
      case 'audio':
        this.#receiveAudio(message);
        break;
      default: // speech.config, telemetry and whatever a later SDK adds
    }
  }

  #receiveAudio({ requestId, contentType, body }: UspMessage): void {
    if (body.type !== 'binary') throw new UspError(1007, 'audio must come in binary frames');
    const turn = this.#turn ?? this.#openTurn(requestId);
    // Audio of a turn that is over may still be on its way: the SDK sends it again in the next one.
    if (turn?.requestId !== requestId) return;
    if (body.bytes.length === 0) {
      void this.#endTurn(turn);
      return;
    }
    const pcm = contentType === 'audio/x-wav' ? withoutWaveHeader(body.bytes) : body.bytes;
    if (this.#meter) this.#meter.recognition.audioMs += pcm.length / BYTES_PER_MS;
    // A copy: the frame is a piece of a larger buffer of the socket's, which would be sent to the worker as a whole.
    turn.stream.write(new Uint8Array(pcm));
    if (turn.stream.isBehind) this.#holdBack(turn);
  }

  #openTurn(requestId: string): Turn | undefined {
    if (this.#next === undefined && !this.#hadTurn) throw new UspError(1002, 'audio came before a speech.context');
    if (this.#next?.requestId !== requestId) return undefined;
    const { settings } = this.#next;
    this.#next = undefined;
    this.#hadTurn = true;
    const stream = this.#transcriber.listen(settings.silenceMs, {
      onSpeechStarted: (atMs) => this.#send(turn, 'speech.startDetected', { Offset: ticks(atMs) }),
      onPartial: (text, span) =>
        this.#send(turn, 'speech.hypothesis', { Id: turn.phraseId, Text: text, ...wireSpan(span), Channel: 0 }),
      onPhrase: (text, confidence, span) => this.#reportPhrase(turn, text, confidence, span),
      onFailure: (error) => this.#socket.fail(error),
    });
    const turn: Turn = { requestId, stream, settings, phraseId: newServiceId() };
    this.#turn = turn;
    this.#send(turn, 'turn.start', { context: { serviceTag: newServiceId() } });
    return turn;
  }

  #reportPhrase(turn: Turn, text: string | undefined, confidence: number, span: AudioSpan): void {
    const common = { Id: turn.phraseId, ...wireSpan(span), Channel: 0 };
    turn.phraseId = newServiceId();
    const heard = text === undefined ? 'NoMatch' : 'Success';
    const { detailed, language } = turn.settings;
    const spoken = text !== undefined && language !== undefined;
    const words = {
      ...(text !== undefined && (detailed ? { NBest: [bestGuess(text, confidence, span)] } : simpleGuess(text))),
      ...(spoken && { PrimaryLanguage: { Language: language, Confidence: 'High' } }),
    };
    this.#send(turn, 'speech.phrase', { ...common, RecognitionStatus: heard, ...words });
  }

  async #endTurn(turn: Turn): Promise<void> {
    await turn.stream.end();
    if (this.#turn !== turn) return;
    const endMs = turn.stream.endMs;
    this.#send(turn, 'speech.phrase', { RecognitionStatus: 'EndOfDictation', Offset: ticks(endMs), Duration: 0 });
    this.#send(turn, 'speech.endDetected', { Offset: ticks(endMs) });
    this.#send(turn, 'turn.end', {});
    this.#closeTurn();
  }

  /** The client sends faster than it can be listened to (it replays, or the machine is busy). */
  #holdBack(turn: Turn): void {
    if (this.#behindTimer !== undefined) return;
    this.#socket.holdBack(true);
    this.#behindTimer = setInterval(() => {
      if (this.#turn === turn && turn.stream.isBehind) return;
      clearInterval(this.#behindTimer);
      this.#behindTimer = undefined;
      this.#socket.holdBack(false);
    }, CHECK_BEHIND_MS);
  }

  #send(turn: Turn, path: string, body: Readonly<Record<string, unknown>>): void {
    if (this.#turn === turn) this.#socket.sendText(path, turn.requestId, body);
  }

  #closeTurn(): void {
    this.#turn?.stream.close();
    this.#turn = undefined;
  }

  #release(): void {
    clearInterval(this.#behindTimer);
    this.#closeTurn();
    this.#next = undefined;
  }
}

const simpleGuess = (text: string) => ({ DisplayText: numbersAsDigits(text) });

/** As the service writes it where `format=detailed`, of which the SDK shows the first as the result. */
function bestGuess(text: string, confidence: number, span: AudioSpan) {
  const display = numbersAsDigits(text);
  const lexical = text.toLowerCase().replace(/[.,!?]/g, '');
  const words = phraseWords(text, span).map((word) => ({
    Word: word.text.toLowerCase(),
    Offset: ticks(word.startMs),
    Duration: ticks(word.endMs - word.startMs),
  }));
  return { Confidence: confidence, Lexical: lexical, ITN: lexical, MaskedITN: lexical, Display: display, Words: words };
}

const wireSpan = ({ startMs, endMs }: AudioSpan) => ({ Offset: ticks(startMs), Duration: ticks(endMs - startMs) });

/** @throws {UspError} 1007 where the header announces another kind of audio than the models take */
function withoutWaveHeader(bytes: Uint8Array): Uint8Array {
  if (bytes.length < WAVE_HEADER_BYTES) throw new UspError(1007, 'the wave header is cut short');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const channels = view.getUint16(22, true);
  const sampleRate = view.getUint32(24, true);
  const bits = view.getUint16(34, true);
  if (channels !== 1 || sampleRate !== SAMPLE_RATE || bits !== 16) {
    throw new UspError(1007, `audio is ${sampleRate} Hz, ${bits} bit, ${channels} channels; send 16000 Hz, 16 bit, 1`);
  }
  return bytes.subarray(WAVE_HEADER_BYTES);
}
