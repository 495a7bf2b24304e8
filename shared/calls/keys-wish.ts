import { z } from 'zod';

/** What is wanted of the keys of a caller's telephone, or with those of others. */
export type KeysWish = SendKeysWish | CollectKeysWish | CollectInputWish;

/** Keys that we press, towards whoever is in the call with us. */
export interface SendKeysWish {
  readonly kind: 'send-keys';
  /** Of `0-9*#A-D`. */
  readonly keys: string;
  /** Without it, the one whom the call is with. */
  readonly participant?: string | undefined;
}

/** Keys that the caller shall press. */
export interface CollectKeysWish {
  readonly kind: 'collect-keys';
  /** What they are, such as `pin`. */
  readonly name: string;
  readonly least: number;
  readonly most: number;
  /** One of these ends an attempt. */
  readonly terminators: string;
  readonly attempts: number;
  readonly firstKeyMs: number;
  readonly betweenKeysMs: number;
  /** What is pressed is told to nobody and stands nowhere. */
  readonly secret: boolean;
  /** Said first, where nobody has asked for them yet. */
  readonly prompt?: string | undefined;
  /** Said after an attempt that was not right. */
  readonly retry: string;
  /** Said of what came of it, where whoever wants the keys gives the words. */
  readonly right?: string | undefined;
  readonly wrong?: string | undefined;
  /** What is right: a regular expression that all of it must match, one of a few, or what a tool of the agent's says. */
  readonly pattern?: string | undefined;
  readonly oneOf?: readonly string[] | undefined;
  readonly check?: string | undefined;
}

/** Keys that the call's agent knows how to ask for, by the name that its definition gives them. */
export interface CollectInputWish {
  readonly kind: 'collect-input';
  readonly input: string;
}

/** Keys that are being collected, for whoever goes on with it. What was pressed is not in it, nor what is right. */
export interface OpenCollection {
  readonly by: 'api' | 'agent';
  /** The name of the operation, or of what the agent does with the call. */
  readonly id: string;
  readonly wish: CollectKeysWish | CollectInputWish;
  readonly secret: boolean;
  /** How often the caller has tried. */
  readonly attempts: number;
}

/** What a host that takes a session over must know of the keys of its caller. */
export interface KeysUnderWay {
  readonly open?: OpenCollection | undefined;
  /** Until when keys may be the rest of a secret that is over; milliseconds since 1970. */
  readonly secretUntil?: number | undefined;
}

/** Whether keys of the caller are wanted. */
export const isCollecting = (wish: { readonly kind: string }): wish is CollectKeysWish | CollectInputWish =>
  wish.kind === 'collect-keys' || wish.kind === 'collect-input';

/** As long as the longest row of keys that is sent or taken. */
export const MOST_KEYS = 64;
export const KEY_ROW = /^[0-9*#A-D]+$/;

const seconds = (most: number) => z.number().min(0.5).max(most);

/** How keys are asked for, as users write it: in a request, and in an agent's definition. */
export const keyTerms = {
  least: z.int().min(1).max(MOST_KEYS).default(1).describe('Fewer are not right.'),
  terminators: z
    .string()
    .max(4)
    .regex(/^[*#]*$/, 'must be of * and #')
    .default('#'),
  attempts: z.int().min(1).max(10).default(1),
  first_key_s: seconds(120).default(10),
  between_keys_s: seconds(60).default(4),
  secret: z.boolean().default(false),
} as const;
/** What is said of them. */
export const keyLine = z.string().trim().min(1).max(500);
export const inputName = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower-case words joined by _ or -');

const ms = z.int().min(500).max(120_000);

/** As it is written down. What is right stands in no store: it may be the secret. */
const storedCollectKeys = z.object({
  kind: z.literal('collect-keys'),
  name: z.string(),
  least: z.int(),
  most: z.int().max(MOST_KEYS),
  terminators: z.string(),
  attempts: z.int(),
  firstKeyMs: ms,
  betweenKeysMs: ms,
  secret: z.boolean(),
  prompt: z.string().optional(),
  retry: z.string(),
  right: z.string().optional(),
  wrong: z.string().optional(),
});
const storedCollectInput = z.object({ kind: z.literal('collect-input'), input: z.string() });

export const storedKeysWishes = [
  z.object({
    kind: z.literal('send-keys'),
    keys: z.string().max(MOST_KEYS).regex(KEY_ROW),
    participant: z.string().optional(),
  }),
  storedCollectKeys,
  storedCollectInput,
] as const;

export const storedKeysUnderWay = z.object({
  open: z
    .object({
      by: z.enum(['api', 'agent']),
      id: z.string(),
      wish: z.discriminatedUnion('kind', [storedCollectKeys, storedCollectInput]),
      secret: z.boolean(),
      attempts: z.int(),
    })
    .optional(),
  secretUntil: z.number().optional(),
}) satisfies z.ZodType<KeysUnderWay, unknown>;
