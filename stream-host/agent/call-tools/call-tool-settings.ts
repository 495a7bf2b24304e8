import { z } from 'zod';
import { DEFAULT_RING_S, MOST_RING_S } from '../../../shared/calls/call-wish.ts';
import { collectKeysSettings } from './key-settings.ts';

/** A number, or whom ACS knows by a raw id: a user of ACS, somebody in Teams, an application in Teams. */
const party = z.string().regex(/^(\+[1-9]\d{1,14}|(8:(acs|orgid|gcch-acs|gcch|dod):|28:(orgid:)?)[\w:.-]{1,200})$/, {
  error: 'must be a number in E.164, such as +15551230000, or a raw id, such as 8:orgid:<object id>',
});
const timeoutS = z.int().min(5).max(MOST_RING_S).exactOptional();
const how = z.enum(['blind', 'warm']);

type Ringing = { readonly kind: 'blind' | 'warm'; readonly timeout_s?: number };
/** No carrier takes a time for a blind transfer. */
const ringsWarm = ({ kind, timeout_s }: Ringing) => kind === 'warm' || timeout_s === undefined;
const NOT_OF_BLIND = {
  path: ['timeout_s'],
  error: 'is of warm transfers only: how long a blind one rings is up to the carrier',
};

/** How long a human's telephone rings. */
export const ringSOf = ({ timeout_s: ringS = DEFAULT_RING_S }: Ringing): number => ringS;

const target = z
  .strictObject({
    to: party,
    /** Tells the model when to choose it. */
    about: z.string().trim().max(300).default(''),
    kind: how.default('blind'),
    timeout_s: timeoutS,
  })
  .refine(ringsWarm, NOT_OF_BLIND);

/** A tool without settings may be named alone: `hang_up:` */
const alone = z.union([z.null(), z.strictObject({})]).transform(() => true);

/**
 * The part `call_tools` of an agent's YAML: what it may do with the call, and with whom. A target that does not stand here
 * is nobody that the model could name.
 */
export const callToolSettings = z.strictObject({
  transfer_call: z
    .strictObject({
      targets: z
        .record(z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be lower-case words joined by _ or -'), target)
        .refine((all) => Object.keys(all).length > 0, 'must name at least one target')
        .refine((all) => Object.keys(all).length <= 50, 'may name at most 50 targets'),
    })
    .exactOptional(),
  hand_to_human: z
    .strictObject({ to: party, kind: how.default('warm'), timeout_s: timeoutS })
    .refine(ringsWarm, NOT_OF_BLIND)
    .exactOptional(),
  hold_call: z
    .union([z.null(), z.strictObject({ most_s: z.int().min(5).max(600).default(60) })])
    .transform((given) => given ?? { most_s: 60 })
    .exactOptional(),
  collect_keys: collectKeysSettings.exactOptional(),
  send_keys: alone.exactOptional(),
  hang_up: alone.exactOptional(),
});

export type CallToolSettings = z.output<typeof callToolSettings>;
