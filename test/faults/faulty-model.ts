import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

/** One thing that a model's server does with a request. */
export type ModelDeed = (response: ServerResponse) => Promise<void>;

const request = z.object({ messages: z.array(z.object({ role: z.string(), content: z.unknown() })) });

export const chunk = (delta: object, finishReason: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finishReason }] })}\n\n`;

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });

/** Says it after so long, as a healthy server does. */
export const says =
  (words: string, afterMs = 0): ModelDeed =>
  async (response) => {
    await sleep(afterMs);
    if (response.destroyed) return;
    stream(response);
    for (const word of words.split(/(?<= )/)) response.write(chunk({ content: word }));
    response.end(`${chunk({}, 'stop')}data: [DONE]\n\n`);
  };

export const hangs: ModelDeed = async (response) => {
  stream(response).flushHeaders();
};

export const answers =
  (status: number, headers: Readonly<Record<string, string>>, body: object): ModelDeed =>
  async (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

export const garbles: ModelDeed = async (response) => {
  stream(response).write(`${chunk({ content: 'Your tent is packed, and' })}data: {"choices":[{"del\n\n`);
  await sleep(50);
  response.destroy();
};

export const isEmpty: ModelDeed = async (response) => {
  stream(response).end(`${chunk({ role: 'assistant', content: '' })}${chunk({}, 'stop')}data: [DONE]\n\n`);
};

/** A language model's server that does what it is told with each request, by the caller's last words. */
export class FaultyModel {
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/openai/v1`;
  }

  static async start(deedFor: (lastWords: string) => ModelDeed): Promise<FaultyModel> {
    const server = createServer(async (incoming, response) => {
      let body = '';
      for await (const part of incoming) body += part;
      if (!incoming.url?.endsWith('/chat/completions')) {
        response.setHeader('content-type', 'application/json').end('{"object":"list","data":[{"id":"m"}]}');
        return;
      }
      const { messages } = request.parse(JSON.parse(body));
      const last = messages.findLast(({ role }) => role === 'user');
      await deedFor(String(last?.content ?? ''))(response);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return new FaultyModel(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
