import { ParleyError } from '../errors.ts';
import { isPathOf, type RouteContract } from './route.ts';

/** The methods that these routes answer at a path (without its query); none where it is none of theirs. */
export function methodsAt(routes: readonly RouteContract[], path: string): readonly string[] {
  const found = routes.filter((route) => isPathOf(route, path));
  // `calls/initiate` is no call of that name.
  const named = found.filter((route) => !route.path.includes('{'));
  return [...new Set((named.length > 0 ? named : found).map(({ method }) => method))];
}

/** The path is right and the method is not. */
export class MethodError extends ParleyError {
  /** For the header `Allow`. */
  readonly allowed: string;

  constructor(allowed: readonly string[]) {
    super('method.not-allowed', `This path answers ${allowed.join(', ')}.`);
    this.allowed = allowed.join(', ');
  }
}
