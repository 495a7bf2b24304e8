import { z } from 'zod';
import {
  type CollectKeysWish,
  inputName,
  KEY_ROW,
  keyLine,
  keyTerms,
  MOST_KEYS,
} from '../../../shared/calls/keys-wish.ts';

/** Keys that an agent may ask its callers for. */
const keyInput = z
  .strictObject({
    /** Tells the model what they are. */
    about: z.string().trim().max(300).default(''),
    ...keyTerms,
    most: z.int().min(1).max(MOST_KEYS),
    prompt: keyLine.exactOptional(),
    retry: keyLine.exactOptional(),
    pattern: z.string().max(200).refine(isPattern, 'must be a regular expression').exactOptional(),
    one_of: z.array(z.string().max(MOST_KEYS).regex(KEY_ROW, 'must be keys')).min(1).max(1000).exactOptional(),
    check: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,63}$/, 'must be the name of a tool, lower-case words joined by _')
      .exactOptional(),
  })
  .refine(({ least, most }) => least <= most, { path: ['least'], error: 'must not be more than most' })
  .refine(({ attempts, retry }) => attempts === 1 || retry !== undefined, {
    path: ['retry'],
    error: 'must say what the caller hears before another attempt',
  });

export type KeyInput = z.output<typeof keyInput>;

/** The part `call_tools.collect_keys`. */
export const collectKeysSettings = z.strictObject({
  inputs: z
    .record(inputName, keyInput)
    .refine((all) => Object.keys(all).length > 0, 'must name at least one input')
    .refine((all) => Object.keys(all).length <= 50, 'may name at most 50 inputs'),
});

export type CollectKeysSettings = z.output<typeof collectKeysSettings>;

/** What an input of the agent's definition wants of the caller. */
function wishOfInput(name: string, input: KeyInput): CollectKeysWish {
  const { least, most, terminators, attempts, secret, prompt, retry = '', pattern, one_of: oneOf, check } = input;
  return {
    kind: 'collect-keys',
    ...{ name, least, most, terminators, attempts, secret, prompt, retry, pattern, oneOf, check },
    firstKeyMs: input.first_key_s * 1000,
    betweenKeysMs: input.between_keys_s * 1000,
  };
}

/** Those of an agent, by name. */
export const inputsOf = (settings: CollectKeysSettings | undefined): ReadonlyMap<string, CollectKeysWish> =>
  new Map(Object.entries(settings?.inputs ?? {}).map(([name, input]) => [name, wishOfInput(name, input)]));

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) !== undefined;
  } catch {
    return false;
  }
}
