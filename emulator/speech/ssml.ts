import { UspError } from './usp.ts';

/** What a document wants spoken, in order. */
export type SsmlPiece =
  | { readonly type: 'text'; readonly text: string; readonly voice: string; readonly rate: number }
  | { readonly type: 'pause'; readonly ms: number };

interface Element {
  readonly name: string;
  readonly voice: string;
  readonly rate: number;
  /** What it holds is not spoken: an alias was, in its place. */
  readonly silent: boolean;
}

const TOKEN = /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<\?[\s\S]*?\?>|<(?:[^<>"']|"[^"]*"|'[^']*')*>|[^<]+|</g;
const TAG = /^<(\/?)([\p{L}_][\p{L}\p{N}:._-]*)([\s\S]*?)(\/?)>$/u;
const ATTRIBUTE = /([\p{L}_][\p{L}\p{N}:._-]*)\s*=\s*(?:"([^"]*)"|'([^']*)')/gu;
const CDATA = '<![CDATA[';
const BLOCKS = new Set(['p', 's']);
const MAX_DEPTH = 50;
const MAX_PAUSE_MS = 20_000;
const RATES: Readonly<Record<string, number>> = { 'x-slow': 0.5, slow: 0.7, medium: 1, fast: 1.3, 'x-fast': 1.7 };
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', apos: "'", quot: '"' };

/**
 * Reads the SSML that Azure takes, as far as Flite can follow it: `voice`, `prosody rate`, `break`, `p`, `s` and
 * `sub`. The text in any other element is spoken as it stands.
 * @throws {UspError} 1007 where it is no well-formed `<speak>`
 */
export function parseSsml(document: string): SsmlPiece[] {
  const reader = new SsmlReader();
  for (const [token] of document.matchAll(TOKEN)) {
    if (token.startsWith('<!--') || token.startsWith('<?')) continue;
    if (token.startsWith(CDATA)) reader.text(token.slice(CDATA.length, -3));
    else if (token.startsWith('<')) reader.tag(token);
    else reader.text(unescaped(token));
  }
  return reader.end();
}

class SsmlReader {
  readonly #pieces: SsmlPiece[] = [];
  readonly #open: Element[] = [];
  #hasSpeak = false;

  text(text: string): void {
    const around = this.#open.at(-1);
    if (around !== undefined) this.#add(around, text);
    else if (text.trim() !== '') malformed('there is text outside of <speak>');
  }

  tag(token: string): void {
    const [, closing, name = '', attributes = '', selfClosing] = TAG.exec(token) ?? malformed('a tag is malformed');
    if (closing) this.#close(name);
    else this.#enter(name, attributesOf(attributes), selfClosing !== '');
  }

  end(): SsmlPiece[] {
    if (this.#open.length > 0 || !this.#hasSpeak) malformed('<speak> is not closed');
    return this.#pieces;
  }

  #enter(name: string, attributes: ReadonlyMap<string, string>, selfClosing: boolean): void {
    const around = this.#open.at(-1);
    const isFirst = around === undefined && !this.#hasSpeak;
    if (isFirst !== (name === 'speak') || (around === undefined && !isFirst)) malformed('it must be one <speak>');
    if (this.#open.length >= MAX_DEPTH) malformed(`more than ${MAX_DEPTH} elements lie within each other`);
    this.#hasSpeak = true;
    const { voice, rate, silent } = around ?? { voice: '', rate: 1, silent: false };
    const alias = name === 'sub' ? attributes.get('alias') : undefined;
    const element = {
      name,
      voice: name === 'voice' ? (attributes.get('name') ?? voice) : voice,
      rate: name === 'prosody' ? rate * rateOf(attributes.get('rate')) : rate,
      silent,
    };
    if (name === 'break' && !silent) this.#pieces.push({ type: 'pause', ms: pauseOf(attributes) });
    if (alias !== undefined) this.#add(element, alias);
    if (!selfClosing) this.#open.push({ ...element, silent: silent || alias !== undefined });
  }

  #close(name: string): void {
    const element = this.#open.pop();
    if (element?.name !== name) throw malformed(`</${name}> closes what is not open`);
    if (BLOCKS.has(name)) this.#add(element, ' ');
  }

  /** Neighbouring texts of one voice and speed are one: a tag within a sentence must not tear it apart. */
  #add({ voice, rate, silent }: Element, text: string): void {
    if (silent) return;
    const last = this.#pieces.at(-1);
    if (last?.type === 'text' && last.voice === voice && last.rate === rate) {
      this.#pieces[this.#pieces.length - 1] = { ...last, text: last.text + text };
    } else if (text.trim() !== '') {
      this.#pieces.push({ type: 'text', text, voice, rate });
    }
  }
}

function malformed(reason: string): never {
  throw new UspError(1007, `the SSML is not well-formed: ${reason}`);
}

function attributesOf(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single] of text.matchAll(ATTRIBUTE)) {
    attributes.set(name, unescaped(double ?? single ?? ''));
  }
  return attributes;
}

/** `+20%` and `20%` are a fifth faster, `-20%` a fifth slower, `1.2` is a factor, and some speeds have names. */
function rateOf(value = ''): number {
  const [, sign, number, percent] = /^([+-]?)(\d+(?:\.\d+)?)(%?)$/.exec(value.trim()) ?? [];
  if (number === undefined) return RATES[value.trim()] ?? 1;
  if (!percent) return Number(number) || 1;
  return Math.max(0.1, 1 + (Number(number) / 100) * (sign === '-' ? -1 : 1));
}

function pauseOf(attributes: ReadonlyMap<string, string>): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(attributes.get('time')?.trim() ?? '') ?? [];
  if (number === undefined) return attributes.get('strength') === 'none' ? 0 : 500;
  return Math.min(MAX_PAUSE_MS, Number(number) * (unit === 's' ? 1000 : 1));
}

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([\da-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
