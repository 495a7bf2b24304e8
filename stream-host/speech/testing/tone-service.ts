import { createServer, type Server } from 'node:http';
import { type WebSocket, WebSocketServer } from 'ws';
import { parseUsp } from '../../../emulator/speech/usp.ts';
import { listening } from '../../../shared/testing/listening.ts';
import { ToneRecognition } from './tone-recognition.ts';
import { ToneSynthesis } from './tone-synthesis.ts';

/** What a test wants to go wrong. Each may be changed at any time. */
export interface SpeechFaults {
  /** Answers every upgrade with this HTTP status. */
  refuseWith?: number | undefined;
  /** Accepts connections and then says nothing. */
  mute?: boolean;
  /** Closes the socket with this code after so many hypotheses of a connection. */
  closeAfterHypotheses?: { readonly count: number; readonly code: number } | undefined;
  /** The status of every phrase, instead of Success. */
  phraseStatus?: string | undefined;
  /** Ends the turn after each phrase, as the service does now and then, and goes on in a new one. */
  endTurnAfterPhrase?: boolean;
  /** Keeps the last word to itself at the end of the stream: no phrase, no turn.end. */
  neverEndTurn?: boolean;
  /** Of the next synthesis, sends so many pieces of audio and then closes with this code. */
  closeAfterAudio?: { readonly pieces: number; readonly code: number } | undefined;
  /** Of each synthesis, sends so many pieces of audio and then nothing. */
  stallAfterAudio?: number | undefined;
  /** What every phrase is said to be in. */
  language?: string | undefined;
  /** Bytes of audio in one message. Odd numbers cut samples in two. */
  audioPieceBytes?: number;
}

/**
 * A Speech service on the SDK's own protocol that understands and speaks tones instead of words, for injecting faults
 * that no healthy service shows. The emulator is the place for real speech.
 */
export class ToneService {
  readonly port: number;
  readonly faults: SpeechFaults = {};
  readonly upgrades: string[] = [];
  /** The text of each synthesis that was asked for, as the service got it. */
  readonly ssml: string[] = [];
  /** What each turn of a recogniser was asked for. */
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and fails where it is not there
  readonly contexts: any[] = [];
  /** Bytes of audio in each message of the recognisers. */
  readonly audioMessages: number[] = [];
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  mostConnections = 0;

  private constructor(http: Server, port: number) {
    this.#http = http;
    this.port = port;
  }

  static async start(): Promise<ToneService> {
    const http = createServer((_, response) => response.writeHead(404).end());
    const service = new ToneService(http, await listening(http));
    http.on('upgrade', (request, socket, head) => {
      service.upgrades.push(request.url ?? '');
      const status = service.faults.refuseWith;
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const isSynthesis = request.url?.includes('/tts/') ?? false;
      service.#sockets.handleUpgrade(request, socket, head, (ws) => service.#serve(ws, isSynthesis));
    });
    return service;
  }

  get connections(): number {
    return this.#sockets.clients.size;
  }

  /** Ends every connection without a close frame. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  close(): void {
    this.drop();
    this.#http.close();
  }

  #serve(socket: WebSocket, isSynthesis: boolean): void {
    this.mostConnections = Math.max(this.mostConnections, this.connections);
    const handler = isSynthesis
      ? new ToneSynthesis(socket, this.faults, this.ssml)
      : new ToneRecognition(socket, this.faults);
    socket.on('error', () => undefined);
    socket.on('message', (data: Buffer, isBinary) => {
      const message = parseUsp(data, isBinary);
      if (message.path === 'speech.context' && message.body.type === 'text') {
        this.contexts.push(JSON.parse(message.body.text));
      }
      if (message.path === 'audio' && message.body.type === 'binary') {
        this.audioMessages.push(message.body.bytes.length);
      }
      if (!this.faults.mute) handler.receive(message);
    });
  }
}
