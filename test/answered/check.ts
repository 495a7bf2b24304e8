import { readFileSync } from 'node:fs';
import { ERROR_CODES, type ErrorCode } from '../../shared/error-codes.ts';
import { errorsOf, isPathOf, type RouteContract, toldStatus } from '../../shared/http/route.ts';
import { ALL_ROUTES } from '../../shared/http/routes/all.ts';
import { ALL_SOCKETS } from '../../shared/http/routes/sockets.ts';

/** What no test can bring about by a request, and why it stands in the reference all the same. */
const EXCUSED: Readonly<Partial<Record<ErrorCode, string>>> = {
  'carrier.not-supported': 'ACS can do all of it; another carrier may not',
  internal: 'what nobody foresaw: a fault that could be brought about would be mended',
  'session.version-conflict': 'after many lost races of two writers: shared/sessions/session-store.test.ts',
  'session.not-found': 'of a session that goes between two steps of a request: shared/sessions/session-store.test.ts',
  'request.too-many': 'of 250 at a time, whom a starved machine does not bring: functions/http/doors-with-keys.test.ts',
  'records.throttled': 'of Azure Storage, to which a request goes by TLS and identity alone',
  'records.unreachable': 'of Azure Storage, to which a request goes by TLS and identity alone',
};

const CONTRACTS: readonly RouteContract[] = [...ALL_ROUTES, ...ALL_SOCKETS];

/** One answer that the reference promises, as a line. */
const lineOf = ({ method, path }: RouteContract, status: number | string, code: string) =>
  `${method} ${path} ${status}${code === '-' ? '' : ` ${code}`}`;

/** Every answer that the reference promises, but for what is excused. */
function promised(): Set<string> {
  const lines = new Set<string>();
  for (const route of CONTRACTS) {
    for (const status of Object.keys(route.answers)) lines.add(lineOf(route, status, '-'));
    for (const code of errorsOf(route)) {
      if (EXCUSED[code] === undefined) lines.add(lineOf(route, toldStatus(route, ERROR_CODES[code].status), code));
    }
  }
  return lines;
}

/** The route of a request. One that is named is meant before one with a parameter. */
function routeOf(method: string, path: string): RouteContract | undefined {
  const found = CONTRACTS.filter((route) => isPathOf(route, path));
  const named = found.filter(({ path: template }) => !template.includes('{'));
  const candidates = named.length > 0 ? named : found;
  // A wrong method is answered by the path, whose every route names the code.
  return candidates.find((route) => route.method === method) ?? candidates[0];
}

/**
 * Compares what tests were answered with what the reference promises.
 * @param file what `collect.ts` wrote
 * @returns the answers that no test ever got, in the order of the reference
 */
export function neverAnswered(file: string): string[] {
  const missing = promised();
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [method = '', path = '', status = '', code = ''] = line.split(' ');
    const route = routeOf(method, path);
    if (route === undefined) continue;
    missing.delete(lineOf(route, status, code));
    // The path is right and the method is not: each route of it says so.
    if (code === 'method.not-allowed') {
      for (const other of CONTRACTS) if (isPathOf(other, path)) missing.delete(lineOf(other, status, code));
    }
  }
  return [...missing];
}
