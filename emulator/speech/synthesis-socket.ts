import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Logger } from '../../shared/log.ts';
import type { UsageMeter } from '../usage-meter.ts';
import { SpeechSocket } from './speech-socket.ts';
import { parseSsml } from './ssml.ts';
import { parseSynthesisContext, type SynthesisSettings } from './synthesis-settings.ts';
import { SynthesisTurn } from './synthesis-turn.ts';
import { jsonBody, UspError, type UspMessage } from './usp.ts';
import type { Voices } from './voices.ts';

const MAX_TEXT_CHARS = 20_000;

const control = z.looseObject({ action: z.string() });

/**
 * One synthesis connection of a Speech SDK: for each utterance a `synthesis.context`, then its SSML. One utterance at a time, which is all that the SDK asks for; a new one ends the one before. Words have
 * boundaries, punctuation marks and sentences have none.
 */
export class SynthesisSocket {
  readonly #voices: Pick<Voices, 'speakSentences'>;
  readonly #socket: SpeechSocket;
  readonly #meter: UsageMeter | undefined;
  #next: { readonly requestId: string; readonly settings: SynthesisSettings } | undefined;
  #turn: SynthesisTurn | undefined;

  constructor(socket: WebSocket, voices: Pick<Voices, 'speakSentences'>, log: Logger, meter?: UsageMeter) {
    this.#meter = meter;
    this.#voices = voices;
    this.#socket = new SpeechSocket(
      socket,
      log,
      (message) => this.#receive(message),
      () => this.#turn?.abort(),
    );
  }

  close(code: number, reason: string): void {
    this.#turn?.abort();
    this.#socket.close(code, reason);
  }

  #receive(message: UspMessage): void {
    const { path, requestId } = message;
    switch (path) {
      case 'synthesis.context': {
        this.#next = { requestId, settings: parseSynthesisContext(jsonBody(message)) };
        break;
      }
      case 'ssml':
        this.#speak(message);
        break;
      case 'synthesis.control':
        // What comes for an utterance that is over is late, not wrong.
        if (control.safeParse(jsonBody(message)).data?.action === 'stop' && this.#turn?.requestId === requestId) {
          this.#turn.stop();
        }
        break;
      default: // speech.config and whatever a later SDK adds
    }
  }

  #speak({ requestId, body }: UspMessage): void {
    if (this.#next?.requestId !== requestId) throw new UspError(1002, 'a text came without its synthesis.context');
    if (body.type !== 'text') throw new UspError(1007, 'ssml must come in a text frame');
    const spoken = parseSsml(body.text);
    if (spoken.text.length > MAX_TEXT_CHARS) throw new UspError(1007, `a turn may have ${MAX_TEXT_CHARS} letters`);
    this.#turn?.abort();
    if (this.#meter) {
      this.#meter.synthesis.requests += 1;
      this.#meter.synthesis.characters += spoken.text.length;
    }
    this.#turn = new SynthesisTurn(requestId, this.#next.settings, this.#socket, this.#voices, this.#meter);
    this.#next = undefined;
    void this.#turn.run(spoken);
  }
}
