import type { PartyId } from '../carrier/carrier.ts';
import { isCollecting, type KeysWish } from './keys-wish.ts';

/** What an agent, or whoever uses the API, wants done with a call that stands. */
export type CallWish =
  | TransferWish
  /** The caller waits and neither hears nor is heard; after `forS` seconds he is taken back. */
  | { readonly kind: 'hold'; readonly forS: number }
  | KeysWish;

export interface TransferWish {
  readonly kind: 'transfer';
  readonly target: PartyId;
  /** Blind: the caller is handed on, and we are out of it. Warm: the human is told first what it is about. */
  readonly how: 'blind' | 'warm';
  /** What the human is told of the call. Private: never into a log. */
  readonly summary?: string | undefined;
  /** How long the human's telephone rings. */
  readonly timeoutS: number;
}

/** How long a telephone rings where nobody says otherwise. */
export const DEFAULT_RING_S = 30;
export const MOST_RING_S = 120;

/**
 * What is begun when it is asked for, and does not wait until that was heard: a caller may press keys while he is still
 * being asked for them.
 */
export const beginsAtOnce = (wish: CallWish): boolean => isCollecting(wish);
