import type { HttpHandler, HttpMethod, HttpRequest, HttpResponseInit } from '@azure/functions';
import type { Logger } from '../../shared/log.ts';
import type { Composition, Parts } from '../composition.ts';
import { errorAnswer } from './error-answer.ts';

/** One HTTP function. It answers, or throws a `ParleyError`, which becomes the answer. */
export interface Route {
  /** The function's name in Azure. The host tries overlapping routes in the order of names. */
  readonly name: string;
  readonly methods: readonly HttpMethod[];
  /** Route template below the prefix of `host.json`. */
  readonly path: string;
  /** `function`: Azure asks for a function key; `func start` and the emulator's host do not. */
  readonly access: 'anonymous' | 'function';
  readonly handle: (request: HttpRequest, parts: Parts, log: Logger) => Promise<HttpResponseInit>;
}

/** The handler of a route: hands it the process's parts, and turns whatever it throws into the one error shape. */
export function serve(route: Route, composition: Composition): HttpHandler {
  return async (request, context) => {
    const log = composition.log.child({ function: route.name, invocation: context.invocationId });
    // A W3C traceparent is version-traceid-spanid-flags.
    const traceId = context.traceContext?.traceParent?.split('-')[1] ?? context.invocationId;
    try {
      return await route.handle(request, composition.parts(), log);
    } catch (error) {
      return errorAnswer(error, traceId, log);
    }
  };
}
