import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { SAMPLE_RATE, samplesOf } from '../../shared/audio/pcm.ts';
import { encodeWav } from '../../shared/audio/wav.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { parseJson, readBody, sendError } from '../json-http.ts';
import type { EmulatedService } from '../server.ts';

const MAX_BODY_BYTES = 100_000;

const sayRequest = z.object({ text: z.string().min(1).max(5_000), voice: z.string().min(1).max(200).default('rms') });

/** Turns text into 16 kHz PCM16. */
export type Speak = (text: string, voice: string) => Promise<{ readonly pcm: Uint8Array }>;

/** `POST /emulator/say`: a voice for simulated callers, as a WAV file. */
export class SayService implements EmulatedService {
  readonly #speak: Speak;
  readonly #log: Logger;

  constructor(speak: Speak, log: Logger) {
    this.#speak = speak;
    this.#log = log;
  }

  handle(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== '/emulator/say') return false;
    this.#say(request, response).catch((error: unknown) => {
      this.#log.error({ error: messageOf(error) }, 'a caller could not be given a voice');
      if (!response.headersSent) sendError(response, 503, 'Unavailable', `The voices do not work: ${messageOf(error)}`);
    });
    return true;
  }

  async #say(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, MAX_BODY_BYTES);
    const wanted = sayRequest.safeParse(parseJson(body));
    if (!wanted.success) {
      sendError(response, 400, 'BadRequest', `Send {"text": "…", "voice": "…"}. ${z.prettifyError(wanted.error)}`);
      return;
    }
    const { pcm } = await this.#speak(wanted.data.text, wanted.data.voice);
    response.writeHead(200, { 'content-type': 'audio/wav' });
    response.end(encodeWav([samplesOf(pcm)], SAMPLE_RATE));
  }
}
