import { spokenName } from './tool-choice.ts';

const MOST_LETTERS = 400;
/** A field of such a name is what its tool wants said. */
const SAYING = ['message', 'text', 'answer', 'summary', 'say'];

/** What a tool brought, in a sentence: its own words where it has some, else its fields by their names. */
export function phraseResult(result: unknown): string {
  const failure = field(result, 'error');
  if (failure !== undefined) return 'I am sorry, that did not work. Please ask me again in a moment.';
  const own = SAYING.map((name) => field(result, name)).find((value) => typeof value === 'string');
  const told = typeof own === 'string' ? own : tell(result);
  return told === '' ? 'It is done.' : asSentence(told.slice(0, MOST_LETTERS));
}

function field(result: unknown, name: string): unknown {
  return typeof result === 'object' && result !== null ? Reflect.get(result, name) : undefined;
}

/** `{ booked: true, table: 'at the window' }` -> `booked, table: at the window`. */
function tell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return new Intl.ListFormat('en').format(value.map(tell).filter((each) => each !== ''));
  const fields = Object.entries(value).flatMap(([key, each]) => {
    if (typeof each === 'boolean') return `${each ? '' : 'not '}${spokenName(key)}`;
    const told = tell(each);
    return told === '' ? [] : typeof each === 'object' && !Array.isArray(each) ? told : `${spokenName(key)}: ${told}`;
  });
  return fields.join(', ');
}

const asSentence = (text: string): string =>
  `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
