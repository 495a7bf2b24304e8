import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Logger } from '../../shared/log.ts';
import { AUDIENCES } from '../identity/access-tokens.ts';
import { type ServiceAccess, ServiceDoor } from '../identity/service-door.ts';
import { addressOf } from '../local-door.ts';
import { refuseUpgrade } from '../socket-door.ts';
import type { UsageMeter } from '../usage-meter.ts';
import { RecognitionSocket } from './recognition-socket.ts';
import { SynthesisSocket } from './synthesis-socket.ts';
import type { Hears } from './transcriber.ts';
import type { Voices } from './voices.ts';

export interface SpeechServiceOptions extends ServiceAccess {
  readonly log: Logger;
  readonly transcriber: Hears;
  readonly voices: Voices;
  readonly meter?: UsageMeter;
}

export interface SpeechStatus {
  readonly recognitionSockets: number;
  readonly synthesisSockets: number;
  /** Pieces of audio that wait to be decoded, and sentences that wait to be spoken. */
  readonly waitingToDecode: number;
  readonly waitingToSpeak: number;
}

const RECOGNITION = /^\/(?:speech\/recognition\/conversation\/cognitiveservices\/v1|stt\/speech\/universal\/v2)\/?$/;
const SYNTHESIS = /^\/tts\/cognitiveservices\/websocket\/v1\/?$/;
const MAX_FRAME_BYTES = 1024 * 1024;
const PING_MS = 20_000;

/**
 * Azure's Speech service for a Speech SDK that is pointed here: continuous recognition, and synthesis with
 * word boundaries, over the SDK's own protocol. Mount it on any HTTP server by {@link handleUpgrade}.
 */
export class SpeechService {
  readonly #options: SpeechServiceOptions;
  readonly #log: Logger;
  readonly #door: ServiceDoor;
  readonly #upgrader = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  readonly #recognition = new Set<RecognitionSocket>();
  readonly #synthesis = new Set<SynthesisSocket>();
  #closed = false;

  constructor(options: SpeechServiceOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#door = new ServiceDoor(options, AUDIENCES.ai);
  }

  /** Takes a WebSocket upgrade if its path is one of the service's: true. Answers 401 where key or token is wrong. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const { pathname, searchParams } = addressOf(request);
    const isRecognition = RECOGNITION.test(pathname);
    if (!isRecognition && !SYNTHESIS.test(pathname)) return false;
    if (this.#closed) refuseUpgrade(socket, 503, '503', 'The emulator is shutting down.');
    else if (!this.#isAllowed(request, searchParams)) {
      // The address is not logged: the SDK puts key or token into it.
      this.#log.warn(
        { path: pathname },
        'a speech client showed no key or token, or a wrong one; check SPEECH_KEY or the identity',
      );
      refuseUpgrade(
        socket,
        401,
        '401',
        'Wrong or missing Ocp-Apim-Subscription-Key, or a token that is not for this service or has expired.',
      );
    } else {
      this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        if (isRecognition) this.#openRecognition(webSocket);
        else this.#openSynthesis(webSocket);
        keepAlive(webSocket);
      });
    }
    return true;
  }

  status(): SpeechStatus {
    return {
      recognitionSockets: this.#recognition.size,
      synthesisSockets: this.#synthesis.size,
      waitingToDecode: this.#options.transcriber.waiting,
      waitingToSpeak: this.#options.voices.waiting,
    };
  }

  /** Closes every socket with 1001. Idempotent. The transcriber and the voices are their owner's to close. */
  close(): void {
    this.#closed = true;
    for (const socket of [...this.#recognition, ...this.#synthesis])
      socket.close(1001, 'the emulator is shutting down');
  }

  #openRecognition(webSocket: WebSocket): void {
    const { transcriber, meter } = this.#options;
    const socket = new RecognitionSocket(webSocket, transcriber, this.#log, meter);
    this.#recognition.add(socket);
    webSocket.on('close', () => this.#recognition.delete(socket));
  }

  #openSynthesis(webSocket: WebSocket): void {
    const socket = new SynthesisSocket(webSocket, this.#options.voices, this.#log, this.#options.meter);
    this.#synthesis.add(socket);
    webSocket.on('close', () => this.#synthesis.delete(socket));
  }

  /** Node's own WebSocket sends no headers, so that the SDK puts whatever it would send there into the query as well. */
  #isAllowed({ headers }: IncomingMessage, query: URLSearchParams): boolean {
    return this.#door.admits({
      keys: [headers['ocp-apim-subscription-key'] ?? query.get('Ocp-Apim-Subscription-Key')],
      authorization: headers.authorization ?? query.get('Authorization'),
    });
  }
}

/** Drops a socket whose other end no longer answers pings. */
function keepAlive(socket: WebSocket): void {
  let answered = true;
  const timer = setInterval(() => {
    if (socket.isPaused) return; // an answer could not be read
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('close', () => clearInterval(timer));
}
