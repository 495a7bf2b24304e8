import { withoutControls } from '../../../shared/control-characters.ts';

/** Text that opens something which is not for ears, up to where that ends. */
interface Hidden {
  readonly open: RegExp;
  /** What ends it; undefined: the end of the answer. */
  readonly close: (opened: RegExpExecArray) => RegExp | undefined;
}

const TAGS = 'think|thinking|thought|reasoning|reflection|analysis|tool_calls?|tool_response|function_calls?|invoke';
const literally = (text: string): RegExp => new RegExp(text.replace(/[/[\]]/g, '\\$&'), 'i');
/**
 * A message of gpt-oss has a channel ("harmony"): what it thinks and what it asks of tools come in channels of their own,
 * and are told apart by these heads where a server leaves them in the text.
 */
const CHANNEL = (name: string): string =>
  `<\\|channel\\|>[ \\t]{0,4}${name}[^<\\n]{0,80}(?:<\\|constrain\\|>[^<\\n]{0,80})?<\\|message\\|>`;
const HEAD = new RegExp(`<\\|start\\|>[^<\\n]{0,80}(?=<\\||$)|${CHANNEL('')}`, 'iy');
const HIDDEN: readonly Hidden[] = [
  { open: new RegExp(`<(${TAGS})(?:\\s[^<>]{0,200})?>`, 'iy'), close: ([, tag]) => literally(`</${tag}>`) },
  { open: /<function=[^<>]{0,200}>/iy, close: () => literally('</function>') },
  { open: /\[THINK\]/y, close: () => literally('[/THINK]') },
  { open: /\[TOOL_CALLS\]/y, close: () => undefined },
  { open: /<\|python_tag\|>/y, close: () => undefined },
  {
    open: new RegExp(CHANNEL('(?:analysis|commentary[ \\t]{1,4}[^<\\s])'), 'iy'),
    close: () => /<\|(?:end|call|return)\|>|(?=<\|(?:start|channel)\|>)/i,
  },
];
const FENCE: Hidden = { open: /[ \t]{0,8}`{3,20}[^\n`]{0,80}\n/y, close: () => literally('```') };
/** A line that begins so is data: a call that was written as text. */
const DATA = /[ \t]{0,8}(?=\{\s{0,8}"|\[\s{0,8}\{\s{0,8}")/y;

/** What stands for something else, wherever it stands. */
type Rule = readonly [mark: RegExp, words: (found: RegExpExecArray) => string];
const ANYWHERE: readonly Rule[] = [
  [/\[interrupted by the caller\]/y, () => ''],
  [/!?\[([^[\]\n]{0,200})\]\([^()\s]{0,500}(?:\s"[^"\n]{0,100}")?\)/y, ([, words = '']) => words],
  [/\[\^[^[\]\n]{1,20}\]|【[^】\n]{0,80}】/y, () => ''],
  [/<br\s?\/?>|<\/(?:p|li|div|h\d|tr)>/iy, () => '\n'],
  [/<\|[^<>|\n]{0,80}\|>|<\/?[a-z][^<>\n]{0,200}>/iy, () => ''],
  [/&(amp|lt|gt|quot|apos|nbsp|#39);/y, ([, name = '']) => ENTITIES[name] ?? ' '],
  [/\\([\\`*_{}[\]()#+\-.!|~>])/y, ([, mark = '']) => mark],
  [
    /\p{RI}|\p{EMod}|[#*0-9]\uFE0F?\u20E3|\p{Extended_Pictographic}(?:\uFE0F|\u200D|\u20E3|\p{EMod}|\p{Extended_Pictographic})*|\uFE0F|\u20E3/uy,
    () => '',
  ],
  [/~~|\*{1,3}(?=\S)|`{1,3}/y, () => ''],
];
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#39': "'" };

/** What stands for something else at the beginning of a line. */
const AT_LINE_START: readonly Rule[] = [
  [/[ \t]{0,8}([-*_=])(?:[ \t]{0,2}\1){2,80}[ \t]{0,8}(?:\n|$)/y, () => ''],
  [/[ \t]{0,8}\|?(?:[ \t]{0,20}:?-{2,80}:?[ \t]{0,20}\|?){1,40}(?:\n|$)/y, () => ''],
  [/[ \t]{0,8}(?:#{1,6}|>{1,3}|[-*+•‣◦])[ \t]+/y, () => ''],
  [/[ \t]{0,8}\|[ \t]{0,40}/y, () => ''],
];
const URL = /(?:https?:\/\/|www\.)(?:[\w.-]+@)?([\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:[/?#][^\s<>()"'\]]*)?/iy;

/** What the end of the text so far may still become; it is kept back until that is known, and at most so long. */
const UNDECIDED =
  /(?:^|(?<=\n))[ \t]{0,8}(?:[#>]{0,6}[ \t]*|[-*_=+•‣◦ \t]{0,80}|[|: \t-]{0,200}|`{1,20}[^\n`]{0,80}|\[?\s{0,8}\{?\s{0,8})$|!?\[[^[\]\n]{0,200}\]?$|!?\[[^[\]\n]{0,200}\]\([^()\n]{0,500}$|【[^】\n]{0,80}$|<\|(?:start|channel)\|>[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,80})?(?:<(?:\|[a-z]{0,20}\|?)?)?$|<(?:[/|]?[a-z][^<>\n]{0,200}|\|[^<>\n]{0,82}|[/|])?$|&[a-z#\d]{0,5}$|\\$|[*_~`]{1,3}$|!$|\|[ \t]*$|(?<![\p{L}\p{N}])(?:h|ht|htt|https?|https?:|https?:\/|w{1,3})$|(?<![\p{L}\p{N}])(?:https?:\/\/|www\.)[^\s<>"']{0,500}$|[#*0-9]\uFE0F?$|(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D|\p{EMod}|\p{Extended_Pictographic})*)?[\uD800-\uDBFF]?$/iu;
/** Nothing but this, inside a line, is the case of nearly every token. */
const PLAIN = /^[\p{L}\p{M} ,.;:?'"’()/%€$£-]+$/u;
/** How much of what is hidden is kept, to find its end in. */
const LONGEST_CLOSE = 32;

/**
 * Makes text that a model writes text that can be spoken: thinking, calls that were written as text and code are left
 * out, marks, emoji and control characters too, a link is its words and an address its host. It may come cut anywhere, and what comes out is
 * the same however it was cut. Text without any of that goes through as it is, and at once.
 */
export class SpeakableText {
  #rest = '';
  #hiddenUntil: RegExp | undefined;
  #hidden = false;
  #data: JsonSkipper | undefined;
  #lineStart = true;
  #spoken = false;
  #before = '';

  /** Adds text; returns what of it can be spoken by now. */
  push(text: string): string {
    if (this.#spoken && !this.#lineStart && this.#rest === '' && !this.#hidden && !this.#data && isPlain(text)) {
      this.#before = text.at(-1) ?? '';
      return text;
    }
    this.#rest += withoutControls(text);
    return this.#drain(false);
  }

  /** The text has ended, or pauses. */
  end(): string {
    const last = this.#drain(true);
    this.#rest = '';
    this.#hidden = false;
    this.#hiddenUntil = undefined;
    this.#data = undefined;
    this.#lineStart = true;
    this.#spoken = false;
    this.#before = '';
    return last;
  }

  #drain(isAll: boolean): string {
    let out = '';
    while (this.#rest !== '') {
      if (this.#hidden || this.#data) {
        if (!this.#skip()) break;
        continue;
      }
      const kept = isAll ? undefined : UNDECIDED.exec(this.#rest);
      const decided = kept ? kept.index : this.#rest.length;
      if (decided === 0) break;
      const text = this.#rest;
      let at = 0;
      while (at < decided && !this.#hidden && !this.#data) {
        const step = this.#step(text, at);
        out += this.#say(step.words);
        at = step.end;
        // A line begins after it, whose beginning is undecided like any other's.
        if (step.isHead) break;
      }
      this.#rest = text.slice(at);
      if (!this.#hidden && !this.#data && kept && at >= decided) break;
    }
    return out;
  }

  /** Nothing is said before the first word, not even a line feed. */
  #say(words: string): string {
    const said = this.#spoken ? words : words.trimStart();
    if (said !== '') this.#spoken = true;
    return said;
  }

  /** Reads one mark, or one character. */
  #step(text: string, at: number): Step {
    const head = find(HEAD, text, at);
    if (this.#opens(HIDDEN, text, at) || (this.#lineStart && this.#opens([FENCE], text, at))) {
      return { words: '', end: this.#openedAt };
    }
    if (head) return { words: '', end: at + head[0].length, isHead: true };
    if (this.#lineStart) {
      if (find(DATA, text, at)) {
        this.#data = new JsonSkipper();
        return { words: '', end: at };
      }
      for (const [mark, words] of AT_LINE_START) {
        const found = find(mark, text, at);
        if (found) {
          this.#lineStart = found[0].endsWith('\n');
          this.#before = ' ';
          return { words: words(found), end: at + found[0].length };
        }
      }
    }
    const isInWord = /[\p{L}\p{N}]/u.test(this.#before);
    const url = isInWord ? undefined : find(URL, text, at);
    if (url) return this.#moved(hostOf(url[1] ?? '') + (/[.,;:!?]+$/.exec(url[0])?.[0] ?? ''), at + url[0].length);
    for (const [mark, words] of ANYWHERE) {
      const found = find(mark, text, at);
      if (found) return this.#moved(words(found), at + found[0].length, true);
    }
    const letter = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const end = at + letter.length;
    if (letter === '*' || letter === '_') return this.#moved(this.#emphasis(letter, text[end]), end, true);
    if (letter === '|') return this.#moved(/^[ \t]*(?:\n|$)/.test(text.slice(end)) ? '' : ',', end);
    return this.#moved(letter, end);
  }

  #openedAt = 0;
  #opens(kinds: readonly Hidden[], text: string, at: number): boolean {
    for (const { open, close } of kinds) {
      const found = find(open, text, at);
      if (!found) continue;
      this.#hidden = true;
      this.#hiddenUntil = close(found);
      this.#openedAt = at + found[0].length;
      return true;
    }
    return false;
  }

  #moved(words: string, end: number, isMark = false): Step {
    const last = words.at(-1);
    this.#lineStart = last === '\n';
    if (last !== undefined) this.#before = last;
    else if (!isMark) this.#before = ' ';
    return { words, end };
  }

  /** A mark of emphasis is not said; a sign between spaces is, and one inside a name parts its words. */
  #emphasis(mark: string, next: string | undefined): string {
    const isAlone = /^\s?$/.test(this.#before) && this.#before !== '' && next !== undefined && /\s/.test(next);
    if (isAlone) return mark;
    const isInside = /[\p{L}\p{N}]/u.test(this.#before) && next !== undefined && /[\p{L}\p{N}]/u.test(next);
    return mark === '_' && isInside ? ' ' : '';
  }

  /** Goes on after what is hidden. False when its end has not come yet. */
  #skip(): boolean {
    if (this.#data) {
      const end = this.#data.skip(this.#rest);
      this.#rest = end === undefined ? '' : this.#rest.slice(end);
      if (end === undefined) return false;
      this.#data = undefined;
      this.#lineStart = false;
      return true;
    }
    const end = this.#hiddenUntil?.exec(this.#rest);
    if (!end) {
      this.#rest = this.#rest.slice(-LONGEST_CLOSE);
      return false;
    }
    this.#rest = this.#rest.slice(end.index + end[0].length);
    this.#hidden = false;
    this.#hiddenUntil = undefined;
    return true;
  }
}

interface Step {
  readonly words: string;
  readonly end: number;
  readonly isHead?: true;
}

/** Finds the end of a JSON value, which may come in pieces. */
class JsonSkipper {
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Where the value ends in this piece, exclusive; undefined when it goes on. */
  skip(text: string): number | undefined {
    for (let at = 0; at < text.length; at += 1) {
      const letter = text[at];
      if (this.#escaped) this.#escaped = false;
      else if (this.#inString && letter === '\\') this.#escaped = true;
      else if (letter === '"') this.#inString = !this.#inString;
      else if (!this.#inString && (letter === '{' || letter === '[')) this.#depth += 1;
      else if (!this.#inString && (letter === '}' || letter === ']')) {
        this.#depth -= 1;
        if (this.#depth <= 0) return at + 1;
      }
    }
    return undefined;
  }
}

function find(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

const hostOf = (host: string): string => host.replace(/^www\./i, '');
const isPlain = (text: string): boolean =>
  PLAIN.test(text) && !/(?:^|[^\p{L}])(?:h|ht|htt|https?:?\/?|w{1,3}\.?)$|https?:|www\./iu.test(text);
