import { z } from 'zod';
import type { CallWish } from '../../shared/calls/call-wish.ts';
import type { ToolItem } from '../../shared/sessions/history.ts';
import { failureOf } from './failures.ts';
import { withoutDigits } from './hidden.ts';

/** Changes where a record of before cannot be read any more. */
export const FORMAT = 1;

const ms = z.number();
const count = z.number().int().min(0);
const decision = z.tuple([z.string(), z.record(z.string(), z.unknown())]);

/** What the engine asked of samples, clocks and clips in a step, in order, each question by itself. */
const answers = z
  .strictObject({
    /** How loud the line was, in dB relative to full scale. */
    level: z.array(z.number()),
    brightness: z.array(z.number()),
    periodicity: z.array(z.number()),
    /** When speech was last audible. */
    end: z.array(ms),
    /** Whose the sound was. */
    origin: z.array(z.enum(['echo', 'caller', 'unsure'])),
    /** Whether the agent's voice comes back over the line. */
    path: z.array(z.enum(['unknown', 'none', 'echo'])),
    /** How long until what fills a wait can best be cut off. */
    quiet: z.array(ms),
    /** How late the playout's clock was. */
    late: z.array(ms),
    /** Standby speech: what it says, and how many bytes of audio it is. */
    clip: z.array(z.tuple([z.string(), count])),
  })
  .partial();

const failure = z.strictObject({ message: z.string(), code: z.string().optional() });

/** Fields that every step may have. */
const common = {
  /** When it reached the engine: milliseconds since the engine was made, to the microsecond. */
  t: ms,
  /** Bytes of the caller's audio that came before it, and after the step before. */
  a: count.optional(),
  /** It came before all was done that the step before led to, and after so many decisions of that step. */
  w: count.optional(),
  /** It came of telling somebody what the step before decided, after so many decisions. */
  n: count.optional(),
  /** Timers that were due and were cancelled all the same, as the process was late. */
  x: z.array(count).optional(),
  q: answers.optional(),
  /** What the engine decided. */
  o: z.array(decision).optional(),
};

/** The n-th of what the engine opened or asked for. */
const nth = z.number().int().min(1);
const text = z.string();
const call = z.object({ callId: z.string(), name: z.string(), args: z.record(z.string(), z.unknown()) });
const piece = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text'), text }),
  z.strictObject({ type: z.literal('tool-started'), call }),
  z.strictObject({
    type: z.literal('tool-ended'),
    call,
    elapsedMs: ms,
    result: z.unknown().optional(),
    error: text.exactOptional(),
  }),
  z.strictObject({ type: z.literal('end-call'), reason: text, words: text.exactOptional() }),
  z.strictObject({
    type: z.literal('call-action'),
    // The engine hands the wish on as it is.
    action: z.strictObject({
      call,
      key: text,
      wish: z.custom<CallWish>((wish) => typeof wish === 'object'),
      told: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
]);
const word = z.strictObject({ text, startMs: ms, durationMs: ms });
const told = z.object({
  role: z.literal('tool'),
  call,
  result: z.unknown().optional(),
  by: z.literal('service').exactOptional(),
});
const news = {
  /** As it stands there: what it says is compared letter for letter, so its fields must keep their order. */
  item: z.custom<ToolItem>((item) => told.safeParse(item).success).optional(),
  speech: z.union([z.enum(['none', 'own-words']), z.strictObject({ line: text })]),
  /** It takes the place of what was to be said of the same. */
  topic: text.optional(),
  /** Somebody wants to know whether it was heard. */
  awaited: z.literal(true).optional(),
  /** It is for somebody else's ear than the caller's. */
  aside: z.literal(true).optional(),
};
/** Null: to the end of what was written. */
const stretch = { from: ms, to: ms.nullable() };

/** One thing that reached the engine. */
export const step = z.discriminatedUnion('k', [
  z.strictObject({ k: z.literal('start'), unnoticed: z.literal(true).exactOptional(), ...common }),
  z.strictObject({ k: z.literal('pressed'), tone: text, ...common }),
  z.strictObject({ k: z.literal('typed'), text, ...common }),
  z.strictObject({ k: z.literal('interrupt'), ...common }),
  z.strictObject({ k: z.literal('told'), ...news, ...common }),
  z.strictObject({ k: z.literal('attend'), to: z.enum(['caller', 'waiting', 'nobody']), ...common }),
  z.strictObject({ k: z.literal('close'), reason: text, ...common }),
  /** The detector's verdict of the 32 ms that ended at `m`: the probability of speech. */
  z.strictObject({ k: z.literal('frame'), p: z.number(), m: ms, of: nth, ...common }),
  z.strictObject({ k: z.literal('detector-failed'), of: nth, error: failure, ...common }),
  z.strictObject({ k: z.literal('partial'), of: nth, text, ...stretch, ...common }),
  z.strictObject({ k: z.literal('final'), of: nth, text, ...stretch, ...common }),
  z.strictObject({ k: z.literal('no-words'), of: nth, ...stretch, ...common }),
  z.strictObject({
    k: z.literal('recogniser'),
    of: nth,
    state: z.enum(['ready', 'recovering', 'failed']),
    error: failure.optional(),
    ...common,
  }),
  /** The n-th timer that the engine set, for so many ms. `p`: what the playout's clock said, where that one ran it. */
  z.strictObject({ k: z.literal('timer'), of: nth, d: ms, p: ms.optional(), ...common }),
  z.strictObject({ k: z.literal('chunk'), of: nth, piece, ...common }),
  z.strictObject({ k: z.literal('answered'), of: nth, error: failure.optional(), ...common }),
  z.strictObject({ k: z.literal('voice'), of: nth, bytes: count, ...common }),
  z.strictObject({ k: z.literal('word'), of: nth, word, ...common }),
  z.strictObject({ k: z.literal('voiced'), of: nth, error: failure.optional(), ...common }),
]);
export type Step = z.infer<typeof step>;
export type Decision = z.infer<typeof decision>;
export type Answers = z.infer<typeof answers>;
export type Question = keyof Answers;
export type Answer<Asked extends Question> = NonNullable<Answers[Asked]>[number];

/** A checksum of one batch of steps that continues the one before: FNV-1a of 32 bits, in letters. */
export function checksum(json: string, before: string): string {
  let hash = 0x811c_9dc5;
  for (const part of [before, json]) {
    for (let at = 0; at < part.length; at += 1) hash = Math.imul(hash ^ part.charCodeAt(at), 0x0100_0193);
  }
  // No digits: they might look like a telephone number, and be hidden.
  return (hash >>> 0)
    .toString(16)
    .padStart(8, '0')
    .replace(/\d/g, (digit) => 'ghijklmnop'.charAt(Number(digit)));
}

/** What stands in a decision of a long text: its beginning, its length, and checksums with and without its digits. */
const WHOLE_TEXT = 80;
const BEGINNING = 48;

/** The fields of a decision as they are kept and compared. `hide`: what a text looks like in the record. */
export function fieldsOf(fields: object, hide: (text: string) => string): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) kept[name] = keptOf(value, hide);
  }
  return kept;
}

function keptOf(value: unknown, hide: (text: string) => string): unknown {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  return shortened(hide(textOf(value)));
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) {
    const { code, message } = failureOf(value);
    return code === undefined ? message : `${code}: ${message}`;
  }
  return JSON.stringify(value) ?? String(value);
}

function shortened(text: string): string {
  if (text.length <= WHOLE_TEXT) return text;
  const sums = `${checksum(text, '')}, ${checksum(withoutDigits(text), '')}`;
  return `${text.slice(0, BEGINNING)}… (${text.length}, ${sums})`;
}

const EXACT_SUM = /( \(\d+, )[a-p]{8}, (?=[a-p]{8}\)$)/;

/** Whether two decisions are the same. `loosely`: but for digits, of which some were hidden. */
export function isSame(a: Decision, b: Decision, loosely: boolean): boolean {
  const [one, other] = [a, b].map((decision) => JSON.stringify(decision));
  if (one === other || !loosely) return one === other;
  const [looseOne, looseOther] = [a, b].map(([type, fields]) => {
    const texts = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? withoutDigits(value.replace(EXACT_SUM, '$1')) : value,
    ]);
    return JSON.stringify([type, texts]);
  });
  return looseOne === looseOther;
}
