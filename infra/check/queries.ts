import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { at, type Expansion, isOfType, listAt, placeOf, type Resource } from './expansion.ts';
import type { Finding } from './finding.ts';
import { QueryChecker } from './kusto.ts';
import { TABLES } from './tables.ts';
import { strangeNamesIn } from './telemetry-names.ts';

interface Query {
  /** A file, or the resource that has the query. */
  readonly where: string;
  readonly text: string;
}

/** Every query that is deployed or stands in `infra/queries`, against the columns of the workspace's tables and the names of our telemetry. */
export function queryFindings(root: string, expansions: readonly Expansion[]): Finding[] {
  const deployed = expansions.flatMap((expansion) =>
    expansion.resources.flatMap((resource) => queriesIn(expansion, resource)),
  );
  const files = queryFiles(root);
  const finding = (where: string, what: string, allowed: string): Finding => ({
    check: 'queries',
    where,
    what,
    allowed,
  });
  const unused = files
    .filter(({ text }) => deployed.length > 0 && !deployed.some((query) => query.text.includes(text.trim())))
    .map(({ where }) =>
      finding(where, 'nothing that is deployed has this query', 'a query that an alert or a workbook loads'),
    );
  // A query of a file is told once, there.
  const own = deployed.filter(({ text }) => !files.some((file) => text.trim() === file.text.trim()));
  if (files.length === 0 && own.length === 0) return unused;
  const checker = new QueryChecker(TABLES);
  const wrong = [...files, ...own].flatMap(({ where, text }) => [
    ...checker
      .problemsOf(text)
      .map((problem) =>
        finding(
          `${where}:${problem.line}`,
          problem.text,
          `tables ${Object.keys(TABLES).join(', ')} with their columns (infra/check/tables.ts)`,
        ),
      ),
    ...strangeNamesIn(text).map(({ line, what, allowed }) => finding(`${where}:${line}`, what, allowed)),
  ]);
  return [...wrong, ...unused];
}

const queryFiles = (root: string): Query[] =>
  globSync('infra/**/*.kql', { cwd: root })
    .sort()
    .map((file) => ({
      where: file.replaceAll(path.sep, '/'),
      text: withoutParameters(readFileSync(path.join(root, file), 'utf8')),
    }));

function queriesIn(expansion: Expansion, resource: Resource): Query[] {
  const query = (place: string, text: unknown): Query[] =>
    typeof text === 'string' ? [{ where: placeOf(expansion, resource, place), text }] : [];
  if (isOfType(resource, 'Microsoft.Insights/scheduledQueryRules')) {
    return listAt(resource, 'properties.criteria.allOf').flatMap((criterion, index) =>
      query(`properties.criteria.allOf.${index}.query`, at(criterion, 'query')),
    );
  }
  if (isOfType(resource, 'Microsoft.OperationalInsights/workspaces/savedSearches')) {
    return query('properties.query', at(resource, 'properties.query'));
  }
  if (isOfType(resource, 'Microsoft.Insights/workbooks')) {
    return itemQueries(workbookItems(at(resource, 'properties.serializedData'))).flatMap(({ name, text }) =>
      query(`properties.serializedData ${name}`, text),
    );
  }
  return [];
}

const workbookItem = z.looseObject({
  name: z.string().default('an item'),
  content: z.looseObject({ query: z.string().optional(), items: z.array(z.unknown()).optional() }).optional(),
});

/** A workbook is a text of JSON: items with a query each, and groups of items. One that is none has no query that is right. */
function workbookItems(serialized: unknown): readonly unknown[] {
  try {
    return listAt(JSON.parse(String(serialized)), 'items');
  } catch {
    return [{ name: 'that is no JSON', content: { query: String(serialized) } }];
  }
}

function itemQueries(items: readonly unknown[]): { name: string; text: string }[] {
  return items.flatMap((item) => {
    const { data } = workbookItem.safeParse(item);
    const own =
      data?.content?.query === undefined ? [] : [{ name: data.name, text: withoutParameters(data.content.query) }];
    return [...own, ...itemQueries(data?.content?.items ?? [])];
  });
}

/** `{TimeRange}` and its like are filled in by the workbook, with what is right where it stands. */
const withoutParameters = (query: string): string =>
  query
    .replace(/(where\s+TimeGenerated)\s+\{\w+\}/g, '$1 > ago(1d)')
    .replace(/\{\w+:grain\}/g, '1m')
    .replace(/'\{\w+\}'/g, "'text'");
