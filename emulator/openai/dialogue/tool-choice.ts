import type { ToolShape } from '../chat-wire.ts';

/** A tool that the caller's words are about. A guess gives way to what was being talked of. */
export interface Wanted {
  readonly tool: ToolShape;
  readonly isGuess: boolean;
}

/** How much a word counts that is in a tool's name, in the names and choices of its arguments, in its descriptions. */
const WEIGHTS = { name: 3, argument: 1.5, description: 1 } as const;
/** One word of the name, or two of what describes it. */
const LEAST = 2;

const EMPTY_WORDS = new Set(
  `a an and any are at be by can could do does for from get have hello hey hi how i if in is it like look make me my
   need no of ok okay on or please she some tell than thank thanks that the them then there this to up us want was we
   what when where which who whose will with would yes you your today tomorrow`.split(/\s+/),
);

/** `look_up_order` and `lookUpOrder` -> `look up order`. */
export const spokenName = (name: string): string =>
  name
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
    .replaceAll(/[_-]+/g, ' ')
    .toLowerCase();

/** The words of a text that mean something by themselves, in small letters and without their endings. */
export const tellingWords = (text: string): string[] =>
  (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !EMPTY_WORDS.has(word)).map(withoutEnding);

const withoutEnding = (word: string): string => (word.length > 4 ? word.replace(/(?:ing|ed|es|s)$/, '') : word);

/** "deliver" is in "delivery". */
export function isAlike(a: string, b: string): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter === longer || (shorter.length >= 4 && longer.startsWith(shorter));
}

/** The tool that has most of the caller's words; those that several tools have count less. Of equals the first. */
export function mostAlike(said: string, tools: readonly ToolShape[]): Wanted | undefined {
  const words = [...new Set(tellingWords(said))];
  const weights = tools.map((tool) => weightsOf(tool, words));
  const scores = weights.map((own) =>
    own.reduce((sum, weight, word) => sum + weight / Math.max(1, weights.filter((other) => other[word]).length), 0),
  );
  const best = Math.max(...scores);
  const tool = tools[scores.indexOf(best)];
  return tool !== undefined && best >= LEAST ? { tool, isGuess: false } : undefined;
}

function weightsOf({ name, description, parameters }: ToolShape, words: readonly string[]): number[] {
  const shapes = Object.entries(parameters.properties);
  const has = (text: string) => {
    const own = tellingWords(text);
    return (word: string) => own.some((other) => isAlike(word, other));
  };
  const inName = has(spokenName(name));
  const inArguments = has(shapes.flatMap(([key, shape]) => [spokenName(key), ...(shape.enum ?? [])]).join(' '));
  const inDescription = has([description, ...shapes.map(([, shape]) => shape.description)].join(' '));
  return words.map((word) => {
    if (inName(word)) return WEIGHTS.name;
    if (inArguments(word)) return WEIGHTS.argument;
    return inDescription(word) ? WEIGHTS.description : 0;
  });
}
