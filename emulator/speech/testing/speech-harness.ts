import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import * as sdk from 'microsoft-cognitiveservices-speech-sdk';
import { pino } from 'pino';
import { listening } from '../../../shared/testing/listening.ts';
import { SpeechService } from '../speech-service.ts';
import { type Hears, Transcriber } from '../transcriber.ts';
import { Voices } from '../voices.ts';

export const KEY = 'the-right-key';
const CHUNK_BYTES = 3200;

/** The whole service on a free port, for tests that speak to it with the real SDK. */
export class SpeechHarness {
  readonly service: SpeechService;
  readonly voices: Voices;
  readonly port: number;
  readonly #transcriber: Hears;
  readonly #sockets: Set<Socket>;
  readonly #stop: () => void;

  private constructor(
    service: SpeechService,
    voices: Voices,
    transcriber: Hears,
    server: { port: number; sockets: Set<Socket>; stop: () => void },
  ) {
    this.service = service;
    this.voices = voices;
    this.port = server.port;
    this.#transcriber = transcriber;
    this.#sockets = server.sockets;
    this.#stop = server.stop;
  }

  /** @param hears what listens; by default the models, which take seconds to load */
  static async start(hears?: Hears): Promise<SpeechHarness> {
    const log = pino({ level: 'silent' });
    const [voices, transcriber] = await Promise.all([
      Voices.start({ log }),
      hears ?? Transcriber.start({ log, workers: 1 }),
    ]);
    const service = new SpeechService({ log, voices, transcriber, key: KEY });
    const sockets = new Set<Socket>();
    const server = createServer();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      if (!service.handleUpgrade(request, socket, head)) socket.destroy();
    });
    const port = await listening(server);
    return new SpeechHarness(service, voices, transcriber, { port, sockets, stop: () => server.close() });
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  config(key = KEY): sdk.SpeechConfig {
    const config = sdk.SpeechConfig.fromHost(new URL(this.url), key);
    config.speechSynthesisOutputFormat = sdk.SpeechSynthesisOutputFormat.Raw16Khz16BitMonoPcm;
    config.speechSynthesisVoiceName = 'en-US-AvaMultilingualNeural';
    return config;
  }

  /** Breaks every connection, as a failing network does. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.service.close();
    this.#stop();
    this.dropConnections();
    await Promise.all([this.voices.close(), this.#transcriber.close()]);
  }
}

/** A recogniser with what it reported, in order. */
export class Recognition {
  readonly partials: sdk.SpeechRecognitionResult[] = [];
  readonly results: sdk.SpeechRecognitionResult[] = [];
  /** The names of events in the order they came. */
  readonly order: string[] = [];
  readonly canceled: Promise<sdk.SpeechRecognitionCanceledEventArgs>;
  readonly #push = sdk.AudioInputStream.createPushStream();
  readonly #recogniser: sdk.SpeechRecognizer;

  constructor(config: sdk.SpeechConfig) {
    this.#recogniser = new sdk.SpeechRecognizer(config, sdk.AudioConfig.fromStreamInput(this.#push));
    this.#recogniser.speechStartDetected = () => this.order.push('start');
    this.#recogniser.recognizing = (_, { result }) => {
      this.order.push('partial');
      this.partials.push(result);
    };
    this.#recogniser.recognized = (_, { result }) => {
      this.order.push('result');
      this.results.push(result);
    };
    const { promise, resolve } = Promise.withResolvers<sdk.SpeechRecognitionCanceledEventArgs>();
    this.#recogniser.canceled = (_, event) => resolve(event);
    this.canceled = promise;
  }

  start(): Promise<void> {
    return new Promise((resolve, reject) => this.#recogniser.startContinuousRecognitionAsync(resolve, reject));
  }

  /** Sends audio at `speed` times real time; 0: at once. (The SDK holds back what is over five seconds ahead.) */
  async hear(pcm: Uint8Array, speed = 0): Promise<void> {
    for (let at = 0; at < pcm.length; at += CHUNK_BYTES) {
      const chunk = new Uint8Array(pcm.subarray(at, at + CHUNK_BYTES));
      this.#push.write(chunk.buffer);
      if (speed > 0) await wait(100 / speed);
    }
  }

  /** Ends the audio and waits until the service has answered for all of it. */
  async finish(): Promise<void> {
    this.#push.close();
    await new Promise<void>((resolve) => {
      this.#recogniser.sessionStopped = () => resolve();
    });
  }

  close(): void {
    this.#recogniser.close();
  }

  get texts(): string[] {
    return this.results.filter(({ reason }) => reason === sdk.ResultReason.RecognizedSpeech).map(({ text }) => text);
  }
}

/** So many milliseconds of nothing. */
export const silence = (ms: number): Uint8Array => new Uint8Array(ms * 32);
