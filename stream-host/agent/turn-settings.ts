import { z } from 'zod';
import type { TurnPolicy, TurnPolicyChanges } from '../conversation/turns/turn-policy.ts';
import { type PhraseSettings, phraseSettings } from './phrases.ts';

type Snake<Name extends string> = Name extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${Snake<Tail>}`
  : '';
type Fields<Group> = { readonly [Name in keyof Group & string as Snake<Name>]: z.ZodType<Group[Name]> };

const probability = z.number().min(0.05).max(0.99);
const ms = (least: number, most: number) => z.number().int().min(least).max(most);

/** What an agent may set, and how far. The defaults, and what each means, are in conversation/turns/turn-policy.ts. */
const groups: { readonly [Group in keyof TurnPolicy]: Fields<TurnPolicy[Group]> } = {
  onset: {
    speech_probability: probability,
    silence_probability: probability,
    onset_ms: ms(1, 1000),
    doubtful_onset_ms: ms(1, 2000),
    pause_ms: ms(32, 1000),
    doubt_ms: ms(0, 600_000),
    echo_guard: z.boolean(),
  },
  interruption: {
    tentative: z.boolean(),
    resume_ms: ms(50, 5000),
    wordless_ms: ms(200, 30_000),
    clear_wordless_ms: ms(200, 30_000),
    backchannels: z.boolean(),
    backchannel_tail_ms: ms(0, 10_000),
  },
  endpointing: {
    min_hold_ms: ms(100, 5000),
    hold_ms: ms(100, 5000),
    max_hold_ms: ms(100, 10_000),
    // `text-and-sound` once asked the sound, too, which was worth nothing; agents that say so are judged by their words.
    judgement: z.enum(['off', 'text', 'text-and-sound']).transform((by) => (by === 'off' ? by : 'text')),
    adapt_to_caller: z.boolean(),
    stable_partial_ms: ms(0, 2000),
    words_wait_ms: ms(500, 20_000),
    late_words_wait_ms: ms(500, 30_000),
    wordless_speech_ms: ms(1000, 30_000),
    max_caller_turn_ms: ms(5000, 600_000),
  },
  drafts: { mode: z.enum(['off', 'text', 'speech']), max_per_turn: z.number().int().min(0).max(10) },
  away: { after_ms: ms(0, 600_000).refine((given) => given === 0 || given >= 2000, 'must be 0, or at least 2000') },
  playout: { lead_ms: ms(40, 500), max_buffered_ms: ms(500, 60_000) },
  waiting: {
    fill_after_ms: ms(500, 10_000),
    max_fillers: z.number().int().min(0).max(10),
    after_giving_up: z.enum(['listen', 'hang-up']),
  },
  recovery: { stall_ms: ms(2000, 120_000) },
};

/** What an agent's `turns` say: how it takes turns, and some of its phrases. */
export interface TurnSettings {
  readonly policy: TurnPolicyChanges;
  readonly phrases: PhraseSettings;
}

/** Sentences that stood among the turns before `phrases` was there for them. They may stand at either place. */
const { prompts, farewell, apology, resumption } = phraseSettings.shape;

/** The part `turns` of an agent's YAML. */
export const turnSettingsSchema = z
  .strictObject({
    onset: z.strictObject(groups.onset).partial(),
    interruption: z.strictObject(groups.interruption).partial(),
    endpointing: z.strictObject(groups.endpointing).partial(),
    drafts: z.strictObject(groups.drafts).partial(),
    away: z.strictObject({ ...groups.away, prompts, farewell }).partial(),
    playout: z.strictObject(groups.playout).partial(),
    waiting: z.strictObject(groups.waiting).partial(),
    recovery: z.strictObject({ ...groups.recovery, apology, resumption }).partial(),
  })
  .partial()
  .transform((given): TurnSettings => {
    const { prompts, farewell, ...away } = given.away ?? {};
    const { apology, resumption, ...recovery } = given.recovery ?? {};
    const timing = { ...given, ...(given.away && { away }), ...(given.recovery && { recovery }) };
    return {
      policy: Object.fromEntries(Object.entries(timing).map(([group, fields]) => [group, inCamelCase(fields ?? {})])),
      phrases: phraseSettings.parse(defined({ prompts, farewell, apology, resumption })),
    };
  });

const inCamelCase = (fields: object): object =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]),
  );

const defined = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
