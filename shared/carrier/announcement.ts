import type { StreamingMode } from '../modes/streaming-modes.ts';
import type { PartyId } from './carrier.ts';

/** A call that rings, as the carrier announces it. */
export interface IncomingCall {
  /** By which it is answered: good for one call and a short time. */
  readonly ticket: string;
  readonly from: PartyId;
  readonly to: PartyId;
  readonly correlationId: string | undefined;
  /** The agent that whoever passed the call on has named; it need not be there. */
  readonly agent: string | undefined;
  /** The mode that he has named, likewise. */
  readonly mode: StreamingMode | undefined;
  /** What he tells of the call, as JSON. Private: never into a log. */
  readonly context: Readonly<Record<string, unknown>> | undefined;
  /** It may be passed on to somebody else, unanswered. */
  readonly redirectable: boolean;
}

/** One event of a delivery that announces calls. */
export type Announcement =
  /** Whoever delivers asks whether this is the right address, and is told the code. */
  | { readonly kind: 'validation'; readonly id: string; readonly code: string }
  | { readonly kind: 'incoming-call'; readonly id: string; readonly call: IncomingCall }
  | { readonly kind: 'other'; readonly id: string; readonly type: string }
  | { readonly kind: 'malformed'; readonly id: string | undefined; readonly problem: string };
