import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { RouteContract } from '../../shared/http/route.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import type { FunctionsUnderTest } from './functions-under-test.ts';

/** Every route of the functions. */
export const ROUTES = ALL_ROUTES.filter(({ half }) => half !== 'stream-host');

/** Those that not everybody may use. */
export const CLOSED = ROUTES.filter(({ access }) => access !== 'anonymous');

export const nameOf = ({ method, path }: RouteContract): string => `${method} ${path}`;

/** Where a route is, below the prefix. */
export const pathOf = ({ path }: RouteContract): string =>
  path
    .slice('/api/v1/'.length)
    .replace(/\/\{\w+\?\}/, '')
    .replace(/\{\w+\}/, 'no-such-call');

/** A body that is no JSON: whoever looks at it before the door says 400. */
export const unreadable = ({ method }: RouteContract): string | undefined =>
  method === 'POST' ? 'this is no JSON' : undefined;

export interface Refusal {
  readonly status: number;
  /** Undefined where the answer has no body: the platform's own. */
  readonly code: string | undefined;
  readonly retryAfter: string | null;
}

/** Asks as a stranger does, with what the platform may answer. */
export async function ask(
  functions: FunctionsUnderTest,
  route: RouteContract,
  headers: Record<string, string> = {},
  body = unreadable(route),
  query = '',
): Promise<Refusal> {
  const response = await fetch(`${functions.baseUrl}/${pathOf(route)}${query}`, {
    method: route.method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const { status } = response;
  const code = text === '' ? undefined : JSON.parse(text).error?.code;
  return { status, code, retryAfter: response.headers.get('retry-after') };
}

/** The first line of the answer to a request that is written as it stands, or that never ends. */
export async function statusOf(functions: FunctionsUnderTest, request: string): Promise<number> {
  const { port, hostname } = new URL(functions.baseUrl);
  const socket = connect(Number(port), hostname);
  socket.write(request);
  let text = '';
  for await (const chunk of socket) {
    text += chunk;
    if (text.includes('\r\n')) break;
  }
  socket.destroy();
  return Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1]);
}

/**
 * What is refused behind each door too: too large, too deep, too many events, too slow, and too many at a time.
 * @param admitted headers with which a route lets one in
 */
export async function assertBounded(
  functions: FunctionsUnderTest,
  admitted: (route: RouteContract) => Promise<Record<string, string>>,
): Promise<void> {
  const large = `{"a":"${'x'.repeat(1_048_576)}"}`;
  const deep = `${'[{"a":'.repeat(400)}1${'}]'.repeat(400)}`;
  // One after the other: on a busy machine so many megabytes at a time would take longer than the host's patience.
  for (const route of ROUTES.filter(({ body }) => body !== undefined)) {
    const headers = await admitted(route);
    const name = nameOf(route);
    assert.deepEqual(pick(await ask(functions, route, headers, large)), [413, 'request.too-large'], name);
    assert.deepEqual(pick(await ask(functions, route, headers, deep)), [400, 'request.too-deep'], name);
    assert.deepEqual(pick(await ask(functions, route, headers, '{"a":')), [400, 'request.not-json'], name);
  }
  const assertPatience = async (route: RouteContract) => {
    const headers = await admitted(route);
    const name = nameOf(route);
    const lines = Object.entries({ host: 'localhost', ...headers }).map(([header, value]) => `${header}: ${value}\r\n`);
    const head = `${route.method} /api/v1/${pathOf(route)} HTTP/1.1\r\n${lines.join('')}`;
    assert.equal(await statusOf(functions, `${head}x: ${'x'.repeat(100_000)}\r\n\r\n`), 431, name);
    // As long as it takes the host to lose patience: the sender is cut off, and never reaches the function.
    assert.equal(await statusOf(functions, `${head}content-length: 100\r\n\r\n{`), 408, name);
    assert.equal(await statusOf(functions, head), 408, name);
  };
  await Promise.all(ROUTES.map(assertPatience));
}

const pick = ({ status, code }: Refusal): unknown[] => [status, code];
