import { randomBytes, randomUUID } from 'node:crypto';
import * as core from './functions-core.ts';

/** An HTTP request as the host hands it to the worker. Header names are in lower case. */
export interface HttpInvocation {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly params: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
}

/**
 * Invokes an HTTP function through the library, in the order of the real worker: arguments, handler, response. Undefined
 * where the handler answered nothing.
 *
 * @throws what the handler threw
 */
export async function invokeHttp(
  target: core.RegisteredFunction,
  triggerName: string,
  request: HttpInvocation,
): Promise<core.RpcHttp | undefined> {
  const { metadata } = target;
  const invocationId = randomUUID();
  const http: core.RpcHttp = {
    url: request.url.href,
    method: request.method,
    nullableHeaders: nullable(request.headers),
    nullableParams: nullable(request.params),
    nullableQuery: nullable(Object.fromEntries(request.url.searchParams)),
    ...(request.body !== undefined && { body: { bytes: request.body } }),
  };
  const invocation = {
    invocationId,
    metadata,
    state: undefined,
    request: {
      invocationId,
      inputData: [{ name: triggerName, data: { http } }],
      triggerMetadata: {},
      traceContext: { traceParent: traceParentOf(request.headers.traceparent) },
    },
    log: (level: core.CoreLogLevel, category: string, message: string) =>
      core.log(level, `Function.${metadata.name}.${category}`, message),
  };
  const model = core.getProgrammingModel().getInvocationModel(invocation);
  const { context, inputs } = await model.getArguments();
  const result = await model.invokeFunction(context, inputs, target.callback);
  const { returnValue } = await model.getResponse(context, result);
  return returnValue?.http;
}

const nullable = (values: Readonly<Record<string, string>>): Record<string, { value: string }> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]));

/** The caller's W3C trace context goes on; without one a new trace starts. */
const traceParentOf = (given: string | undefined): string =>
  given !== undefined && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(given)
    ? given
    : `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`;
