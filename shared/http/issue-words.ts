import { z } from 'zod';

/**
 * What is told of a field that its schema refuses, where the schema itself says nothing: what is allowed, and what kind of
 * thing was given. Never a text that was given: it may be private.
 */
export function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  const allowed = allowedBy(issue);
  return allowed === undefined ? undefined : `${allowed}; ${given(issue)}`;
}

function allowedBy(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'string' ? textOf(issue.inst) : thing(issue);
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return FORMATS[issue.format];
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}`;
    default:
      return undefined;
  }
}

/** A text that is missing must be as the schema says of one that is empty. */
function textOf(schema: unknown): string {
  const empty = schema instanceof z.ZodType ? schema.safeParse('', { error: allowedBy }).error?.issues[0] : undefined;
  return empty?.message ?? 'must be a text';
}

function thing({ expected, inst }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidType>): string {
  if (!(inst instanceof z.ZodNumber)) return `must be ${THINGS[expected] ?? expected}`;
  const { minValue, maxValue, isInt } = inst;
  const bounds = [...limit('from', minValue), ...limit('to', maxValue)];
  return ['must be', isInt ? 'a whole number' : 'a number', ...bounds].join(' ');
}

/** One that no safe integer passes is none that anybody has set. */
const limit = (word: string, value: number | null): readonly (string | number)[] =>
  value === null || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? [] : [word, value];

function bound(origin: string, word: string, most: number | bigint): string {
  const counted = COUNTED[origin];
  return counted === undefined
    ? `be ${word} ${most}`
    : `have ${word} ${most} ${most === 1 ? counted.one : counted.many}`;
}

function given({ code, input, ...issue }: z.core.$ZodRawIssue): string {
  if (input === undefined) return 'nothing was given';
  if (input === null) return 'null was given';
  if (Number.isNaN(input)) return 'what was given is none';
  const origin = 'origin' in issue ? issue.origin : undefined;
  if (code === 'too_small' || code === 'too_big') {
    if (typeof input === 'number') return `${input} was given`;
    const size = typeof input === 'string' || Array.isArray(input) ? input.length : undefined;
    if (size !== undefined) return `it has ${size}`;
  }
  if (code === 'invalid_value' || code === 'invalid_format' || origin !== undefined) return 'something else was given';
  const kind = Array.isArray(input) ? 'array' : typeof input;
  return `${THINGS[kind] ?? 'something else'} was given`;
}

const THINGS: Readonly<Record<string, string>> = {
  ...{ string: 'a text', number: 'a number', int: 'a whole number', boolean: 'true or false' },
  ...{ object: 'an object', record: 'an object', array: 'a list' },
};

const COUNTED: Readonly<Record<string, { readonly one: string; readonly many: string }>> = {
  string: { one: 'character', many: 'characters' },
  array: { one: 'entry', many: 'entries' },
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'must be a time in ISO 8601 with a zone, such as 2026-05-29T09:30:00Z',
};
