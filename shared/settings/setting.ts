import { z } from 'zod';
import { ConfigError } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What people are told of a setting. */
export interface SettingFacts {
  /** What it is for, in a sentence. */
  readonly about: string;
  readonly allowed: string;
  /** Its value in `local.settings.sample.json`; the default where nothing is said. */
  readonly sample?: string;
  /** Never shown. */
  readonly secret?: true;
}

const facts = z.registry<SettingFacts>();

/** A setting: how it is read, and what people are told of it. */
export function setting<Schema extends z.ZodType>(schema: Schema, about: SettingFacts): Schema {
  // Of its own: several settings are of one kind.
  const own = schema.clone();
  facts.add(own, about);
  return own;
}

export const factsOf = (schema: z.ZodType): SettingFacts => facts.get(schema) ?? { about: '', allowed: '' };

/** What a setting is when nothing is set, as text; undefined where something must be. */
export function defaultOf(schema: z.ZodType): string | undefined {
  const { success, data } = schema.safeParse(undefined);
  return success ? String(data ?? '') : undefined;
}

/**
 * Reads and checks the settings of a process. An empty variable is one that is not set.
 * @throws {ConfigError} that names each bad variable, what it was given and what is allowed
 */
export function readSettings<Schema extends z.ZodObject>(schema: Schema, env: Environment): Readonly<z.output<Schema>> {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = schema.safeParse(given);
  if (result.success) return Object.freeze(result.data);
  throw new ConfigError(describeIssues(schema, result.error, given));
}

/** One line a bad variable. Secrets are named, never shown. */
function describeIssues(schema: z.ZodObject, error: z.ZodError, given: Environment): string {
  const names = new Set(error.issues.map((issue) => String(issue.path[0])));
  const lines = [...names].map((name) => {
    const { allowed, secret } = factsOf(schema.shape[name] as z.ZodType);
    const value = given[name];
    const shown = value === undefined ? 'is not set' : secret ? 'was given, hidden here' : `is "${value}"`;
    return `  ${name} ${shown}: it takes ${allowed}.`;
  });
  return `These settings need to be mended before Parley can start:\n${lines.join('\n')}`;
}

const milliseconds = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** An address that paths are appended to: a query or a fragment in it would swallow them. */
function baseUrl(protocol: RegExp) {
  return z
    .url({ protocol })
    .refine((url) => !/[?#]/.test(url))
    .transform((url) => url.replace(/\/+$/, ''));
}

/** Kinds that several settings are of. */
export const kinds = {
  port: z.coerce.number().int().min(1).max(65_535),
  count: milliseconds,
  milliseconds,
  flag: z.enum(['true', 'false']).transform((value) => value === 'true'),
  text: z.string().min(1),
  httpUrl: baseUrl(/^https?$/),
  /** One whole address, which may have a query. Nothing can be sent to one with a user name or a password in it. */
  webhookUrl: z.url({ protocol: /^https?$/, abort: true }).refine((url) => {
    const { username, password } = new URL(url);
    return username === '' && password === '';
  }),
  socketUrl: baseUrl(/^wss?$/),
  origins: z
    .string()
    .transform((text) => text.split(',').map((origin) => origin.trim()))
    .refine((list) => list.every((origin) => URL.canParse(origin) && new URL(origin).origin === origin)),
};
