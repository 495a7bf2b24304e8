/** Patterns for the route constraints that a template may name, as in `{page:int}`. */
const CONSTRAINTS: Readonly<Record<string, string>> = {
  int: '-?\\d+',
  guid: '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}',
  alpha: '[a-zA-Z]+',
  bool: '(?:true|false)',
};

const PARAMETER = /^\{(?<rest>\*)?(?<name>\w+)(?::(?<constraint>\w+))?(?<optional>\?)?\}$/;

/**
 * An ASP.NET route template, as the Functions host reads it: `{a}`, `{a?}`, `{a:int}`, `{*rest}`; letter case does not
 * matter. Each parameter is a whole segment.
 */
export class RouteTemplate {
  readonly #pattern: RegExp;

  /** @throws {Error} where a segment mixes text and parameter, or names a constraint that is not known here */
  constructor(template: string) {
    const segments = template.split('/').filter((segment) => segment !== '');
    this.#pattern = new RegExp(`^${segments.map(patternOf).join('')}/?$`, 'i');
  }

  /** The parameters, decoded, or undefined where the path is another one's. */
  match(path: string): Record<string, string> | undefined {
    const match = this.#pattern.exec(path);
    if (match === null) return undefined;
    const given = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
    try {
      return Object.fromEntries(given.map(([name, value]) => [name, decodeURIComponent(value)]));
    } catch {
      return undefined;
    }
  }
}

function patternOf(segment: string): string {
  const parameter = PARAMETER.exec(segment)?.groups;
  if (parameter === undefined) {
    if (/[{}]/.test(segment)) throw new Error(`The route segment "${segment}" is more than this host can read.`);
    return `/${segment.replace(/[.+^$()|[\]\\*?]/g, '\\$&')}`;
  }
  const { rest, name, constraint, optional } = parameter;
  const known = constraint === undefined ? '[^/]+' : CONSTRAINTS[constraint];
  if (known === undefined) throw new Error(`The route constraint "${constraint}" is not known to this host.`);
  if (rest !== undefined) return `(?:/(?<${name}>.*))?`;
  return optional === undefined ? `/(?<${name}>${known})` : `(?:/(?<${name}>${known}))?`;
}
