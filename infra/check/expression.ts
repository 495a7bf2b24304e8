/**
 * Expressions of ARM templates, as they are left in an expansion where a value is known at run time only:
 * `[format('wss://{0}', reference('/subscriptions/…', '2025-07-01').defaultDomain)]`.
 */
export type Expression =
  /** A text, a number or a structure. In a structure, what is not known yet is a text of the form `[…]` again. */
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'member'; readonly of: Expression; readonly name: string };

/** The expression that a value of a template is; undefined where it is a plain one. */
export function expressionOf(value: unknown): Expression | undefined {
  if (typeof value !== 'string' || !/^\[[^[].*\]$/s.test(value)) return undefined;
  const reader = new Reader(value.slice(1, -1));
  const expression = reader.expression();
  return expression !== undefined && reader.atEnd ? expression : undefined;
}

/** Whether a value is known at run time only. */
export const isUnknown = (value: unknown): boolean => expressionOf(value) !== undefined;

/** The other way round: how a template has a value. */
export function templateOf(expression: Expression): unknown {
  if (expression.kind !== 'value') return `[${sourceOf(expression)}]`;
  const { value } = expression;
  return typeof value === 'string' && value.startsWith('[') ? `[${value}` : value;
}

/** What a value of a template is as an expression. */
export const asExpression = (value: unknown): Expression =>
  expressionOf(value) ?? { kind: 'value', value: typeof value === 'string' ? value.replace(/^\[\[/, '[') : value };

/** The ids of the resources of which an expression asks something, by whatever function. */
export function resourcesIn(expression: Expression): string[] {
  if (expression.kind === 'member') return resourcesIn(expression.of);
  if (expression.kind === 'call') return expression.args.flatMap(resourcesIn);
  const { value } = expression;
  return typeof value === 'string' && value.startsWith('/subscriptions/') ? [value] : [];
}

/** The names of all functions in an expression. */
export function callsIn(expression: Expression): string[] {
  if (expression.kind === 'value') return [];
  if (expression.kind === 'member') return callsIn(expression.of);
  return [expression.name, ...expression.args.flatMap(callsIn)];
}

function sourceOf(expression: Expression): string {
  if (expression.kind === 'call') return `${expression.name}(${expression.args.map(sourceOf).join(', ')})`;
  if (expression.kind === 'member') {
    const { of, name } = expression;
    if (/^\d+$/.test(name)) return `${sourceOf(of)}[${name}]`;
    return /^\w+$/.test(name) ? `${sourceOf(of)}.${name}` : `${sourceOf(of)}['${name}']`;
  }
  const { value } = expression;
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return `${value}()`;
  const inner = (item: unknown): string => sourceOf(asExpression(item));
  if (Array.isArray(value)) return `createArray(${value.map(inner).join(', ')})`;
  return `createObject(${Object.entries(value)
    .flatMap(([name, item]) => [`'${name}'`, inner(item)])
    .join(', ')})`;
}

/** Texts, numbers, calls, and names or indices behind them: all that there is in an expansion. */
class Reader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  get atEnd(): boolean {
    return this.#take(/\s*/y) !== undefined && this.#at === this.#source.length;
  }

  expression(): Expression | undefined {
    let found = this.#head();
    while (found !== undefined) {
      const name = this.#take(/\s*\.\s*([\w$]+)/y) ?? this.#take(/\s*\[\s*'((?:[^']|'')*)'\s*\]/y);
      const index = name ?? this.#take(/\s*\[\s*(\d+)\s*\]/y);
      if (index === undefined) break;
      found = { kind: 'member', of: found, name: index };
    }
    return found;
  }

  #head(): Expression | undefined {
    const text = this.#take(/\s*'((?:[^']|'')*)'/y);
    if (text !== undefined) return { kind: 'value', value: text.replaceAll("''", "'") };
    const number = this.#take(/\s*(-?\d+)/y);
    if (number !== undefined) return { kind: 'value', value: Number(number) };
    const name = this.#take(/\s*([A-Za-z_][\w.]*)\s*\(/y);
    if (name === undefined) return undefined;
    const args: Expression[] = [];
    while (this.#take(/\s*(\))/y) === undefined) {
      const arg = this.expression();
      if (arg === undefined) return undefined;
      args.push(arg);
      this.#take(/\s*(,)/y);
    }
    return { kind: 'call', name, args };
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[1] ?? found[0];
  }
}
