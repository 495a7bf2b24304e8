import { type Expression, expressionOf } from './expression.ts';

/** What stands in for a value that Azure tells at run time, by the name of the property that has it. */
const STAND_INS: readonly (readonly [name: RegExp, text: string])[] = [
  [/^(principalId|clientId|tenantId|immutableResourceId|customerId)$/, '00000000-0000-4000-8000-000000000000'],
  [/^(hostName|defaultHostName|fqdn|defaultDomain|loginServer)$/i, 'name.example.net'],
  [/^ConnectionString$/, 'InstrumentationKey=00000000-0000-4000-8000-000000000000'],
  [/^blob$/, 'https://name.blob.core.windows.net/'],
  [/(endpoint|url|uri)/i, 'https://name.example.net/'],
];

/**
 * A value of a template as a process would be given it, as text. What is known at run time only is stood in for by a value
 * of its kind.
 */
export function standIn(value: unknown): string {
  const expression = expressionOf(value);
  if (expression !== undefined) return evaluated(expression);
  return typeof value === 'string' ? value.replace(/^\[\[/, '[') : String(value ?? '');
}

/** A whole structure, as a hook or another template would be given it. */
export function standInDeep(value: unknown): unknown {
  if (typeof value === 'string') return standIn(value);
  if (Array.isArray(value)) return value.map(standInDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, standInDeep(inner)]));
}

function evaluated(expression: Expression): string {
  if (expression.kind === 'value') return String(expression.value ?? '');
  if (expression.kind === 'member') {
    // Of an indexed list of endpoints, the list's own name counts.
    const names = [expression.name, ...(expression.of.kind === 'member' ? [expression.of.name] : [])];
    return STAND_INS.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? 'name';
  }
  const [first = '', ...rest] = expression.args.map(evaluated);
  switch (expression.name) {
    case 'format':
      return first.replace(/\{(\d+)\}/g, (whole, index) => rest[Number(index)] ?? whole);
    case 'concat':
      return [first, ...rest].join('');
    case 'replace':
      return first.replaceAll(rest[0] ?? '', rest[1] ?? '');
    case 'toLower':
      return first.toLowerCase();
    case 'json':
    case 'string':
    case 'int':
      return first;
    default:
      return 'name';
  }
}
