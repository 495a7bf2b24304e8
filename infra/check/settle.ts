import { asExpression, type Expression, expressionOf, templateOf } from './expression.ts';

/**
 * Evaluates what the compiler left as one expression because a part of it is known at run time only: a table of settings
 * that is filtered and joined comes out as a table, of which single values are still unknown. Such a value counts as one
 * that is not empty.
 */
export function settle(value: unknown): unknown {
  const expression = expressionOf(value);
  if (expression !== undefined) return templateOf(reduce(expression, new Map()));
  if (Array.isArray(value)) return value.map(settle);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, settle(inner)]));
}

type Scope = ReadonlyMap<string, Expression>;
type Structure = Readonly<Record<string, unknown>>;

const known = (value: unknown): Expression => ({ kind: 'value', value });

function reduce(expression: Expression, scope: Scope): Expression {
  if (expression.kind === 'value') return expression;
  if (expression.kind === 'member') {
    const of = reduce(expression.of, scope);
    const inner = of.kind === 'value' ? structureIn(of)?.[expression.name] : undefined;
    return inner === undefined ? { ...expression, of } : asExpression(inner);
  }
  if (expression.name === 'lambda') return expression;
  const args = expression.args.map((arg) => reduce(arg, scope));
  if (expression.name === 'lambdaVariables')
    return scope.get(String(templateOf(args[0] ?? known('')))) ?? { ...expression, args };
  return FUNCTIONS[expression.name]?.(args, scope) ?? { ...expression, args };
}

/** Each gives undefined where too little is known: the call then stays as it is. */
type TemplateFunction = (args: readonly Expression[], scope: Scope) => Expression | undefined;

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  true: () => known(true),
  false: () => known(false),
  null: () => known(null),
  createObject: (args) =>
    known(Object.fromEntries(pairs(args).map(([name, value]) => [String(templateOf(name)), templateOf(value)]))),
  createArray: (args) => known(args.map(templateOf)),
  union: (args) => {
    const structures = args.map(structureIn);
    return structures.every((found) => found !== undefined) ? known(Object.assign({}, ...structures)) : undefined;
  },
  concat: (args) => {
    const lists = args.map(listIn);
    if (lists.every((list) => list !== undefined)) return known(lists.flat());
    const texts = args.map((arg) => (arg.kind === 'value' ? arg.value : undefined));
    return texts.every((text) => typeof text === 'string') ? known(texts.join('')) : undefined;
  },
  format: (args) => {
    const texts = args.map((arg) => (arg.kind === 'value' ? String(arg.value) : undefined));
    if (!texts.every((text) => text !== undefined)) return undefined;
    const [pattern = '', ...rest] = texts;
    return known(pattern.replace(/\{(\d+)\}/g, (whole, index) => rest[Number(index)] ?? whole));
  },
  // Azure's public cloud.
  environment: () =>
    known({
      suffixes: { storage: 'core.windows.net' },
      authentication: { loginEndpoint: 'https://login.microsoftonline.com/' },
    }),
  items: ([of]) => {
    const structure = structureIn(of);
    return structure && known(Object.entries(structure).map(([key, value]) => ({ key, value })));
  },
  filter: ([of, test], scope) => listIn(of) && known(listIn(of)?.filter((item) => isTrue(applied(test, item, scope)))),
  map: ([of, change], scope) =>
    listIn(of) && known(listIn(of)?.map((item) => templateOf(applied(change, item, scope)))),
  toObject: ([of, key, value], scope) => {
    const entries = listIn(of)?.map((item) => [
      String(templateOf(applied(key, item, scope))),
      value === undefined ? item : templateOf(applied(value, item, scope)),
    ]);
    return entries && known(Object.fromEntries(entries));
  },
  if: ([test, then, other]) => (test?.kind === 'value' ? (isTrue(test) ? then : other) : undefined),
  empty: ([of]) => known(of?.kind === 'value' && isEmpty(of.value)),
  not: ([of]) => (of?.kind === 'value' ? known(!isTrue(of)) : undefined),
  equals: ([one, other]) =>
    one?.kind === 'value' && other?.kind === 'value' ? known(one.value === other.value) : undefined,
};

function applied(lambda: Expression | undefined, item: unknown, scope: Scope): Expression {
  const body = lambda?.kind === 'call' ? lambda.args.at(-1) : undefined;
  const name = lambda?.kind === 'call' ? lambda.args[0] : undefined;
  if (body === undefined || name === undefined) return asExpression(item);
  return reduce(body, new Map([...scope, [String(templateOf(name)), asExpression(item)]]));
}

const pairs = (args: readonly Expression[]): [Expression, Expression][] =>
  Array.from({ length: args.length / 2 }, (_, index) => [
    args[2 * index] ?? known(''),
    args[2 * index + 1] ?? known(''),
  ]);

const structureIn = (expression: Expression | undefined): Structure | undefined => {
  const value = expression?.kind === 'value' ? expression.value : undefined;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : undefined;
};

const listIn = (expression: Expression | undefined): readonly unknown[] | undefined =>
  expression?.kind === 'value' && Array.isArray(expression.value) ? expression.value : undefined;

/** What is not known yet is taken to be true: it is asked for presence only. */
const isTrue = (expression: Expression): boolean => expression.kind !== 'value' || expression.value === true;

const isEmpty = (value: unknown): boolean =>
  value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
