/**
 * An ASP.NET route template, as the Functions host reads it, so far as the app needs it: `{a}` and `{a?}`, each a whole
 * segment, and `{*a}`, whatever follows; letter case does not matter.
 */
export class RouteTemplate {
  readonly #pattern: RegExp;

  /** @throws {Error} where a segment is more than text or a parameter */
  constructor(template: string) {
    const segments = template.split('/').filter((segment) => segment !== '');
    this.#pattern = new RegExp(`^${segments.map(patternOf).join('')}/?$`, 'i');
  }

  /** The parameters, decoded, or undefined where the path is another one's. What encodes nothing stays as it was sent. */
  match(path: string): Record<string, string> | undefined {
    const match = this.#pattern.exec(path);
    if (match === null) return undefined;
    const given = Object.entries(match.groups ?? {}).filter(([, value]) => value !== undefined);
    return Object.fromEntries(given.map(([name, value]) => [name, decoded(value)]));
  }
}

/** As ASP.NET decodes a path: octets that are no UTF-8 are left encoded, and the function is asked. */
function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function patternOf(segment: string): string {
  const [, rest] = /^\{\*(\w+)\}$/.exec(segment) ?? [];
  if (rest !== undefined) return `(?:/(?<${rest}>.*?))?`;
  const [, name, optional] = /^\{(\w+)(\?)?\}$/.exec(segment) ?? [];
  if (name !== undefined) return optional === undefined ? `/(?<${name}>[^/]+)` : `(?:/(?<${name}>[^/]+))?`;
  if (/[{}]/.test(segment)) throw new Error(`The route segment "${segment}" is more than this host can read.`);
  return `/${segment.replace(/[.+^$()|[\]\\*?]/g, '\\$&')}`;
}
