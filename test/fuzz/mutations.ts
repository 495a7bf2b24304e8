import type { Random } from '../../bench/random.ts';

/** Texts that have broken parsers before. */
const NASTY_TEXTS = [
  '',
  ' ',
  '\0',
  '\u202e',
  '\ud800',
  '\ufeff',
  '__proto__',
  'constructor',
  'toString',
  'NaN',
  '-0',
  '1e999',
  '9'.repeat(400),
  'null',
  '{}',
  '[]',
  '%',
  '%00',
  '%zz%ff',
  '../../etc/passwd',
  'a'.repeat(300),
  '=',
  'AAA=A',
  '😀'.repeat(40),
  'e\u0301',
  '\r\n\r\n',
  '\\"',
  '2026-13-45T99:99:99Z',
  '0001-01-01T00:00:00.0000000+00:00',
  '+0000000000000000000',
  '-----BEGIN',
  '<![CDATA[',
  '{{7*7}}',
];
const NASTY_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.1,
  1e308,
  -1e308,
  2 ** 53,
  2 ** 31,
  [],
  {},
  [[]],
  [null],
  { toString: null },
  { length: 5 },
  { __proto__: null },
];
/** Deeper than a recursion can go. Seldom, as it is slow. */
const DEEPEST = 20_000;

type Branch = Record<string, unknown> | unknown[];
const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null;

/** A JSON text whose structure was damaged in one to three places. @param seed a valid one */
export function mutateJson(random: Random, seed: string): string {
  let value: unknown = JSON.parse(seed);
  for (let n = random.whole(1, 3); n > 0; n -= 1) value = mutateNode(random, value);
  const text = JSON.stringify(value) ?? 'null';
  if (!random.chance(0.001)) return text;
  // In text, as what is so deep cannot be made into it.
  const depth = random.whole(100, DEEPEST);
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"a":', '}'];
  const deep = open.repeat(depth) + (open === '[' ? '' : '1') + close.repeat(depth);
  return text.replace(/"[^"\\]{0,60}"(?=[,}\]])/, deep);
}

function mutateNode(random: Random, value: unknown): unknown {
  if (!isBranch(value) || random.chance(0.03)) return mutateLeaf(random, value);
  const keys = Object.keys(value);
  const key = keys[random.whole(0, keys.length - 1)];
  if (key === undefined) return mutateLeaf(random, value);
  const copy: Branch = Array.isArray(value) ? [...value] : { ...value };
  const fields = copy as Record<string, unknown>;
  const child = fields[key];
  if (isBranch(child) && random.chance(0.7)) {
    fields[key] = mutateNode(random, child);
    return copy;
  }
  switch (random.whole(0, 6)) {
    case 0:
      delete fields[key];
      break;
    case 1:
      delete fields[key];
      add(fields, otherKey(random, key), child);
      break;
    case 2:
      fields[key] = [child, child];
      break;
    case 3:
      fields[key] = { [key]: child };
      break;
    case 4:
      add(fields, otherKey(random, key), child);
      break;
    default:
      fields[key] = mutateLeaf(random, child);
  }
  return copy;
}

/** A field of its own, whatever its name: `__proto__` would be none. A list gets one more, as its names are its length. */
function add(fields: Record<string, unknown>, name: string, value: unknown): void {
  if (Array.isArray(fields)) {
    fields.push(value);
    return;
  }
  Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}

function mutateLeaf(random: Random, value: unknown): unknown {
  if (typeof value === 'string' && random.chance(0.6)) return mutateText(random, value);
  if (typeof value === 'number' && random.chance(0.5)) return value * random.pick([-1, 0.5, 1e6, 1e300, 0]);
  return random.chance(0.5) ? random.pick(NASTY_TEXTS) : random.pick(NASTY_VALUES);
}

function otherKey(random: Random, key: string): string {
  switch (random.whole(0, 3)) {
    case 0:
      return key.toUpperCase();
    case 1:
      return random.pick(NASTY_TEXTS);
    case 2:
      return mutateText(random, key);
    default:
      return `${key[0]?.toUpperCase() ?? ''}${key.slice(1)}`;
  }
}

/** A text with one to four of its places damaged. */
export function mutateText(random: Random, seed: string): string {
  let text = seed;
  for (let n = random.whole(1, 4); n > 0; n -= 1) {
    const at = random.whole(0, text.length);
    const to = Math.min(text.length, at + random.whole(0, 12));
    switch (random.whole(0, 5)) {
      case 0:
        text = text.slice(0, at) + text.slice(to);
        break;
      case 1:
        text = text.slice(0, at);
        break;
      case 2:
        text = text.slice(0, at) + random.pick(NASTY_TEXTS) + text.slice(at);
        break;
      case 3:
        text = text.slice(0, to) + text.slice(at, to).repeat(random.whole(1, 20)) + text.slice(to);
        break;
      case 4:
        text = text.slice(0, at) + String.fromCharCode(random.whole(0, 0xff)) + text.slice(at + 1);
        break;
      default:
        text = text.slice(at) + text.slice(0, at);
    }
  }
  return text;
}

/** One input of a seed: as it is, damaged in its structure, in its text or in both, or no input at all. */
export function fuzzed(random: Random, seed: string, isJson: boolean): string {
  const draw = random.next();
  if (draw < 0.08) return seed;
  if (draw < 0.12) return noise(random);
  if (!isJson) return mutateText(random, seed);
  if (draw < 0.6) return mutateJson(random, seed);
  return mutateText(random, draw < 0.8 ? seed : mutateJson(random, seed));
}

/** The same of bytes. */
export function fuzzedBytes(random: Random, seed: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(seed);
  if (random.chance(0.1)) return bytes;
  for (let n = random.whole(1, 8); n > 0 && bytes.length > 0; n -= 1) {
    bytes[random.whole(0, bytes.length - 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.whole(0, 255)]);
  }
  if (random.chance(0.6)) return bytes;
  const cut = bytes.slice(0, random.whole(0, bytes.length));
  return random.chance(0.5) ? cut : new Uint8Array([...cut, ...bytes.slice(random.whole(0, bytes.length))]);
}

const noise = (random: Random): string =>
  Array.from({ length: random.whole(0, 64) }, () => String.fromCharCode(random.whole(0, 0x2ff))).join('');
