import { z } from 'zod';
import type { TurnPolicy, TurnPolicyChanges } from '../conversation/turns/turn-policy.ts';
import { type PhraseSettings, phraseSettings } from './phrases.ts';

type Fields<Group> = { readonly [Name in keyof Group]: z.ZodType<Group[Name]> };
type Schemas = Readonly<Record<string, z.ZodType>>;

const probability = z.number().min(0.05).max(0.99);
const ms = (least: number, most: number) => z.number().int().min(least).max(most);

/** What an agent may set, and how far. The defaults, and what each means, are in conversation/turn-policy.ts. */
const groups: { readonly [Group in keyof TurnPolicy]: Fields<TurnPolicy[Group]> } = {
  onset: {
    speechProbability: probability,
    silenceProbability: probability,
    onsetMs: ms(1, 1000),
    doubtfulOnsetMs: ms(1, 2000),
    pauseMs: ms(32, 1000),
    doubtMs: ms(0, 600_000),
    echoGuard: z.boolean(),
  },
  interruption: {
    tentative: z.boolean(),
    resumeMs: ms(50, 5000),
    wordlessMs: ms(200, 30_000),
    clearWordlessMs: ms(200, 30_000),
    backchannels: z.boolean(),
    backchannelTailMs: ms(0, 10_000),
  },
  endpointing: {
    minHoldMs: ms(100, 5000),
    holdMs: ms(100, 5000),
    maxHoldMs: ms(100, 10_000),
    // `text-and-sound` once asked the sound, too, which was worth nothing; agents that say so are judged by their words.
    judgement: z.enum(['off', 'text', 'text-and-sound']).transform((by) => (by === 'off' ? by : 'text')),
    adaptToCaller: z.boolean(),
    stablePartialMs: ms(0, 2000),
    wordsWaitMs: ms(500, 20_000),
    lateWordsWaitMs: ms(500, 30_000),
    wordlessSpeechMs: ms(1000, 30_000),
    maxCallerTurnMs: ms(5000, 600_000),
  },
  drafts: { mode: z.enum(['off', 'text', 'speech']), maxPerTurn: z.number().int().min(0).max(10) },
  away: { afterMs: z.union([z.literal(0), ms(2000, 600_000)]) },
  playout: { leadMs: ms(40, 500), maxBufferedMs: ms(500, 60_000) },
  waiting: {
    fillAfterMs: ms(500, 10_000),
    maxFillers: z.number().int().min(0).max(10),
    afterGivingUp: z.enum(['listen', 'hang-up']),
  },
  recovery: { stallMs: ms(2000, 120_000) },
};

/** Sentences that stood here before `phrases` was there for them. They may stand at either place. */
const { prompts, farewell, apology, resumption } = phraseSettings.shape;
const phrasesAmongTurns: { readonly [Group in keyof TurnPolicy]?: Schemas } = {
  away: { prompts, farewell },
  recovery: { apology, resumption },
};

/** What an agent's `turns` say: how it takes turns, and some of its phrases. */
export interface TurnSettings {
  readonly policy: TurnPolicyChanges;
  readonly phrases: PhraseSettings;
}

/** The part `turns` of an agent's YAML: groups of settings, names in snake_case as everywhere in that file. */
export const turnSettingsSchema = z
  .strictObject(
    mapped<Schemas, ReturnType<typeof groupSchema>>(
      {
        ...groups,
        away: { ...groups.away, ...phrasesAmongTurns.away },
        recovery: { ...groups.recovery, ...phrasesAmongTurns.recovery },
      },
      groupSchema,
      toSnake,
    ),
  )
  .partial()
  .transform((given): TurnSettings => {
    const { prompts, farewell, ...away } = given.away ?? {};
    const { apology, resumption, ...recovery } = given.recovery ?? {};
    const timing = { ...given, ...(given.away && { away }), ...(given.recovery && { recovery }) };
    return {
      policy: mapped(timing, (group) => mapped(group ?? {}, (value) => value, toCamel), toCamel),
      phrases: phraseSettings.parse(defined({ prompts, farewell, apology, resumption })),
    };
  });

function groupSchema(fields: Schemas): z.ZodType<Readonly<Record<string, unknown>>> {
  return z.strictObject(mapped(fields, (field) => field, toSnake)).partial();
}

const defined = (object: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

/** The same object with other keys and values. */
function mapped<Value, Result>(
  object: Readonly<Record<string, Value>>,
  change: (value: Value) => Result,
  rename: (key: string) => string,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [rename(key), change(value)]));
}

function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function toCamel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
