import type { z } from 'zod';

/** Parses what somebody wrote by hand, and says what is wrong with it in sentences that go on behind the field's place. */
export const parseDefinition = <Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
): z.ZodSafeParseResult<z.output<Schema>> => schema.safeParse(given, { error: sentenceOf, reportInput: true });

/** What is wrong with a definition, a line for each field, each with its place and what stands there. */
export function describeIssues(where: string, error: z.ZodError): string {
  return error.issues
    .map((issue) => {
      const isUnknown = issue.code === 'unrecognized_keys';
      const place = placeOf([...issue.path, ...(isUnknown ? [issue.keys.join(', ')] : [])]);
      const problem = isUnknown ? 'is no field that is known here' : `${issue.message}${describeGiven(issue.input)}`;
      return `${where}: ${place || 'the whole'}: ${problem}`;
    })
    .join('\n');
}

/** As in `realtime.mcp_servers[0].server_url`. */
const placeOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((place, key) => {
    if (typeof key === 'number') return `${place}[${key}]`;
    return place === '' ? String(key) : `${place}.${String(key)}`;
  }, '');

/** What stands in a line of an error; a prompt or a greeting does not. */
const LONGEST_GIVEN = 60;

function describeGiven(given: unknown): string {
  if (given === null) return ', and nothing stands there';
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') return '';
  const text = JSON.stringify(given);
  return given === '' || text.length > LONGEST_GIVEN ? '' : `, and is ${text}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'fields with their names',
  record: 'fields with their names',
};

/** Undefined where the library's own words must do. */
const sentenceOf: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return `must ${boundOf(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${boundOf(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'must be an address such as https://example.com' : undefined;
    case 'invalid_union':
      return 'is of no kind that is known here';
    default:
      return undefined;
  }
};

function boundOf(origin: string, least: string, bound: number | bigint): string {
  if (origin === 'string') return `have ${least} ${bound} characters`;
  return origin === 'array' ? `have ${least} ${bound} entries` : `be ${least} ${bound}`;
}
