import { UNITS } from '../../number-names.ts';
import type { ArgumentShape, ToolShape } from '../chat-wire.ts';
import { isAlike, spokenName, tellingWords } from './tool-choice.ts';

export type Args = Readonly<Record<string, unknown>>;

export const DAY = /\b(mon|tues|wednes|thurs|fri|satur|sun)days?\b|\btoday\b|\btomorrow\b|\b\d{4}-\d{2}-\d{2}\b/gi;
/** "not on Thursday", "from Tuesday": a day that is only turned down. */
const TURNED_DOWN = /\b(?:instead of|not|rather than|from)(?: on)?(?: next)? \w+/gi;
const TIME =
  /\b(?:\d{1,2}:\d{2}|(?<=\bat )\d{1,2}|\d{1,2}(?= ?(?:[ap]m|o'?clock)\b))(?: ?(?:[ap]m|o'?clock)\b)?|\bnoon\b|\bmidnight\b/gi;
/** Also as people read them out, and as recognition writes them: `1,042`, `10-42`, `1 0 4 2`. */
const NUMBER = /\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:[ .-]?\d+)*/g;
const NO = /\b(?:no|not|without|off|never|don'?t)\b/i;
const NAME = /\b(?:name is|name's|i am|i'm|this is|call me|under|for) ((?:[A-Z][\w'-]*)(?: [A-Z][\w'-]*)*)/;
const LOWER_NAME = /\bname(?: is|'s) ([a-z][\w'-]*)/i;
const ABOUT = /\b(?:in|at|to|for|about|from|of|near|on) (?:the )?([^.,?!]+)/i;

/**
 * The calls of `tool` that a text asks for, by the schema of its arguments: choices, numbers, days, times and names that
 * are in the text, and for a required text what is left of the words. Several numbers in the last words make several
 * calls. What a required argument lacks is taken from earlier calls ("it"), else asked for.
 * @param said the caller's last words, which `text` begins with
 */
export function callsOf(
  tool: ToolShape,
  text: string,
  said: string,
  earlier: readonly Args[],
): { readonly calls: readonly Args[] } | { readonly question: string } {
  const { properties, required } = tool.parameters;
  const source = new Source(tool, text);
  const args: Record<string, unknown> = {};
  for (const [key, shape] of Object.entries(properties)) {
    const isRequired = required.includes(key);
    const value = source.take(key, shape, isRequired) ?? (isRequired ? lastOf(key, earlier) : undefined);
    if (value !== undefined) args[key] = value;
    else if (isRequired) return { question: questionFor(key, shape) };
  }
  const [key, shape] = Object.entries(properties).find(([, { type, pattern }]) => type === 'string' && pattern) ?? [];
  if (key === undefined || shape === undefined) return { calls: [args] };
  const several = numbersIn(said).filter((number) => fits(number, shape) && number.length > 1);
  return { calls: several.length < 2 ? [args] : several.map((number) => ({ ...args, [key]: number })) };
}

const lastOf = (key: string, earlier: readonly Args[]): unknown => earlier.findLast((args) => key in args)?.[key];

function questionFor(key: string, { description = '' }: ArgumentShape): string {
  const isQuestion = /^(how|what|which|who|when|where)\b[^"(]*$/i.test(description);
  return isQuestion ? `${description.replace(/[?.]?$/, '')}?` : `What is the ${spokenName(key)}?`;
}

/** What a text has to give; a number or a word that one argument took is not there for the next one. */
class Source {
  readonly #tool: ToolShape;
  #text: string;

  constructor(tool: ToolShape, text: string) {
    this.#tool = tool;
    this.#text = text.replaceAll(TURNED_DOWN, ' ');
  }

  take(key: string, shape: ArgumentShape, isRequired: boolean): unknown {
    const words = this.#text.match(/[\p{L}\p{N}']+/gu) ?? [];
    if (shape.enum) return this.#choice(shape.enum, tellingWords(this.#text));
    const hint = `${spokenName(key)} ${shape.description ?? ''}`.toLowerCase();
    switch (shape.type) {
      case 'boolean':
        return isRequired || words.some((word) => isAlike(word.toLowerCase(), spokenName(key)))
          ? !NO.test(this.#text)
          : undefined;
      case 'integer':
      case 'number':
        return this.#number(shape);
      case 'string':
      case undefined:
        return this.#string(shape, hint) ?? (isRequired && !isTold(shape, hint) ? this.#rest() : undefined);
      default:
        return undefined;
    }
  }

  #choice(choices: readonly unknown[], words: readonly string[]): unknown {
    return choices.find((choice) =>
      tellingWords(spokenName(String(choice))).every((part) => words.some((word) => isAlike(word, part))),
    );
  }

  #number({ type, minimum = -Infinity, maximum = Infinity }: ArgumentShape): number | undefined {
    const withoutTimes = this.#text.replaceAll(TIME, ' ').replaceAll(DAY, ' ');
    const spoken = withoutTimes.replaceAll(/[a-z]+/gi, (word) => {
      const value = UNITS.indexOf(word.toLowerCase());
      return value < 0 ? word : String(value);
    });
    for (const [written] of spoken.matchAll(/-?\d+(?:\.\d+)?/g)) {
      const value = Number(written);
      if (value < minimum || value > maximum || (type === 'integer' && !Number.isInteger(value))) continue;
      this.#drop(written, UNITS[value]);
      return value;
    }
    return undefined;
  }

  #string(shape: ArgumentShape, hint: string): string | undefined {
    const { format, pattern } = shape;
    if (format === 'date' || /\b(day|date|when)\b/.test(hint)) {
      const day = this.#take(DAY);
      if (day !== undefined) return format === 'date' ? isoDate(day) : day;
    }
    if (format === 'time' || /\b(time|hour)\b/.test(hint)) return this.#take(TIME);
    if (pattern !== undefined || /\b(number|phone|code|id)\b/.test(hint)) {
      const number = numbersIn(this.#text).find((one) => fits(one, shape));
      const word = pattern === undefined ? undefined : this.#text.split(/\s+/).find((one) => fits(one, shape));
      return number ?? word;
    }
    if (format === 'email') return /\S+@\S+\w/.exec(this.#text)?.[0];
    if (/\bname\b/.test(hint)) return (NAME.exec(this.#text) ?? LOWER_NAME.exec(this.#text))?.[1];
    return undefined;
  }

  /** What a text is about: what stands behind its "in" or "for", else its words that are not those of the tool. */
  #rest(): string | undefined {
    const own = tellingWords(spokenName(this.#tool.name));
    const isNew = (word: string) => {
      const [stem] = tellingWords(word);
      return stem !== undefined && !own.some((other) => isAlike(stem, other));
    };
    const pick = (text: string) => {
      const words = text.split(/[^\p{L}\p{N}'-]+/u).filter(Boolean);
      return words.slice(words.findIndex(isNew), words.findLastIndex(isNew) + 1).join(' ');
    };
    const [, about = ''] = ABOUT.exec(this.#text) ?? [];
    const rest = pick(about) || pick(this.#text.split(' . ')[0] ?? '');
    this.#drop(rest);
    return rest === '' ? undefined : rest;
  }

  #take(pattern: RegExp): string | undefined {
    const [found] = this.#text.match(pattern) ?? [];
    this.#drop(found);
    return found;
  }

  #drop(...parts: readonly (string | undefined)[]): void {
    for (const part of parts) if (part) this.#text = this.#text.replace(new RegExp(`\\b${part}\\b`, 'i'), ' ');
  }
}

/** Something that either stands in the text as such or is not there at all: left-over words would be no such thing. */
const isTold = ({ format, pattern }: ArgumentShape, hint: string): boolean =>
  format !== undefined || pattern !== undefined || /\b(day|date|when|time|hour|number|phone|code|id)\b/.test(hint);

export const numbersIn = (text: string): string[] =>
  (text.match(NUMBER) ?? []).map((written) => written.replaceAll(/\D/g, '')).filter((digits) => digits !== '');

function fits(text: string, { pattern }: ArgumentShape): boolean {
  try {
    return pattern === undefined || new RegExp(pattern, 'u').test(text);
  } catch {
    return true; // A pattern that is none here is the tool's to check.
  }
}

/** A weekday is the next one after today. */
function isoDate(day: string, now = new Date()): string {
  if (/^\d/.test(day)) return day;
  const today = now.getDay();
  const wanted = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'].indexOf(day.slice(0, 3).toLowerCase());
  const days = /^today$/i.test(day) ? 0 : /^tomorrow$/i.test(day) ? 1 : ((wanted - today + 6) % 7) + 1;
  const date = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, 12);
  return date.toISOString().slice(0, 10);
}
