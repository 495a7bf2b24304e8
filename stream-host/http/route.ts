import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AnswerOf, AnyAnswer, Input, RawRequest, RouteContract } from '../../shared/http/route.ts';
import { readInput } from '../../shared/http/route.ts';
import { SECURITY_HEADERS } from '../../shared/http/security-headers.ts';

/** One route of the stream host: a contract, and what keeps it. */
export interface Route {
  readonly contract: RouteContract;
  readonly answer: (request: RawRequest, incoming: IncomingMessage) => Promise<AnyAnswer>;
}

/**
 * @param handle is given the parsed request; it answers, or throws a `ParleyError`, which becomes the answer
 */
export function hostRoute<Contract extends RouteContract, const Answers extends Contract['answers']>(
  contract: Contract & { readonly answers: Answers },
  handle: (input: Input<Contract>, incoming: IncomingMessage) => Promise<AnswerOf<NoInfer<Answers>>>,
): Route {
  return {
    contract,
    async answer(request, incoming) {
      const answer = await handle(await readInput(contract, request), incoming);
      return { ...answer, status: Number(answer.status) };
    },
  };
}

/** A document that is always the same. It is long, and what makes it a text is the thread that carries the calls. */
export function fixedRoute(contract: RouteContract, make: () => object): Route {
  let body: Uint8Array | undefined;
  return {
    contract,
    async answer() {
      body ??= Buffer.from(JSON.stringify(make()));
      return { status: 200, body };
    },
  };
}

export const rawRequest = (request: IncomingMessage, query: URLSearchParams): RawRequest => ({
  params: {},
  query,
  header: (name) => {
    const value = request.headers[name];
    return (Array.isArray(value) ? value.join(', ') : value) ?? null;
  },
  body: request,
});

/** Sends an answer, of which bytes are ready to be sent; to HEAD, all but its body. */
export function send(response: ServerResponse, { status, headers, body }: AnyAnswer, contentType?: string): void {
  const ready = contentType === undefined ? JSON.stringify : String;
  const text = body instanceof Uint8Array ? body : ready(body);
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': contentType ?? 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
