import { ATTRIBUTE, type Dependency } from './names.ts';
import type { Attributes, FinishedSpan } from './span.ts';

/** One call of something that Parley depends on. */
export interface DependencyCall {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  /** Which one: it names the span's target on the map. */
  readonly dependency: Dependency;
  /** What was asked of it, such as `answer_call`; of few values, as calls are counted by it. */
  readonly operation: string;
  /** Whom: an address, of which only origin and path are told. Of a socket's address, too. */
  readonly url: string;
  /** How: GET where not said. A socket is opened by a GET. */
  readonly method?: string | undefined;
  /** The status that it answered with, where it has one. */
  readonly status?: number | undefined;
  /** Why it failed: a stable code. */
  readonly error?: string | undefined;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** The span's name, where it has a better one than dependency and operation. */
  readonly name?: string | undefined;
  readonly attributes?: Attributes | undefined;
}

/**
 * The span of a call of a dependency, with what Azure Monitor needs to draw it on its map: without a method and a `url.full`
 * (or, of Redis, `db.system.name`) a client span has no target there. An address may have keys in its query, and in its
 * path what names somebody, so neither the query nor a path's ids are told.
 */
export function dependencySpan(call: DependencyCall): FinishedSpan {
  const { traceId, spanId, parentSpanId, dependency, operation, startMs, endMs, error } = call;
  const place = placeOf(call.url);
  const isRedis = dependency === 'redis';
  return {
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: call.name ?? `${dependency} ${operation}`,
    kind: 'client',
    startMs,
    endMs,
    attributes: {
      [ATTRIBUTE.dependency]: dependency,
      [ATTRIBUTE.operation]: operation,
      [ATTRIBUTE.serverAddress]: place.host,
      ...(isRedis
        ? { [ATTRIBUTE.dbSystem]: 'redis', [ATTRIBUTE.dbOperation]: operation }
        : {
            [ATTRIBUTE.httpMethod]: call.method ?? 'GET',
            [ATTRIBUTE.url]: place.address,
            [ATTRIBUTE.peer]: dependency,
          }),
      ...(call.status !== undefined && { [ATTRIBUTE.httpStatus]: call.status }),
      ...(error !== undefined && { [ATTRIBUTE.errorType]: error }),
      ...call.attributes,
    },
    ...(error !== undefined && { error }),
  };
}

/** A part of a path that names one thing among many: it says nothing to whoever counts calls, and may name a person. */
const ID = /^(?=.*\d)[\w.~%+:-]{12,}$|\d{5}/;

/** An address without its query, its user and what in its path names one thing of many; `unknown` where it is none. */
export function placeOf(url: string): { readonly host: string; readonly address: string } {
  if (!URL.canParse(url)) return { host: 'unknown', address: 'unknown:' };
  const { protocol, host, hostname, pathname } = new URL(url);
  const path = pathname
    .split('/')
    .map((part) => (ID.test(part) ? '-' : part))
    .join('/');
  // Azure Monitor takes the scheme of a socket for no address of the web.
  const scheme = protocol.replace(/^ws/, 'http');
  return { host: hostname, address: `${scheme}//${host}${path}` };
}
