import type { EndReason } from '../../shared/calls/end-reasons.ts';
import { withoutControls } from '../../shared/control-characters.ts';
import type { ToolRequest } from '../contract/agent.ts';
import type { Ending } from '../contract/events.ts';
import { END_CALL } from './agent-definition.ts';
import { HANG_UP } from './call-tools/call-tools.ts';

/** Of why the agent hangs up, in its own words. */
const LONGEST_REASON = 200;

export const isEndCall = ({ name }: ToolRequest): boolean => name === END_CALL || name === HANG_UP;

const AGENTS_END = 'agent-ended' satisfies EndReason;

/** That its model wants to hang up, and why, as it wrote it. */
export function endingOf({ argumentText }: ToolRequest): Ending {
  try {
    const { reason } = JSON.parse(argumentText) as { reason?: unknown };
    if (typeof reason === 'string' && reason !== '')
      return { reason: AGENTS_END, words: withoutControls(reason).slice(0, LONGEST_REASON) };
  } catch {
    // A model that cannot spell its reason still wants to hang up.
  }
  return { reason: AGENTS_END };
}
