import type { HttpHandler, HttpRequest, HttpResponseInit } from '@azure/functions';
import { errorAnswer, traceIdOf } from '../../shared/http/error-answer.ts';
import {
  type AnswerOf,
  type AnyAnswer,
  API_PREFIX,
  type Input,
  type RawRequest,
  type RouteContract,
  readInput,
} from '../../shared/http/route.ts';
import { SECURITY_HEADERS } from '../../shared/http/security-headers.ts';
import type { Logger } from '../../shared/log.ts';
import type { Composition, Parts } from '../composition.ts';

/** One HTTP function: a contract, and what keeps it. */
export interface Route {
  readonly contract: RouteContract;
  readonly answer: (request: RawRequest, parts: Parts, log: Logger) => Promise<AnyAnswer>;
}

/**
 * @param handle is given the parsed request; it answers, or throws a `ParleyError`, which becomes the answer
 */
export function functionRoute<Contract extends RouteContract, const Answers extends Contract['answers']>(
  contract: Contract & { readonly answers: Answers },
  handle: (input: Input<Contract>, parts: Parts, log: Logger) => Promise<AnswerOf<NoInfer<Answers>>>,
): Route {
  return {
    contract,
    async answer(request, parts, log) {
      // Before anything of the body is read: strangers do not fill the memory.
      if (contract.access === 'acs-token') await parts.tokens.verify(request.header('authorization'));
      const answer = await handle(await readInput(contract, request), parts, log);
      return { ...answer, status: Number(answer.status) };
    },
  };
}

/** The template below the prefix that `host.json` sets. */
export const templateOf = ({ path }: RouteContract): string => path.slice(API_PREFIX.length + 1);

/** The handler of a route: hands it the process's parts, and turns whatever it throws into the one error shape. */
export function serve(route: Route, composition: Composition): HttpHandler {
  return async (request, context) => {
    const log = composition.log.child({ function: route.contract.name, invocation: context.invocationId });
    const traceId = traceIdOf(context.traceContext?.traceParent) ?? context.invocationId;
    try {
      return toResponse(await route.answer(rawRequest(request), composition.parts(), log));
    } catch (error) {
      return toResponse(errorAnswer(error, traceId, log));
    }
  };
}

const rawRequest = (request: HttpRequest): RawRequest => ({
  params: request.params,
  query: request.query,
  header: (name) => request.headers.get(name),
  body: request.body,
});

function toResponse({ status, headers, body }: AnyAnswer): HttpResponseInit {
  return {
    status,
    headers: { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...headers },
    ...(body !== undefined && { jsonBody: body }),
  };
}
