import type { HttpHandler, HttpRequest, HttpResponseInit, InvocationContext } from '@azure/functions';
import type { Caller } from '../../shared/auth/api-door.ts';
import type { ParleyError } from '../../shared/errors.ts';
import { errorAnswer, traceIdOf } from '../../shared/http/error-answer.ts';
import {
  type AnswerOf,
  type AnyAnswer,
  API_PREFIX,
  type Input,
  type RawRequest,
  type RouteContract,
  readInput,
  toldStatus,
} from '../../shared/http/route.ts';
import { SECURITY_HEADERS } from '../../shared/http/security-headers.ts';
import type { Logger } from '../../shared/log.ts';
import type { RequestFacts } from '../../shared/telemetry/call-traces.ts';
import { ATTRIBUTE } from '../../shared/telemetry/names.ts';
import type { Composition, Parts } from '../composition.ts';

/** One HTTP function: a contract, and what keeps it. */
export interface Route {
  readonly contract: RouteContract;
  readonly answer: (request: RawRequest, parts: Parts, log: Logger) => Promise<AnyAnswer>;
}

/**
 * @param handle is given the parsed request and who sends it; it answers, or throws a `ParleyError`, which becomes the
 * answer
 */
export function functionRoute<Contract extends RouteContract, const Answers extends Contract['answers']>(
  contract: Contract & { readonly answers: Answers },
  handle: (input: Input<Contract>, parts: Parts, log: Logger, caller: Caller) => Promise<AnswerOf<NoInfer<Answers>>>,
): Route {
  return {
    contract,
    async answer(request, parts, log) {
      const caller = await parts.doors.admit(contract.access, request);
      if (contract.path.startsWith(CALLS)) await parts.overdue.look();
      const answer = await handle(await readInput(contract, request), parts, log, caller);
      return { ...answer, status: Number(answer.status) };
    },
  };
}

/** Requests that look whether something is left to do at calls. */
const CALLS = `${API_PREFIX}/calls`;

/** The template below the prefix that `host.json` sets. */
export const templateOf = ({ path }: RouteContract): string => path.slice(API_PREFIX.length + 1);

/** The handler of a route: hands it the process's parts, and turns whatever it throws into the one error shape. */
export function serve(route: Route, composition: Composition): HttpHandler {
  const { name, probe, produces, method, path } = route.contract;
  const { traces } = composition;
  // What only reads of a call is no part of it: a page asks once a second.
  const isOfCalls = path.startsWith(CALLS) && (method === 'POST' || method === 'DELETE');
  return async (request, context) => {
    const log = composition.log.child({ function: name, invocation: context.invocationId });
    const invocation = context.traceContext?.traceParent;
    const answered = async () => {
      try {
        const answer = () => route.answer(rawRequest(request), composition.parts(), log);
        // Whether the process lives and can work, and whether more hosts are needed, is answered however much it has to do.
        const given = probe ? await answer() : await composition.atOnce.run(answer);
        traces.tell({ attributes: { [ATTRIBUTE.httpStatus]: given.status } });
        return toResponse(given, produces);
      } catch (error) {
        const traceId = traces.traceId ?? traceIdOf(invocation) ?? context.invocationId;
        const own = errorAnswer(error, traceId, log);
        const given = { ...own, status: toldStatus(route.contract, own.status) };
        const { code } = given.body.error;
        traces.tell({
          attributes: { [ATTRIBUTE.httpStatus]: given.status },
          ...(given.status >= 500 && { error: code }),
        });
        return toResponse(given);
      }
    };
    const facts = (): RequestFacts => ({
      name: `${method} ${path}`,
      attributes: { [ATTRIBUTE.httpMethod]: method, [ATTRIBUTE.httpRoute]: path },
      // The host's span of this invocation, and whoever's request it is: an API client's trace is not the call's.
      links: [invocation, request.headers.get('traceparent')],
    });
    return isOfCalls ? traces.request(facts(), answered) : answered();
  };
}

/** Answers a request that no route takes. */
export function refuse(error: ParleyError, composition: Composition, context: InvocationContext): HttpResponseInit {
  const log = composition.log.child({ function: context.functionName, invocation: context.invocationId });
  const invocation = context.traceContext?.traceParent;
  return toResponse(errorAnswer(error, traceIdOf(invocation) ?? context.invocationId, log));
}

/** None of the functions' answers is a page: a browser that is shown one loads and runs nothing of it. */
const NO_DOCUMENT = { 'content-security-policy': "default-src 'none'; frame-ancestors 'none'" };

const rawRequest = (request: HttpRequest): RawRequest => ({
  params: request.params,
  // Of a name that is given twice the host hands over one value, or both in one.
  query: new URL(request.url).searchParams,
  header: (name) => request.headers.get(name),
  body: request.body,
});

/** @param produces the content type of what is no JSON */
function toResponse({ status, headers, body }: AnyAnswer, produces?: string): HttpResponseInit {
  return {
    status,
    headers: {
      ...SECURITY_HEADERS,
      ...NO_DOCUMENT,
      'cache-control': 'no-store',
      ...(produces !== undefined && { 'content-type': produces }),
      ...headers,
    },
    ...(body !== undefined && (produces !== undefined && typeof body === 'string' ? { body } : { jsonBody: body })),
  };
}
