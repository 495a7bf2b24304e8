import { createServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { listening } from '../../../shared/testing/listening.ts';

/** How something that is depended on fails; undefined: it does not. */
export type Fault = 'down' | 'throttled' | 'refused' | 'silent' | undefined;

const STATUS = { throttled: 429, refused: 401 } as const;
const ANSWER = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'Hello.' }, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;

/** A service that is asked over HTTP: a model, a carrier, a storage. Answers what each of them would, or fails. @returns its host and port */
export async function faultyHttp(context: TestContext, fault: Fault): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (fault === 'silent') return;
    if (fault === 'down') {
      request.socket.destroy();
      return;
    }
    const isModel = request.url?.includes('chat/completions');
    const status = fault === undefined ? (request.method === 'PUT' ? 201 : 200) : STATUS[fault];
    const type = isModel && fault === undefined ? 'text/event-stream' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(fault === undefined && isModel ? ANSWER : '{}');
  });
  const port = await listening(server);
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${port}`;
}

/** A Redis that fails. `throttled`: it has too many clients. @returns its address */
export async function faultyRedis(context: TestContext, fault: Exclude<Fault, undefined>): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (fault === 'down') socket.destroy();
    const why = fault === 'throttled' ? 'ERR max number of clients reached' : 'NOAUTH Authentication required.';
    if (fault !== 'silent') socket.on('data', () => void socket.write(`-${why}\r\n`));
  });
  const port = await listening(server);
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `redis://127.0.0.1:${port}`;
}
