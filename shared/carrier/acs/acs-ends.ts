import type { CallEnd } from '../call-events.ts';

/**
 * Sub codes of calls that stood. Those of telephones are 560 and the SIP status.
 * (docs: communication-services/resources/troubleshooting/voice-video-calling/troubleshooting-codes)
 */
const ENDED: Readonly<Record<number, CallEnd>> = {
  5010: 'nobody-left',
  7000: 'hangup-requested',
  7015: 'transferred',
  560000: 'caller-ended',
};

/** By SIP status, of calls that never came about. */
const FAILED: Readonly<Record<number, CallEnd>> = {
  404: 'number-unknown',
  408: 'unanswered',
  480: 'unanswered',
  484: 'number-unknown',
  486: 'busy',
  487: 'unanswered',
  603: 'declined',
};

export const endOf = (subCode: number | null | undefined): CallEnd => ENDED[subCode ?? -1] ?? 'carrier-ended';

/** Of a call that was to be answered: whoever rang has given up. */
const GIVEN_UP: ReadonlySet<number | null | undefined> = new Set([200, 487]);

export function failureOf(what: 'place' | 'answer' | 'join', code: number | null | undefined): CallEnd {
  if (what === 'answer' && GIVEN_UP.has(code)) return 'caller-ended';
  return FAILED[code ?? -1] ?? 'call-failed';
}
