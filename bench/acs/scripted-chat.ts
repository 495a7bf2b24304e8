import type { IncomingMessage, ServerResponse } from 'node:http';
import { AnswerChunks } from '../../emulator/openai/chat-wire.ts';

export interface ChatTiming {
  readonly firstTokenMs: number;
  readonly tokenMs: number;
}

/** The chat completions of the benchmark: every question gets a long answer of three sentences, streamed. */
export class ScriptedChat {
  readonly #timing: ChatTiming;
  #answers = 0;

  constructor(timing: ChatTiming) {
    this.#timing = timing;
  }

  /** Streams an answer as server-sent events. */
  answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    this.#answers += 1;
    const chunks = new AnswerChunks('bench').of({ text: textOf(this.#answers), calls: [] });
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const step = () => {
      const { done, value } = chunks.next();
      if (done) {
        response.end('data: [DONE]\n\n');
        return;
      }
      response.write(`data: ${JSON.stringify(value)}\n\n`);
      timer = setTimeout(step, this.#timing.tokenMs);
    };
    let timer = setTimeout(step, this.#timing.firstTokenMs);
    response.on('close', () => clearTimeout(timer));
  }
}

/** Some twelve seconds. Each clause names its answer, so that its sound can be told from any other answer’s. */
const textOf = (answer: number): string =>
  `This is answer ${answer}, and answer ${answer} has all that I could find for you. ` +
  `With answer ${answer} you learn that the parcel left our house early in the morning. ` +
  `At last answer ${answer} tells you that the driver will ring twice at your door.`;
