import type { WebSocket } from 'ws';
import { z } from 'zod';
import type { Logger } from '../../shared/log.ts';
import { SpeechSocket } from './speech-socket.ts';
import { parseSsml } from './ssml.ts';
import { parseSynthesisContext, type SynthesisSettings } from './synthesis-settings.ts';
import { SynthesisTurn } from './synthesis-turn.ts';
import { jsonBody, UspError, type UspMessage } from './usp.ts';
import type { Voices } from './voices.ts';

const control = z.looseObject({ action: z.string() });

/**
 * One synthesis connection of a Speech SDK: for each utterance a `synthesis.context`, then its SSML in one piece or its
 * text in several. One utterance at a time, which is all that the SDK asks for; a new one ends the one before. Words have
 * boundaries, punctuation marks and sentences have none.
 */
export class SynthesisSocket {
  readonly #voices: Voices;
  readonly #socket: SpeechSocket;
  #next: { readonly requestId: string; readonly settings: SynthesisSettings } | undefined;
  #turn: SynthesisTurn | undefined;

  constructor(socket: WebSocket, voices: Voices, log: Logger) {
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
        const settings = parseSynthesisContext(jsonBody(message));
        this.#next = { requestId, settings };
        if (settings.textStream !== undefined) this.#openTurn(requestId);
        break;
      }
      case 'ssml': {
        const turn = this.#openTurn(requestId);
        turn.add(...parseSsml(textOf(message)));
        turn.end();
        break;
      }
      case 'text.piece':
        this.#turnOf(requestId)?.addText(textOf(message));
        break;
      case 'text.end':
        this.#turnOf(requestId)?.end();
        break;
      case 'synthesis.control':
        if (control.safeParse(jsonBody(message)).data?.action === 'stop') this.#turnOf(requestId)?.stop();
        break;
      default: // speech.config and whatever a later SDK adds
    }
  }

  #openTurn(requestId: string): SynthesisTurn {
    if (this.#next?.requestId !== requestId) throw new UspError(1002, 'a text came without its synthesis.context');
    this.#turn?.abort();
    this.#turn = new SynthesisTurn(requestId, this.#next.settings, this.#socket, this.#voices);
    this.#next = undefined;
    void this.#turn.run();
    return this.#turn;
  }

  /** What comes for an utterance that is over is late, not wrong. */
  #turnOf(requestId: string): SynthesisTurn | undefined {
    return this.#turn?.requestId === requestId ? this.#turn : undefined;
  }
}

function textOf({ path, body }: UspMessage): string {
  if (body.type !== 'text') throw new UspError(1007, `${path} must come in a text frame`);
  return body.text;
}
