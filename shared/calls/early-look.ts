import { z } from 'zod';
import type { Session } from '../sessions/session.ts';
import { isOver } from './call-state.ts';
import type { Later } from './media-recovery.ts';
import type { Operation } from './operation-ledger.ts';
import type { CarrierState } from './reconcile.ts';

/** Looked after as soon as it may be known, because a caller waits for it. */
export const TRANSFER_LOOK_MS = 1_000;
/** Of one who was rung when Redis lost its data, and may have come meanwhile: he is to be told that he is recorded. */
export const ADDED_LOOK_MS = 1_000;
/** What may have been done, though no answer said so. */
export const UNSURE_LOOK_MS = 3_000;
const EVERY_MS = 2_000;
const RINGING_EVERY_MS = 5_000;

/** Of the to-do that asks how an operation has ended. */
const lookData = z.object({
  /** Until its deadline, at which it is settled in any case. */
  leftMs: z.number().positive(),
  /** The request got no answer. */
  unsure: z.boolean().default(false),
  /** The carrier has shown that it is being done. */
  wasUnderWay: z.boolean().default(false),
});

/** @param lookMs when to look first, before the deadline */
export const firstLook = (deadlineMs: number, lookMs: number, unsure = false) => ({
  leftMs: Math.max(1, deadlineMs - lookMs),
  unsure,
});

/**
 * Whether it is still open how an operation ends, before its deadline: then it is looked at again. Undefined: what the carrier
 * tells now is how it ended.
 *
 * That a call is connected says that no transfer of it is under way, but only where the carrier has shown one before (ACS:
 * `callConnectionState` is `transferring`): a carrier that never does so is waited for.
 * @throws {CarrierError} transient: ask again
 */
export async function stillOpen(
  { kind, data: { target } }: Operation,
  session: Session | undefined,
  data: Readonly<Record<string, unknown>>,
  carrier: CarrierState,
): Promise<Later | undefined> {
  const look = lookData.safeParse(data).data;
  const callId = session?.callConnectionId;
  if (!look || callId === undefined || !session || isOver(session.status)) return undefined;
  const again = (everyMs: number, wasUnderWay = look.wasUnderWay): Later => {
    const inMs = Math.min(everyMs, look.leftMs);
    return { inMs, data: { ...look, leftMs: look.leftMs - inMs, wasUnderWay } };
  };
  if (kind === 'transfer') {
    const state = await carrier.state(callId);
    if (state === 'changing') return again(EVERY_MS, true);
    // Of the end of a call an event tells.
    if (state === 'gone') return again(EVERY_MS);
    return look.wasUnderWay || look.unsure ? undefined : again(EVERY_MS);
  }
  if (kind !== 'add-participant') return undefined;
  // Whoever is being rung stands in no list.
  return (await carrier.participants(callId)).some(({ id }) => id === target) ? undefined : again(RINGING_EVERY_MS);
}
