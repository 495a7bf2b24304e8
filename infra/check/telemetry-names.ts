import { ATTRIBUTE, DEPENDENCIES, DIMENSION, METRIC, ROLE, SPAN, toolSpan } from '../../shared/telemetry/names.ts';
import { TABLES } from './tables.ts';

/** A name in a query that nothing has. */
export interface StrangeName {
  /** Of the query, from 1 on. */
  readonly line: number;
  readonly what: string;
  readonly allowed: string;
}

const METRICS: readonly string[] = Object.values(METRIC).map(({ name }) => name);
/** What Azure has among requests, and not among dependencies: a span of kind server. */
const REQUESTS: readonly string[] = [SPAN.mediaStart];
/** What Azure calls by method and path, as it does each request to a service over HTTP: its name here stands nowhere. */
const CALLED_BY_PATH: readonly string[] = [SPAN.synthesis, SPAN.transcript];
const DEPENDENCY_SPANS: readonly string[] = Object.values(SPAN).filter(
  (name) => !REQUESTS.includes(name) && !CALLED_BY_PATH.includes(name),
);
/** What spans begin with whose names go on with a tool. One that has a model's is called by its path. */
const BEGINNINGS: readonly string[] = [toolSpan('')];
/** What Azure's exporter makes something else of, so that no row has it as a property; and what that is. */
const MOVED: Readonly<Record<string, string>> = {
  [ATTRIBUTE.session]: 'SessionId',
  [ATTRIBUTE.errorType]: ATTRIBUTE.fault,
  [ATTRIBUTE.peer]: 'Target',
  [ATTRIBUTE.httpMethod]: 'Name',
  [ATTRIBUTE.httpStatus]: 'ResultCode',
  [ATTRIBUTE.httpRoute]: 'Name',
  [ATTRIBUTE.url]: 'Data',
  [ATTRIBUTE.serverAddress]: 'Target',
  [ATTRIBUTE.dbSystem]: 'DependencyType',
  [ATTRIBUTE.dbOperation]: 'Data',
  [ATTRIBUTE.measurements]: 'Measurements',
};
/** Attributes that are no property of any row. */
export const MOVED_ATTRIBUTES = Object.keys(MOVED);
const ATTRIBUTES: readonly string[] = Object.values(ATTRIBUTE).filter((name) => !Object.hasOwn(MOVED, name));
const DIMENSIONS: readonly string[] = Object.values(DIMENSION);
const VALUES: Readonly<Record<string, readonly string[]>> = {
  AppRoleName: Object.values(ROLE),
  dependency: DEPENDENCIES,
};

const TABLE = new RegExp(`\\b(?:${Object.keys(TABLES).join('|')})\\b`, 'g');
const TEXT = `(?:'[^'\\n]*'|"[^"\\n]*")`;
const LITERAL = /'([^'\n]*)'|"([^"\n]*)"/g;
/** `Name == 'x'`, `Name in ('x', 'y')`, `Name startswith 'x'`; of a role or a dependency, too. */
const COMPARED = new RegExp(
  `\\b(Name|AppRoleName|dependency)\\s*(==|=~|!=|in~?|!in~?|startswith)\\s*(\\([^)]*\\)|${TEXT})`,
  'g',
);
const BAG = new RegExp(`\\bProperties\\s*\\[\\s*(${TEXT})\\s*\\]`, 'g');

/**
 * What a query asks for by name, against the names that the code emits: metrics, spans, attributes, roles and dependencies.
 * A question for a name that nothing has is answered by nothing, for ever, and raises no alarm.
 */
export function strangeNamesIn(query: string): StrangeName[] {
  const text = query.replace(/\/\/.*$/gm, (comment) => ' '.repeat(comment.length));
  return segmentsOf(text).flatMap(({ table, from, to }) => {
    const part = text.slice(from, to);
    const strange = (at: number, what: string, allowed: readonly string[]): StrangeName => ({
      line: text.slice(0, from + at).split('\n').length,
      what,
      allowed: allowed.join(', '),
    });
    const compared = [...part.matchAll(COMPARED)].flatMap(({ 1: column = '', 2: by, 3: given = '', index }) => {
      const known = column === 'Name' ? namesOf(table) : VALUES[column];
      if (known === undefined) return [];
      return literalsIn(given)
        .filter((name) => !isKnown(name, known, by === 'startswith'))
        .map((name) => strange(index, `there is no ${column} "${name}" in ${table}`, known));
    });
    const keys = table === 'AppMetrics' ? DIMENSIONS : ATTRIBUTES;
    const properties = [...part.matchAll(BAG)].flatMap(({ 1: given = '', index }) =>
      literalsIn(given)
        .filter((name) => table.startsWith('App') && !keys.includes(name))
        .map((name) => {
          const moved = MOVED[name];
          return strange(index, `nothing in ${table} has the property "${name}"`, moved === undefined ? keys : [moved]);
        }),
    );
    return [...compared, ...properties];
  });
}

/** Which names a table's rows have; undefined where they are not ours. */
function namesOf(table: string): readonly string[] | undefined {
  if (table === 'AppMetrics') return METRICS;
  if (table === 'AppRequests') return REQUESTS;
  return table === 'AppDependencies' ? [...DEPENDENCY_SPANS, ...BEGINNINGS] : undefined;
}

function isKnown(name: string, known: readonly string[], isBeginning: boolean): boolean {
  if (known.includes(name)) return true;
  if (isBeginning) return known.some((each) => each.startsWith(name));
  // Of a tool: that its beginning is right is all that can be known.
  return known.some((each) => BEGINNINGS.includes(each) && name.startsWith(each));
}

/** A query in parts, each from the name of a table to the next one's. What comes behind a union is held against its last. */
function segmentsOf(text: string): { readonly table: string; readonly from: number; readonly to: number }[] {
  const tables = [...text.matchAll(TABLE)];
  return tables.map(({ 0: table, index }, at) => ({ table, from: index, to: tables[at + 1]?.index ?? text.length }));
}

const literalsIn = (text: string): string[] =>
  [...text.matchAll(LITERAL)].map(([, single, double]) => single ?? double ?? '');
