import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { SpeechService as SpeechEmulator } from '../../emulator/speech/speech-service.ts';
import { Transcriber } from '../../emulator/speech/transcriber.ts';
import { Voices } from '../../emulator/speech/voices.ts';
import type { Logger } from '../../shared/log.ts';
import { listening } from '../../shared/testing/listening.ts';
import type { SpeechService } from '../../stream-host/speech/sdk/speech-service.ts';

const KEY = 'local';

/** The emulator's speech service alone, on a free port. */
export class LocalSpeech implements AsyncDisposable {
  readonly service: SpeechService;
  readonly #close: () => Promise<void>;

  private constructor(port: number, close: () => Promise<void>) {
    this.service = { host: `ws://127.0.0.1:${port}`, proof: KEY };
    this.#close = close;
  }

  static async start(log: Logger): Promise<LocalSpeech> {
    const [voices, transcriber] = await Promise.all([Voices.start({ log }), Transcriber.start({ log })]);
    const service = new SpeechEmulator({ log, voices, transcriber, key: KEY });
    const sockets = new Set<Socket>();
    const server = createServer();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.on('upgrade', (request, socket, head) => {
      if (!service.handleUpgrade(request, socket, head)) socket.destroy();
    });
    const port = await listening(server);
    return new LocalSpeech(port, async () => {
      service.close();
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all([voices.close(), transcriber.close()]);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
