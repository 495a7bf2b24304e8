/** The names of modes and what else means one, in any case. */
const NAME = '(?:media|voice.{0,3}live|transcription|realtime)';
/** Something that holds a mode, by what it is called: `session.mode`, `streaming_mode`, `this.#mode`, `usualMode`. */
const HOLDER = String.raw`(?:[\w$#]+(?:\?|!)?\.)*#?(?:[\w$]*(?:Mode|_mode|_MODE)|mode)\b(?!\s*\()`;
const EQUALS = '[!=]==?(?!=)';

const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*(?=\s*[.,;)\]])/g;

/** Each finds one way of letting a mode decide. */
const FORBIDDEN: readonly RegExp[] = [
  // A mode beside anything but a literal of another matter: `session.mode === wanted`.
  new RegExp(String.raw`${HOLDER}\s*${EQUALS}(?!\s*(?:undefined\b|null\b|['"\`]))\s*\S+`, 'g'),
  new RegExp(String.raw`(?<!['"\`\w$.])[\w$.#?]+(?<!undefined|null|typeof|return)\s*${EQUALS}\s*${HOLDER}`, 'g'),
  new RegExp(String.raw`\bswitch\s*\(\s*${HOLDER}`, 'g'),
  new RegExp(String.raw`(?<=[\w$)\]}?.])\[\s*${HOLDER}\s*\]`, 'g'),
  new RegExp(String.raw`\.(?:get|has|includes|indexOf|hasOwn|set)\(\s*(?:[\w$.#?]+,\s*)?${HOLDER}\s*[,)]`, 'g'),
  new RegExp(String.raw`\b${HOLDER}\s+in\s+\w`, 'g'),
  new RegExp(
    String.raw`${HOLDER}\??\.(?:startsWith|endsWith|includes|match|search|indexOf|localeCompare|charAt|at|slice)\(`,
    'g',
  ),
  // A table of modes, by a name that is written out.
  /\b\w*[mM]odes\s*(?:\?\.|\.)\s*(?:media|voice_live|transcription)\b/g,
  /(?<=[\w$)\]])\s*\??\.\s*voice_live\b/g,
  // A pattern that looks for one.
  new RegExp(String.raw`/[^/\n]*${NAME}[^/\n]*/[a-z]*\s*\.(?:test|exec)\(\s*${HOLDER}`, 'gi'),
];

/** A mode's name as a text of its own. (`voice-live` is the service's name, and no mode's.) */
const LITERAL = /(['"`])\s*(?:media|voice_?live|transcription)\s*\1/gi;
/** What stands before it: two words. Looked for from each place of a source, it would take seconds. */
const BEFORE = /\S*\s*\S*\s*$/;
const LONGEST_BEFORE = 300;
/** Not to decide by it: it is what a field is set to, or the kind of another thing that is called so. */
const SETS = /(?:^|[{,(\s|])(?:mode|streaming_mode|example|type|event|kind|role|purpose)\??:\s*$/;

/**
 * Where a source compares, switches on or indexes by a streaming mode, in whatever spelling: each as the text that shows
 * it. Comments do not count.
 */
export function modeUses(source: string): string[] {
  const code = source.replace(COMMENT_OR_TEXT, (text) => (/^\/[*/]/.test(text) ? ' ' : text));
  const found = FORBIDDEN.flatMap((pattern) => [...code.matchAll(pattern)].map(([text]) => text));
  for (const match of code.matchAll(LITERAL)) {
    const [before = ''] = BEFORE.exec(code.slice(Math.max(0, match.index - LONGEST_BEFORE), match.index)) ?? [];
    const text = before + match[0];
    if (SETS.test(before)) continue;
    if (/\bcase\s*$/.test(before) && switchesOnKind(code.slice(0, match.index - before.length))) continue;
    found.push(text);
  }
  return [...new Set(found.map((text) => text.replace(/\s+/g, ' ').trim()))];
}

/** Whether the switch that is open here is on another thing's kind: its `type`, `event` or `kind`. */
function switchesOnKind(before: string): boolean {
  const [, on = ''] = [...before.matchAll(/\bswitch\s*\(([^)]*)\)/g)].at(-1) ?? [];
  return /(?:^|\.)(?:type|event|kind)\s*$/.test(on);
}
