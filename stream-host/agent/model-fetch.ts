import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import type { ReadableStream as WebStream } from 'node:stream/web';

/** An error is told in few words. */
const LONGEST_ERROR_CHARS = 64_000;

/**
 * `fetch` for the model's client. What it posts as text goes through `node:http` and its shared agent (connections are
 * kept alive; `NODE_USE_ENV_PROXY` and the process's TLS settings hold), everything else through the platform's `fetch`,
 * which passes each piece of a streamed answer through several streams and promises: a seventh of what a call costs.
 *
 * The client reads a refusal only under `error`; servers that put theirs at the top (vLLM, Mistral) are read all the same.
 *
 * @throws the reason of `init.signal`, or what `node:http` says about a connection that failed
 */
export async function modelFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const { body } = init;
  if (typeof body !== 'string' || input instanceof Request) return fetch(input, init);
  const message = await post(String(input), init, body);
  const { statusCode: status = 0 } = message;
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  if (status >= 300 && status < 400 && headers.has('location')) {
    message.destroy();
    return fetch(input, init);
  }
  if (status >= 200 && status < 300) return new StreamedResponse(message, { status, headers });
  const told = await beginningOf(message);
  headers.delete('content-encoding');
  return new Response(JSON.stringify({ error: errorIn(told) }), { status, headers });
}

/** The bytes of a response, without the detour through a web stream where {@link modelFetch} made it. */
export function bytesOf(response: Response): Readable {
  if (response instanceof StreamedResponse) return response.message;
  return response.body ? Readable.fromWeb(response.body as WebStream) : Readable.from([]);
}

/** Its bytes are taken where they come from: `body` is null. */
class StreamedResponse extends Response {
  readonly message: IncomingMessage;

  constructor(message: IncomingMessage, init: ResponseInit) {
    super(null, init);
    this.message = message;
  }
}

function post(url: string, { headers, signal }: RequestInit, body: string): Promise<IncomingMessage> {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const options = { method: 'POST', headers: Object.fromEntries(new Headers(headers)), ...(signal && { signal }) };
    const sent = request(url, options, (message) => {
      // Whoever reads it hears of it; where nobody does any more, it must not end the process.
      message.on('error', () => {});
      resolve(message);
    });
    sent.on('error', reject).end(body);
  });
}

async function beginningOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of message.setEncoding('utf8')) {
    text += piece;
    if (text.length > LONGEST_ERROR_CHARS) break;
  }
  return text.slice(0, LONGEST_ERROR_CHARS);
}

function errorIn(text: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== 'object' || body === null) return { message: text };
    return 'error' in body && typeof body.error === 'object' ? body.error : body;
  } catch {
    return { message: text };
  }
}
