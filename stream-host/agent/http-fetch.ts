import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';

/**
 * `fetch` for the model's client: what it posts as text goes through `node:http` and its shared agent (connections are
 * kept alive, `NODE_USE_ENV_PROXY` and the TLS settings of the process hold), everything else through the platform's
 * `fetch`. The platform's passes each piece of a streamed answer through several streams and promises, which costs more
 * than all the rest that a call does with a token.
 *
 * Other than the platform's it asks for no compression, which a stream of tokens has no use for.
 *
 * @throws the reason of `init.signal`, or what `node:http` says about a connection that failed
 */
export async function httpFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { body, signal } = init;
  if (typeof body !== 'string' || input instanceof Request) return fetch(input, init);
  signal?.throwIfAborted();
  const message = await send(String(input), init, body);
  if (isRedirect(message)) {
    message.destroy();
    return fetch(input, init);
  }
  return new HttpResponse(message);
}

/** The bytes of a response, without the detour through a web stream where there is one. */
export function readableOf(response: Response): Readable {
  if (response instanceof HttpResponse) return response.message;
  return response.body ? Readable.fromWeb(response.body as NodeReadableStream) : Readable.from([]);
}

/** A response like any other, whose bytes can also be taken where they come from. Only one of the two ways, once. */
class HttpResponse extends Response {
  readonly message: IncomingMessage;

  constructor(message: IncomingMessage) {
    const status = message.statusCode ?? 0;
    super(hasNoBody(status) ? null : bodyOf(message), { status, headers: headersOf(message) });
    this.message = message;
    if (hasNoBody(status)) message.resume();
  }
}

function send(url: string, { method = 'GET', headers, signal }: RequestInit, body: string): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request(url, {
      method,
      headers: Object.fromEntries(new Headers(headers)),
      ...(signal && { signal }),
    });
    sent.on('error', reject);
    sent.on('response', (message) => {
      // Whoever reads it hears of it; where nobody does any more, it must not end the process.
      message.on('error', () => {});
      resolve(message);
    });
    sent.end(body);
  });
}

/** Reads nothing until it is asked to. */
function bodyOf(message: IncomingMessage): ReadableStream<Uint8Array> {
  let chunks: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        chunks ??= message[Symbol.asyncIterator]();
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel() {
        message.destroy();
      },
    },
    { highWaterMark: 0 },
  );
}

function headersOf({ rawHeaders }: IncomingMessage): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) pairs.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return pairs;
}

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;

const isRedirect = ({ statusCode = 0, headers }: IncomingMessage): boolean =>
  statusCode >= 300 && statusCode < 400 && headers.location !== undefined;
